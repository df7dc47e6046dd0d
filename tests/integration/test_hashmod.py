"""Two real Prometheus servers share 200 mini programs, of which 20 hang, by `hashmod`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
import yaml
from helpers.examples import SHARD, scrape_jobs
from helpers.exporter_process import Exporter, exporter
from helpers.fleets import fleet_config, generated_fleet
from helpers.json_text import as_json
from helpers.real_prometheus import Prometheus, prometheus
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.generated_fleet import generate_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS, HANGING, CONNECTIONS = 200, 20, 6
INTERVAL, TIMEOUT = 10, 5
"""Seconds; of 20 probes a second, 2 hang for 5 s each: 10 at the same time, with 6 connections."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    path = tmp_path_factory.mktemp("exporter") / "config.yml"
    with generated_fleet(APPS, HANGING, "50ms") as url:
        configuration = yaml.safe_load(fleet_config(generate_fleet(APPS), url))
        configuration["wechat"]["max_concurrency"] = CONNECTIONS
        path.write_text(as_json(configuration))
        with exporter(f"--config.file={path}") as running:
            yield running


@pytest.fixture(scope="module")
def servers(program: Exporter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Prometheus]]:
    with contextlib.ExitStack() as stack:
        servers = []
        for shard in ("0", "1"):
            [job] = scrape_jobs(SHARD, program)
            job.update(scrape_interval=f"{INTERVAL}s", scrape_timeout=f"{TIMEOUT}s")
            [keep] = [rule for rule in job["relabel_configs"] if rule.get("action") == "keep"]
            keep["regex"] = shard
            folder = tmp_path_factory.mktemp(f"prometheus-{shard}")
            servers.append(stack.enter_context(prometheus(folder, [job])))
        for server in servers:
            server.wait_for("count(count_over_time(wx_domain_up[5m]) >= 3) == count(up)", 120)
        yield servers


def test_each_server_has_its_share_and_both_have_all(servers: list[Prometheus]) -> None:
    first, second = (set(server.values("last_over_time(wx_domain_up[5m])", "appid")) for server in servers)
    assert not first & second
    assert first | second == set(generate_fleet(APPS).apps)
    assert min(len(first), len(second)) > APPS / 3


def test_each_probe_has_the_metrics_of_its_app(servers: list[Prometheus]) -> None:
    for server in servers:
        instances = server.values("last_over_time(wx_domain_up[5m])", "instance")
        assert set(instances) == set(server.values("last_over_time(wx_domain_up[5m])", "appid"))


def test_the_others_are_all_up_once_the_exporter_knows_which_apps_hang(servers: list[Prometheus]) -> None:
    hanging = {one for one, app in generate_fleet(APPS, HANGING).apps.items() if app.hang}
    assert len(hanging) == HANGING

    def down() -> set[str]:
        return {appid for server in servers for appid in server.values("wx_domain_up == 0", "appid")}

    # A busy machine can delay one probe of an app; the next one corrects that.
    wait_until(lambda: down() == hanging, "exactly those that hang are down")
    reasons = {reason for server in servers for reason in server.values("wx_domain_fetch_error", "reason")}
    assert reasons <= {"deadline", "timeout"}
