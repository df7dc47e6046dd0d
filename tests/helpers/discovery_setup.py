"""The stage for tests of discovery: a third-party platform of a simulated WeChat, and who watches it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helpers.samples import series, value
from prometheus_client import CollectorRegistry, generate_latest

from wx_domain_exporter.config.loader import PlatformSettings
from wx_domain_exporter.config.schema_tokens import AuthorizerToken, PlatformConfig
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.wechat.tokens.factory import make_platform

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.world import SimulatedPlatform, World
    from wx_domain_exporter.wechat.client import ApiClient


def own_token(simulated: SimulatedPlatform) -> dict[str, Any]:
    """What the configuration says of a platform whose token is made by the exporter."""
    return {
        "component_appid": simulated.component_appid,
        "own_component_token": True,
        "component_appsecret": simulated.component_appsecret,
        "component_verify_ticket": simulated.component_verify_ticket,
    }


@dataclass
class DiscoveryStage:
    world: World
    client: ApiClient
    own: SelfMetrics = field(default_factory=SelfMetrics)
    published: list[tuple[str, ...]] = field(default_factory=list)
    """The appids at each publication."""

    @property
    def simulated(self) -> SimulatedPlatform:
        (platform,) = self.world.platforms.values()
        return platform

    @property
    def appids(self) -> list[str]:
        """The accounts in the order of the platform's list."""
        return list(self.world.authorizations[self.simulated.component_appid])

    @property
    def lists(self) -> int:
        """How often a page of the list was asked for."""
        return self.world.calls["api_get_authorizer_list", self.simulated.component_appid]

    @property
    def asked(self) -> dict[str, int]:
        """How often each account was asked about."""
        return {
            appid: number
            for (api, appid), number in self.world.calls.items()
            if api == "api_get_authorizer_info"
        }

    def discovery(self, **settings: Any) -> PlatformDiscovery:
        given = {**own_token(self.simulated), "discover": True, **settings}
        platform = PlatformConfig.model_validate(given)
        app_token = AuthorizerToken(type="authorizer", platform="main")
        running = make_platform(PlatformSettings("main", platform, None, app_token, {}))
        self.own.set_discovering_platforms(["main"])
        discovery = PlatformDiscovery(running, platform, lambda: self.client, self.own, lambda: None)
        discovery._publish = lambda: self.published.append(appids_of(discovery))
        return discovery

    def patch(self, **settings: object) -> None:
        self.world.patch_platform(self.simulated.component_appid, settings)

    def patch_account(self, appid: str, **settings: object) -> None:
        self.world.patch_authorization(self.simulated.component_appid, appid, settings)

    def revoke(self, *appids: str) -> None:
        for appid in appids:
            self.world.revoke(self.simulated.component_appid, appid)

    def exposition(self) -> str:
        registry = CollectorRegistry()
        registry.register(self.own)
        return generate_latest(registry).decode()

    def discovered(self) -> float | None:
        return value(self.exposition(), "wx_domain_exporter_discovered_apps", platform="main")

    def went_well(self) -> float | None:
        return value(self.exposition(), "wx_domain_exporter_discovery_last_successful", platform="main")

    def errors(self) -> float:
        return series(self.exposition(), "wx_domain_exporter_discovery_errors_total", "platform")["main"]


def appids_of(discovery: PlatformDiscovery) -> tuple[str, ...]:
    return tuple(app.appid for app in discovery.apps)
