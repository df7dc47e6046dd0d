from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.fake_apps import FakeApp, JobLog, healthy_app, result_of, slow_app, start, wait_for_results
from helpers.waiting import wait_until

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
        assert 45 < timeouts[0] <= 50
        assert timeouts[:18] == sorted(timeouts[:18])

    def test_but_at_least_a_second(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        timeouts = self.call_timeouts(make_scheduler, log, 200, seconds=10)
        assert 0.5 < timeouts[0] <= 1

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
