from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.clocks import StoppedClock
from helpers.fake_apps import LONG, FakeApp, JobLog, healthy_app, result_of, slow_app, start, wait_for_results
from helpers.waiting import wait_until

from wx_domain_exporter.apps.results import FetchResult
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.first_fetches import FirstFetches
from wx_domain_exporter.scheduler.scheduler import Scheduler
from wx_domain_exporter.wechat.errors import DeadlineError, FetchError, HttpError, Reason

if TYPE_CHECKING:
    from helpers.clocks import Clock
    from helpers.fake_apps import MakeScheduler

    from wx_domain_exporter.tasks import Tasks


class TestSharedFetch:
    def test_overlapping_scrapes_share_one_fetch_per_app(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, app = make_scheduler(4), FakeApp("a", log, gate=True)
        first = start(scheduler, app)
        log.wait_for(1)
        second = start(scheduler, app)
        app.gate.set()
        assert wait_for_results(first)[0] is wait_for_results(second)[0]
        assert log.started == ["a"]

    def test_they_share_one_that_waits_for_a_worker_too(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, blocker, app = make_scheduler(1), FakeApp("blocker", log, gate=True), FakeApp("a", log)
        scrapes = [start(scheduler, blocker, app) for _ in range(3)]
        blocker.gate.set()
        for scrape in scrapes:
            wait_for_results(scrape)
        assert log.started == ["blocker", "a"]

    def test_a_scrape_after_the_fetch_fetches_again(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        scheduler, app = make_scheduler(4), FakeApp("a", log)
        first = wait_for_results(start(scheduler, app))
        assert wait_for_results(start(scheduler, app))[0] is not first[0]
        assert log.started == ["a", "a"]

    def test_a_deadline_ends_the_scrape_but_not_the_fetch(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, app = make_scheduler(1), FakeApp("a", log, gate=True)
        impatient = start(scheduler, app, seconds=0.05)
        impatient.wait(0.05)
        assert impatient.results[0].reason is Reason.DEADLINE
        patient = start(scheduler, app)
        app.gate.set()
        assert wait_for_results(patient)[0].reason is None
        assert impatient.results[0].reason is Reason.DEADLINE
        assert log.started == ["a"]


class TestScrapeJobs:
    def test_a_scrape_without_apps_is_done_at_once(self, make_scheduler: MakeScheduler) -> None:
        scrape = start(make_scheduler(1))
        assert scrape.done.done()
        assert scrape.results == []

    def test_results_are_in_the_order_of_the_apps(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        apps = [FakeApp(str(number), log) for number in range(20)]
        assert wait_for_results(start(make_scheduler(3), *apps)) == [app.last_result for app in apps]

    def test_an_app_without_an_answer_fails_alone(
        self, make_scheduler: MakeScheduler, log: JobLog, clock: Clock
    ) -> None:
        scheduler, hanging, fine = make_scheduler(2), FakeApp("hanging", log, gate=True), FakeApp("fine", log)
        scrape = start(scheduler, hanging, fine, clock=clock)
        wait_until(lambda: scheduler.finished_jobs == 1, "the other fetch ends")
        assert not scrape.done.done()
        clock.ahead = LONG + 1
        missed, there = scrape.results
        assert there.reason is None
        assert missed.reason is Reason.DEADLINE
        assert LONG < missed.seconds < 10 * LONG
        hanging.gate.set()
        wait_for_results(scrape)

    def test_a_waiter_can_not_cancel_it_for_the_others(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        app = FakeApp("a", log, gate=True)
        scrape = start(make_scheduler(1), app)
        assert not scrape.done.cancel()
        app.gate.set()
        assert wait_for_results(scrape) == [app.last_result]


class TestMinInterval:
    @pytest.mark.parametrize("error", [None, HttpError("HTTP status 500")], ids=["good", "failed"])
    def test_a_younger_result_is_shared(
        self, make_scheduler: MakeScheduler, log: JobLog, error: FetchError | None
    ) -> None:
        app = FakeApp("a", log, result_of(error, age=40))
        shared = wait_for_results(start(make_scheduler(1), app, min_interval=50))
        assert shared[0] is app.last_result
        assert log.started == []

    def test_an_older_result_is_not_shared(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        app = FakeApp("a", log, result_of(age=60))
        wait_for_results(start(make_scheduler(1), app, min_interval=50))
        assert log.started == ["a"]

    def test_without_it_no_result_is_shared(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        app = FakeApp("a", log, result_of())
        wait_for_results(start(make_scheduler(1), app))
        assert log.started == ["a"]

    @pytest.mark.parametrize(
        ("now", "timestamp", "min_interval", "shared"),
        [
            (5000.0, 5000.0, 0, False),
            (5000.0, 5000.0, 50, True),
            (5000.5, 5000.0, 50, True),
            (5049.0, 5000.0, 50, True),
            (5050.0, 5000.0, 50, False),
            (4999.5, 5000.0, 50, False),
            (5000.0, 100.0, 4000, False),
        ],
    )
    def test_an_age_from_0_to_below_the_interval_is_young(
        self, tasks: Tasks, log: JobLog, now: float, timestamp: float, min_interval: float, *, shared: bool
    ) -> None:
        app = FakeApp("a", log, FetchResult({}, None, {}, 0.01, timestamp, None))
        wait_for_results(start(Scheduler(tasks, 1, StoppedClock(now)), app, min_interval=min_interval))
        assert log.started == ([] if shared else ["a"])

    def test_the_missed_deadline_of_another_scrape_is_not_shared(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        app = FakeApp("a", log, result_of(DeadlineError("too late"), age=1))
        wait_for_results(start(make_scheduler(1), app, min_interval=50))
        assert log.started == ["a"]

    @pytest.mark.parametrize("min_interval", [0, 50])
    def test_after_the_clock_was_set_back_no_result_is_shared(
        self,
        make_scheduler: MakeScheduler,
        log: JobLog,
        clock: Clock,
        min_interval: float,
    ) -> None:
        scheduler, app = make_scheduler(1), FakeApp("a", log)
        wait_for_results(start(scheduler, app))
        clock.ahead = -3600
        wait_for_results(start(scheduler, app, min_interval=min_interval))
        assert log.started == ["a", "a"]


class TestDeadline:
    def test_the_latest_deadline_of_all_scrapes_that_wait_applies(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, blocker, app = make_scheduler(1), FakeApp("blocker", log, gate=True), FakeApp("a", log)
        scrape = start(scheduler, blocker, app)
        start(scheduler, app, seconds=-1)
        blocker.gate.set()
        assert wait_for_results(scrape)[1].reason is None
        assert log.started == ["blocker", "a"]


class TestMissedDeadline:
    @pytest.mark.parametrize(
        ("remaining", "started"), [(0.5, ["a"]), (0, []), (-0.5, [])], ids=["before", "at", "after"]
    )
    def test_a_job_starts_only_before_the_deadline(
        self, make_scheduler: MakeScheduler, log: JobLog, remaining: float, started: list[str]
    ) -> None:
        deadline = Deadline.after(remaining, StoppedClock())
        wait_for_results(make_scheduler(1).start([FakeApp("a", log)], deadline, 0))
        assert log.started == started

    def test_a_job_that_no_scrape_waits_for_any_more_is_dropped(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, blocker, app = make_scheduler(1), FakeApp("blocker", log, gate=True), FakeApp("a", log)
        start(scheduler, blocker)
        log.wait_for(1)
        scrape = start(scheduler, app, seconds=-1)
        blocker.gate.set()
        assert wait_for_results(scrape)[0].reason is Reason.DEADLINE
        assert log.started == ["blocker"]
        assert wait_for_results(start(scheduler, app))[0].reason is None

    def test_a_dropped_job_of_a_slow_app_frees_its_slot(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, blocker = make_scheduler(1), FakeApp("blocker", log, gate=True)
        start(scheduler, blocker)
        log.wait_for(1)
        start(scheduler, *(slow_app("late", log) for _ in range(3)), seconds=-1)
        scrape = start(scheduler, slow_app("wanted", log))
        blocker.gate.set()
        wait_for_results(scrape)
        assert log.started == ["blocker", "wanted"]


class TestProbes:
    """Each app in a scrape of its own, as `/probe` does it."""

    def test_hanging_apps_take_at_most_a_quarter_of_the_workers(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler = make_scheduler(8)
        hanging = [slow_app(f"hanging {number}", log, gate=True) for number in range(20)]
        waiting = [start(scheduler, one) for one in hanging]
        log.wait_for(2)
        for number in range(20):
            wait_for_results(start(scheduler, FakeApp(f"new {number}", log)))
            wait_for_results(start(scheduler, healthy_app(f"known {number}", log)))
        assert sum(name.startswith("hanging") for name in log.started) == 2
        for one in hanging:
            one.gate.set()
        for scrape in waiting:
            wait_for_results(scrape)

    def test_a_hanging_app_takes_one_worker_however_often_it_is_probed(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, hanging = make_scheduler(2), FakeApp("hanging", log, gate=True)
        probes = [start(scheduler, hanging) for _ in range(10)]
        wait_for_results(start(scheduler, FakeApp("other", log)))
        hanging.gate.set()
        assert len({id(wait_for_results(probe)[0]) for probe in probes}) == 1
        assert log.started == ["hanging", "other"]


def test_the_jobs_that_have_ended_are_counted(make_scheduler: MakeScheduler, log: JobLog) -> None:
    scheduler = make_scheduler(2)
    assert scheduler.finished_jobs == 0
    wait_for_results(start(scheduler, *(FakeApp(str(number), log) for number in range(3))))
    assert scheduler.finished_jobs == 3


class NotedFetches(FirstFetches):
    """Remembers what it is told of each fetch: whether it is the app's first one, and the last of all."""

    def __init__(self) -> None:
        self.noted: list[tuple[bool, bool]] = []

    def note_fetch(self, *, is_first: bool, is_last: bool) -> None:
        self.noted.append((is_first, is_last))


@pytest.mark.parametrize(
    ("slots", "noted"),
    [(1, [(False, False), (True, True)]), (2, [(True, False), (False, True)])],
    ids=["the other one waits", "the other one runs"],
)
def test_it_is_noted_which_fetch_is_an_apps_first_and_which_is_the_last_of_all(
    tasks: Tasks, log: JobLog, slots: int, noted: list[tuple[bool, bool]]
) -> None:
    first_fetches = NotedFetches()
    scheduler = Scheduler(tasks, slots, first_fetches=first_fetches)
    known, unknown = FakeApp("known", log, result_of(age=60), gate=True), FakeApp("unknown", log)
    scrape = start(scheduler, known, unknown)
    if slots > 1:
        wait_until(lambda: unknown.last_result is not None, "the fetch that can end has ended")
    known.gate.set()
    wait_for_results(scrape)
    assert first_fetches.noted == noted
