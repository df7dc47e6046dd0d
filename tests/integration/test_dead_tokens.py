"""Tokens that become invalid during a scrape: they are renewed once, and all apps are up in that scrape."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from helpers.exporter_process import exporter
from helpers.fleets import (
    SmallFleet,
    authorizer,
    discovering,
    own_platform,
    platform_fleet,
    serve,
    small_fleet,
)
from helpers.samples import series
from helpers.simulated_client import COMPONENT
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.world import SimulatedPlatform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.exporter_process import Exporter

APPS, SLOTS, LATENCY = 16, 4, 0.6
"""Four rounds of calls, each as long as the latency: all but those of the first round use invalid tokens."""
UNKNOWN_APP = ""
"""The appid under which the simulated WeChat counts calls with unknown tokens."""


def scrape_with(program: Exporter, fleet: SmallFleet, api: str, invalidate: Callable[[], None]) -> str:
    """Scrape, and invalidate tokens as soon as the first call of that API arrives."""
    before = fleet.calls(api)
    with ThreadPoolExecutor(1) as pool:
        scrape = pool.submit(program.scrape, 30)
        wait_until(lambda: fleet.calls(api) > before, f"{api} is called")
        invalidate()
        return scrape.result()


def all_up(text: str) -> bool:
    states = series(text, "wx_domain_up", "appid")
    return len(states) == APPS and set(states.values()) == {1}


def test_each_app_gets_a_new_token_once_and_repeats_its_call_once(tmp_path: Path) -> None:
    with small_fleet(tmp_path, APPS) as fleet:
        fleet.configure(wechat={"max_concurrency": SLOTS})
        calls = fleet.world.calls

        def patch_all(**settings: Any) -> None:
            with fleet.world.lock:
                for one in fleet.world.apps:
                    fleet.world.patch(one, settings)

        with exporter(f"--config.file={fleet.path}") as program:
            before = program.scrape(30)
            patch_all(latency=LATENCY)
            text = scrape_with(program, fleet, "getwxadevinfo", lambda: patch_all(invalidate_tokens=True))
            renewed = {one: calls["stable_token", one] - 1 for one in fleet.world.apps}
            refused = calls["getwxadevinfo", UNKNOWN_APP]
            patch_all(latency=0.0)
            later = program.scrape(30)
    for exposition in (before, text, later):
        assert all_up(exposition)
        assert series(exposition, "wx_domain_api_error", "errcode") == {}
    assert set(renewed.values()) <= {0, 1}
    assert sum(renewed.values()) == refused > 0
    # Apps that had their answer before use their invalid token in the next scrape.
    assert {calls["stable_token", one] for one in fleet.world.apps} == {2}
    assert {calls["getwxadevinfo", one] for one in fleet.world.apps} == {3}
    assert calls["getwxadevinfo", UNKNOWN_APP] == APPS


def test_all_apps_of_a_platform_wait_for_one_new_component_token(tmp_path: Path) -> None:
    with small_fleet(tmp_path, APPS) as fleet:
        world = fleet.world
        platform = world.add_platform(SimulatedPlatform(component_appid=COMPONENT))
        fleet.configure(
            wechat={"max_concurrency": SLOTS},
            apps=[{"appid": one, "token": authorizer(world.authorize(COMPONENT, one))} for one in world.apps],
            platforms={"main": own_platform(platform)},
        )
        with exporter(f"--config.file={fleet.path}") as program:
            before = program.scrape(30)
            component_tokens = fleet.calls("api_component_token")
            world.patch_platform(COMPONENT, {"expire_authorizer_tokens": True, "latency": LATENCY})
            text = scrape_with(
                program,
                fleet,
                "api_authorizer_token",
                lambda: world.patch_platform(COMPONENT, {"invalidate_component_tokens": True}),
            )
    assert component_tokens == 1
    assert all_up(before)
    assert all_up(text)
    assert series(text, "wx_domain_api_error", "errcode") == {}
    assert fleet.calls("api_component_token") == 2
    # One answer for each app, and one more refusal for each app that used the invalid token.
    refused = fleet.calls("api_authorizer_token") - 2 * APPS
    assert 0 < refused <= APPS
    assert fleet.calls("getwxadevinfo") == 3 * APPS


def test_discovery_and_scrape_share_one_new_component_token(tmp_path: Path) -> None:
    world = platform_fleet(APPS)
    [platform] = world.platforms.values()
    with serve(world, tmp_path) as fleet:
        fleet.configure(**discovering(platform, discover_interval="1s"))
        with exporter(f"--config.file={fleet.path}") as program:
            wait_until(lambda: "platform discovered" in program.log, "the platform is discovered")
            world.patch_platform(
                platform.component_appid,
                {"invalidate_component_tokens": True, "expire_authorizer_tokens": True},
            )
            listed = fleet.calls("api_get_authorizer_list")
            assert all_up(program.scrape(30))
            wait_until(lambda: fleet.calls("api_get_authorizer_list") > listed + 1, "it is listed again")
            assert fleet.calls("api_component_token") == 2
        assert "discovery failed" not in program.log
