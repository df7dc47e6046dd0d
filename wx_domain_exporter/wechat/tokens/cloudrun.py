"""`cloudrun`: calls without a token; WeChat's cloud hosting (微信云托管) identifies the service."""

from typing import ClassVar

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import CloudRunToken
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import ApiError
from wx_domain_exporter.wechat.tokens.source import TokenSource


class CloudRunSource(TokenSource):
    """Sends the appid instead of a token."""

    type_name: ClassVar[str] = "cloudrun"
    parameter = "from_appid"

    def __init__(self, appid: str, settings: CloudRunToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._appid = appid
        self.base_url = settings.base_url

    def refresh(self, rejected: str, caller: Caller, cause: ApiError | None = None) -> str:  # noqa: ARG002 - the base class's signature
        """Pause the source, because there is no other token.

        Raises:
            TokenError: always.
        """
        raise self.reject(rejected, "WeChat does not accept this service for the mini program", cause)

    def _secret(self) -> str:
        return ""

    def _obtain(self, secret: str, caller: Caller) -> str:  # noqa: ARG002 - there is no call
        return self._appid
