"""`access_token`: a token made elsewhere; `cloudbase`: one that WeChat's cloud hosting puts into a file."""

from typing import ClassVar

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import AccessToken, CloudBaseToken
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.tokens.source import TokenSource


class GivenTokenSource(TokenSource):
    """A token read anew for each use; when it is dead, only its owner can put another in its place."""

    def __init__(self, token: Secret, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._token = token

    def _secret(self) -> str:
        return self._token.read()

    def _cached(self) -> str | None:
        return None

    def _forget(self) -> None:
        pass

    def _ask(self, secret: str, caller: Caller) -> str:  # noqa: ARG002 - nobody is asked
        return secret

    def conflict(self, token: str, why: str) -> TokenError:  # noqa: ARG002 - the base class's signature
        """Return what to raise; without a wait, because reading the token again costs WeChat nothing."""
        return TokenError(f"{self.describes}: {why}")


class AccessTokenSource(GivenTokenSource):
    """A token made elsewhere."""

    describes: ClassVar[str] = "access_token"

    def __init__(self, settings: AccessToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings.access_token, clock)


class CloudBaseSource(GivenTokenSource):
    """The token that WeChat's cloud hosting (微信云托管) keeps current in a file of the container."""

    describes: ClassVar[str] = "cloudbase"
    parameter = "cloudbase_access_token"

    def __init__(self, settings: CloudBaseToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(Secret("file", settings.path), clock)
