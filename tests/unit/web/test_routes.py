from __future__ import annotations

import contextlib
import http.client
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from helpers.fleets import SmallFleet, appid
from helpers.http_requests import Answer, request
from helpers.samples import samples, series, value
from helpers.serving import serving_file
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from wx_domain_exporter import __version__
from wx_domain_exporter.service import Service
from wx_domain_exporter.web import scrape_priority
from wx_domain_exporter.web.routes import WebOptions
from wx_domain_exporter.web.scrape_priority import ScrapePriority

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from helpers.waiting import Gate
    from prometheus_client.metrics_core import Metric

A, B = appid(0), appid(1)
TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"
OPENMETRICS = "application/openmetrics-text"
PROMETHEUS = (
    f"{OPENMETRICS};version=1.0.0;escaping=allow-utf-8;q=0.5,{OPENMETRICS};version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PATHS = [
    "/metrics",
    f"/probe?target={A}",
    "/sd",
    "/sd/domains",
    "/",
    f"/apps/{A}",
    "/-/healthy",
    "/-/ready",
]


@contextlib.contextmanager
def serving(fleet: SmallFleet, options: WebOptions | None = None) -> Iterator[str]:
    """Serve on a port of its own; yield the URL."""
    with serving_file(fleet.path, options) as running:
        yield running.url


@pytest.fixture
def url(fleet: SmallFleet) -> Iterator[str]:
    with serving(fleet) as running:
        yield running


def families(answer: Answer) -> list[str]:
    return [line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")]


def parsed(text: str) -> Iterator[Metric]:
    """An OpenMetrics exposition, read strictly."""
    yield from text_string_to_metric_families(text)  # type: ignore[no-untyped-call]


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/nothing",
            "/metrics2",
            "/metrics/",
            "/metrics/x",
            "//",
            "/-/",
            "/-/healthy/",
            "/-/reload/",
            "/Metrics",
            "/favicon.ico",
            "/probe/",
            "/sd/",
            "/sd/domains/",
            "/sd/apps",
        ],
    )
    def test_any_other_is_404(self, url: str, path: str) -> None:
        assert request(url + path).status == 404

    @pytest.mark.parametrize("path", PATHS)
    def test_a_wrong_method_is_405_and_the_answer_names_the_right_ones(
        self, fleet: SmallFleet, url: str, path: str
    ) -> None:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
            answer = request(url + path, method=method)
            assert answer.status == 405
            assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
        assert not fleet.world.calls

    @pytest.mark.parametrize("enabled", [True, False])
    def test_reloading_wants_post(self, fleet: SmallFleet, *, enabled: bool) -> None:
        with serving(fleet, WebOptions(enable_lifecycle=enabled)) as url:
            for method in ("GET", "HEAD", "PUT", "DELETE"):
                answer = request(f"{url}/-/reload", method=method)
                assert answer.status == 405
                assert answer.headers["allow"] == "POST"

    @pytest.mark.parametrize("path", PATHS)
    def test_head_works_as_get_without_a_body(self, url: str, path: str) -> None:
        request(f"{url}/metrics")  # or /sd/domains would know nothing yet
        got = request(url + path)
        # By hand: http.client would read no body whatever comes.
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        connection.request("HEAD", path, headers={"Connection": "close"})
        assert connection.sock is not None
        raw = connection.sock.makefile("rb")
        head, _, body = raw.read().partition(b"\r\n\r\n")
        raw.close()
        connection.close()
        assert got.status == 200
        assert head.startswith(b"HTTP/1.1 200 ")
        assert f"content-type: {got.headers['content-type']}".encode() in head
        assert int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) > 0
        assert body == b""

    def test_health_readiness_and_pages_call_no_api(self, fleet: SmallFleet, url: str) -> None:
        for path in ("/-/healthy", "/-/ready", "/", f"/apps/{A}"):
            assert request(url + path).status == 200
        assert not fleet.world.calls

    def test_the_status_page_leads_to_the_metrics(self, url: str) -> None:
        answer = request(url)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert '<a href="./metrics">' in answer.text
        assert __version__ in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")

    def test_the_metrics_can_be_elsewhere(self, fleet: SmallFleet) -> None:
        with serving(fleet, WebOptions(telemetry_path="/a/b&c")) as url:
            assert 'href="./a/b&amp;c"' in request(url).text
            assert series(request(f"{url}/a/b&c").text, "wx_domain_up", "appid") == {A: 1, B: 1}
            assert request(f"{url}/metrics").status == 404


