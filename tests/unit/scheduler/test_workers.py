from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from helpers.fake_apps import LONG, NOTHING, FakeWatch, Log, settled, start
from helpers.waiting import wait_until

from wx_domain_exporter.config.loader import AppSettings
from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.wechat.errors import DeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wx_domain_exporter.apps.monitored_app import FetchResult
    from wx_domain_exporter.deadline import SharedDeadline
    from wx_domain_exporter.scheduler.scheduler import Scheduler
    from wx_domain_exporter.tasks import Tasks
    from wx_domain_exporter.wechat.errors import FetchError


class TestWorkers:
    def test_never_more_than_there_are_slots_in_one_thread(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        before = threading.active_count()
        scheduler = make(4)
        apps = [FakeWatch(str(number), log, gate=True) for number in range(40)]
        batches = [start(scheduler, *apps[begin : begin + 8]) for begin in range(0, 40, 4)]
        log.wait_for(4)
        assert threading.active_count() == before + 1
        for app in apps:
            app.gate.set()
        for batch in batches:
            settled(batch)
        assert log.peak == 4
        assert sorted(log.started) == sorted(app.name for app in apps)

    @pytest.mark.parametrize(
        "error", [RuntimeError("can't start new thread"), OSError(24, "Too many open files")], ids=type
    )
    def test_a_system_without_another_thread_costs_that_scrape_only(
        self, make: Callable[[int], Scheduler], log: Log, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise error

        scheduler, app = make(2), FakeWatch("a", log)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            first = scheduler.start([app], Deadline.after(LONG), 0)
        assert [result.reason for result in first.results] == ["deadline"]
        assert [result.reason for result in settled(start(scheduler, app))] == [None]
        assert first.extra_results == [NOTHING]
        assert log.started == ["a"]

    def test_more_slots_make_room_for_more(
        self, make: Callable[[int], Scheduler], log: Log, tasks: Tasks
    ) -> None:
        scheduler = make(1)
        apps = [FakeWatch(str(number), log, gate=True) for number in range(3)]
        first = start(scheduler, apps[0])
        log.wait_for(1)
        tasks.submit(scheduler.resize, 3).result()
        second = start(scheduler, *apps[1:])
        log.wait_for(3)
        assert log.peak == 3
        for app in apps:
            app.gate.set()
        settled(first)
        settled(second)

    def test_fewer_slots_let_the_idle_and_the_busy_workers_go(
        self, make: Callable[[int], Scheduler], log: Log, tasks: Tasks
    ) -> None:
        scheduler = make(4)
        apps = [FakeWatch(str(number), log, gate=True) for number in range(4)]
        batch = start(scheduler, *apps)
        log.wait_for(4)
        apps[0].gate.set()
        tasks.submit(scheduler.resize, 1).result()
        for app in apps:
            app.gate.set()
        settled(batch)
        log.peak = 0
        settled(start(scheduler, *(FakeWatch(str(number), log) for number in range(10))))
        assert log.peak == 1

    def test_after_the_end_none_begins_and_those_in_the_air_go_on_no_more(
        self, make: Callable[[int], Scheduler], log: Log, tasks: Tasks
    ) -> None:
        scheduler, flying, waiting = make(1), FakeWatch("flying", log, gate=True), FakeWatch("waiting", log)
        first = start(scheduler, flying, waiting)
        log.wait_for(1)
        tasks.close()
        flying.gate.set()
        late = start(scheduler, waiting)
        assert [result.reason for batch in (first, late) for result in batch.results] == ["deadline"] * 3
        assert log.started == ["flying"]


class BrokenWatch(FakeWatch):
    """An app whose fetch raises what it never should."""

    def fetch(self, deadline: SharedDeadline) -> FetchResult:
        super().fetch(deadline)
        self.last_result = None
        raise ZeroDivisionError


def test_a_fetch_that_breaks_costs_neither_a_worker_nor_the_next_one(
    make: Callable[[int], Scheduler], log: Log
) -> None:
    scheduler = make(1)
    broken = BrokenWatch("broken", log)
    token = AccessToken.model_validate({"type": "access_token", "access_token": "canary"})
    broken.settings = AppSettings("wx0", "broken", {}, token)
    for _ in range(3):
        assert [result.reason for result in settled(start(scheduler, broken))] == ["deadline"]
    assert [result.reason for result in settled(start(scheduler, FakeWatch("a", log)))] == [None]


class HurriedWatch(FakeWatch):
    """An app whose first fetch ends for want of time, just when somebody with more of it comes."""

    def fetch(self, deadline: SharedDeadline) -> FetchResult:
        if not self.log.started:
            self.joined = ScrapeJobs([self])
            self.scheduler._begin(self.joined, Deadline.after(LONG), 0)
            self.error: FetchError | None = DeadlineError("nobody waits")
        else:
            self.error = None
        return super().fetch(deadline)

    scheduler: Scheduler
    joined: ScrapeJobs


def test_who_joins_a_fetch_that_gives_up_gets_another_one(make: Callable[[int], Scheduler], log: Log) -> None:
    app = HurriedWatch("hurried", log)
    app.scheduler = make(2)
    hurried = start(app.scheduler, app)
    assert [result.reason for result in settled(hurried)] == [None]
    assert [result.reason for result in settled(app.joined)] == [None]
    assert log.started == ["hurried", "hurried"]


def test_nobody_gets_another_one_whose_time_is_over(make: Callable[[int], Scheduler], log: Log) -> None:
    app = FakeWatch("late", log, gate=True, error=DeadlineError("nobody waits"))
    batch = start(make(1), app, seconds=0.2)
    log.wait_for(1)
    wait_until(lambda: batch.seconds > 0.2, "the time is over")
    app.gate.set()
    assert [result.reason for result in settled(batch)] == ["deadline"]
    assert log.started == ["late"]
