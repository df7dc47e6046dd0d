"""`cloudrun`: no token; WeChat's cloud hosting (微信云托管) knows which service calls."""

from typing import ClassVar

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import CloudRunToken
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import ApiError
from wx_domain_exporter.wechat.tokens.source import TokenSource


class CloudRunSource(TokenSource):
    """Names the appid in the query in place of a token."""

    describes: ClassVar[str] = "cloudrun"
    parameter = "from_appid"

    def __init__(self, appid: str, settings: CloudRunToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._appid = appid
        self.base_url = settings.base_url

    def renew(self, dead: str, caller: Caller, cause: ApiError | None = None) -> str:  # noqa: ARG002 - as the base class has it
        """Say that there is nothing to renew.

        Raises:
            TokenError: always.
        """
        raise self.reject(dead, "WeChat does not know this service as one of the mini program's", cause)

    def _secret(self) -> str:
        return ""

    def _cached(self) -> str | None:
        return None

    def _forget(self) -> None:
        pass

    def _ask(self, secret: str, caller: Caller) -> str:  # noqa: ARG002 - nobody is asked
        return self._appid
