from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from helpers.clocks import Clock
from helpers.configurations import load
from helpers.fleets import SmallFleet, appid, small_fleet
from helpers.samples import samples, series, value
from helpers.services import LONG, scrape, serving, text_of, token_requests, up
from helpers.waiting import Gate, wait_until

from wx_domain_exporter import service as service_module
from wx_domain_exporter.config import loader, secret
from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.secret import SecretError
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.regular_file import read_file
from wx_domain_exporter.service import Service
from wx_domain_exporter.simulator import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, B = appid(0), appid(1)
SELF = "wx_domain_exporter_"


@pytest.fixture
def answers(fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Holds the answers of WeChat that have a latency until a test opens it; no call times out before."""
    fleet.configure(wechat={"timeout": "1m"})
    gate = Gate()

    async def hold(_: float) -> None:
        gate.reached.set()
        while not gate.open.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.01)

    stand_in = SimpleNamespace(sleep=hold, CancelledError=asyncio.CancelledError)
    monkeypatch.setattr(application, "asyncio", stand_in)
    yield gate
    gate.open.set()


@pytest.fixture
def service(fleet: SmallFleet) -> Iterator[Service]:
    with serving(fleet) as running:
        yield running


class TestScrape:
    def test_there_are_no_calls_without_a_scrape(self, fleet: SmallFleet, service: Service) -> None:
        assert not fleet.world.calls
        for number in (1, 2):
            assert up(scrape(service)) == {A: 1, B: 1}
            assert fleet.calls() == 2 * number
        assert token_requests(fleet) == 2
        assert fleet.calls("token") == fleet.calls("stable_token_force_refresh") == 0

    def test_overlapping_scrapes_share_one_call_per_app(self, fleet: SmallFleet, answers: Gate) -> None:
        for one in (A, B):
            fleet.world.patch(one, {"latency": 1.0})
        with serving(fleet) as service:
            scrapes = [service.start_scrape(service.fleet, Deadline.after(LONG)) for _ in range(3)]
            service.tasks.submit(int).result(LONG)  # all three have begun
            answers.open.set()
            for jobs in scrapes:
                jobs.wait(LONG)
                assert [result.reason for result in jobs.results] == [None, None]
        assert fleet.calls() == 2

    def test_a_call_goes_on_after_the_deadline_and_the_next_scrape_has_its_answer(
        self, fleet: SmallFleet, answers: Gate
    ) -> None:
        fleet.world.patch(A, {"latency": 1.0})
        clock = Clock()
        with serving(fleet) as service:
            jobs = service.start_scrape(service.fleet, Deadline.after(LONG, clock))
            assert answers.reached.wait(LONG)
            wait_until(lambda: service.scheduler.finished_jobs == 1, "B is fetched")
            clock.ahead = LONG + 1
            short = text_of(service, jobs)
            assert up(short) == {A: 0, B: 1}
            assert value(short, "wx_domain_fetch_error", appid=A, reason="deadline") == 1
            jobs = service.start_scrape(service.fleet, Deadline.after(LONG))
            wait_until(lambda: service.scheduler.finished_jobs == 2, "B is fetched again")
            answers.open.set()
            jobs.wait(LONG)
            assert up(text_of(service, jobs)) == {A: 1, B: 1}
        assert fleet.world.calls["getwxadevinfo", A] == 1

    def test_a_secret_file_that_hangs_costs_only_its_app(
        self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        hanging, released, threads = tmp_path / "on a network", threading.Event(), list[threading.Thread]()

        def read(path: str, limit: int) -> bytes:
            if path == str(hanging):
                threads.append(threading.current_thread())
                assert released.wait(LONG)
            return read_file(path, limit)

        world = fleet.world.apps
        appsecrets = {A: {"file": str(hanging)}, B: world[B].appsecret}
        tokens = {appid: {"type": "stable_token", "appsecret": value} for appid, value in appsecrets.items()}
        fleet.configure(apps=[{"appid": appid, "token": token} for appid, token in tokens.items()])
        hanging.write_text(world[A].appsecret)
        with serving(fleet) as service:
            monkeypatch.setattr(secret, "read_file", read)
            monkeypatch.setattr(secret, "_SECONDS", 0.3)
            for _ in range(3):
                text = scrape(service)
                assert up(text) == {A: 0, B: 1}
                assert value(text, "wx_domain_fetch_error", appid=A, reason="token") == 1
            assert len(threads) == 1
            released.set()
            threads[0].join(LONG)
            monkeypatch.setattr(secret, "_SECONDS", LONG)
            assert up(scrape(service)) == {A: 1, B: 1}

    def test_a_late_answer_is_no_timeout(self, fleet: SmallFleet, answers: Gate) -> None:
        fleet.world.patch(A, {"latency": 1.0})
        clock = Clock()
        with serving(fleet) as service:
            app = service.fleet.by_appid[A]
            jobs = service.start_scrape(service.fleet, Deadline.after(LONG, clock))
            assert answers.reached.wait(LONG)
            clock.ahead = LONG + 1
            answers.open.set()
            jobs.wait(LONG)
            assert app.consecutive_timeouts == 0
            assert app.last_success is not None
            answers.open.clear()
            late = text_of(service, service.start_scrape(service.fleet, Deadline.after(LONG)))
            assert up(late)[A] == 0
            assert value(late, "wx_domain_last_success_timestamp_seconds", appid=A) == app.last_success
            answers.open.set()

    def test_a_late_timeout_is_counted(self, fleet: SmallFleet) -> None:
        fleet.configure(wechat={"timeout": "2s"})
        fleet.world.patch(A, {"hang": True})
        clock = Clock()
        with serving(fleet) as service:
            app = service.fleet.by_appid[A]
            service.start_scrape(service.fleet, Deadline.after(LONG, clock))
            # On a slow machine the request for the token may time out instead, which counts too.
            wait_until(
                lambda: fleet.world.calls["getwxadevinfo", A] == 1 or app.last_result is not None,
                "the call begins",
            )
            clock.ahead = LONG + 1
            wait_until(lambda: app.last_result is not None, "the call times out")
            assert app.consecutive_timeouts == 1

    @pytest.mark.parametrize("errcode", [0, 61007], ids=["good", "failed"])
    def test_min_interval_shares_a_result_and_its_timestamp(self, fleet: SmallFleet, errcode: int) -> None:
        fleet.configure(scrape={"min_interval": "1h"})
        fleet.world.patch(A, {"errcode": errcode})
        with serving(fleet) as service:
            first = scrape(service)
            fleet.world.patch(A, {"errcode": 61007 - errcode})
            second = scrape(service)
        for name in ("up", "fetch_timestamp_seconds", "api_error", "fetch_error"):
            full = f"wx_domain_{name}"
            assert series(first, full, "appid") == series(second, full, "appid")
        assert fleet.calls() == 2

    def test_min_interval_shares_the_extra_result_too(self, fleet: SmallFleet) -> None:
        fleet.configure(scrape={"min_interval": "1h"}, collect={"effective": True})
        with serving(fleet) as service:
            texts = [scrape(service), scrape(service)]
            fleet.configure(
                scrape={"min_interval": "1h"}, collect={"effective": True}, defaults={"labels": {"a": "b"}}
            )
            assert service.reload()
            texts.append(scrape(service))
        hashes = [series(text, "wx_domain_effective_hash", "appid") for text in texts]
        assert hashes[0] == hashes[1] == hashes[2]
        assert set(hashes[0]) == {A, B}
        assert fleet.calls("get_effective_domain") == 2

    def test_there_are_at_most_max_concurrency_calls_at_once(self, tmp_path: Path) -> None:
        with small_fleet(tmp_path, apps=12, latency=0.05) as fleet:
            fleet.configure(wechat={"max_concurrency": 3})
            with serving(fleet) as service:
                text = scrape(service)
            assert set(up(text).values()) == {1}
            assert fleet.world.peak_in_flight == 3

    def test_from_the_second_scrape_on_only_the_apps_that_hang_fail(self, tmp_path: Path) -> None:
        with small_fleet(tmp_path, apps=20) as fleet:
            hanging = {appid(0), appid(1)}
            for one in hanging:
                fleet.world.patch(one, {"hang": True})
            fleet.configure(wechat={"max_concurrency": 2, "timeout": "5s"})
            with serving(fleet) as service:
                scrape(service)
                for number in (1, 2):
                    jobs = service.start_scrape(service.fleet, Deadline.after(LONG))
                    good = 20 + 18 * number
                    wait_until(lambda: service.scheduler.finished_jobs >= good, "the good apps are fetched")  # noqa: B023
                    # Those that hang have not timed out, so that the others did not wait for them.
                    assert not jobs.done.done()
                    text = text_of(service, jobs)
                    assert {one for one, is_up in up(text).items() if not is_up} == hanging


class TestSharedToken:
    def test_both_apps_fail_in_the_same_scrape_and_recover_when_their_tokens_differ(
        self, fleet: SmallFleet, tmp_path: Path
    ) -> None:
        for number, one in enumerate((A, B)):
            fleet.world.patch(one, {"access_tokens": [f"token-{number}"]})
            (tmp_path / one).write_text("token-0")
        apps = [
            {"appid": one, "token": {"type": "access_token", "access_token": {"file": one}}} for one in (A, B)
        ]
        fleet.configure(apps=apps, wechat={"max_concurrency": 1})  # one after the other
        with serving(fleet) as service:
            for _ in range(2):
                text = scrape(service)
                assert up(text) == {A: 0, B: 0}
                assert [
                    dict(labels)["reason"]
                    for name, labels in samples(text)
                    if name == "wx_domain_fetch_error"
                ] == ["token", "token"]
                assert series(text, "wx_domain_domains", "appid") == {}
            (tmp_path / B).write_text("token-1")
            service.reload()
            # It is unknown whose token-0 is until A has another token.
            assert up(scrape(service)) == {A: 0, B: 1}
            fleet.world.patch(A, {"access_tokens": ["token-0", "token-2"]})
            (tmp_path / A).write_text("token-2")
            assert up(scrape(service)) == {A: 1, B: 1}


class TestStart:
    def test_an_invalid_configuration_is_an_error(self, fleet: SmallFleet) -> None:
        fleet.path.write_text("apps: []")
        with pytest.raises(ConfigError, match="contains no apps"):
            Service(loader.ConfigLoader(fleet.path))

    @pytest.mark.parametrize(
        "error",
        [SecretError("the secret file is missing", "密钥文件不存在"), OSError("the CA file is missing")],
    )
    def test_a_file_that_is_missing_later_is_a_configuration_error(
        self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def vanished(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(service_module, "ApiClient", vanished)
        with pytest.raises(ConfigError, match=f"wechat: {error}"):
            Service(loader.ConfigLoader(fleet.path))

    def test_metrics_show_the_configuration_in_use(self, fleet: SmallFleet, service: Service) -> None:
        text = scrape(service)
        assert value(text, f"{SELF}apps") == 2
        assert value(text, f"{SELF}config_hash") == load(fleet.path).hash
        assert value(text, f"{SELF}config_last_reload_successful") == 1


def test_after_close_no_call_begins(fleet: SmallFleet, service: Service) -> None:
    service.close()
    assert up(scrape(service, seconds=0.2)) == {A: 0, B: 0}
    assert not fleet.world.calls
