"""The stage for tests of third-party platforms: one of a simulated WeChat, with its configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from helpers.api_clients import time_left
from helpers.simulated_client import APPID, COMPONENT, COMPONENT_SECRET, TICKET
from helpers.token_setup import lists_of

from wx_domain_exporter.config.schema_tokens import AccessToken, AuthorizerToken, HttpToken, PlatformConfig
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.config.settings import PlatformSettings
from wx_domain_exporter.simulator.world import SimulatedPlatform
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.tokens.authorizer import AuthorizerSource
from wx_domain_exporter.wechat.tokens.factory import make_platform

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.token_setup import Stage

    from wx_domain_exporter.simulator.world import Authorization
    from wx_domain_exporter.wechat.platform import Platform


@dataclass
class Member:
    """A mini program that has authorized the platform, with its token source."""

    stage: Stage
    source: AuthorizerSource
    api_errors: dict[str, int] = field(default_factory=dict)

    def caller(self) -> Caller:
        return Caller(self.stage.client, time_left(), self.api_errors)

    def fetch(self) -> Any:
        return lists_of(self.source, self.caller())

    def fetch_error(self) -> TokenError:
        """Fetch the lists, which must fail for want of a token, and return the error."""
        with pytest.raises(TokenError) as raised:
            self.fetch()
        return raised.value


@dataclass
class PlatformStage:
    """A simulated platform that the stage's app has authorized; its secrets are in files."""

    stage: Stage
    simulated: SimulatedPlatform
    authorization: Authorization
    appsecret: Path
    ticket: Path

    @property
    def component_calls(self) -> int:
        """The number of calls of api_component_token."""
        return self.stage.calls_of("api_component_token", COMPONENT)

    def authorizer_calls(self, appid: str = APPID) -> int:
        return self.stage.calls_of("api_authorizer_token", appid)

    def patch(self, **settings: object) -> None:
        self.stage.world.patch_platform(COMPONENT, settings)

    def settings(self, **settings: Any) -> PlatformConfig:
        defaults = {
            "component_appid": COMPONENT,
            "own_component_token": True,
            "component_appsecret": {"file": str(self.appsecret)},
            "component_verify_ticket": {"file": str(self.ticket)},
        }
        return PlatformConfig.model_validate({**defaults, **settings})

    def platform(self, component_token: AccessToken | HttpToken | None = None) -> Platform:
        """The platform, which requests its token itself unless a source of it is given."""
        settings = self.settings()
        if component_token is not None:
            settings = PlatformConfig(component_appid=COMPONENT, component_access_token="configured")
        app_token = AuthorizerToken(type="authorizer", platform="main")
        platform_settings = PlatformSettings("main", settings, component_token, app_token, {})
        return make_platform(platform_settings, self.stage.clock)

    def member(
        self, platform: Platform, refresh_token: Secret | str | None = None, appid: str = APPID
    ) -> Member:
        """An app with its current refresh token, unless another one or a secret that holds it is given."""
        if refresh_token is None:
            refresh_token = self.stage.world.authorizations[COMPONENT][appid].refresh_token
        secret = Secret("value", refresh_token) if isinstance(refresh_token, str) else refresh_token
        return Member(self.stage, AuthorizerSource(appid, platform, secret, self.stage.clock))

    def discovered_member(self, platform: Platform) -> Member:
        """The app with the refresh token that the platform's discovery finds."""
        return Member(self.stage, AuthorizerSource(APPID, platform, None, self.stage.clock))

    def members(self, platform: Platform, number: int) -> list[Member]:
        """Let further apps authorize the platform, and return them."""
        members = []
        for index in range(number):
            appid = f"wx{index:016x}"
            self.stage.world.add(self.stage.app.model_copy(update={"appid": appid}))
            self.stage.world.authorize(COMPONENT, appid)
            members.append(self.member(platform, appid=appid))
        return members


def platform_stage(stage: Stage, folder: Path) -> PlatformStage:
    """Add the platform to the stage's world."""
    simulated = stage.world.add_platform(
        SimulatedPlatform(
            component_appid=COMPONENT, component_appsecret=COMPONENT_SECRET, component_verify_ticket=TICKET
        )
    )
    authorization = stage.world.authorize(COMPONENT, APPID)
    appsecret, ticket = folder / "component_appsecret", folder / "component_verify_ticket"
    appsecret.write_text(f"{COMPONENT_SECRET}\n")
    ticket.write_text(f"{TICKET}\n")
    return PlatformStage(stage, simulated, authorization, appsecret, ticket)
