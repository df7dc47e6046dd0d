from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from helpers.asgi import body_of
from helpers.fleets import APPSECRET, SmallFleet, appid
from helpers.http_requests import request
from helpers.samples import samples, series, value
from helpers.services import running_service
from helpers.serving import Serving, serving_file
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.requests import Request

from wx_domain_exporter.scrape_timeout import HEADER
from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.endpoints import probe_debug
from wx_domain_exporter.web.endpoints.probe import ProbeEndpoint
from wx_domain_exporter.web.routes import WebOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.waiting import Gate
    from starlette.responses import Response
    from starlette.types import Message

    from wx_domain_exporter.scheduler.jobs import ScrapeJobs
    from wx_domain_exporter.service import Service

A, B = appid(0), appid(1)
NO_THREAD = Executor()
"""Raises if it is used: a probe is encoded without the thread for whole fleets."""
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@pytest.fixture
def running(fleet: SmallFleet) -> Iterator[Serving]:
    with serving_file(fleet.path) as running:
        yield running


@pytest.fixture
def url(running: Serving) -> str:
    return f"{running.url}/probe?target={A}"


@pytest.fixture
def service(fleet: SmallFleet) -> Iterator[Service]:
    with running_service(fleet.path) as service:
        yield service


async def _stays() -> Message:
    """What a client that stays sends: nothing more."""
    await asyncio.Event().wait()
    return {}


def probe_of(target: str, **headers: str) -> Request:
    encoded = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/probe", "query_string": f"target={target}".encode()}
    return Request({**scope, "headers": encoded}, _stays)