class TestMetrics:
    def test_they_hold_the_fleet_and_the_exporter_itself(self, url: str) -> None:
        text = request(f"{url}/metrics").text
        assert series(text, "wx_domain_up", "appid") == {A: 1, B: 1}
        assert value(text, "wx_domain_exporter_apps") == 2
        assert value(text, "wx_domain_exporter_api_requests_total", api="getwxadevinfo", errcode="0") == 2
        for name in ("process_start_time_seconds", "process_open_fds"):
            assert value(text, name) is not None
        assert "python_info" in families(request(f"{url}/metrics"))

    def test_a_second_scrape_has_no_family_twice(self, url: str) -> None:
        request(f"{url}/metrics")
        names = families(request(f"{url}/metrics"))
        assert len(names) == len(set(names))

    @pytest.mark.parametrize(
        ("accept", "version"),
        [
            (None, "0.0.4"),
            ("*/*", "0.0.4"),
            ("text/plain;version=0.0.4", "0.0.4"),
            ("text/plain;version=1.0.0", "1.0.0"),
            ("text/html", "0.0.4"),
            (f"{OPENMETRICS};version=x", "0.0.4"),
            (f"{OPENMETRICS};version=1.0.0;q=0", "0.0.4"),
        ],
    )
    def test_the_text_format_is_the_default(self, url: str, accept: str | None, version: str) -> None:
        headers = {} if accept is None else {"Accept": accept}
        answer = request(f"{url}/metrics", headers=headers)
        parts = [part.strip() for part in answer.headers["content-type"].split(";")]
        assert parts[:3] == ["text/plain", f"version={version}", "charset=utf-8"]
        assert series(answer.text, "wx_domain_up", "appid") == {A: 1, B: 1}
        assert "# EOF" not in answer.text

    @pytest.mark.parametrize("accept", [PROMETHEUS, f"{OPENMETRICS};version=1.0.0"])
    def test_openmetrics_ends_with_eof(self, url: str, accept: str) -> None:
        answer = request(f"{url}/metrics", headers={"Accept": accept})
        assert answer.headers["content-type"].startswith(f"{OPENMETRICS}; version=1.0.0")
        assert answer.text.endswith("\n# EOF\n")
        assert answer.text.count("# EOF") == 1
        names = {family.name for family in parsed(answer.text)}
        assert {"wx_domain_up", "wx_domain_info", "wx_domain_exporter_api_requests"} <= names

    def test_both_formats_hold_the_same_fleet(self, url: str) -> None:
        text = request(f"{url}/metrics", headers={"Accept": "text/plain;version=0.0.4"}).text
        openmetrics = request(f"{url}/metrics", headers={"Accept": PROMETHEUS}).text
        keys = {
            (sample.name, tuple(sorted(sample.labels.items())))
            for family in parsed(openmetrics)
            for sample in family.samples
        }
        fleet = {key for key in samples(text) if key[0].startswith("wx_domain_")}
        assert fleet == {key for key in keys if key[0].startswith("wx_domain_")}

    @pytest.mark.parametrize(
        ("accept", "encoding"),
        [(None, None), ("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("identity", None), ("gzip;q=0", None)],
    )
    def test_gzip_is_negotiated(self, url: str, accept: str | None, encoding: str | None) -> None:
        headers = {} if accept is None else {"Accept-Encoding": accept}
        answer = request(f"{url}/metrics", headers=headers)
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
        assert series(answer.text, "wx_domain_up", "appid") == {A: 1, B: 1}


class TestNames:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("name[]=wx_domain_up", ["wx_domain_up"]),
            ("name%5B%5D=wx_domain_up&name%5B%5D=wx_domain_hash", ["wx_domain_up", "wx_domain_hash"]),
            ("name[]=wx_domain_exporter_apps", ["wx_domain_exporter_apps"]),
            ("name[]=wx_domain_up&name[]=unknown", ["wx_domain_up"]),
            ("name[]=unknown", []),
            ("name[]=process_open_fds", ["process_open_fds"]),
            ("name[]=python_info", ["python_info"]),
            ("name[]=", []),
            ("name[]=wx_domain_api_error", []),
        ],
    )
    def test_they_pick_families(self, url: str, query: str, expected: list[str]) -> None:
        answer = request(f"{url}/metrics?{query}")
        assert answer.status == 200
        assert families(answer) == expected

    def test_those_of_the_exporter_itself_cost_no_call(self, fleet: SmallFleet) -> None:
        with serving(fleet) as url:
            text = request(f"{url}/metrics?name[]=wx_domain_exporter_apps&name[]=process_open_fds").text
            assert value(text, "wx_domain_exporter_apps") == 2
            assert fleet.calls() == 0
            request(f"{url}/metrics?name[]=wx_domain_up")
            assert fleet.calls() == 2

    def test_a_picked_family_has_all_its_labels(self, fleet: SmallFleet) -> None:
        fleet.configure(defaults={"labels": {"team": "growth"}})
        with serving(fleet) as url:
            text = request(f"{url}/metrics?name[]=wx_domain_app_info").text
        assert [dict(labels) for _, labels in samples(text)] == [
            {"appid": A, "name": "app 0", "team": "growth"},
            {"appid": B, "name": "app 1", "team": "growth"},
        ]

    def test_openmetrics_without_any_still_ends(self, url: str) -> None:
        answer = request(f"{url}/metrics?name[]=unknown", headers={"Accept": PROMETHEUS})
        assert answer.text == "# EOF\n"

    def test_another_parameter_changes_nothing(self, url: str) -> None:
        assert "wx_domain_up" in families(request(f"{url}/metrics?name=wx_domain_hash"))


