"""`access_token`: a token that another program renews, in the configuration, a file or a variable."""

from typing import ClassVar

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.tokens.source import TokenSource


class GivenTokenSource(TokenSource):
    """A token that is read again for each use; if it is invalid, only another program can replace it."""

    def __init__(self, token: Secret, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._token = token

    def _secret(self) -> str:
        return self._token.read()

    def _obtain(self, secret: str, caller: Caller) -> str:  # noqa: ARG002 - there is no call
        return secret

    def conflict(self, token: str, message: str) -> TokenError:  # noqa: ARG002 - the base class's signature
        """Return the error to raise; without a pause, because reading the token again needs no call."""
        return TokenError(f"{self.type_name}: {message}")


class AccessTokenSource(GivenTokenSource):
    """A token of the configuration, or of a file or a variable that it names."""

    type_name: ClassVar[str] = "access_token"

    def __init__(self, settings: AccessToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings.access_token, clock)
