from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fake_watches import LONG, FakeWatch, Log, healthy, outcome, settled, slow, start
from support import wait_until

from wx_domain_exporter.wechat.errors import FetchError, HttpError, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from clocks import Clock

    from wx_domain_exporter.fetch.fetcher import Fetcher


class TestSingleFlight:
    def test_scrapes_that_overlap_share_one_fetch_an_app(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        fetcher, watch = make(4), FakeWatch("a", log, gate=True)
        first = start(fetcher, watch)
        log.wait_for(1)
        second = start(fetcher, watch)
        watch.gate.set()
        assert settled(first)[0] is settled(second)[0]
        assert log.started == ["a"]

    def test_also_while_it_waits_for_a_worker(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher, blocker, watch = make(1), FakeWatch("blocker", log, gate=True), FakeWatch("a", log)
        batches = [start(fetcher, blocker, watch) for _ in range(3)]
        blocker.gate.set()
        for batch in batches:
            settled(batch)
        assert log.started == ["blocker", "a"]

    def test_a_scrape_after_the_fetch_fetches_again(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher, watch = make(4), FakeWatch("a", log)
        first = settled(start(fetcher, watch))
        assert settled(start(fetcher, watch))[0] is not first[0]
        assert log.started == ["a", "a"]

    def test_who_waits_no_longer_ends_nothing(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher, watch = make(1), FakeWatch("a", log, gate=True)
        impatient = start(fetcher, watch, seconds=0.05)
        impatient.wait(0.05)
        assert impatient.outcomes[0].reason is Reason.DEADLINE
        patient = start(fetcher, watch)
        watch.gate.set()
        assert settled(patient)[0].reason is None
        assert impatient.outcomes[0].reason is Reason.DEADLINE
        assert log.started == ["a"]


class TestBatch:
    def test_one_without_apps_is_done_at_once(self, make: Callable[[int], Fetcher]) -> None:
        batch = start(make(1))
        assert batch.done.done()
        assert batch.outcomes == []

    def test_outcomes_come_in_the_order_of_the_apps(self, make: Callable[[int], Fetcher], log: Log) -> None:
        watches = [FakeWatch(str(number), log) for number in range(20)]
        assert settled(start(make(3), *watches)) == [watch.last for watch in watches]

    def test_an_app_without_an_answer_fails_and_the_others_are_there(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        hanging, fine = FakeWatch("hanging", log, gate=True), FakeWatch("fine", log)
        batch = start(make(2), hanging, fine, seconds=0.2)
        wait_until(lambda: fine.last is not None and not batch.done.done(), "the fine one lands")
        missed, there = batch.outcomes
        assert there.reason is None
        assert missed.reason is Reason.DEADLINE
        assert 0 < missed.seconds < LONG
        hanging.gate.set()
        settled(batch)

    def test_who_cancels_the_waiting_cancels_it_for_nobody(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        watch = FakeWatch("a", log, gate=True)
        batch = start(make(1), watch)
        assert not batch.done.cancel()
        watch.gate.set()
        settled(batch)


class TestMinInterval:
    @pytest.mark.parametrize("error", [None, HttpError("HTTP status 500")], ids=["good", "failed"])
    def test_an_outcome_younger_than_that_is_shared(
        self, make: Callable[[int], Fetcher], log: Log, error: FetchError | None
    ) -> None:
        watch = FakeWatch("a", log, outcome(error, age=40))
        shared = settled(start(make(1), watch, min_interval=50))
        assert shared[0] is watch.last
        assert log.started == []

    def test_an_older_one_is_not(self, make: Callable[[int], Fetcher], log: Log) -> None:
        watch = FakeWatch("a", log, outcome(age=60))
        settled(start(make(1), watch, min_interval=50))
        assert log.started == ["a"]

    def test_without_it_nothing_is_shared(self, make: Callable[[int], Fetcher], log: Log) -> None:
        watch = FakeWatch("a", log, outcome())
        settled(start(make(1), watch))
        assert log.started == ["a"]

    @pytest.mark.parametrize("min_interval", [0, 50])
    def test_a_clock_that_was_set_back_lets_no_outcome_live_on(
        self,
        make: Callable[[int], Fetcher],
        log: Log,
        clock: Clock,
        min_interval: float,
    ) -> None:
        fetcher, watch = make(1), FakeWatch("a", log)
        settled(start(fetcher, watch))
        clock.ahead = -3600
        settled(start(fetcher, watch, min_interval=min_interval))
        assert log.started == ["a", "a"]


class TestDeadline:
    def test_the_last_deadline_of_all_who_wait_counts(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher, blocker, watch = make(1), FakeWatch("blocker", log, gate=True), FakeWatch("a", log)
        batch = start(fetcher, blocker, watch)
        start(fetcher, watch, seconds=-1)
        blocker.gate.set()
        assert settled(batch)[1].reason is None


class TestForgottenFlights:
    def test_a_flight_that_nobody_waits_for_is_dropped_without_a_fetch(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        fetcher, blocker, watch = make(1), FakeWatch("blocker", log, gate=True), FakeWatch("a", log)
        start(fetcher, blocker)
        log.wait_for(1)
        batch = start(fetcher, watch, seconds=-1)
        blocker.gate.set()
        assert settled(batch)[0].reason is Reason.DEADLINE
        assert log.started == ["blocker"]
        assert settled(start(fetcher, watch))[0].reason is None

    def test_a_slow_one_gives_its_place_to_the_next(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher, blocker = make(1), FakeWatch("blocker", log, gate=True)
        start(fetcher, blocker)
        log.wait_for(1)
        start(fetcher, *(slow("late", log) for _ in range(3)), seconds=-1)
        batch = start(fetcher, slow("wanted", log))
        blocker.gate.set()
        settled(batch)
        assert log.started == ["blocker", "wanted"]


class TestOneByOne:
    """Each app asked for by itself, as a probe does it, and not with all others in one scrape."""

    def test_hanging_apps_hold_a_quarter_of_the_workers_and_the_others_have_the_rest(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        fetcher = make(8)
        hanging = [slow(f"hanging {number}", log, gate=True) for number in range(20)]
        waiting = [start(fetcher, one) for one in hanging]
        log.wait_for(2)
        for number in range(20):
            settled(start(fetcher, FakeWatch(f"new {number}", log)))
            settled(start(fetcher, FakeWatch(f"known {number}", log, healthy())))
        assert sum(name.startswith("hanging") for name in log.started) == 2
        for one in hanging:
            one.gate.set()
        for batch in waiting:
            settled(batch)

    def test_a_hanging_app_holds_one_worker_however_often_it_is_probed(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        fetcher, hanging = make(2), FakeWatch("hanging", log, gate=True)
        probes = [start(fetcher, hanging) for _ in range(10)]
        settled(start(fetcher, FakeWatch("other", log)))
        hanging.gate.set()
        assert len({id(settled(probe)[0]) for probe in probes}) == 1
        assert log.started == ["hanging", "other"]
