"""Creates token sources from their configuration."""

from collections.abc import Mapping
from typing import assert_never

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import (
    AccessToken,
    AuthorizerToken,
    CloudBaseToken,
    CloudRunToken,
    HttpToken,
    StableToken,
    TokenConfig,
)
from wx_domain_exporter.config.settings import PlatformSettings
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.tokens.access_token import AccessTokenSource
from wx_domain_exporter.wechat.tokens.authorizer import AuthorizerSource
from wx_domain_exporter.wechat.tokens.cloudbase import CloudBaseSource
from wx_domain_exporter.wechat.tokens.cloudrun import CloudRunSource
from wx_domain_exporter.wechat.tokens.component import COMPONENT_PARAMETER, ComponentSource
from wx_domain_exporter.wechat.tokens.source import TokenSource
from wx_domain_exporter.wechat.tokens.stable_token import StableTokenSource
from wx_domain_exporter.wechat.tokens.token_service import TokenServiceSource


def make_source(
    appid: str, settings: TokenConfig, platforms: Mapping[str, Platform], clock: Clock = SYSTEM_CLOCK
) -> TokenSource:
    """Create the token source of an app."""
    match settings:
        case StableToken():
            return StableTokenSource(appid, settings, clock)
        case AccessToken():
            return AccessTokenSource(settings, clock)
        case HttpToken():
            return TokenServiceSource(appid, settings, clock)
        case AuthorizerToken():
            platform = platforms[settings.platform]
            return AuthorizerSource(appid, platform, settings.authorizer_refresh_token, clock)
        case CloudRunToken():
            return CloudRunSource(appid, settings, clock)
        case CloudBaseToken():
            return CloudBaseSource(settings, clock)
    assert_never(settings)


def make_platform(platform: PlatformSettings, clock: Clock = SYSTEM_CLOCK) -> Platform:
    """Create a third-party platform with the source of its component_access_token."""
    settings = platform.config
    appid = settings.component_appid
    if platform.component_token is not None:
        component_token: TokenSource = make_source(appid, platform.component_token, {}, clock)
        component_token.parameter = COMPONENT_PARAMETER
    elif settings.component_appsecret is not None and settings.component_verify_ticket is not None:
        ticket = settings.component_verify_ticket
        component_token = ComponentSource(appid, settings.component_appsecret, ticket, clock)
    else:
        raise AssertionError("a platform without a source of its token passed validation")
    return Platform(platform.name, appid, component_token)
