"""Discovery in a running exporter: lists that fail or hang, authorizations that are added and revoked."""

from __future__ import annotations

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
CONFIGURED = "wx0000000000000001"
"""An app in the configuration, with a stable_token."""


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
    """An exporter that discovers every second and has done so once, with a configured app besides."""
    fleet.world.add(SimulatedApp(appid=CONFIGURED, appsecret=APPSECRET))
    sections = discovering(platform, discover_interval="1s")
    sections["wechat"] = {"timeout": "2m"}
    sections["apps"] = [{"appid": CONFIGURED, "token": {"type": "stable_token", "appsecret": APPSECRET}}]
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


def test_a_list_that_fails_removes_no_app(
    fleet: SmallFleet, platform: SimulatedPlatform, program: Exporter
) -> None:
    all_up = dict.fromkeys(mini_programs(fleet) | {CONFIGURED}, 1)
    assert up(program.scrape()) == all_up
    fleet.world.patch_platform(platform.component_appid, {"list_errcode": 61004})
    wait_until(lambda: failures(program.scrape()) >= 1, "a discovery fails")
    text = program.scrape()
    assert up(text) == all_up
    assert value(text, "wx_domain_exporter_discovered_apps", platform="main") == ACCOUNTS - OFFICIAL_ACCOUNTS
    assert "61004" in program.log
    listed = fleet.calls("api_get_authorizer_list")
    fleet.world.patch_platform(platform.component_appid, {"list_errcode": 0})
    wait_until(lambda: fleet.calls("api_get_authorizer_list") > listed + 1, "it is listed again")
    before = failures(program.scrape())
    assert up(program.scrape()) == all_up
    assert failures(program.scrape()) == before


def test_authorizations_are_revoked_and_renewed(
    fleet: SmallFleet, platform: SimulatedPlatform, program: Exporter
) -> None:
    first, *others = sorted(mini_programs(fleet))
    fleet.world.revoke(platform.component_appid, first)
    wait_until(lambda: first not in up(program.scrape()), "the revoked one is gone")
    text = program.scrape()
    assert up(text) == dict.fromkeys([*others, CONFIGURED], 1)
    assert value(text, "wx_domain_exporter_discovered_apps", platform="main") == len(others)
    wait_until(lambda: "authorizations ended" in program.log, "the log says so")
    fleet.world.authorize(platform.component_appid, first)
    wait_until(lambda: first in up(program.scrape()), "the one that is back is found")
    assert up(program.scrape()) == dict.fromkeys([first, *others, CONFIGURED], 1)


def test_scrapes_go_on_while_a_discovery_hangs(
    fleet: SmallFleet, platform: SimulatedPlatform, program: Exporter
) -> None:
    all_up = dict.fromkeys(mini_programs(fleet) | {CONFIGURED}, 1)
    assert up(program.scrape()) == all_up
    fleet.world.patch_platform(platform.component_appid, {"hang": True})
    listed = fleet.calls("api_get_authorizer_list")
    wait_until(lambda: fleet.calls("api_get_authorizer_list") > listed, "a discovery hangs")
    for _ in range(3):
        assert up(program.scrape(5)) == all_up
    assert request(f"{program.url}/-/ready").status == 200
    assert fleet.calls("api_get_authorizer_list") == listed + 1


def test_configured_apps_are_scraped_while_the_first_discovery_hangs(
    fleet: SmallFleet, platform: SimulatedPlatform
) -> None:
    fleet.world.patch_platform(platform.component_appid, {"hang": True})
    fleet.world.add(SimulatedApp(appid=CONFIGURED, appsecret=APPSECRET))
    sections = discovering(platform)
    sections["apps"] = [{"appid": CONFIGURED, "token": {"type": "stable_token", "appsecret": APPSECRET}}]
    fleet.configure(**sections)
    with exporter(f"--config.file={fleet.path}") as program:
        fleet.world.wait_for_calls("api_component_token", platform.component_appid)
        assert up(program.scrape(5)) == {CONFIGURED: 1}
        fleet.world.patch_platform(platform.component_appid, {"hang": False})
        program.stop()


@pytest.mark.parametrize("hanging", ["api_get_authorizer_list", "api_get_authorizer_info"])
def test_a_discovery_that_hangs_does_not_delay_the_exit(
    fleet: SmallFleet, platform: SimulatedPlatform, hanging: str
) -> None:
    if hanging == "api_get_authorizer_list":
        platform.hang = True
    for granted in fleet.world.authorizations[platform.component_appid].values():
        granted.latency = 300.0
    main = {
        "component_appid": platform.component_appid,
        "component_access_token": token_service_source(fleet.url),
    }
    fleet.configure(wechat={"timeout": "2m"}, apps=[], platforms={"main": main | {"discover": True}})
    with exporter(f"--config.file={fleet.path}") as program:
        wait_until(lambda: fleet.calls(hanging) > 0, "a call hangs")
        assert program.stop() == 0  # within a minute, although the call may take two
    assert "Traceback" not in program.log


class TestOnce:
    def test_discovers_first(self, fleet: SmallFleet, platform: SimulatedPlatform) -> None:
        fleet.configure(**discovering(platform))
        ended = run_exporter("--once", f"--config.file={fleet.path}")
        assert ended.returncode == 0
        assert up(ended.stdout) == dict.fromkeys(mini_programs(fleet), 1)
        assert fleet.calls("api_component_token") == fleet.calls("api_get_authorizer_list") == 1

    def test_include_and_exclude_select(self, fleet: SmallFleet, platform: SimulatedPlatform) -> None:
        included, excluded, *_ = sorted(mini_programs(fleet))
        fleet.configure(**discovering(platform, include=[included, excluded], exclude=[excluded]))
        ended = run_exporter("--once", f"--config.file={fleet.path}")
        assert ended.returncode == 0
        assert up(ended.stdout) == {included: 1}
        assert fleet.calls("api_get_authorizer_info") == 1

    def test_the_exit_status_shows_that_the_list_is_incomplete(
        self, fleet: SmallFleet, platform: SimulatedPlatform
    ) -> None:
        platform.list_errcode = 61004
        fleet.configure(**discovering(platform))
        ended = run_exporter("--once", f"--config.file={fleet.path}")
        assert ended.returncode == 1
        assert up(ended.stdout) == {}
        assert "discovery failed" in ended.stderr
