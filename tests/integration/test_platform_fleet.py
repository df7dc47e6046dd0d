"""A platform with 2,000 mini programs: discovered, scraped, and ingested by a real Prometheus."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from helpers.exporter_process import Exporter, exporter
from helpers.fleets import SmallFleet, discovering, platform_fleet, serve
from helpers.real_prometheus import prometheus
from helpers.samples import samples
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINI_PROGRAMS, OFFICIAL_ACCOUNTS = 2000, 50
ACCOUNTS = MINI_PROGRAMS + OFFICIAL_ACCOUNTS
PAGES = 5
"""Pages of 500 accounts."""
SHARED = {"min_interval": "1h"}
"""All tests share one result, because a scrape of the whole fleet takes long."""


@dataclass(frozen=True)
class Run:
    fleet: SmallFleet
    program: Exporter
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]
    """The samples of the first scrape after the discovery."""

    def samples_of(self, metric: str) -> list[tuple[dict[str, str], float]]:
        return [(dict(labels), number) for (name, labels), number in self.samples.items() if name == metric]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    world = platform_fleet(ACCOUNTS, OFFICIAL_ACCOUNTS)
    [platform] = world.platforms.values()
    with serve(world, tmp_path_factory.mktemp("platform")) as fleet:
        fleet.configure(scrape=SHARED, **discovering(platform, discover_interval="1h"))
        with exporter(f"--config.file={fleet.path}") as program:
            wait_until(lambda: "platform discovered" in program.log, "the platform is discovered")
            yield Run(fleet, program, samples(program.scrape(60)))


def test_all_mini_programs_are_up_and_show_their_own_lists(run: Run) -> None:
    world = run.fleet.world
    [authorizations] = world.authorizations.values()
    mini_programs = {one for one, granted in authorizations.items() if granted.mini_program}
    assert len(mini_programs) == MINI_PROGRAMS
    up = {labels["appid"]: number for labels, number in run.samples_of("wx_domain_up")}
    assert up == dict.fromkeys(mini_programs, 1)
    domains = {(labels["appid"], labels["domain"]) for labels, _ in run.samples_of("wx_domain_info")}
    assert domains == {
        (one, domain)
        for one in mini_programs
        for listed in world.apps[one].domains.values()
        for domain in listed
    }
    names = {labels["appid"]: labels["name"] for labels, _ in run.samples_of("wx_domain_app_info")}
    assert names == {one: authorizations[one].nick_name for one in mini_programs}


def test_the_discovery_is_counted_and_its_progress_logged(run: Run) -> None:
    assert run.samples_of("wx_domain_exporter_discovered_apps") == [({"platform": "main"}, MINI_PROGRAMS)]
    assert run.samples_of("wx_domain_exporter_discovery_errors_total") == [({"platform": "main"}, 0)]
    progress = re.findall(r"msg=discovering.*done=(\d+) total=(\d+)", run.program.log)
    steps = [500, 1000, 1500, 2000, ACCOUNTS]
    # On a busy machine there are more lines, because there is one at least every five seconds.
    assert set(progress) >= {(str(done), str(ACCOUNTS)) for done in steps}
    assert progress == sorted(progress, key=lambda line: int(line[0]))
    assert re.search(rf'"platform discovered".*apps={MINI_PROGRAMS}', run.program.log)


def test_each_call_is_made_once_also_after_a_reload_and_further_discoveries(run: Run) -> None:
    fleet = run.fleet
    [platform] = fleet.world.platforms.values()
    expected = {
        "api_component_token": 1,
        "api_get_authorizer_list": PAGES,
        "api_get_authorizer_info": ACCOUNTS,
        "api_authorizer_token": MINI_PROGRAMS,
        "getwxadevinfo": MINI_PROGRAMS,
    }
    assert {api: fleet.calls(api) for api, _ in fleet.world.calls} == expected
    fleet.configure(scrape=SHARED, **discovering(platform, discover_interval="1s"))
    run.program.send(signal.SIGHUP)
    wait_until(lambda: fleet.calls("api_get_authorizer_list") > 2 * PAGES, "it is discovered again twice")
    text = run.program.scrape(60)
    del expected["api_get_authorizer_list"]
    assert {api: fleet.calls(api) for api in expected} == expected
    assert text.count("\nwx_domain_up{") == MINI_PROGRAMS
    assert f'\nwx_domain_exporter_discovered_apps{{platform="main"}} {MINI_PROGRAMS}.0\n' in text


def test_prometheus_takes_the_whole_fleet(run: Run, tmp_path: Path) -> None:
    job = {
        "job_name": "platform",
        "scrape_interval": "3s",
        "scrape_timeout": "3s",
        "static_configs": [{"targets": [run.program.url.removeprefix("http://")]}],
    }
    with prometheus(tmp_path, [job]) as server:
        then = server.when("count(wx_domain_up == 1)")
        up = then.query("count(wx_domain_up == 1)")
        domains = then.query("count(count by (domain) (wx_domain_info))")
    assert up[0]["value"][1] == str(MINI_PROGRAMS)
    configured = {
        domain
        for app in run.fleet.world.apps.values()
        for values in app.domains.values()
        for domain in values
    }
    assert int(domains[0]["value"][1]) == len(configured) * MINI_PROGRAMS // ACCOUNTS
