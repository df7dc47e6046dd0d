"""`cloudbase`: the token that WeChat's cloud hosting (微信云托管) renews in a file of the container."""

from typing import ClassVar

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import CloudBaseToken
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.wechat.tokens.access_token import GivenTokenSource


class CloudBaseSource(GivenTokenSource):
    """Reads that file, and sends the token in a query parameter of its own."""

    type_name: ClassVar[str] = "cloudbase"
    parameter = "cloudbase_access_token"

    def __init__(self, settings: CloudBaseToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(Secret("file", settings.path), clock)
