"""A real Prometheus scrapes the exporter, which calls a simulated WeChat API."""

from __future__ import annotations

import http.server
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from helpers.exporter_process import Exporter, exporter
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.programs import FORKY
from helpers.real_prometheus import Prometheus, prometheus
from helpers.repository import REPOSITORY
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOP, CLUB, GONE = "wx0000000000000001", "wx0000000000000002", "wx0000000000000003"
SECRET = "0123456789abcdef0123456789abcdef"


class _WithoutAccept(http.server.BaseHTTPRequestHandler):
    """Forwards a scrape without its Accept header, as an old Prometheus would send it."""

    upstream = ""

    def do_GET(self) -> None:
        answer = request(self.upstream + self.path)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["content-type"])
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="module")
def world() -> World:
    world = World()
    lists = {
        "requestdomain": ["https://www.qq.com", "https://www.example.com"],
        "wsrequestdomain": ["wss://www.qq.com"],
        "bizdomain": ["https://例子.测试"],
    }
    world.add(SimulatedApp(appid=SHOP, name="shop", appsecret=SECRET, domains=lists))
    world.add(SimulatedApp(appid=CLUB, name="club", appsecret=SECRET, domains={"requestdomain": []}))
    world.add(SimulatedApp(appid=GONE, name="gone", appsecret=SECRET, errcode=61003))
    return world