def starts(service: Service, monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """What is released by each scrape and probe that has joined the calls in flight."""
    started, start = threading.Semaphore(0), service.scheduler.start

    def noted(*arguments: Any) -> ScrapeJobs:
        batch = start(*arguments)
        started.release()
        return batch

    monkeypatch.setattr(service.scheduler, "start", noted)
    return started


class TestAnswer:
    def test_has_one_app_alone_and_nothing_of_the_exporter(self, fleet: SmallFleet, url: str) -> None:
        exported = samples(request(url).text)
        assert {dict(labels).get("appid", A) for _, labels in exported} == {A}
        names = {name for name, _ in exported}
        assert {
            "wx_domain_up",
            "wx_domain_hash",
            "wx_domain_info",
            "wx_domain_scrape_duration_seconds",
        } <= names
        assert {name for name in names if not name.startswith("wx_domain_") or "exporter" in name} == set()
        assert fleet.world.calls["getwxadevinfo", A] == 1
        assert fleet.world.calls["getwxadevinfo", B] == 0

    def test_a_failing_app_is_200_with_its_reason(self, fleet: SmallFleet, url: str) -> None:
        fleet.world.patch(A, {"errcode": 61007})
        text = request(url).text
        assert series(text, "wx_domain_up", "appid") == {A: 0}
        assert value(text, "wx_domain_api_error", appid=A, api="getwxadevinfo", errcode="61007") == 1

    def test_has_the_series_of_the_whole_scrape(self, fleet: SmallFleet) -> None:
        fleet.configure(scrape={"min_interval": "1h"})
        with serving_file(fleet.path) as running:
            whole = samples(request(f"{running.url}/metrics").text)
            probes = [samples(request(f"{running.url}/probe?target={one}").text) for one in (A, B)]
        mine = {key: number for key, number in whole.items() if dict(key[1]).get("appid") == A}
        assert mine
        assert mine == {key: number for key, number in probes[0].items() if dict(key[1]).get("appid")}
        limits = {key for key in whole if key[0] == "wx_domain_domains_limit"}
        assert all(limits == {key for key in one if key[0] == "wx_domain_domains_limit"} for one in probes)

    def test_app_info_has_the_label_keys_of_the_whole_fleet(self, fleet: SmallFleet) -> None:
        token = {"type": "access_token", "access_token": "one"}
        apps = [{"appid": A, "token": token}]
        apps.append({"appid": B, "token": {**token, "access_token": "two"}, "labels": {"team": "growth"}})
        fleet.configure(apps=apps)
        with serving_file(fleet.path) as running:
            exported = samples(request(f"{running.url}/probe?target={A}").text)
        assert ("wx_domain_app_info", (("appid", A), ("name", A), ("team", ""))) in exported

    def test_is_negotiated_as_that_of_metrics(self, url: str) -> None:
        answer = request(url, headers={"Accept": OPENMETRICS, "Accept-Encoding": "gzip"})
        assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
        families = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
        assert "wx_domain_up" in {family.name for family in families}

    def test_names_pick_families_and_those_of_the_exporter_are_none(
        self, fleet: SmallFleet, url: str
    ) -> None:
        assert request(f"{url}&name[]=wx_domain_exporter_apps").text == ""
        assert not fleet.world.calls
        picked = samples(request(f"{url}&name[]=wx_domain_up&name[]=wx_domain_exporter_apps").text)
        assert picked == {("wx_domain_up", (("appid", A),)): 1}


class TestShares:
    def test_probes_and_scrapes_that_overlap_share_one_call(
        self, fleet: SmallFleet, running: Serving, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started = starts(running.service, monkeypatch)
        paths = ("/metrics", f"/probe?target={A}", f"/probe?target={A}")
        with ThreadPoolExecutor(len(paths)) as pool:
            answers = [pool.submit(request, running.url + path) for path in paths]
            for _ in paths:
                assert started.acquire(timeout=30)
            gate.open.set()
            texts = [answer.result().text for answer in answers]
        assert [series(text, "wx_domain_up", "appid")[A] for text in texts] == [1, 1, 1]
        assert fleet.world.calls["getwxadevinfo", A] == 1

    def test_min_interval_lets_them_share_an_outcome(self, fleet: SmallFleet) -> None:
        fleet.configure(scrape={"min_interval": "1h"})
        with serving_file(fleet.path) as running:
            texts = [request(running.url + path).text for path in (f"/probe?target={A}", "/metrics")]
        stamps = [series(text, "wx_domain_fetch_timestamp_seconds", "appid")[A] for text in texts]
        assert stamps[0] == stamps[1]
        assert fleet.calls() == 2


class TestDeadline:
    def test_a_hanging_app_is_reported_in_time(self, fleet: SmallFleet, url: str) -> None:
        fleet.world.patch(A, {"hang": True})
        text = request(url, headers={HEADER: "0.5"}).text
        assert series(text, "wx_domain_up", "appid") == {A: 0}
        assert value(text, "wx_domain_fetch_error", appid=A, reason="deadline") == 1

    def test_a_bad_header_is_400(self, fleet: SmallFleet, url: str) -> None:
        assert request(url, headers={HEADER: "soon"}).status == 400
        assert not fleet.world.calls


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("", 400),
            ("target=", 400),
            (f"target={A}&target={A}", 400),
            (f"target={A}&target=", 400),
            (f"Target={A}", 400),
            ("target=wx00000000000000ff", 404),
            (f"target={A.upper()}", 404),
            (f"target={A}%20", 404),
            ("target=127.0.0.1:80", 404),
            ("target=%00", 404),
        ],
    )
    def test_only_one_app_of_the_fleet_can_be_probed(
        self, fleet: SmallFleet, running: Serving, query: str, status: int
    ) -> None:
        answer = request(f"{running.url}/probe?{query}")
        assert answer.status == status
        assert answer.headers["content-type"].startswith("text/plain")
        assert "target" in answer.text
        assert not fleet.world.calls

    def test_an_app_that_a_reload_drops_is_404(self, fleet: SmallFleet, running: Serving) -> None:
        token = {"type": "access_token", "access_token": "one"}
        fleet.configure(apps=[{"appid": B, "token": token}])
        assert running.service.reload()
        assert request(f"{running.url}/probe?target={A}").status == 404
        assert request(f"{running.url}/probe?target={B}").status == 200


