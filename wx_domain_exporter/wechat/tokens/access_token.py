"""`access_token`: a token made elsewhere."""

from wx_domain_exporter.schema import AccessToken
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.tokens.source import TokenSource


class AccessTokenSource(TokenSource):
    """A token made elsewhere; when it is dead, only its owner can put another one in its place."""

    describes = "access_token"

    def __init__(self, settings: AccessToken) -> None:
        super().__init__()
        self._access_token = settings.access_token

    def _secret(self) -> str:
        return self._access_token.read()

    def _cached(self) -> str | None:
        return None

    def _forget(self) -> None:
        pass

    def _ask(self, secret: str, caller: Caller) -> str:  # noqa: ARG002 - nobody is asked
        return secret

    def conflict(self, token: str, why: str) -> TokenError:  # noqa: ARG002 - the base class's signature
        """Return what to raise; no pause, for to read the token again costs WeChat nothing."""
        return TokenError(f"{self.describes}: {why}")