@pytest.fixture(scope="module")
def program(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    folder = tmp_path_factory.mktemp("exporter")
    with SimulatorServer(world) as server:
        apps = [
            {"appid": appid, "name": app.name, "token": {"type": "stable_token", "appsecret": SECRET}}
            for appid, app in world.apps.items()
        ]
        configuration = {"wechat": {"base_url": server.url}, "apps": apps}
        (folder / "config.yml").write_text(as_json(configuration))
        with exporter(cwd=folder) as running:
            yield running


@pytest.fixture(scope="module")
def server(program: Exporter, release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    _WithoutAccept.upstream = program.url
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _WithoutAccept) as plain:
        thread = threading.Thread(target=plain.serve_forever)
        thread.start()
        jobs = [
            {
                "job_name": "openmetrics",
                "static_configs": [{"targets": [program.url.removeprefix("http://")]}],
            },
            {"job_name": "text", "static_configs": [{"targets": [f"127.0.0.1:{plain.server_port}"]}]},
        ]
        try:
            with prometheus(tmp_path_factory.mktemp("prometheus"), jobs, release) as running:
                running.wait_for("count(up == 1) == 2")
                yield running
        finally:
            plain.shutdown()
            thread.join()


@pytest.fixture
def complete(server: Prometheus) -> Prometheus:
    """The server about a time at which the last scrape of each job got everything."""
    return server.when("count(wx_domain_hash) == 2 * 2 * 6 and on () count(wx_domain_api_error) == 2")


@pytest.fixture(params=["openmetrics", "text"])
def job(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_prometheus_takes_both_formats(complete: Prometheus) -> None:
    assert complete.values("up", "job") == {"openmetrics": 1, "text": 1}


def test_the_states_of_all_apps_arrive(complete: Prometheus, job: str) -> None:
    assert complete.values(f'wx_domain_up{{job="{job}"}}', "appid") == {SHOP: 1, CLUB: 1, GONE: 0}
    assert complete.values(f'wx_domain_app_info{{job="{job}"}}', "name") == {"shop": 1, "club": 1, "gone": 1}
    assert complete.values(f'wx_domain_fetch_error{{job="{job}"}}', "reason") == {"api": 1}
    assert complete.values(f'wx_domain_api_error{{job="{job}", appid="{GONE}"}}', "errcode") == {"61003": 1}


def test_what_is_asked_about_an_earlier_time_is_changed_by_no_later_scrape(
    server: Prometheus, complete: Prometheus, world: World, job: str
) -> None:
    world.patch(SHOP, {"errcode": 48001})
    server.wait_for(f'wx_domain_up{{job="{job}", appid="{SHOP}"}} == 0')
    world.patch(SHOP, {"errcode": 0})
    assert complete.values(f'wx_domain_up{{job="{job}"}}', "appid")[SHOP] == 1


def test_counts_and_hashes_arrive_exactly(complete: Prometheus, job: str) -> None:
    of_shop = f'{{job="{job}", appid="{SHOP}"}}'
    assert complete.values(f"wx_domain_domains{of_shop}", "category") == {
        "requestdomain": 2,
        "wsrequestdomain": 1,
        "uploaddomain": 0,
        "downloaddomain": 0,
        "udpdomain": 0,
        "bizdomain": 1,
    }
    hashes = complete.values(f"wx_domain_hash{of_shop}", "category")
    assert hashes["requestdomain"] == 126275571882637
    assert hashes["wsrequestdomain"] == 228484145694781
    assert hashes["bizdomain"] == 130071487114129
    assert hashes["udpdomain"] == 250348346448124
    assert not complete.query(f'wx_domain_domains{{appid="{GONE}"}} or wx_domain_hash{{appid="{GONE}"}}')


def test_a_changed_list_is_seen_as_a_changed_hash(
    server: Prometheus, world: World, job: str, release: str
) -> None:
    changes = f'changes(wx_domain_hash{{job="{job}", appid="{CLUB}", category="requestdomain"}}[1h])'
    before = server.values(changes, "appid")[CLUB]
    added = f"https://new-{job}-{release}.example.com"
    world.patch(CLUB, {"domains": {"requestdomain": [added]}})
    wait_until(lambda: server.values(changes, "appid")[CLUB] > before, "changes() counts the change")
    server.wait_for(f'wx_domain_info{{job="{job}", appid="{CLUB}", domain="{added}"}}')
    other = f'changes(wx_domain_hash{{job="{job}", appid="{SHOP}"}}[1m])'
    assert set(server.values(other, "category").values()) == {0}


def test_the_exporter_and_its_process_are_seen(server: Prometheus, job: str) -> None:
    for name in ("wx_domain_exporter_build_info", "process_resident_memory_bytes", "python_info"):
        assert len(server.wait_for(f'{name}{{job="{job}"}}')) == 1
    assert server.wait_for(f'rate(wx_domain_exporter_api_requests_total{{job="{job}"}}[1m]) >= 0')
    quantile = (
        f'histogram_quantile(0.5, wx_domain_exporter_api_request_duration_seconds_bucket{{job="{job}"}})'
    )
    assert server.wait_for(quantile)


def test_no_escaping_scheme_of_prometheus_3_renames_or_loses_a_metric(
    program: Exporter, tmp_path: Path
) -> None:
    target = {"static_configs": [{"targets": [program.url.removeprefix("http://")]}]}
    jobs = [
        {
            "job_name": f"{scheme} {protocol}",
            "metric_name_escaping_scheme": scheme,
            "scrape_protocols": [protocol],
            **target,
        }
        for scheme in ("allow-utf-8", "underscores", "dots", "values")
        for protocol in ("OpenMetricsText1.0.0", "PrometheusText1.0.0")
    ]
    expected = set(re.findall(r"^(\w+)[ {]", program.scrape(), re.MULTILINE))
    with prometheus(tmp_path, jobs, FORKY) as server:
        server.wait_for(f"count(up == 1) == {len(jobs)}")

        def names_of(job: str) -> set[str]:
            names = server.get("/api/v1/label/__name__/values?match[]=" + quote(f'{{job="{job}"}}'))
            return {name for name in names if name != "up" and not name.startswith("scrape_")}

        for job in (str(job["job_name"]) for job in jobs):
            # On a busy machine, the first scrape may get no lists.
            wait_until(lambda: names_of(job) >= expected, f"{job} has all names")  # noqa: B023 - not kept
            assert names_of(job) == expected, job


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("wx_domain_fetch_error * on (appid) group_left (name) wx_domain_app_info", 1),
        ("wx_domain_api_error", 1),
        ("changes(wx_domain_hash[1h]) >= 0", 12),
        ('wx_domain_info{domain="https://www.example.com"}', 1),
        ("wx_domain_domains / on (category) group_left () wx_domain_domains_limit", 12),
    ],
)
def test_the_questions_of_the_readme_have_answers(complete: Prometheus, expression: str, rows: int) -> None:
    readme = (REPOSITORY / "README.md").read_text()
    assert expression.partition(" >=")[0].partition("{")[0] in readme
    one_job = re.sub(r"(wx_domain_[a-z_]+)(\{)?", lambda found: _of_one_job(found[1], found[2]), expression)
    assert len(complete.query(one_job)) == rows


def _of_one_job(metric: str, brace: str | None) -> str:
    return f'{metric}{{job="text"' + (", " if brace else "}")
