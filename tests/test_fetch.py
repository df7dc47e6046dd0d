from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

import pytest
from support import wait_until

from wx_domain_exporter.fetch import Batch, Fetcher, Flight
from wx_domain_exporter.watch import Outcome, Watch
from wx_domain_exporter.wechat.errors import CallTimeoutError, DeadlineError, FetchError, HttpError, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wx_domain_exporter.wechat.client import Budget

LONG = 30.0


class Log:
    """What was fetched, in its order, and how much of it at once."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self.started: list[str] = []
        self.running = 0
        self.peak = 0

    def begin(self, name: str) -> None:
        with self._change:
            self.started.append(name)
            self.running += 1
            self.peak = max(self.peak, self.running)
            self._change.notify_all()

    def end(self) -> None:
        with self._change:
            self.running -= 1
            self._change.notify_all()

    def wait_for(self, number: int) -> None:
        """Wait until that many fetches have begun."""
        with self._change:
            assert self._change.wait_for(lambda: len(self.started) >= number, LONG), self.started

    def wait_until_quiet(self) -> None:
        with self._change:
            assert self._change.wait_for(lambda: not self.running, LONG)


class FakeWatch(Watch):
    """An app whose fetch lasts until the test opens its gate."""

    def __init__(
        self, name: str, log: Log, last: Outcome | None = None, *, strikes: int = 0, gate: bool = False
    ) -> None:
        self.name = name
        self.log = log
        self.last = last
        self.strikes = strikes
        self.last_success = None
        self.api_errors = {}
        self.gate = threading.Event()
        self.allowed = math.nan
        if not gate:
            self.gate.set()

    def fetch(self, budget: Budget) -> Outcome:
        self.log.begin(self.name)
        self.allowed = budget.allow(1e9)
        assert self.gate.wait(LONG)
        self.last = outcome()
        self.strikes = 0
        self.log.end()
        return self.last

    def mixed_up(self, outcome: Outcome) -> Outcome:
        return outcome


def outcome(error: FetchError | None = None, *, age: float = 0.0) -> Outcome:
    return Outcome(None if error else {}, error, {}, 0.01, time.time() - age, None)


def healthy() -> Outcome:
    return outcome(age=60)


def slow(name: str, log: Log, *, strikes: int = 2, age: float = 60, gate: bool = False) -> FakeWatch:
    last = outcome(CallTimeoutError("no whole answer in time"), age=age)
    return FakeWatch(name, log, last, strikes=strikes, gate=gate)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def make() -> Iterator[Callable[[int], Fetcher]]:
    """Make fetchers; afterwards no thread of theirs is left."""
    before = set(threading.enumerate())
    made: list[Fetcher] = []

    def make(slots: int) -> Fetcher:
        made.append(Fetcher(slots))
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(LONG)
        assert not thread.is_alive()


def start(fetcher: Fetcher, *watches: Watch, seconds: float = LONG, min_interval: float = 0) -> Batch:
    return fetcher.start(watches, time.monotonic() + seconds, min_interval)


def settled(batch: Batch) -> list[Outcome]:
    batch.wait(LONG)
    assert batch.done.done()
    return batch.outcomes


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
        monkeypatch: pytest.MonkeyPatch,
        min_interval: float,
    ) -> None:
        fetcher, watch = make(1), FakeWatch("a", log)
        settled(start(fetcher, watch))
        hour_ago = time.time() - 3600
        monkeypatch.setattr(time, "time", lambda: hour_ago)
        settled(start(fetcher, watch, min_interval=min_interval))
        assert log.started == ["a", "a"]


class TestLanes:
    def test_healthy_apps_start_before_unknown_and_slow_ones_last(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        fetcher, blocker = make(1), FakeWatch("blocker", log, gate=True)
        start(fetcher, blocker)
        log.wait_for(1)
        batch = start(
            fetcher,
            slow("slow", log),
            FakeWatch("unknown", log),
            FakeWatch("failed", log, outcome(HttpError("500"), age=60)),
            FakeWatch("healthy", log, healthy()),
        )
        blocker.gate.set()
        settled(batch)
        assert log.started == ["blocker", "failed", "healthy", "unknown", "slow"]

    @pytest.mark.parametrize(("slots", "share"), [(1, 1), (4, 1), (8, 2), (12, 3)])
    def test_slow_apps_hold_a_quarter_of_the_workers_at_most(
        self, make: Callable[[int], Fetcher], log: Log, slots: int, share: int
    ) -> None:
        fetcher = make(slots)
        hanging = [slow(f"slow {number}", log, gate=True) for number in range(slots + 1)]
        batch = start(fetcher, *hanging)
        log.wait_for(share)
        if slots > share:
            settled(start(fetcher, *(FakeWatch(f"healthy {number}", log, healthy()) for number in range(50))))
        assert sum(name.startswith("slow") for name in log.started) == share
        for watch in hanging:
            watch.gate.set()
        settled(batch)
        assert len([name for name in log.started if name.startswith("slow")]) == slots + 1
        assert log.peak <= slots

    def test_of_the_slow_ones_that_goes_first_which_was_tried_longest_ago(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        fetcher, blocker = make(1), FakeWatch("blocker", log, gate=True)
        start(fetcher, blocker)
        log.wait_for(1)
        start(fetcher, slow("30", log, age=30), slow("90", log, age=90))
        batch = start(fetcher, slow("60", log, age=60), slow("120", log, age=120))
        blocker.gate.set()
        settled(batch)
        wait_until(lambda: len(log.started) == 5, "all are fetched")
        assert log.started == ["blocker", "120", "90", "60", "30"]

    def test_one_bad_moment_goes_before_many(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher, blocker = make(1), FakeWatch("blocker", log, gate=True)
        start(fetcher, blocker)
        log.wait_for(1)
        watches = [slow("often", log, age=90), slow("once", log, strikes=1, age=30)]
        batch = start(fetcher, *watches)
        blocker.gate.set()
        settled(batch)
        assert log.started == ["blocker", "once", "often"]


class TestCrowdedShare:
    def fetched(self, make: Callable[[int], Fetcher], log: Log, number: int, seconds: float) -> list[float]:
        """How long each of many unknown apps may take at two workers, in the order of their start."""
        fetcher, blockers = make(2), [FakeWatch("blocker", log, gate=True) for _ in range(2)]
        start(fetcher, *blockers)
        log.wait_for(2)
        watches = [FakeWatch(str(number), log) for number in range(number)]
        batch = start(fetcher, *watches, seconds=seconds)
        for blocker in blockers:
            blocker.gate.set()
        settled(batch)
        return [watch.allowed for watch in watches]

    def test_unknown_apps_get_five_times_their_even_share(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        allowed = self.fetched(make, log, 20, seconds=100)
        assert 45 < allowed[0] <= 50
        assert allowed[:18] == sorted(allowed[:18])

    def test_but_a_second_at_least(self, make: Callable[[int], Fetcher], log: Log) -> None:
        allowed = self.fetched(make, log, 200, seconds=10)
        assert 0.5 < allowed[0] <= 1

    def test_the_last_ones_take_their_time(self, make: Callable[[int], Fetcher], log: Log) -> None:
        assert self.fetched(make, log, 20, seconds=100)[-2:] == [1e9, 1e9]

    def test_healthy_apps_take_their_time(self, make: Callable[[int], Fetcher], log: Log) -> None:
        watches = [FakeWatch(str(number), log, healthy()) for number in range(20)]
        settled(start(make(2), *watches))
        assert {watch.allowed for watch in watches} == {1e9}


class TestShareOfSlowApps:
    def fetched(
        self, make: Callable[[int], Fetcher], log: Log, *watches: FakeWatch, seconds: float = 100
    ) -> list[float]:
        """How long each may take at eight workers, two of them for slow apps, in the order of their start."""
        fetcher, blockers = make(8), [FakeWatch("blocker", log, gate=True) for _ in range(8)]
        start(fetcher, *blockers)
        log.wait_for(8)
        batch = start(fetcher, *watches, seconds=seconds)
        for blocker in blockers:
            blocker.gate.set()
        settled(batch)
        return [watch.allowed for watch in watches]

    def test_one_bad_moment_leaves_an_even_share(self, make: Callable[[int], Fetcher], log: Log) -> None:
        once = [slow(str(number), log, strikes=1, age=100 - number) for number in range(20)]
        allowed = self.fetched(make, log, *once)
        assert 9 < allowed[0] <= 10
        assert allowed[-1] == 1e9

    def test_but_a_quarter_of_a_second_at_least(self, make: Callable[[int], Fetcher], log: Log) -> None:
        once = [slow(str(number), log, strikes=1, age=2000 - number) for number in range(1000)]
        assert 0.1 < self.fetched(make, log, *once, seconds=10)[0] <= 0.25

    def test_those_with_many_take_their_time_and_none_of_the_others(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        often = [slow(str(number), log, age=100 - number) for number in range(20)]
        once = [slow(f"once {number}", log, strikes=1) for number in range(2)]
        assert set(self.fetched(make, log, *often, *once)) == {1e9}


class TestBudget:
    @pytest.fixture
    def flight(self, log: Log) -> Flight:
        flight = Flight(FakeWatch("a", log))
        flight.wanted_until = time.monotonic() + 10
        return flight

    def test_a_call_that_begins_in_time_ends_by_its_own_timeout(self, flight: Flight) -> None:
        assert flight.allow(60) == 60
        assert 9 < flight.spare() <= 10

    def test_a_share_cuts_a_call_short(self, flight: Flight) -> None:
        flight.stop_at = time.monotonic() + 5
        assert 4 < flight.allow(60) <= 5
        assert flight.allow(0.5) == 0.5
        assert 4 < flight.spare() <= 5

    @pytest.mark.parametrize("limit", ["wanted_until", "stop_at"])
    def test_no_call_begins_after_the_time_is_over(self, flight: Flight, limit: str) -> None:
        setattr(flight, limit, time.monotonic())
        with pytest.raises(DeadlineError):
            flight.allow(60)
        assert flight.spare() <= 0

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


def workers() -> int:
    return sum(thread.name.startswith("fetch-") for thread in threading.enumerate())


class TestWorkers:
    def test_never_more_than_there_are_slots(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher = make(4)
        watches = [FakeWatch(str(number), log, gate=True) for number in range(40)]
        batches = [start(fetcher, *watches[begin : begin + 8]) for begin in range(0, 40, 4)]
        log.wait_for(4)
        assert workers() == 4
        for watch in watches:
            watch.gate.set()
        for batch in batches:
            settled(batch)
        assert log.peak == 4
        assert sorted(log.started) == sorted(watch.name for watch in watches)
        assert workers() == 4

    def test_no_more_than_there_is_work(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher = make(16)
        settled(start(fetcher, FakeWatch("a", log), FakeWatch("b", log)))
        assert workers() <= 2

    def test_more_slots_make_room_for_more(self, make: Callable[[int], Fetcher], log: Log) -> None:
        fetcher = make(1)
        watches = [FakeWatch(str(number), log, gate=True) for number in range(3)]
        first = start(fetcher, watches[0])
        log.wait_for(1)
        fetcher.resize(3)
        second = start(fetcher, *watches[1:])
        log.wait_for(3)
        assert log.peak == 3
        for watch in watches:
            watch.gate.set()
        settled(first)
        settled(second)

    def test_fewer_slots_let_the_idle_and_the_busy_workers_go(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        fetcher = make(4)
        watches = [FakeWatch(str(number), log, gate=True) for number in range(4)]
        batch = start(fetcher, *watches)
        log.wait_for(4)
        watches[0].gate.set()
        fetcher.resize(1)
        for watch in watches:
            watch.gate.set()
        settled(batch)
        wait_until(lambda: workers() == 1, "three workers go")
        log.peak = 0
        settled(start(fetcher, *(FakeWatch(str(number), log) for number in range(10))))
        assert log.peak == 1

    def test_after_the_end_none_begins_and_those_in_the_air_land(
        self, make: Callable[[int], Fetcher], log: Log
    ) -> None:
        fetcher, flying, waiting = make(1), FakeWatch("flying", log, gate=True), FakeWatch("waiting", log)
        batch = start(fetcher, flying)
        log.wait_for(1)
        late = start(fetcher, waiting)
        fetcher.close()
        flying.gate.set()
        assert settled(batch)[0].reason is None
        wait_until(lambda: workers() == 0, "the worker goes")
        assert log.started == ["flying"]
        assert not late.done.done()
        start(fetcher, FakeWatch("too late", log))
        wait_until(lambda: workers() == 0, "no worker stays")
        assert log.started == ["flying"]
