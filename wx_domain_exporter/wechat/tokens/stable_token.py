"""`stable_token`: the token of WeChat's API of this name."""

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import StableToken
from wx_domain_exporter.wechat.apis import STABLE_TOKEN
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import TokenOrigin
from wx_domain_exporter.wechat.responses import AS_JSON
from wx_domain_exporter.wechat.tokens.appsecret import flaw_of
from wx_domain_exporter.wechat.tokens.issued_token import IssuedToken, read_issued_token
from wx_domain_exporter.wechat.tokens.source import CachingSource


class StableTokenSource(CachingSource):
    """Requests a token from stable_token, which does not invalidate the tokens of the app's backend."""

    type_name = "stable_token"

    def __init__(self, appid: str, settings: StableToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(appid, clock)
        self._appsecret = settings.appsecret

    def _secret(self) -> str:
        return self._appsecret.read()

    def _origin(self, secret: str) -> TokenOrigin:
        return TokenOrigin(self.type_name, flaw=flaw_of(secret))

    def _request(self, secret: str, caller: Caller) -> IssuedToken:
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
        return read_issued_token(answer, "access_token")
