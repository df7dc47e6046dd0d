"""Discovery under a running exporter: lists that fail or hang, authorizations that come and go."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from helpers.exporter_process import Exporter, exporter, run_exporter
from helpers.fleets import APPSECRET, SmallFleet, discovering, platform_fleet, serve, token_service_source
from helpers.http_requests import request
from helpers.samples import series, value
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.app_settings import SimulatedApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wx_domain_exporter.simulator.world import SimulatedPlatform

ACCOUNTS, OFFICIAL_ACCOUNTS = 12, 2
OWN = "wx0000000000000001"
"""An app of the configuration, with a token of its own."""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with serve(platform_fleet(ACCOUNTS, OFFICIAL_ACCOUNTS, quirks=True), tmp_path) as running:
        yield running


@pytest.fixture
def platform(fleet: SmallFleet) -> SimulatedPlatform:
    [platform] = fleet.world.platforms.values()
    return platform


@pytest.fixture
def program(fleet: SmallFleet, platform: SimulatedPlatform) -> Iterator[Exporter]:
    """Discovers every second and has done so once; watches an app of its own besides."""
    fleet.world.add(SimulatedApp(appid=OWN, appsecret=APPSECRET))
    sections = discovering(platform, discover_interval="1s")
    sections["apps"] = [{"appid": OWN, "token": {"type": "stable_token", "appsecret": APPSECRET}}]
    fleet.configure(**sections)
    with exporter(f"--config.file={fleet.path}") as running:
        wait_until(lambda: "platform discovered" in running.log, "the platform is discovered")
        yield running


def mini_programs(fleet: SmallFleet) -> set[str]:
    [authorizations] = fleet.world.authorizations.values()
    return {one for one, granted in authorizations.items() if granted.mini_program}


def up(text: str) -> dict[str, float]:
    return series(text, "wx_domain_up", "appid")


def failures(text: str) -> float:
    return value(text, "wx_domain_exporter_discovery_errors_total", platform="main") or 0.0


def test_a_list_that_fails_takes_no_app_away(
    fleet: SmallFleet, platform: SimulatedPlatform, program: Exporter
) -> None:
    everybody = dict.fromkeys(mini_programs(fleet) | {OWN}, 1)
    assert up(program.scrape()) == everybody
    fleet.world.patch_platform(platform.component_appid, {"list_errcode": 61004})
    wait_until(lambda: failures(program.scrape()) >= 1, "a discovery fails")
    text = program.scrape()
    assert up(text) == everybody
    assert value(text, "wx_domain_exporter_discovered_apps", platform="main") == ACCOUNTS - OFFICIAL_ACCOUNTS
    assert "61004" in program.log
    listed = fleet.calls("api_get_authorizer_list")
    fleet.world.patch_platform(platform.component_appid, {"list_errcode": 0})
    wait_until(lambda: fleet.calls("api_get_authorizer_list") > listed + 1, "it is listed again")
    before = failures(program.scrape())
    assert up(program.scrape()) == everybody
    assert failures(program.scrape()) == before


def test_authorizations_come_and_go(
    fleet: SmallFleet, platform: SimulatedPlatform, program: Exporter
) -> None:
    first, *others = sorted(mini_programs(fleet))
    fleet.world.revoke(platform.component_appid, first)
    wait_until(lambda: first not in up(program.scrape()), "the revoked one is gone")
    text = program.scrape()
    assert up(text) == dict.fromkeys([*others, OWN], 1)
    assert value(text, "wx_domain_exporter_discovered_apps", platform="main") == len(others)
    assert "authorizations ended" in program.log
    fleet.world.authorize(platform.component_appid, first)
    wait_until(lambda: first in up(program.scrape()), "the one that is back is found")
    assert up(program.scrape()) == dict.fromkeys([first, *others, OWN], 1)


def test_scrapes_go_on_while_a_discovery_hangs(
    fleet: SmallFleet, platform: SimulatedPlatform, program: Exporter
) -> None:
    everybody = dict.fromkeys(mini_programs(fleet) | {OWN}, 1)
    assert up(program.scrape()) == everybody
    fleet.world.patch_platform(platform.component_appid, {"hang": True})
    listed = fleet.calls("api_get_authorizer_list")
    wait_until(lambda: fleet.calls("api_get_authorizer_list") > listed, "a discovery hangs")
    for _ in range(3):
        assert up(program.scrape(5)) == everybody
    assert request(f"{program.url}/-/ready").status == 200
    assert fleet.calls("api_get_authorizer_list") == listed + 1


def test_apps_of_their_own_are_scraped_while_the_first_discovery_hangs(
    fleet: SmallFleet, platform: SimulatedPlatform
) -> None:
    fleet.world.patch_platform(platform.component_appid, {"hang": True})
    fleet.world.add(SimulatedApp(appid=OWN, appsecret=APPSECRET))
    sections = discovering(platform)
    sections["apps"] = [{"appid": OWN, "token": {"type": "stable_token", "appsecret": APPSECRET}}]
    fleet.configure(**sections)
    with exporter(f"--config.file={fleet.path}") as program:
        fleet.world.wait_for_calls("api_component_token", platform.component_appid)
        assert up(program.scrape(5)) == {OWN: 1}
        fleet.world.patch_platform(platform.component_appid, {"hang": False})
        program.stop()


@pytest.mark.parametrize("hanging", ["api_get_authorizer_list", "api_get_authorizer_info"])
def test_a_discovery_that_hangs_does_not_keep_the_program(
    fleet: SmallFleet, platform: SimulatedPlatform, hanging: str
) -> None:
    if hanging == "api_get_authorizer_list":
        platform.hang = True
    for granted in fleet.world.authorizations[platform.component_appid].values():
        granted.latency = 100.0
    main = {
        "component_appid": platform.component_appid,
        "component_access_token": token_service_source(fleet.url),
    }
    fleet.configure(wechat={"timeout": "60s"}, apps=[], platforms={"main": main | {"discover": True}})
    with exporter(f"--config.file={fleet.path}") as program:
        wait_until(lambda: fleet.calls(hanging) > 0, "a call hangs")
        begin = time.monotonic()
        assert program.stop() == 0
        assert time.monotonic() - begin < 20
    assert "Traceback" not in program.log


class TestOnce:
    def test_discovers_first(self, fleet: SmallFleet, platform: SimulatedPlatform) -> None:
        fleet.configure(**discovering(platform))
        ended = run_exporter("--once", f"--config.file={fleet.path}")
        assert ended.returncode == 0
        assert up(ended.stdout) == dict.fromkeys(mini_programs(fleet), 1)
        assert fleet.calls("api_component_token") == fleet.calls("api_get_authorizer_list") == 1

    def test_include_and_exclude_choose(self, fleet: SmallFleet, platform: SimulatedPlatform) -> None:
        some, but_not, *_ = sorted(mini_programs(fleet))
        fleet.configure(**discovering(platform, include=[some, but_not], exclude=[but_not]))
        ended = run_exporter("--once", f"--config.file={fleet.path}")
        assert ended.returncode == 0
        assert up(ended.stdout) == {some: 1}
        assert fleet.calls("api_get_authorizer_info") == 1

    def test_says_by_its_exit_status_that_the_list_is_not_whole(
        self, fleet: SmallFleet, platform: SimulatedPlatform
    ) -> None:
        platform.list_errcode = 61004
        fleet.configure(**discovering(platform))
        ended = run_exporter("--once", f"--config.file={fleet.path}")
        assert ended.returncode == 1
        assert up(ended.stdout) == {}
        assert "discovery failed" in ended.stderr
