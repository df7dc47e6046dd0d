from __future__ import annotations

import asyncio
import gzip
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from helpers.asgi import body_of
from helpers.clocks import Clock
from helpers.fleets import SmallFleet, appid, small_fleet
from helpers.samples import series, value
from helpers.services import running_service
from prometheus_client import generate_latest
from starlette.requests import Request

from wx_domain_exporter.config import loader
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition.fast_writer import FastWriter
from wx_domain_exporter.exposition.results import results_of
from wx_domain_exporter.scrape_timeout import HEADER
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.endpoints import scrape_responder
from wx_domain_exporter.web.endpoints.exposition_text import exposition_text
from wx_domain_exporter.web.endpoints.metrics import MetricsEndpoint
from wx_domain_exporter.web.endpoints.scrape_responder import EncodingTime
from wx_domain_exporter.web.scrape_priority import start_thread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from starlette.responses import Response
    from starlette.types import Message

    from wx_domain_exporter.apps.monitored_app import MonitoredApp
    from wx_domain_exporter.apps.results import FetchResult
    from wx_domain_exporter.deadline import SharedDeadline
    from wx_domain_exporter.fleet import Fleet
    from wx_domain_exporter.scheduler.jobs import ScrapeJobs

A, B = appid(0), appid(1)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path) as running:
        running.configure(wechat={"timeout": "30s"})
        yield running


@pytest.fixture
def service(fleet: SmallFleet) -> Iterator[Service]:
    service = Service(loader.ConfigLoader(fleet.path))
    yield service
    service.close()


def request(query: str = "", **headers: str) -> Request:
    encoded = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/metrics", "query_string": query.encode()}
    return Request({**scope, "headers": encoded}, _stays)


async def _stays() -> Message:
    """What a client that stays sends: nothing more."""
    await asyncio.Event().wait()
    return {}


def answers(endpoint: MetricsEndpoint, *requests: Request) -> list[Response]:
    async def all_at_once() -> list[Response]:
        return await asyncio.gather(*(endpoint.answer(one) for one in requests))

    return asyncio.run(all_at_once())


def answer(endpoint: MetricsEndpoint, one: Request) -> Response:
    return answers(endpoint, one)[0]


def text(response: Response) -> str:
    assert response.status_code == 200
    return body_of(response).decode()


def families(text: str) -> set[str]:
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}


class TestText:
    def test_without_self_metrics_it_has_the_apps_alone(self, service: Service) -> None:
        batch = service.start_scrape(service.fleet, Deadline.after(20))
        batch.wait(20)
        names = families(
            b"".join(
                exposition_text(generate_latest, results_of(service.fleet, batch), FastWriter())
            ).decode()
        )
        assert "wx_domain_up" in names
        assert not [name for name in names if not name.startswith("wx_domain_")]
        assert not [name for name in names if name.startswith("wx_domain_exporter_")]

    def test_with_them_it_has_those_of_the_process_too(self, service: Service) -> None:
        batch = service.start_scrape(service.fleet, Deadline.after(20))
        batch.wait(20)
        names = families(
            b"".join(
                exposition_text(
                    generate_latest, results_of(service.fleet, batch), FastWriter(), [service.self_metrics]
                )
            ).decode()
        )
        for name in ("wx_domain_up", "wx_domain_exporter_apps", "python_info", "process_open_fds"):
            assert name in names


class TestAnswer:
    def test_a_scrape_has_the_whole_fleet(self, service: Service) -> None:
        response = answer(MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 40), request())
        assert series(text(response), "wx_domain_up", "appid") == {A: 1, B: 1}
        assert response.headers["content-type"].startswith("text/plain; version=")
        assert response.headers["content-type"].count("charset") == 1
        assert response.headers["vary"] == "Accept, Accept-Encoding"
        assert "content-encoding" not in response.headers

    def test_gzip_on_request(self, service: Service) -> None:
        response = answer(
            MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 40),
            request(**{"Accept-Encoding": "gzip"}),
        )
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["content-length"] == str(len(body_of(response)))
        assert b"wx_domain_up" in gzip.decompress(body_of(response))

    def test_openmetrics_on_request(self, service: Service) -> None:
        accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
        response = answer(
            MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 40), request(Accept=accept)
        )
        assert response.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        assert text(response).endswith("\n# EOF\n")

    def test_names_pick_families(self, service: Service) -> None:
        exposition = text(
            answer(
                MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 40),
                request("name[]=wx_domain_up&name[]=nothing"),
            )
        )
        assert [line.split()[2] for line in exposition.splitlines() if line.startswith("# TYPE")] == [
            "wx_domain_up"
        ]


