"""Fleets for the tests: a simulated WeChat API, and the configuration of an exporter for it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.json_text import as_json

from wx_domain_exporter.simulator.generated_fleet import generate_fleet, is_spread
from wx_domain_exporter.simulator.invented_credentials import appid_of, appsecret_of
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, SimulatedPlatform, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wx_domain_exporter.simulator.world import Authorization

APPSECRET = "0123456789abcdef0123456789abcdef"


def appid(number: int) -> str:
    return f"wx{number:016x}"


@dataclass(frozen=True)
class SmallFleet:
    """A served world and the configuration file of an exporter for it."""

    world: World
    url: str
    path: Path

    def configure(self, **sections: Any) -> None:
        """Write the configuration; see `fleet_config`."""
        self.path.write_text(fleet_config(self.world, self.url, **sections))

    def calls(self, api: str = "getwxadevinfo") -> int:
        return sum(number for (name, _), number in self.world.calls.items() if name == api)


def fleet_config(world: World, base_url: str, **sections: Any) -> str:
    """The configuration for all apps of a world; `sections` replace generated ones, or add to `wechat`."""
    apps = [
        {
            "appid": appid,
            "name": app.name,
            "token": {"type": "stable_token", "appsecret": app.appsecret},
        }
        for appid, app in world.apps.items()
    ]
    wechat = {"base_url": base_url, **sections.pop("wechat", {})}
    return as_json({"wechat": wechat, "apps": apps, **sections})


@contextlib.contextmanager
def serve(world: World, folder: Path) -> Iterator[SmallFleet]:
    """Run a simulated API, and write a configuration with a stable_token for each app."""
    with SimulatorServer(world) as server:
        fleet = SmallFleet(world, server.url, folder / "config.yml")
        fleet.configure()
        yield fleet


@contextlib.contextmanager
def small_fleet(folder: Path, apps: int = 2, **settings: Any) -> Iterator[SmallFleet]:
    """Run a simulated API with apps 0 … n-1, each with one request domain."""
    world = World()
    for number in range(apps):
        lists = {"requestdomain": [f"https://app-{number}.example.com"]}
        world.add(
            SimulatedApp(
                appid=appid(number), name=f"app {number}", appsecret=APPSECRET, domains=lists, **settings
            )
        )
    with serve(world, folder) as fleet:
        yield fleet


def platform_fleet(authorizers: int, official_accounts: int = 0, **settings: Any) -> World:
    """A world with one third-party platform and this many generated accounts that authorized it.

    `official_accounts` of them, spread evenly, are not mini programs; `settings` go to `generate_fleet`.
    """
    world = generate_fleet(authorizers, **settings)
    platform = world.add_platform(
        SimulatedPlatform(
            component_appid=appid_of("platform"),
            component_appsecret=appsecret_of("platform"),
            component_verify_ticket=f"ticket@@@{appsecret_of('ticket')}",
        )
    )
    for number, account in enumerate(world.apps):
        mini_program = not is_spread(number, official_accounts, among=authorizers)
        world.authorize(platform.component_appid, account, mini_program=mini_program)
    return world


def token_service_source(url: str, **more: Any) -> dict[str, Any]:
    """The configuration of a token source that uses the simulated token service."""
    return {
        "type": "http",
        "url": f"{url}/_token_service/token?appId={{appid}}",
        "token_pointer": "/data/access_token",
        "expires_in_pointer": "/data/expires_in",
        **more,
    }


def authorizer(authorization: Authorization) -> dict[str, Any]:
    """The configuration of the token source of an app that authorized the platform `main`."""
    return {
        "type": "authorizer",
        "platform": "main",
        "authorizer_refresh_token": authorization.refresh_token,
    }


def own_platform(platform: SimulatedPlatform, **more: Any) -> dict[str, Any]:
    """The configuration of a platform whose component_access_token the exporter makes."""
    return {
        "component_appid": platform.component_appid,
        "own_component_token": True,
        "component_appsecret": platform.component_appsecret,
        "component_verify_ticket": platform.component_verify_ticket,
        **more,
    }


def discovering(platform: SimulatedPlatform, **more: Any) -> dict[str, Any]:
    """The sections of a configuration whose apps all come from the discovery of such a platform."""
    return {"apps": [], "platforms": {"main": own_platform(platform, discover=True, **more)}}


@contextlib.contextmanager
def generated_fleet(apps: int, hanging: int, latency: str) -> Iterator[str]:
    """Run a simulated API as a process, so that it does not use the CPU time of the tests."""
    command = [sys.executable, "-P", "-m", "wx_domain_exporter.simulator", "--port=0", f"--apps={apps}"]
    with subprocess.Popen(
        [*command, f"--hanging={hanging}", f"--latency={latency}"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            yield re.findall(r"http://\S+", line)[0]
        finally:
            process.terminate()
