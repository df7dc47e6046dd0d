"""The own domain lists of a platform in a running exporter, which reads them and changes nothing."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest
from helpers.exporter_process import exporter, run_exporter
from helpers.fleets import SmallFleet, discovering, platform_fleet, serve
from helpers.http_requests import request
from helpers.samples import series, value
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wx_domain_exporter.simulator.world import SimulatedPlatform

SERVER, JUMP = "wxa_server_domain", "wxa_jump_h5_domain"
API, EVIL = "api.example.com", "evil.example.net"
BASELINE = {SERVER: {"exact": [API]}}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with serve(platform_fleet(3, quirks=True), tmp_path) as running:
        yield running


@pytest.fixture
def platform(fleet: SmallFleet) -> SimulatedPlatform:
    [platform] = fleet.world.platforms.values()
    hosts = {"published": [API], "testing": [API, EVIL]}
    settings = {"server_hosts": hosts, "jump_hosts": {"testing": []}}
    fleet.world.patch_platform(platform.component_appid, settings)
    return platform


def configure(fleet: SmallFleet, platform: SimulatedPlatform, interval: str = "1d") -> None:
    more = {"collect_domains": True, "domains_interval": interval, "domains_baseline": BASELINE}
    fleet.configure(**discovering(platform, **more))


def calls(fleet: SmallFleet, api: str) -> int:
    return sum(number for (name, _), number in fleet.world.calls.items() if name == api)


def test_they_are_read_at_the_start_and_by_no_scrape_and_nothing_is_changed(
    fleet: SmallFleet, platform: SimulatedPlatform
) -> None:
    configure(fleet, platform)
    with exporter(f"--config.file={fleet.path}") as program:
        wait_until(lambda: f'category="{JUMP}"' in program.scrape(), "both lists are read")
        first, calls_before = program.scrape(), fleet.world.calls.copy()
        own = program.scrape(path="/metrics?name[]=wx_domain_platform_hash")
        assert fleet.world.calls == calls_before
        page = request(f"{program.url}/?lang=en").text
        texts = [program.scrape() for _ in range(3)]
    for text in (first, *texts):
        assert value(text, "wx_domain_platform_up", platform="main", category=SERVER) == 1
        labels = {"platform": "main", "category": SERVER}
        assert value(text, "wx_domain_platform_domains", **labels, version="published") == 1
        assert value(text, "wx_domain_platform_baseline_match", **labels, version="published") == 1
        assert (
            value(text, "wx_domain_platform_unexpected_domain", **labels, version="testing", domain=EVIL) == 1
        )
    assert set(series(own, "wx_domain_platform_hash", "category")) == {SERVER, JUMP}
    assert "wx_domain_up" not in own
    assert EVIL in re.sub(r"\s+", " ", page)
    assert (calls(fleet, "modify_wxa_server_domain"), calls(fleet, "modify_wxa_jump_domain")) == (1, 1)
    assert platform.domain_changes == 0


def test_a_reload_reads_what_failed_and_names_a_change(
    fleet: SmallFleet, platform: SimulatedPlatform
) -> None:
    configure(fleet, platform)
    fleet.world.patch_platform(platform.component_appid, {"domains_errcode": 48001})
    with exporter(f"--config.file={fleet.path}") as program:
        wait_until(lambda: 'errcode="48001"' in program.scrape(), "the failure is shown")
        fleet.world.patch_platform(platform.component_appid, {"domains_errcode": 0})
        program.send(signal.SIGHUP)
        wait_until(
            lambda: set(series(program.scrape(), "wx_domain_platform_up", "category").values()) == {1},
            "both lists are read",
        )
        fleet.world.patch_platform(
            platform.component_appid, {"server_hosts": {"published": [EVIL], "testing": [API, EVIL]}}
        )
        configure(fleet, platform, "1h")
        program.send(signal.SIGHUP)
        wait_until(lambda: "domains of the platform changed" in program.log, "the change is logged")
        [line] = [line for line in program.lines if "domains of the platform changed" in line]
    assert f"added={EVIL} removed={API}" in line
    assert platform.domain_changes == 0


@pytest.mark.parametrize("command", ["--once", "--doctor"])
def test_a_command_that_ends_does_not_read_them(
    command: str, fleet: SmallFleet, platform: SimulatedPlatform
) -> None:
    configure(fleet, platform)
    completed = run_exporter(command, f"--config.file={fleet.path}")
    assert completed.returncode in {0, 1}
    assert completed.stdout
    assert calls(fleet, "api_get_authorizer_list") == 1
    assert calls(fleet, "modify_wxa_server_domain") == 0
