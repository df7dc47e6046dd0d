"""Requests the component_access_token of a third-party platform, if `own_component_token` is set."""

from typing import ClassVar

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.wechat.apis import API_COMPONENT_TOKEN
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import TokenOrigin
from wx_domain_exporter.wechat.responses import AS_JSON
from wx_domain_exporter.wechat.tokens.appsecret import flaw_of
from wx_domain_exporter.wechat.tokens.issued_token import IssuedToken, read_issued_token
from wx_domain_exporter.wechat.tokens.source import CachingSource

COMPONENT_PARAMETER = "component_access_token"


class ComponentSource(CachingSource):
    """Requests the token with the appsecret and the ticket that WeChat pushes every ten minutes."""

    type_name: ClassVar[str] = "component"
    parameter = COMPONENT_PARAMETER

    def __init__(
        self, component_appid: str, appsecret: Secret, verify_ticket: Secret, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(component_appid, clock)
        self._appsecret = appsecret
        self._verify_ticket = verify_ticket

    def get(self, caller: Caller) -> str:
        """Return the current token, and clear the caller's errcode of its API.

        That errcode is outdated if another app's fetch has received the token since.
        """
        token = super().get(caller)
        caller.note(API_COMPONENT_TOKEN.name, None)
        return token

    def _secret(self) -> str:
        # A new ticket ends the pause, as a new secret does: an old ticket may have caused the refusal.
        return f"{self._appsecret.read()}\n{self._verify_ticket.read()}"

    def _origin(self, secret: str) -> TokenOrigin:
        return TokenOrigin(self.type_name, flaw=flaw_of(secret.partition("\n")[0]))

    def _request(self, secret: str, caller: Caller) -> IssuedToken:
        appsecret, _, ticket = secret.partition("\n")
        answer = caller.call(
            API_COMPONENT_TOKEN,
            {
                "component_appid": self._appid,
                "component_appsecret": appsecret,
                "component_verify_ticket": ticket,
            },
            AS_JSON,
        )
        return read_issued_token(answer, "component_access_token")
