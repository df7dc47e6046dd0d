"""The third-party platform of `--demo`: the exporter discovers the mini programs that have authorized it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apis import token_service
from wx_domain_exporter.simulator.demo_apps import usual_domains
from wx_domain_exporter.simulator.invented_credentials import appid_of, appsecret_of
from wx_domain_exporter.simulator.platform_settings import (
    DEFAULT_PERMISSIONS,
    DEVELOPMENT_PERMISSION,
    PlatformHosts,
)
from wx_domain_exporter.simulator.world import SimulatedApp, SimulatedPlatform

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.world import World

_COMPONENT = "demo platform"
_OWN_HOST = "open.provider.example.com"
_OLD_HOST = "legacy.provider.example.net"
_REQUIRED_DOMAIN = f"https://{_OWN_HOST}"


@dataclass(frozen=True)
class _Account:
    """One account that has authorized the platform; official accounts (公众号) have no domains."""

    name: str
    host: str = ""
    has_required_domain: bool = True
    settings: dict[str, object] = field(default_factory=dict)
    permissions: tuple[int, ...] = DEFAULT_PERMISSIONS

    def simulated(self, start: float) -> SimulatedApp:
        domains = usual_domains(self.host) if self.host else {}
        if self.host and self.has_required_domain:
            domains["requestdomain"].append(_REQUIRED_DOMAIN)
        return SimulatedApp.model_validate(
            {
                "appid": appid_of(self.name),
                "name": self.name,
                "appsecret": appsecret_of(self.name),
                "domains": domains,
                "changes_from": start + 50.0,
                **self.settings,
            }
        )


_ACCOUNTS = (
    _Account(
        "周边点餐",
        "order.example.com",
        settings={"changes_every": 150.0, "changing_domain": "https://coupon.order.example.com"},
    ),
    _Account("周边点餐服务号"),
    _Account("社区团购", "group.example.com"),
    _Account("社区团购订阅号"),
    _Account("pet-hotel", "pets.example.com", has_required_domain=False),
    _Account(
        "校园一卡通",
        "campus.example.com",
        permissions=tuple(number for number in DEFAULT_PERMISSIONS if number != DEVELOPMENT_PERMISSION),
    ),
    _Account("校园服务号"),
    _Account("掌上医院", "hospital.example.com"),
)


def add_platform(world: World) -> None:
    """Add the platform and all accounts that have authorized it."""
    component_appid = appid_of(_COMPONENT)
    hosts = [account.host for account in _ACCOUNTS if account.host]
    world.add_platform(
        SimulatedPlatform(
            component_appid=component_appid,
            server_hosts=PlatformHosts(published=[*hosts, _OWN_HOST], testing=[*hosts, _OWN_HOST, _OLD_HOST]),
            jump_hosts=PlatformHosts(published=[_OWN_HOST], testing=[_OWN_HOST]),
        )
    )
    for account in _ACCOUNTS:
        world.add(account.simulated(world.clock()))
        world.authorize(
            component_appid,
            appid_of(account.name),
            mini_program=bool(account.host),
            permissions=account.permissions,
        )


def platform_sections(base_url: str) -> dict[str, object]:
    """The sections of the exporter's configuration for the platform of a world served at `base_url`."""
    return {
        "baselines": {"provider": {"requestdomain": {"required": [_REQUIRED_DOMAIN]}}},
        "platforms": {
            "provider": {
                "component_appid": appid_of(_COMPONENT),
                "component_access_token": {
                    "type": "http",
                    "url": f"{base_url}{token_service.PATH}?appId={{appid}}",
                    "token_pointer": "/data/access_token",
                    "expires_in_pointer": "/data/expires_in",
                },
                "discover": True,
                "baseline": "provider",
                "collect_domains": True,
                "domains_baseline": {
                    "wxa_server_domain": {"required": [_OWN_HOST], "allowed": ["*.example.com"]}
                },
            }
        },
    }
