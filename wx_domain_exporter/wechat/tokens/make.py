"""From a token source's configuration to the source."""

from wx_domain_exporter.schema import AccessToken, StableToken, TokenSource
from wx_domain_exporter.wechat.tokens import source
from wx_domain_exporter.wechat.tokens.access_token import AccessTokenSource
from wx_domain_exporter.wechat.tokens.stable_token import StableTokenSource


def make_source(appid: str, settings: TokenSource) -> source.TokenSource:
    """Make the token source that an app's configuration names."""
    match settings:
        case StableToken():
            return StableTokenSource(appid, settings)
        case AccessToken():
            return AccessTokenSource(settings)
