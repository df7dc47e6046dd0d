"""`stable_token`: the appid's own token in force."""

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import StableToken
from wx_domain_exporter.wechat.apis import STABLE_TOKEN
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.responses import AS_JSON
from wx_domain_exporter.wechat.tokens.lifetime import read_lease
from wx_domain_exporter.wechat.tokens.source import CachingSource, Lease


class StableTokenSource(CachingSource):
    """The appid's own token from stable_token, which takes no token away from the app's own backend."""

    describes = "stable_token"

    def __init__(self, appid: str, settings: StableToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(appid, clock)
        self._appsecret = settings.appsecret

    def _secret(self) -> str:
        return self._appsecret.read()

    def _lease(self, secret: str, caller: Caller) -> Lease:
        answer = caller.call(
            STABLE_TOKEN,
            {
                "grant_type": "client_credential",
                "appid": self._appid,
                "secret": secret,
                "force_refresh": False,
            },
            AS_JSON,
        )
        return read_lease(answer, "access_token")
