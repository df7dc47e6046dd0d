"""The state of a third-party platform (第三方平台) that its token sources share."""

from wx_domain_exporter.wechat.tokens.source import TokenSource


class Platform:
    """A third-party platform: its component token and the refresh tokens of its mini programs."""

    def __init__(self, name: str, component_appid: str, component_token: TokenSource) -> None:
        self.name = name
        self.component_appid = component_appid
        self.component_token = component_token
        self.refresh_tokens: dict[str, str] | None = None
        """The discovered authorizer_refresh_tokens by appid, replaced as a whole; None before the first."""
