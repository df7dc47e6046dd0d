"""The setup for tests of discovery: a third-party platform of a simulated WeChat, and its discovery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helpers.samples import series, value
from prometheus_client import CollectorRegistry, generate_latest

from wx_domain_exporter.config.baselines import expected_by_category
from wx_domain_exporter.config.schema_tokens import AuthorizerToken, PlatformConfig
from wx_domain_exporter.config.settings import PlatformSettings
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.platforms.domain_lists import PlatformDomains
from wx_domain_exporter.wechat.tokens.factory import make_platform

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.world import SimulatedPlatform, World
    from wx_domain_exporter.wechat.client import ApiClient

LONG = 20.0


def own_token(simulated: SimulatedPlatform) -> dict[str, Any]:
    """The configuration of a platform whose component_access_token the exporter gets itself."""
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
    self_metrics: SelfMetrics = field(default_factory=SelfMetrics)
    changes: list[tuple[str, ...]] = field(default_factory=list)
    """The AppIDs after each change that a discovery reported."""

    @property
    def simulated(self) -> SimulatedPlatform:
        (platform,) = self.world.platforms.values()
        return platform

    @property
    def appids(self) -> list[str]:
        """The accounts in the order of the platform's list."""
        return list(self.world.authorizations[self.simulated.component_appid])

    @property
    def list_calls(self) -> int:
        """How many pages of the list were read."""
        return self.world.calls["api_get_authorizer_list", self.simulated.component_appid]

    @property
    def lookups(self) -> dict[str, int]:
        """How often each account was looked up."""
        return {
            appid: number
            for (api, appid), number in self.world.calls.items()
            if api == "api_get_authorizer_info"
        }

    def discovery(self, **settings: Any) -> PlatformDiscovery:
        platform = PlatformConfig.model_validate({**own_token(self.simulated), "discover": True, **settings})
        app_token = AuthorizerToken(type="authorizer", platform="main")
        made = make_platform(PlatformSettings("main", platform, None, app_token, {}))
        self.self_metrics.set_discovering_platforms(["main"])
        discovery = PlatformDiscovery(made, platform, lambda: self.client, self.self_metrics, lambda: None)
        discovery._on_change = lambda: self.changes.append(appids_of(discovery))
        return discovery

    def own_lists(self, **settings: Any) -> PlatformDomains:
        """The platform's own domain lists, which are not read yet."""
        given = {**own_token(self.simulated), "collect_domains": True, **settings}
        config = PlatformConfig.model_validate(given)
        app_token = AuthorizerToken(type="authorizer", platform="main")
        baseline = expected_by_category(config.domains_baseline or {})
        platform = PlatformSettings("main", config, None, app_token, {}, domains_baseline=baseline)
        return PlatformDomains(make_platform(platform), platform, lambda: self.client)

    def patch(self, **settings: object) -> None:
        self.world.patch_platform(self.simulated.component_appid, settings)

    def patch_account(self, appid: str, **settings: object) -> None:
        self.world.patch_authorization(self.simulated.component_appid, appid, settings)

    def revoke(self, *appids: str) -> None:
        for appid in appids:
            self.world.revoke(self.simulated.component_appid, appid)

    def exposition(self) -> str:
        registry = CollectorRegistry()
        registry.register(self.self_metrics)
        return generate_latest(registry).decode()

    def discovered(self) -> float | None:
        return value(self.exposition(), "wx_domain_exporter_discovered_apps", platform="main")

    def last_successful(self) -> float | None:
        return value(self.exposition(), "wx_domain_exporter_discovery_last_successful", platform="main")

    def account_errors(self) -> float | None:
        return value(self.exposition(), "wx_domain_exporter_discovery_account_errors", platform="main")

    def errors(self) -> float:
        return series(self.exposition(), "wx_domain_exporter_discovery_errors_total", "platform")["main"]


def appids_of(discovery: PlatformDiscovery) -> tuple[str, ...]:
    return tuple(app.appid for app in discovery.apps)
