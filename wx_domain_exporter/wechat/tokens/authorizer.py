"""`authorizer`: the token of a mini program that has authorized a third-party platform."""

from typing import ClassVar

import structlog

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.wechat.apis import API_AUTHORIZER_TOKEN, API_COMPONENT_TOKEN
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import ApiError, NotAuthorizedError, NotDiscoveredError, TokenError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.tokens.issued_token import IssuedToken, as_token, read_issued_token
from wx_domain_exporter.wechat.tokens.source import CachingSource

log = structlog.get_logger(__name__)

_REFRESH_TOKEN_INVALID = 61023


class AuthorizerSource(CachingSource):
    """Requests an authorizer_access_token with the platform's token and the app's refresh token."""

    type_name: ClassVar[str] = "authorizer"

    def __init__(
        self, appid: str, platform: Platform, refresh_token: Secret | None, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(appid, clock)
        self.platform = platform
        self._refresh_token = refresh_token
        self._replaced: tuple[str, str] | None = None
        """A configured or discovered refresh token, and the one with which WeChat replaced it."""

    @property
    def component_appid(self) -> str:
        """Return the platform's appid."""
        return self.platform.component_appid

    @property
    def pause_seconds(self) -> float:
        """Return the seconds until a token is requested again, by the app or by its platform."""
        return max(super().pause_seconds, self.platform.component_token.pause_seconds)

    def inherit(self, old: "AuthorizerSource") -> None:
        """Take over the refresh token with which WeChat replaced the configured or discovered one."""
        same_platform = self.component_appid == old.component_appid
        if same_platform and self._refresh_token == old._refresh_token:  # noqa: SLF001 - of the same class
            self._replaced = old._replaced  # noqa: SLF001 - as above

    def _secret(self) -> str:
        if self._refresh_token is not None:
            return self._refresh_token.read()
        name, discovered = self.platform.name, self.platform.refresh_tokens
        if discovered is None:
            message = f"the mini programs of platform {name} are not discovered yet"
            raise NotDiscoveredError(f"{self.type_name}: no token: {message}")
        refresh_token = discovered.get(self._appid)
        if refresh_token is None:
            message = f"the mini program has not authorized platform {name}, or no longer does"
            raise NotAuthorizedError(f"{self.type_name}: no token: {message}")
        if not refresh_token:
            message = f"platform {name} lists the mini program without its refresh token"
            raise NotAuthorizedError(f"{self.type_name}: no token: {message}")
        return refresh_token

    def _request(self, secret: str, caller: Caller) -> IssuedToken:
        refresh_token = secret
        if self._replaced is not None and self._replaced[0] == secret:
            refresh_token = self._replaced[1]
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
            elif error.cause is not None:  # the last call, of whichever app, ended without an errcode
                caller.note(API_COMPONENT_TOKEN.name, None)
            raise
        except ApiError as error:
            if error.errcode == _REFRESH_TOKEN_INVALID:
                self._replaced = None  # the configured or discovered one may be newer by now
            raise
        issued = read_issued_token(answer, "authorizer_access_token")
        new_refresh_token = as_token(answer.get("authorizer_refresh_token"))
        if new_refresh_token not in {None, refresh_token}:
            self._keep(secret, str(new_refresh_token))
        return issued

    def _keep(self, replaced: str, refresh_token: str) -> None:
        self._replaced = replaced, refresh_token
        log.warning(
            "WeChat changed the authorizer_refresh_token: the new one is kept until the exporter exits",
            appid=self._appid,
            platform=self.platform.name,
        )
