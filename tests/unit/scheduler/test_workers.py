from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from helpers.fake_apps import LONG, FakeApp, FakeExtraCalls, JobLog, result_of, start, wait_for_results
from helpers.waiting import wait_until

from wx_domain_exporter.apps.results import NO_EXTRA_RESULT
from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.wechat.errors import DeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.clocks import Clock
    from helpers.fake_apps import MakeScheduler

    from wx_domain_exporter.apps.results import FetchResult
    from wx_domain_exporter.deadline import SharedDeadline
    from wx_domain_exporter.scheduler.scheduler import Scheduler
    from wx_domain_exporter.tasks import Tasks
    from wx_domain_exporter.wechat.errors import FetchError


class TestWorkers:
    def test_there_are_at_most_as_many_as_slots_in_one_thread(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        before = set(threading.enumerate())
        scheduler = make_scheduler(4)
        apps = [FakeApp(str(number), log, gate=True) for number in range(40)]
        scrapes = [start(scheduler, *apps[begin : begin + 8]) for begin in range(0, 40, 4)]
        log.wait_for(4)
        assert len(set(threading.enumerate()) - before) == 1
        for app in apps:
            app.gate.set()
        for scrape in scrapes:
            wait_for_results(scrape)
        assert log.peak == 4
        assert sorted(log.started) == sorted(app.name for app in apps)

    @pytest.mark.parametrize(
        "error", [RuntimeError("can't start new thread"), OSError(24, "Too many open files")], ids=type
    )
    def test_without_a_thread_only_that_scrape_fails(
        self,
        make_scheduler: MakeScheduler,
        log: JobLog,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise error

        scheduler, app = make_scheduler(2), FakeApp("a", log)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            first = scheduler.start([app], Deadline.after(LONG), 0)
        assert [result.reason for result in first.results] == ["deadline"]
        assert [result.reason for result in wait_for_results(start(scheduler, app))] == [None]
        assert first.extra_results == [NO_EXTRA_RESULT]
        assert log.started == ["a"]

    def test_more_slots_allow_more_workers(
        self, make_scheduler: MakeScheduler, log: JobLog, tasks: Tasks
    ) -> None:
        scheduler = make_scheduler(1)
        apps = [FakeApp(str(number), log, gate=True) for number in range(3)]
        first = start(scheduler, apps[0])
        log.wait_for(1)
        tasks.submit(scheduler.resize, 3).result()
        second = start(scheduler, *apps[1:])
        log.wait_for(3)
        assert log.peak == 3
        for app in apps:
            app.gate.set()
        wait_for_results(first)
        wait_for_results(second)

    def test_surplus_workers_end_after_their_jobs(
        self, make_scheduler: MakeScheduler, log: JobLog, tasks: Tasks
    ) -> None:
        scheduler = make_scheduler(4)
        apps = [FakeApp(str(number), log, gate=True) for number in range(4)]
        scrape = start(scheduler, *apps)
        log.wait_for(4)
        apps[0].gate.set()
        tasks.submit(scheduler.resize, 1).result()
        for app in apps:
            app.gate.set()
        wait_for_results(scrape)
        log.peak = 0
        wait_for_results(start(scheduler, *(FakeApp(str(number), log) for number in range(10))))
        assert log.peak == 1

    def test_after_the_tasks_are_closed_no_job_starts_or_ends(
        self, make_scheduler: MakeScheduler, log: JobLog, tasks: Tasks
    ) -> None:
        scheduler, running, waiting = (
            make_scheduler(1),
            FakeApp("running", log, gate=True),
            FakeApp("waiting", log),
        )
        first = start(scheduler, running, waiting)
        log.wait_for(1)
        tasks.close()
        running.gate.set()
        late = start(scheduler, waiting)
        assert [result.reason for scrape in (first, late) for result in scrape.results] == ["deadline"] * 3
        assert log.started == ["running"]


def pending_app(name: str, log: JobLog) -> FakeApp:
    """An app with a fresh result, whose extra calls a deadline left undone."""
    app = FakeApp(name, log, result_of(), extra_calls=FakeExtraCalls(name, log, due=True, gate=True))
    app.extras_pending = True
    return app


class TestStartedWorkers:
    @pytest.fixture
    def started(self, tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> list[object]:
        """One entry for each worker that was started."""
        spawn, started = tasks.spawn, list[object]()

        def note(work: Callable[[], object]) -> None:
            started.append(work)
            spawn(work)

        monkeypatch.setattr(tasks, "spawn", note)
        return started

    def test_one_for_each_fetch_up_to_the_slots(
        self, make_scheduler: MakeScheduler, log: JobLog, started: list[object]
    ) -> None:
        scheduler = make_scheduler(5)
        apps = [FakeApp(str(number), log, gate=True) for number in range(9)]
        scrapes = [start(scheduler, *apps[:2])]
        assert len(started) == 2
        scrapes.append(start(scheduler, *apps[2:8]))
        assert len(started) == 5
        scrapes.append(start(scheduler, apps[8]))
        for app in apps:
            app.gate.set()
        for scrape in scrapes:
            wait_for_results(scrape)
        assert len(started) == 5
        wait_until(lambda: scheduler._worker_count == 0, "workers without a job end")

    def test_none_while_there_are_surplus_workers(
        self, make_scheduler: MakeScheduler, log: JobLog, tasks: Tasks, started: list[object]
    ) -> None:
        scheduler = make_scheduler(4)
        apps = [FakeApp(str(number), log, gate=True) for number in range(6)]
        scrape = start(scheduler, *apps)
        log.wait_for(4)
        tasks.submit(scheduler.resize, 2).result()
        for app in apps:
            app.gate.set()
        wait_for_results(scrape)
        assert len(started) == 4

    def test_one_for_each_extra_job_up_to_their_own_slots(
        self, make_scheduler: MakeScheduler, log: JobLog, tasks: Tasks, started: list[object]
    ) -> None:
        scheduler = make_scheduler(8)
        apps = [pending_app(str(number), log) for number in range(7)]
        scrapes = [start(scheduler, *apps[:3], min_interval=500)]
        assert len(started) == 3
        scrapes.append(start(scheduler, *apps[3:], min_interval=500))
        assert len(started) == 4
        log.wait_for(4)
        tasks.submit(scheduler.resize, 7).result()
        fetches = [FakeApp(f"fetch {number}", log, gate=True) for number in range(2)]
        scrapes.append(start(scheduler, *fetches))
        assert len(started) == 6
        for app in (*apps, *fetches):
            app.gate.set()
            app.extra_calls.gate.set()
        for scrape in scrapes:
            wait_for_results(scrape)

    def test_one_for_a_fetch_and_one_for_an_extra_job_that_begin_together(
        self, make_scheduler: MakeScheduler, log: JobLog, started: list[object]
    ) -> None:
        new, pending = FakeApp("new", log, gate=True), pending_app("pending", log)
        scrape = start(make_scheduler(4), new, pending, min_interval=500)
        assert len(started) == 2
        new.gate.set()
        pending.extra_calls.gate.set()
        wait_for_results(scrape)


class BrokenApp(FakeApp):
    """An app whose fetch raises an unexpected error."""

    def fetch(self, deadline: SharedDeadline) -> FetchResult:
        super().fetch(deadline)
        self.last_result = None
        raise ZeroDivisionError


def test_an_unexpected_error_ends_neither_the_worker_nor_later_fetches(
    make_scheduler: MakeScheduler, log: JobLog
) -> None:
    scheduler = make_scheduler(1)
    broken = BrokenApp("broken", log)
    token = AccessToken.model_validate({"type": "access_token", "access_token": "canary"})
    broken.settings = AppSettings("wx0", "broken", {}, token)
    for _ in range(3):
        assert [result.reason for result in wait_for_results(start(scheduler, broken))] == ["deadline"]
    assert [result.reason for result in wait_for_results(start(scheduler, FakeApp("a", log)))] == [None]


class JoinedApp(FakeApp):
    """An app whose first fetch misses its deadline while a scrape with a later deadline joins it."""

    def fetch(self, deadline: SharedDeadline) -> FetchResult:
        if not self.log.started:
            self.joined = ScrapeJobs([self])
            self.scheduler._begin(self.joined, Deadline.after(LONG), 0)
            self.error: FetchError | None = DeadlineError("too late")
        else:
            self.error = None
        return super().fetch(deadline)

    scheduler: Scheduler
    joined: ScrapeJobs


def test_a_scrape_that_joins_a_fetch_that_misses_its_deadline_gets_another_fetch(
    make_scheduler: MakeScheduler, log: JobLog
) -> None:
    app = JoinedApp("joined", log)
    app.scheduler = make_scheduler(2)
    first = start(app.scheduler, app)
    assert [result.reason for result in wait_for_results(first)] == [None]
    assert [result.reason for result in wait_for_results(app.joined)] == [None]
    assert log.started == ["joined", "joined"]


def test_without_a_later_deadline_there_is_no_other_fetch(
    make_scheduler: MakeScheduler, log: JobLog, clock: Clock
) -> None:
    app = FakeApp("late", log, gate=True, error=DeadlineError("too late"))
    scrape = start(make_scheduler(1), app, clock=clock)
    log.wait_for(1)
    clock.ahead = LONG + 1
    app.gate.set()
    assert [result.reason for result in wait_for_results(scrape)] == ["deadline"]
    assert log.started == ["late"]
