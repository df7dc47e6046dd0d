"""A third-party platform (第三方平台) as it runs: its token, and what its mini programs gave it."""

from wx_domain_exporter.wechat.tokens.source import TokenSource


class Platform:
    """What the token sources of a platform's mini programs share."""

    def __init__(self, name: str, component_appid: str, component_token: TokenSource) -> None:
        self.name = name
        self.component_appid = component_appid
        self.component_token = component_token
        self.refresh_tokens: dict[str, str] | None = None
        """The discovered authorizer_refresh_tokens by appid, replaced as a whole; None before the first."""