class TestDeadline:
    @pytest.mark.parametrize(
        ("scrape", "headers"),
        [({}, {HEADER: "4"}), ({"timeout": "4s"}, {})],
        ids=["of the header", "of the configuration"],
    )
    def test_it_answers_before_prometheus_gives_up(
        self, fleet: SmallFleet, scrape: dict[str, str], headers: dict[str, str]
    ) -> None:
        fleet.world.patch(A, {"hang": True})
        fleet.configure(scrape=scrape, wechat={"timeout": "2m"})
        service = Service(loader.ConfigLoader(fleet.path))
        begin = time.monotonic()
        exposition = text(
            answer(MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 40), request(**headers))
        )
        assert time.monotonic() - begin > 3.4
        service.close()
        assert series(exposition, "wx_domain_up", "appid") == {A: 0, B: 1}
        assert value(exposition, "wx_domain_fetch_error", appid=A, reason="deadline") == 1

    def test_without_a_late_app_it_waits_for_nothing(self, service: Service) -> None:
        begin = time.monotonic()
        text(
            answer(
                MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 40),
                request(**{HEADER: "120"}),
            )
        )
        assert time.monotonic() - begin < 100

    def test_the_time_of_the_last_encoding_is_taken_off(
        self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Clock()
        service = Service(loader.ConfigLoader(fleet.path), clock)
        start, seconds = service.start_scrape, []

        def noted(fleet: Fleet, deadline: Deadline, apps: Sequence[MonitoredApp]) -> ScrapeJobs:
            seconds.append(round(deadline.remaining()))
            return start(fleet, deadline, apps)

        def slow(*_: object) -> Iterator[bytes]:
            clock.ahead += 3
            yield b""

        monkeypatch.setattr(service, "start_scrape", noted)
        endpoint = MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 40)
        for encode, query in ((exposition_text, ""), (slow, ""), (exposition_text, "name[]=wx_domain_up")):
            monkeypatch.setattr(scrape_responder, "exposition_text", encode)
            answer(endpoint, request(query, **{HEADER: "11.5"}))
        answer(endpoint, request(**{HEADER: "11.5"}))
        service.close()
        assert seconds == [11, 11, 8, 8]

    def test_a_slow_encoding_is_forgotten_slowly(self) -> None:
        encoding = EncodingTime()
        assert encoding.estimate(1000) == pytest.approx(0.3)
        encoding.add(10, 1000)
        assert encoding.estimate(2000) == 20
        encoding.add(0, 1000)
        assert encoding.estimate(1000) == pytest.approx(9)

    @pytest.mark.parametrize("header", ["0", "-1", "nan", "inf", "1e999", "soon", "", "1_0"])
    def test_a_header_that_is_no_number_above_0_is_refused(
        self, fleet: SmallFleet, service: Service, header: str
    ) -> None:
        endpoint = MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 1)
        for _ in range(2):
            response = answer(endpoint, request(**{HEADER: header}))
            assert response.status_code == 400
            assert body_of(response).decode() == f"{HEADER} is not a number of seconds above 0\n"
        assert not fleet.world.calls
        assert answer(endpoint, request()).status_code == 200


class TestManyAtOnce:
    def test_more_than_allowed_are_refused_at_once(self, fleet: SmallFleet, service: Service) -> None:
        for one in (A, B):
            fleet.world.patch(one, {"latency": 0.5})
        endpoint = MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 2)
        responses = answers(endpoint, *(request() for _ in range(5)))
        assert [response.status_code for response in responses] == [200, 200, 503, 503, 503]
        assert b"2 scrapes are running already (--web.max-requests)" in bytes(responses[-1].body)
        assert fleet.calls() == 2
        assert answer(endpoint, request()).status_code == 200

    def test_waiting_scrapes_hold_no_thread(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        app = service.fleet.by_appid[A]
        fetch, fetching, gate = app.fetch, threading.Event(), threading.Event()
        fetches: list[FetchResult] = []

        def wait_and_fetch(deadline: SharedDeadline) -> FetchResult:
            fetching.set()
            assert gate.wait(120)
            fetches.append(fetch(deadline))
            return fetches[0]

        monkeypatch.setattr(app, "fetch", wait_and_fetch)
        endpoint = MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 100)
        threads: list[int] = []

        async def run() -> list[Response]:
            waiting = [asyncio.create_task(endpoint.answer(request(**{HEADER: "60"}))) for _ in range(100)]
            assert await asyncio.to_thread(fetching.wait, 120)
            threads.append(threading.active_count())
            gate.set()
            return await asyncio.gather(*waiting)

        before = threading.active_count()
        responses = asyncio.run(run())
        assert {response.status_code for response in responses} == {200}
        assert threads[0] - before < 50
        assert len(fetches) == 1

    def test_the_results_of_many_apps_are_encoded_in_a_thread_that_runs_already(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads: list[str] = []

        def noted(*arguments: Any) -> Iterator[bytes]:
            threads.append(threading.current_thread().name)
            return exposition_text(*arguments)

        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        encoding_thread = start_thread("encode")
        with small_fleet(tmp_path, apps=11) as fleet, running_service(fleet.path) as service:
            endpoint = MetricsEndpoint(service, AnswerMemory(), encoding_thread, 1)
            answer(endpoint, request())
            monkeypatch.setattr(scrape_responder, "exposition_text", noted)
            monkeypatch.setattr(threading.Thread, "start", refuse)
            up = series(text(answer(endpoint, request())), "wx_domain_up", "appid")
        assert up == {appid(number): 1 for number in range(11)}
        assert threads == ["encode_0"]

    def test_a_scrape_that_fails_no_longer_counts(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> Iterator[bytes]:
            raise RuntimeError("no")

        endpoint = MetricsEndpoint(service, AnswerMemory(), start_thread("encode"), 1)
        monkeypatch.setattr(scrape_responder, "exposition_text", broken)
        with pytest.raises(RuntimeError):
            answer(endpoint, request())
        monkeypatch.undo()
        assert answer(endpoint, request()).status_code == 200
