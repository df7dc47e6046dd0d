"""`DomainCollector` in another program: next to that program's metrics, on prometheus_client's own server."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from wsgiref.util import setup_testing_defaults

import pytest
from helpers.documents import blocks
from helpers.fleets import SmallFleet, appid, discovering, fleet_config, platform_fleet, serve, small_fleet
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.repository import REPOSITORY
from helpers.samples import series, value
from helpers.waiting import wait_until
from prometheus_client import CollectorRegistry, Counter, generate_latest, make_wsgi_app, start_http_server
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from wx_domain_exporter import ConfigError, DomainCollector
from wx_domain_exporter.metrics.definitions import GAUGES, PLATFORM_GAUGES
from wx_domain_exporter.scheduler.jobs import ScrapeJobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from wsgiref.types import WSGIApplication, WSGIEnvironment

A, B = appid(0), appid(1)
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path) as running:
        yield running


@pytest.fixture
def collector(fleet: SmallFleet) -> Iterator[DomainCollector]:
    with DomainCollector.from_file(fleet.path) as collector:
        yield collector


@pytest.fixture
def registry(collector: DomainCollector) -> CollectorRegistry:
    """The registry of another program, which has a metric of its own."""
    registry = CollectorRegistry()
    Counter("orders", "Orders that came in.", registry=registry).inc(3)
    registry.register(collector)
    return registry


@contextmanager
def served(registry: CollectorRegistry) -> Iterator[str]:
    """prometheus_client's own server; yields its URL."""
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TestScrape:
    def test_registering_makes_no_call_and_each_scrape_makes_one_per_app(
        self, fleet: SmallFleet, registry: CollectorRegistry
    ) -> None:
        assert not fleet.world.calls
        with served(registry) as url:
            for number in (1, 2):
                text = request(url).text
                assert series(text, "wx_domain_up", "appid") == {A: 1, B: 1}
                assert value(text, "orders_total") == 3
                assert fleet.calls() == 2 * number

    def test_it_is_valid_openmetrics_with_the_series_of_the_program(
        self, registry: CollectorRegistry
    ) -> None:
        with served(registry) as url:
            text = request(url, headers={"Accept": OPENMETRICS}).text
        families = {family.name for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
        assert {"orders", "wx_domain_up", "wx_domain_hash", "wx_domain_scrape_duration_seconds"} <= families
        assert "orders_created" in text  # the program's own metrics are written as without the collector

    def test_in_a_wsgi_application_a_selection_of_other_metrics_makes_no_call(
        self, fleet: SmallFleet, registry: CollectorRegistry
    ) -> None:
        application = make_wsgi_app(registry)
        assert value(answer(application, "name[]=orders_total"), "orders_total") == 3
        assert not fleet.world.calls
        assert series(answer(application, "name[]=wx_domain_up"), "wx_domain_up", "appid") == {A: 1, B: 1}

    def test_an_app_that_hangs_fails_after_the_configured_timeout(
        self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []

        def wait(jobs: ScrapeJobs, timeout: float) -> None:
            waits.append(timeout)
            wait_until(lambda: any(job.result for job in jobs._fetch_jobs), "the other app is fetched")

        monkeypatch.setattr(ScrapeJobs, "wait", wait)
        fleet.world.patch(A, {"hang": True})
        fleet.configure(scrape={"timeout": "40s", "timeout_offset": "0s"}, wechat={"timeout": "60s"})
        with DomainCollector.from_file(str(fleet.path)) as collector:
            text = text_of(collector)
        assert series(text, "wx_domain_up", "appid") == {A: 0, B: 1}
        assert value(text, "wx_domain_fetch_error", appid=A, reason="deadline") == 1
        assert len(waits) == 1
        assert 30 < waits[0] <= 40


def answer(application: WSGIApplication, query: str) -> str:
    environ: WSGIEnvironment = {"QUERY_STRING": query}
    setup_testing_defaults(environ)
    return b"".join(application(environ, lambda *_: lambda _: None)).decode()


def text_of(collector: DomainCollector) -> str:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md", "docs/other-programs.md"])
def test_the_example_of_the_docs_runs_and_ends_without_close(fleet: SmallFleet, readme: str) -> None:
    (example,) = blocks(readme, "python")
    fleet.path.rename(fleet.path.with_name("my.yml"))
    code = f"{example.replace('8000', '0')}\nfrom prometheus_client import generate_latest\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}print(generate_latest().decode())"],
        cwd=fleet.path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f'wx_domain_up{{appid="{A}"}} 1.0\n' in done.stdout
    assert "\npython_info{" in done.stdout


class TestApps:
    def test_those_of_app_files_and_of_platforms_are_included(self, tmp_path: Path) -> None:
        world = platform_fleet(2)
        (platform,) = world.platforms.values()
        with serve(world, tmp_path) as fleet:
            token = {"type": "access_token", "access_token": "from-elsewhere"}
            (tmp_path / "one.yml").write_text(as_json([{"appid": A, "token": token}]))
            sections = discovering(platform) | {"app_files": ["*.yml"]}
            path = tmp_path / "my.conf"
            path.write_text(fleet_config(world, fleet.url, **sections))
            fleet.path.unlink()
            with DomainCollector.from_file(path) as collector:
                appids = {A, *world.apps}
                wait_until(
                    lambda: set(series(text_of(collector), "wx_domain_up", "appid")) == appids,
                    "all apps are scraped",
                )


class TestConfiguration:
    def test_from_file_raises_its_errors(self, tmp_path: Path) -> None:
        path = tmp_path / "my.yml"
        path.write_text("apps: nothing\nscrape: {timeout: soon}\n")
        with pytest.raises(ConfigError) as raised:
            DomainCollector.from_file(path)
        assert len(raised.value.errors) == 2
        with pytest.raises(ConfigError):
            DomainCollector.from_file(tmp_path / "missing.yml")

    def test_from_file_raises_if_no_app_has_a_readable_secret(self, tmp_path: Path) -> None:
        token = {"type": "stable_token", "appsecret": {"file": "gone"}}
        path = tmp_path / "my.yml"
        path.write_text(as_json({"apps": [{"appid": "wx0123456789abcdef", "token": token}]}))
        with pytest.raises(ConfigError, match="gone can't be read"):
            DomainCollector.from_file(path)


class TestClose:
    def test_after_close_there_are_no_families_and_no_calls(
        self, fleet: SmallFleet, collector: DomainCollector, registry: CollectorRegistry
    ) -> None:
        collector.close()
        collector.close()
        text = generate_latest(registry).decode()
        assert "wx_domain" not in text
        assert value(text, "orders_total") == 3
        assert not fleet.world.calls


def test_it_describes_all_families_without_samples(collector: DomainCollector) -> None:
    described = list(collector.describe())
    assert [family.name for family in described] == [gauge.name for gauge in (*GAUGES, *PLATFORM_GAUGES)]
    assert not any(family.samples for family in described)


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import wx_domain_exporter as x; x.__version__", False),
        ("from wx_domain_exporter import DomainCollector", True),
    ],
)
def test_the_version_alone_imports_nothing_else(statement: str, heavy: bool) -> None:  # noqa: FBT001 - parametrized
    code = f"import sys; {statement}; print('prometheus_client' in sys.modules, 'requests' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{heavy} {heavy}\n"