class TestManyAtOnce:
    def test_a_thousand_wait_without_a_thread_and_further_ones_are_refused(
        self, service: Service, gate: Gate
    ) -> None:
        endpoint = ProbeEndpoint(service, AnswerMemory(), NO_THREAD)
        threads: list[int] = []

        async def run() -> tuple[list[Response], list[Response]]:
            waiting = [
                asyncio.create_task(endpoint.answer(probe_of(A, **{HEADER: "60"}))) for _ in range(1000)
            ]
            assert await asyncio.to_thread(gate.reached.wait, 120)
            refused = [await endpoint.answer(probe_of(one)) for one in (A, B)]
            threads.append(threading.active_count())
            gate.open.set()
            return await asyncio.gather(*waiting), refused

        before = threading.active_count()
        answered, refused = asyncio.run(run())
        assert {response.status_code for response in answered} == {200}
        assert [response.status_code for response in refused] == [503, 503]
        assert bytes(refused[0].body) == b"1000 probes are running already\n"
        assert threads[0] - before < 50

    def test_web_max_requests_is_for_whole_scrapes_alone(
        self, fleet: SmallFleet, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = ("/metrics", f"/probe?target={A}", f"/probe?target={B}")
        with serving_file(fleet.path, WebOptions(max_requests=1)) as running, ThreadPoolExecutor(3) as pool:
            started = starts(running.service, monkeypatch)
            answers = [pool.submit(request, running.url + path) for path in paths]
            for _ in paths:
                assert started.acquire(timeout=30)
            assert request(f"{running.url}/metrics").status == 503
            gate.open.set()
            assert [answer.result().status for answer in answers] == [200, 200, 200]


class _LookedUpOnly(dict[str, Any]):
    """A fleet's apps, of which nobody may go through all."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("somebody goes through the fleet")

    keys = values = items = __iter__  # type: ignore[assignment]


def test_a_probe_looks_at_no_other_app(service: Service) -> None:
    fleet = service.fleet
    service.fleet = replace(fleet, by_appid=_LookedUpOnly(fleet.by_appid))
    vars(service.fleet)["label_keys"] = fleet.label_keys  # these are made once for a configuration
    response = asyncio.run(ProbeEndpoint(service, AnswerMemory(), NO_THREAD).answer(probe_of(A)))
    assert series(body_of(response).decode(), "wx_domain_up", "appid") == {A: 1}


class TestDebug:
    def test_it_tells_the_steps_and_the_metrics(self, url: str) -> None:
        answer = request(f"{url}&debug=true")
        assert answer.status == 200
        first, steps, *rest = answer.text.splitlines()
        assert first == f"{A} app 0: ok"
        assert steps.startswith("steps: secret, token, ")
        assert "token source: stable_token" in rest
        assert f'wx_domain_up{{appid="{A}"}} 1.0' in rest

    def test_it_says_what_is_wrong_and_what_to_do_and_nothing_secret(
        self, fleet: SmallFleet, url: str
    ) -> None:
        fleet.world.patch(A, {"errcode": 61007})
        text = request(f"{url}&debug=true").text
        assert "61007" in text.splitlines()[1]
        assert "what to do: " in text
        token = fleet.world.stable_token(fleet.world.apps[A]).value
        assert [secret for secret in (APPSECRET, token) if secret in text] == []

    def test_it_waits_between_two_calls(self, fleet: SmallFleet, url: str) -> None:
        assert request(f"{url}&debug=true").status == 200
        refused = request(f"{url}&debug=true")
        assert refused.status == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 5
        assert fleet.calls() == 1
        assert request(url).status == 200  # a probe is answered

    def test_it_ends_with_the_deadline(self, fleet: SmallFleet, url: str) -> None:
        fleet.world.patch(A, {"hang": True})
        answer = request(f"{url}&debug=true", headers={HEADER: "1"})
        fleet.world.patch(A, {"hang": False})
        assert f"{A} app 0: FAIL" in answer.text

    def test_only_one_runs_at_a_time(
        self, fleet: SmallFleet, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(probe_debug, "_INTERVAL_SECONDS", 0)
        fleet.world.patch(A, {"hang": True})
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(request, f"{url}&debug=true")
            fleet.world.wait_for_calls("getwxadevinfo", A)
            assert request(f"{url}&debug=true").status == 429
            fleet.world.patch(A, {"hang": False})
            assert first.result().status == 200
        assert request(f"{url}&debug=true").status == 200