class TestReload:
    def test_it_is_off_unless_allowed(self, fleet: SmallFleet, url: str) -> None:
        fleet.path.write_text("apps: []")
        answer = request(f"{url}/-/reload", method="POST")
        assert answer.status == 403
        assert "--web.enable-lifecycle" in answer.text
        text = request(f"{url}/metrics").text
        assert value(text, "wx_domain_exporter_config_last_reload_successful") == 1

    def test_it_uses_a_valid_configuration_from_now_on(self, fleet: SmallFleet) -> None:
        with serving(fleet, WebOptions(enable_lifecycle=True)) as url:
            token = {"type": "access_token", "access_token": "one"}
            fleet.configure(apps=[{"appid": B, "token": token}])
            answer = request(f"{url}/-/reload", method="POST")
            assert (answer.status, answer.text) == (200, "reloaded\n")
            assert set(series(request(f"{url}/metrics").text, "wx_domain_up", "appid")) == {B}

    def test_it_refuses_a_bad_one(self, fleet: SmallFleet) -> None:
        with serving(fleet, WebOptions(enable_lifecycle=True)) as url:
            fleet.path.write_text("apps: []")
            answer = request(f"{url}/-/reload", method="POST")
            assert answer.status == 500
            assert answer.text == "the configuration was refused; the log says why\n"
            text = request(f"{url}/metrics").text
            assert series(text, "wx_domain_up", "appid") == {A: 1, B: 1}
            assert value(text, "wx_domain_exporter_config_last_reload_successful") == 0
            assert request(f"{url}/-/ready").status == 200

    def test_one_that_hangs_blocks_neither_requests_nor_the_end(
        self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def hang(_: Service) -> bool:
            begun.set()
            return go_on.wait(60)

        monkeypatch.setattr(Service, "reload", hang)
        monkeypatch.setattr("wx_domain_exporter.web.server.server._GRACE", 1)
        with ThreadPoolExecutor(1) as pool:
            with serving(fleet, WebOptions(enable_lifecycle=True)) as url:
                asked = pool.submit(request, f"{url}/-/reload", method="POST")
                assert begun.wait(120)
                assert series(request(f"{url}/metrics").text, "wx_domain_up", "appid") == {A: 1, B: 1}
            assert asked.exception(30) is not None or asked.result().status == 500
        go_on.set()


class TestRefusals:
    @pytest.mark.parametrize("header", ["0", "-5", "soon", "NaN", "Infinity"])
    def test_a_bad_timeout_is_400(self, fleet: SmallFleet, url: str, header: str) -> None:
        answer = request(f"{url}/metrics", headers={TIMEOUT: header})
        assert answer.status == 400
        assert TIMEOUT in answer.text
        assert answer.headers["content-type"].startswith("text/plain")
        assert not fleet.world.calls

    def test_more_scrapes_than_allowed_get_503_at_once_and_health_goes_on(
        self, fleet: SmallFleet, gate: Gate
    ) -> None:
        with serving(fleet, WebOptions(max_requests=1)) as url, ThreadPoolExecutor(1) as pool:
            first = pool.submit(request, f"{url}/metrics")
            assert gate.reached.wait(120)
            answer = request(f"{url}/metrics")
            assert request(f"{url}/-/healthy").status == 200
            assert not first.done()
            assert answer.status == 503
            assert "--web.max-requests" in answer.text
            gate.open.set()
            assert first.result().status == 200
            assert request(f"{url}/metrics").status == 200


def test_all_but_scrapes_and_health_checks_wait_for_their_turn(
    fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(fleet, WebOptions(telemetry_path="/scrape")) as url:
        assert request(f"{url}/scrape").status == 200
        monkeypatch.setattr(scrape_priority, "_MAX_WAITING", 0)
        waiting = {path for path in (*PATHS[1:], "/scrape", "/x") if request(url + path).status == 503}
    assert waiting == {"/sd", "/sd/domains", "/", f"/apps/{A}", "/x"}


def test_pages_and_targets_are_made_in_slices(fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: Counter[str] = Counter()

    def note(_: ScrapePriority, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            kinds[type(item).__name__] += 1
            yield item

    monkeypatch.setattr(ScrapePriority, "pace", note)
    with serving(fleet) as url:
        assert request(f"{url}/metrics").status == 200
        expected = {
            "/": {"MonitoredApp": 2, "str": 20},
            f"/apps/{A}": {"str": 20},
            "/sd": {"dict": 2},
            "/sd/domains": {"MonitoredApp": 2, "tuple": 2, "dict": 2},
        }
        for path, least in expected.items():
            kinds.clear()
            assert request(url + path).status == 200
            assert {kind: min(kinds[kind], number) for kind, number in least.items()} == least
