"""The component_access_token of a third-party platform, made here only if somebody says so."""

from typing import ClassVar

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.wechat.apis import API_COMPONENT_TOKEN
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.responses import AS_JSON
from wx_domain_exporter.wechat.tokens.lifetime import read_lease
from wx_domain_exporter.wechat.tokens.source import CachingSource, Lease

COMPONENT_PARAMETER = "component_access_token"


class ComponentSource(CachingSource):
    """Makes a component_access_token of the secret and of the ticket that WeChat pushes every ten minutes."""

    describes: ClassVar[str] = "component"
    parameter = COMPONENT_PARAMETER

    def __init__(
        self, component_appid: str, appsecret: Secret, verify_ticket: Secret, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(component_appid, clock)
        self._appsecret = appsecret
        self._verify_ticket = verify_ticket

    def get(self, caller: Caller) -> str:
        """Return the token in force, and clear the errcode of its API, which is out of date for the caller.

        Another app's fetch may have got the token since this app's last fetch failed for want of it.
        """
        token = super().get(caller)
        caller.note(API_COMPONENT_TOKEN.name, None)
        return token

    def _secret(self) -> str:
        # A new ticket ends the wait as a new secret does: an old ticket may be why the source was refused.
        return f"{self._appsecret.read()}\n{self._verify_ticket.read()}"

    def _lease(self, secret: str, caller: Caller) -> Lease:
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
        return read_lease(answer, "component_access_token")
