from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.clocks import StoppedClock
from helpers.fake_apps import FakeApp, JobLog, healthy_app, result_of, slow_app, start, wait_for_results
from helpers.waiting import wait_until

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.job_queue import JobQueue
from wx_domain_exporter.scheduler.jobs import FetchJob
from wx_domain_exporter.wechat.errors import HttpError

if TYPE_CHECKING:
    from helpers.fake_apps import MakeScheduler


class TestPriorities:
    def test_healthy_apps_start_before_unknown_and_slow_ones_last(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, blocker = make_scheduler(1), FakeApp("blocker", log, gate=True)
        start(scheduler, blocker)
        log.wait_for(1)
        scrape = start(
            scheduler,
            slow_app("slow", log),
            FakeApp("unknown", log),
            FakeApp("failed", log, result_of(HttpError("500"), age=60)),
            healthy_app("healthy", log),
        )
        blocker.gate.set()
        wait_for_results(scrape)
        assert log.started == ["blocker", "failed", "healthy", "unknown", "slow"]

    @pytest.mark.parametrize(("slots", "slow_slots"), [(1, 1), (4, 1), (8, 2), (12, 3)])
    def test_slow_apps_take_at_most_a_quarter_of_the_workers(
        self, make_scheduler: MakeScheduler, log: JobLog, slots: int, slow_slots: int
    ) -> None:
        scheduler = make_scheduler(slots)
        hanging = [slow_app(f"slow {number}", log, gate=True) for number in range(slots + 1)]
        scrape = start(scheduler, *hanging)
        log.wait_for(slow_slots)
        if slots > slow_slots:
            wait_for_results(
                start(scheduler, *(healthy_app(f"healthy {number}", log) for number in range(50)))
            )
        assert sum(name.startswith("slow") for name in log.started) == slow_slots
        for app in hanging:
            app.gate.set()
        wait_for_results(scrape)
        assert len([name for name in log.started if name.startswith("slow")]) == slots + 1
        assert log.peak <= slots

    def test_slow_apps_start_in_the_order_of_their_last_runs(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, blocker = make_scheduler(1), FakeApp("blocker", log, gate=True)
        start(scheduler, blocker)
        log.wait_for(1)
        start(scheduler, slow_app("30", log, age=30), slow_app("90", log, age=90))
        scrape = start(scheduler, slow_app("60", log, age=60), slow_app("120", log, age=120))
        blocker.gate.set()
        wait_for_results(scrape)
        wait_until(lambda: len(log.started) == 5, "all are fetched")
        assert log.started == ["blocker", "120", "90", "60", "30"]

    def test_an_app_with_one_timeout_starts_before_slow_ones(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, blocker = make_scheduler(1), FakeApp("blocker", log, gate=True)
        start(scheduler, blocker)
        log.wait_for(1)
        apps = [slow_app("slow", log, age=90), slow_app("retry", log, consecutive_timeouts=1, age=30)]
        scrape = start(scheduler, *apps)
        blocker.gate.set()
        wait_for_results(scrape)
        assert log.started == ["blocker", "retry", "slow"]


class TestShareOfUnknownApps:
    def call_timeouts(
        self, make_scheduler: MakeScheduler, log: JobLog, number: int, seconds: float
    ) -> list[float]:
        """Return the seconds that each of many unknown apps may take with two workers, in their order."""
        scheduler, blockers = make_scheduler(2), [FakeApp("blocker", log, gate=True) for _ in range(2)]
        start(scheduler, *blockers)
        log.wait_for(2)
        apps = [FakeApp(str(number), log) for number in range(number)]
        scrape = start(scheduler, *apps, seconds=seconds)
        for blocker in blockers:
            blocker.gate.set()
        wait_for_results(scrape)
        return [app.call_timeout for app in apps]

    def test_unknown_apps_get_five_times_their_even_share(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        timeouts = self.call_timeouts(make_scheduler, log, 20, seconds=100)
        assert timeouts[0] <= 50
        assert timeouts[:18] == sorted(timeouts[:18])

    def test_but_at_least_a_second(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        timeouts = self.call_timeouts(make_scheduler, log, 200, seconds=10)
        assert timeouts[0] <= 1

    def test_the_last_ones_have_no_limit(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        assert self.call_timeouts(make_scheduler, log, 20, seconds=100)[-2:] == [1e9, 1e9]

    def test_healthy_apps_have_no_limit(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        apps = [healthy_app(str(number), log) for number in range(20)]
        wait_for_results(start(make_scheduler(2), *apps))
        assert {app.call_timeout for app in apps} == {1e9}


class TestShareOfRetries:
    def call_timeouts(
        self, make_scheduler: MakeScheduler, log: JobLog, *apps: FakeApp, seconds: float = 100
    ) -> list[float]:
        """Return the seconds that each app may take with eight workers, two of them for retries."""
        scheduler, blockers = make_scheduler(8), [FakeApp("blocker", log, gate=True) for _ in range(8)]
        start(scheduler, *blockers)
        log.wait_for(8)
        scrape = start(scheduler, *apps, seconds=seconds)
        for blocker in blockers:
            blocker.gate.set()
        wait_for_results(scrape)
        return [app.call_timeout for app in apps]

    def test_apps_with_one_timeout_get_an_even_share(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        retries = [
            slow_app(str(number), log, consecutive_timeouts=1, age=100 - number) for number in range(20)
        ]
        timeouts = self.call_timeouts(make_scheduler, log, *retries)
        assert 9 < timeouts[0] <= 10
        assert timeouts[-1] == 1e9

    def test_but_at_least_a_quarter_of_a_second(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        retries = [
            slow_app(str(number), log, consecutive_timeouts=1, age=2000 - number) for number in range(1000)
        ]
        assert 0.1 < self.call_timeouts(make_scheduler, log, *retries, seconds=10)[0] <= 0.25

    def test_slow_apps_have_no_limit_and_do_not_reduce_the_share(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        slow = [slow_app(str(number), log, age=100 - number) for number in range(20)]
        retries = [slow_app(f"retry {number}", log, consecutive_timeouts=1) for number in range(2)]
        assert set(self.call_timeouts(make_scheduler, log, *slow, *retries)) == {1e9}


def queue_of(*apps: FakeApp, oldest_first: bool = False) -> JobQueue[FetchJob]:
    """A queue in which a job of each app waits, 100 seconds before its deadline; the clock stands still."""
    queue = JobQueue[FetchJob](oldest_first=oldest_first)
    deadline = Deadline.after(100, StoppedClock())
    for app in apps:
        job = FetchJob(app)
        job.deadline.extend(deadline)
        queue.add(job)
    return queue


def taken(queue: JobQueue[FetchJob], slots: int) -> list[FetchJob]:
    """Take all jobs that may run at once."""
    jobs = []
    while (job := queue.take(slots)) is not None:
        jobs.append(job)
    return jobs


def timed_out_apps(log: JobLog, consecutive_timeouts: int, number: int) -> list[FakeApp]:
    return [slow_app("timed out", log, consecutive_timeouts=consecutive_timeouts) for _ in range(number)]


class TestRunningJobs:
    def test_all_kinds_of_jobs_that_wait_are_counted(self, log: JobLog) -> None:
        apps = [app for _ in range(3) for app in (healthy_app("healthy", log), FakeApp("unknown", log))]
        queue = queue_of(*apps, *timed_out_apps(log, 1, 3), *timed_out_apps(log, 2, 3))
        assert len(queue) == 12
        taken(queue, 4)
        assert (len(queue), queue.running) == (8, 4)

    def test_there_are_at_most_as_many_as_slots_also_after_these_became_fewer(self, log: JobLog) -> None:
        queue = queue_of(*(healthy_app("healthy", log) for _ in range(5)))
        assert queue.running == 0
        jobs = taken(queue, 3)
        assert len(jobs) == queue.running == 3
        assert taken(queue, 2) == []
        queue.finished(jobs[0])
        assert queue.running == 2
        assert taken(queue, 2) == []
        assert len(taken(queue, 3)) == 1

    @pytest.mark.parametrize("consecutive_timeouts", [1, 2, 3])
    @pytest.mark.parametrize(
        ("slots", "timed_out_slots"), [(1, 1), (3, 1), (4, 1), (7, 1), (8, 2), (11, 2), (12, 3)]
    )
    def test_apps_that_timed_out_take_at_most_a_quarter_of_the_slots(
        self, log: JobLog, consecutive_timeouts: int, slots: int, timed_out_slots: int
    ) -> None:
        queue = queue_of(*timed_out_apps(log, consecutive_timeouts, 6))
        jobs = taken(queue, slots)
        assert len(jobs) == timed_out_slots
        queue.finished(jobs[0])
        assert len(taken(queue, slots)) == 1

    def test_retries_and_slow_apps_share_their_slots_also_after_these_became_fewer(self, log: JobLog) -> None:
        queue = queue_of(*timed_out_apps(log, 1, 2), *timed_out_apps(log, 2, 3))
        jobs = taken(queue, 12)
        assert [job.consecutive_timeouts for job in jobs] == [1, 1, 2]
        assert taken(queue, 8) == []
        queue.finished(jobs[0])
        assert taken(queue, 8) == []
        assert [job.consecutive_timeouts for job in taken(queue, 12)] == [2]

    def test_healthy_jobs_do_not_count_as_timed_out(self, log: JobLog) -> None:
        queue = queue_of(healthy_app("healthy", log), *timed_out_apps(log, 2, 3))
        healthy, _ = taken(queue, 4)
        queue.finished(healthy)
        assert taken(queue, 4) == []


class TestOrder:
    def test_those_with_the_same_last_run_start_in_the_order_in_which_they_came(self, log: JobLog) -> None:
        apps = timed_out_apps(log, 2, 4)
        for app in apps:
            app.last_run = 10.0
        assert [job.app for job in taken(queue_of(*apps), 16)] == apps

    def test_oldest_first_means_those_without_a_last_run_before_all_others(self, log: JobLog) -> None:
        ran, never_ran = FakeApp("ran", log), FakeApp("never ran", log)
        ran.last_run = 0.0
        queue = queue_of(ran, never_ran, oldest_first=True)
        assert [job.app for job in taken(queue, 2)] == [never_ran, ran]


class TestShares:
    """How many of the 100 seconds until the deadline each job may take, in the order of their starts."""

    def call_timeouts(self, queue: JobQueue[FetchJob], slots: int) -> list[float]:
        timeouts = []
        while (job := queue.take(slots)) is not None:
            timeouts.append(job.deadline.call_timeout(1e9))
            queue.finished(job)
        return timeouts

    def test_unknown_apps_get_five_even_shares_and_at_least_a_second(self, log: JobLog) -> None:
        queue = queue_of(*(FakeApp("unknown", log) for _ in range(1100)))
        shares = [*[1.0] * 100, *(5 * 200 / number for number in range(1000, 2, -1)), 1e9, 1e9]
        assert self.call_timeouts(queue, 2) == pytest.approx(shares)

    @pytest.mark.parametrize(("slots", "retry_slots"), [(3, 1), (8, 2)])
    def test_retries_get_one_even_share_and_at_least_a_quarter_of_a_second(
        self, log: JobLog, slots: int, retry_slots: int
    ) -> None:
        seconds = 100 * retry_slots
        queue = queue_of(*timed_out_apps(log, 1, 4 * seconds + 50))
        even = (seconds / number for number in range(4 * seconds, retry_slots, -1))
        shares = [*[0.25] * 50, *even, *[1e9] * retry_slots]
        assert self.call_timeouts(queue, slots) == pytest.approx(shares)

    def test_new_apps_get_a_share_too_if_the_oldest_is_first(self, log: JobLog) -> None:
        apps = [healthy_app("healthy", log), FakeApp("new", log), healthy_app("healthy", log)]
        queue = queue_of(*apps, FakeApp("new", log), oldest_first=True)
        assert self.call_timeouts(queue, 2) == pytest.approx([5 * 200 / 4, 5 * 200 / 3, 1e9, 1e9])
