"""`authorizer`: the token of a mini program that has authorized a third-party platform."""

from typing import ClassVar

import structlog

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.secret import Secret, SecretError
from wx_domain_exporter.wechat.apis import API_AUTHORIZER_TOKEN, API_COMPONENT_TOKEN
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import ApiError, NotAuthorizedError, TokenError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.tokens.lifetime import as_token, read_lease
from wx_domain_exporter.wechat.tokens.source import CachingSource, Lease

log = structlog.get_logger(__name__)

_REFRESH_TOKEN_INVALID = 61023


class AuthorizerSource(CachingSource):
    """An authorizer_access_token, made with the platform's token and the app's authorizer_refresh_token."""

    describes: ClassVar[str] = "authorizer"

    def __init__(
        self, appid: str, platform: Platform, refresh_token: Secret | None, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(appid, clock)
        self.platform = platform
        self._given = refresh_token
        self._changed: tuple[str, str] | None = None
        """The refresh token that was given, and the one that WeChat has put in its place."""

    @property
    def component_appid(self) -> str:
        """Return the platform's appid."""
        return self.platform.component_appid

    def inherit(self, old: "AuthorizerSource") -> None:
        """Take over the refresh token that WeChat has put in place of the one that was given."""
        if self.platform.component_appid == old.platform.component_appid and self._given == old._given:  # noqa: SLF001 - of the same class
            self._changed = old._changed  # noqa: SLF001 - as above

    def _secret(self) -> str:
        if self._given is not None:
            return self._given.read()
        name, discovered = self.platform.name, self.platform.refresh_tokens
        if discovered is None:
            raise SecretError(f"the mini programs of platform {name} are not discovered yet")
        refresh_token = discovered.get(self._appid)
        if refresh_token is None:
            told = f"the mini program has not authorized platform {name}, or no longer does"
            raise NotAuthorizedError(f"{self.describes}: no token: {told}")
        if not refresh_token:
            raise SecretError(f"platform {name} lists the mini program without its refresh token")
        return refresh_token

    def _lease(self, secret: str, caller: Caller) -> Lease:
        refresh_token = secret
        if self._changed is not None and self._changed[0] == secret:
            refresh_token = self._changed[1]
        body = {
            "component_appid": self.platform.component_appid,
            "authorizer_appid": self._appid,
            "authorizer_refresh_token": refresh_token,
        }
        try:
            answer = self.platform.call(API_AUTHORIZER_TOKEN, body, caller)
        except TokenError as error:
            if isinstance(error.cause, ApiError):
                caller.note(error.cause.api, error.cause.errcode)
            elif error.cause is not None:  # the last call, whoever's, ended without an errcode
                caller.note(API_COMPONENT_TOKEN.name, None)
            raise
        except ApiError as error:
            if error.errcode == _REFRESH_TOKEN_INVALID:
                self._changed = None  # the given one has its turn again: it may be newer by now
            raise
        lease = read_lease(answer, "authorizer_access_token")
        self._keep(secret, refresh_token, as_token(answer.get("authorizer_refresh_token")))
        return lease

    def _keep(self, given: str, used: str, answered: str | None) -> None:
        if answered is None or answered == used:
            return
        self._changed = given, answered
        log.warning(
            "WeChat changed the authorizer_refresh_token: the new one is kept until the exporter ends",
            appid=self._appid,
            platform=self.platform.name,
        )
