from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.fake_apps import FakeWatch, Log, healthy, result_of, settled, slow, start
from helpers.waiting import wait_until

from wx_domain_exporter.wechat.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wx_domain_exporter.scheduler.scheduler import Scheduler


class TestLanes:
    def test_healthy_apps_start_before_unknown_and_slow_ones_last(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, blocker = make(1), FakeWatch("blocker", log, gate=True)
        start(scheduler, blocker)
        log.wait_for(1)
        batch = start(
            scheduler,
            slow("slow", log),
            FakeWatch("unknown", log),
            FakeWatch("failed", log, result_of(HttpError("500"), age=60)),
            FakeWatch("healthy", log, healthy()),
        )
        blocker.gate.set()
        settled(batch)
        assert log.started == ["blocker", "failed", "healthy", "unknown", "slow"]

    @pytest.mark.parametrize(("slots", "share"), [(1, 1), (4, 1), (8, 2), (12, 3)])
    def test_slow_apps_hold_a_quarter_of_the_workers_at_most(
        self, make: Callable[[int], Scheduler], log: Log, slots: int, share: int
    ) -> None:
        scheduler = make(slots)
        hanging = [slow(f"slow {number}", log, gate=True) for number in range(slots + 1)]
        batch = start(scheduler, *hanging)
        log.wait_for(share)
        if slots > share:
            settled(
                start(scheduler, *(FakeWatch(f"healthy {number}", log, healthy()) for number in range(50)))
            )
        assert sum(name.startswith("slow") for name in log.started) == share
        for app in hanging:
            app.gate.set()
        settled(batch)
        assert len([name for name in log.started if name.startswith("slow")]) == slots + 1
        assert log.peak <= slots

    def test_of_the_slow_ones_that_goes_first_which_was_tried_longest_ago(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, blocker = make(1), FakeWatch("blocker", log, gate=True)
        start(scheduler, blocker)
        log.wait_for(1)
        start(scheduler, slow("30", log, age=30), slow("90", log, age=90))
        batch = start(scheduler, slow("60", log, age=60), slow("120", log, age=120))
        blocker.gate.set()
        settled(batch)
        wait_until(lambda: len(log.started) == 5, "all are fetched")
        assert log.started == ["blocker", "120", "90", "60", "30"]

    def test_one_bad_moment_goes_before_many(self, make: Callable[[int], Scheduler], log: Log) -> None:
        scheduler, blocker = make(1), FakeWatch("blocker", log, gate=True)
        start(scheduler, blocker)
        log.wait_for(1)
        apps = [slow("often", log, age=90), slow("once", log, strikes=1, age=30)]
        batch = start(scheduler, *apps)
        blocker.gate.set()
        settled(batch)
        assert log.started == ["blocker", "once", "often"]


class TestCrowdedShare:
    def fetched(self, make: Callable[[int], Scheduler], log: Log, number: int, seconds: float) -> list[float]:
        """How long each of many unknown apps may take at two workers, in the order of their start."""
        scheduler, blockers = make(2), [FakeWatch("blocker", log, gate=True) for _ in range(2)]
        start(scheduler, *blockers)
        log.wait_for(2)
        apps = [FakeWatch(str(number), log) for number in range(number)]
        batch = start(scheduler, *apps, seconds=seconds)
        for blocker in blockers:
            blocker.gate.set()
        settled(batch)
        return [app.allowed for app in apps]

    def test_unknown_apps_get_five_times_their_even_share(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        allowed = self.fetched(make, log, 20, seconds=100)
        assert 45 < allowed[0] <= 50
        assert allowed[:18] == sorted(allowed[:18])

    def test_but_a_second_at_least(self, make: Callable[[int], Scheduler], log: Log) -> None:
        allowed = self.fetched(make, log, 200, seconds=10)
        assert 0.5 < allowed[0] <= 1

    def test_the_last_ones_take_their_time(self, make: Callable[[int], Scheduler], log: Log) -> None:
        assert self.fetched(make, log, 20, seconds=100)[-2:] == [1e9, 1e9]

    def test_healthy_apps_take_their_time(self, make: Callable[[int], Scheduler], log: Log) -> None:
        apps = [FakeWatch(str(number), log, healthy()) for number in range(20)]
        settled(start(make(2), *apps))
        assert {app.allowed for app in apps} == {1e9}


class TestShareOfSlowApps:
    def fetched(
        self, make: Callable[[int], Scheduler], log: Log, *apps: FakeWatch, seconds: float = 100
    ) -> list[float]:
        """How long each may take at eight workers, two of them for slow apps, in the order of their start."""
        scheduler, blockers = make(8), [FakeWatch("blocker", log, gate=True) for _ in range(8)]
        start(scheduler, *blockers)
        log.wait_for(8)
        batch = start(scheduler, *apps, seconds=seconds)
        for blocker in blockers:
            blocker.gate.set()
        settled(batch)
        return [app.allowed for app in apps]

    def test_one_bad_moment_leaves_an_even_share(self, make: Callable[[int], Scheduler], log: Log) -> None:
        once = [slow(str(number), log, strikes=1, age=100 - number) for number in range(20)]
        allowed = self.fetched(make, log, *once)
        assert 9 < allowed[0] <= 10
        assert allowed[-1] == 1e9

    def test_but_a_quarter_of_a_second_at_least(self, make: Callable[[int], Scheduler], log: Log) -> None:
        once = [slow(str(number), log, strikes=1, age=2000 - number) for number in range(1000)]
        assert 0.1 < self.fetched(make, log, *once, seconds=10)[0] <= 0.25

    def test_those_with_many_take_their_time_and_none_of_the_others(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        often = [slow(str(number), log, age=100 - number) for number in range(20)]
        once = [slow(f"once {number}", log, strikes=1) for number in range(2)]
        assert set(self.fetched(make, log, *often, *once)) == {1e9}
