from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.fake_apps import LONG, FakeWatch, Log, healthy, result_of, settled, slow, start
from helpers.waiting import wait_until

from wx_domain_exporter.wechat.errors import FetchError, HttpError, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.clocks import Clock

    from wx_domain_exporter.scheduler.scheduler import Scheduler


class TestSingleFlight:
    def test_scrapes_that_overlap_share_one_fetch_an_app(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, app = make(4), FakeWatch("a", log, gate=True)
        first = start(scheduler, app)
        log.wait_for(1)
        second = start(scheduler, app)
        app.gate.set()
        assert settled(first)[0] is settled(second)[0]
        assert log.started == ["a"]

    def test_also_while_it_waits_for_a_worker(self, make: Callable[[int], Scheduler], log: Log) -> None:
        scheduler, blocker, app = make(1), FakeWatch("blocker", log, gate=True), FakeWatch("a", log)
        batches = [start(scheduler, blocker, app) for _ in range(3)]
        blocker.gate.set()
        for batch in batches:
            settled(batch)
        assert log.started == ["blocker", "a"]

    def test_a_scrape_after_the_fetch_fetches_again(self, make: Callable[[int], Scheduler], log: Log) -> None:
        scheduler, app = make(4), FakeWatch("a", log)
        first = settled(start(scheduler, app))
        assert settled(start(scheduler, app))[0] is not first[0]
        assert log.started == ["a", "a"]

    def test_who_waits_no_longer_ends_nothing(self, make: Callable[[int], Scheduler], log: Log) -> None:
        scheduler, app = make(1), FakeWatch("a", log, gate=True)
        impatient = start(scheduler, app, seconds=0.05)
        impatient.wait(0.05)
        assert impatient.results[0].reason is Reason.DEADLINE
        patient = start(scheduler, app)
        app.gate.set()
        assert settled(patient)[0].reason is None
        assert impatient.results[0].reason is Reason.DEADLINE
        assert log.started == ["a"]


class TestBatch:
    def test_one_without_apps_is_done_at_once(self, make: Callable[[int], Scheduler]) -> None:
        batch = start(make(1))
        assert batch.done.done()
        assert batch.results == []

    def test_outcomes_come_in_the_order_of_the_apps(self, make: Callable[[int], Scheduler], log: Log) -> None:
        apps = [FakeWatch(str(number), log) for number in range(20)]
        assert settled(start(make(3), *apps)) == [app.last_result for app in apps]

    def test_an_app_without_an_answer_fails_and_the_others_are_there(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        hanging, fine = FakeWatch("hanging", log, gate=True), FakeWatch("fine", log)
        batch = start(make(2), hanging, fine, seconds=0.2)
        wait_until(lambda: fine.last_result is not None and not batch.done.done(), "the fine one lands")
        missed, there = batch.results
        assert there.reason is None
        assert missed.reason is Reason.DEADLINE
        assert 0 < missed.seconds < LONG
        hanging.gate.set()
        settled(batch)

    def test_who_cancels_the_waiting_cancels_it_for_nobody(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        app = FakeWatch("a", log, gate=True)
        batch = start(make(1), app)
        assert not batch.done.cancel()
        app.gate.set()
        settled(batch)


class TestMinInterval:
    @pytest.mark.parametrize("error", [None, HttpError("HTTP status 500")], ids=["good", "failed"])
    def test_an_outcome_younger_than_that_is_shared(
        self, make: Callable[[int], Scheduler], log: Log, error: FetchError | None
    ) -> None:
        app = FakeWatch("a", log, result_of(error, age=40))
        shared = settled(start(make(1), app, min_interval=50))
        assert shared[0] is app.last_result
        assert log.started == []

    def test_an_older_one_is_not(self, make: Callable[[int], Scheduler], log: Log) -> None:
        app = FakeWatch("a", log, result_of(age=60))
        settled(start(make(1), app, min_interval=50))
        assert log.started == ["a"]

    def test_without_it_nothing_is_shared(self, make: Callable[[int], Scheduler], log: Log) -> None:
        app = FakeWatch("a", log, result_of())
        settled(start(make(1), app))
        assert log.started == ["a"]

    @pytest.mark.parametrize("min_interval", [0, 50])
    def test_a_clock_that_was_set_back_lets_no_outcome_live_on(
        self,
        make: Callable[[int], Scheduler],
        log: Log,
        clock: Clock,
        min_interval: float,
    ) -> None:
        scheduler, app = make(1), FakeWatch("a", log)
        settled(start(scheduler, app))
        clock.ahead = -3600
        settled(start(scheduler, app, min_interval=min_interval))
        assert log.started == ["a", "a"]


class TestDeadline:
    def test_the_last_deadline_of_all_who_wait_counts(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, blocker, app = make(1), FakeWatch("blocker", log, gate=True), FakeWatch("a", log)
        batch = start(scheduler, blocker, app)
        start(scheduler, app, seconds=-1)
        blocker.gate.set()
        assert settled(batch)[1].reason is None


class TestForgottenFlights:
    def test_a_flight_that_nobody_waits_for_is_dropped_without_a_fetch(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, blocker, app = make(1), FakeWatch("blocker", log, gate=True), FakeWatch("a", log)
        start(scheduler, blocker)
        log.wait_for(1)
        batch = start(scheduler, app, seconds=-1)
        blocker.gate.set()
        assert settled(batch)[0].reason is Reason.DEADLINE
        assert log.started == ["blocker"]
        assert settled(start(scheduler, app))[0].reason is None

    def test_a_slow_one_gives_its_place_to_the_next(self, make: Callable[[int], Scheduler], log: Log) -> None:
        scheduler, blocker = make(1), FakeWatch("blocker", log, gate=True)
        start(scheduler, blocker)
        log.wait_for(1)
        start(scheduler, *(slow("late", log) for _ in range(3)), seconds=-1)
        batch = start(scheduler, slow("wanted", log))
        blocker.gate.set()
        settled(batch)
        assert log.started == ["blocker", "wanted"]


class TestOneByOne:
    """Each app asked for by itself, as a probe does it, and not with all others in one scrape."""

    def test_hanging_apps_hold_a_quarter_of_the_workers_and_the_others_have_the_rest(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler = make(8)
        hanging = [slow(f"hanging {number}", log, gate=True) for number in range(20)]
        waiting = [start(scheduler, one) for one in hanging]
        log.wait_for(2)
        for number in range(20):
            settled(start(scheduler, FakeWatch(f"new {number}", log)))
            settled(start(scheduler, FakeWatch(f"known {number}", log, healthy())))
        assert sum(name.startswith("hanging") for name in log.started) == 2
        for one in hanging:
            one.gate.set()
        for batch in waiting:
            settled(batch)

    def test_a_hanging_app_holds_one_worker_however_often_it_is_probed(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, hanging = make(2), FakeWatch("hanging", log, gate=True)
        probes = [start(scheduler, hanging) for _ in range(10)]
        settled(start(scheduler, FakeWatch("other", log)))
        hanging.gate.set()
        assert len({id(settled(probe)[0]) for probe in probes}) == 1
        assert log.started == ["hanging", "other"]
