from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gevent.event import Event
from helpers.fake_apps import (
    NOTHING,
    FakeExtras,
    FakeWatch,
    Log,
    found,
    healthy,
    settled,
    start,
)
from helpers.waiting import wait_until

from wx_domain_exporter.wechat.errors import ApiError, HttpError, Reason, TokenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wx_domain_exporter.scheduler.scheduler import Scheduler
    from wx_domain_exporter.tasks import Tasks
    from wx_domain_exporter.wechat.errors import FetchError


def with_errand(
    name: str, log: Log, *, gate: bool = False, strikes: int = 0, error: FetchError | None = None
) -> FakeWatch:
    """A healthy app of which more is due."""
    extras = FakeExtras(name, log, due=True, gate=gate, strikes=strikes)
    return FakeWatch(name, log, healthy(), extras=extras, error=error)


class TestWhen:
    def test_it_follows_its_flight_and_the_scrape_waits_for_it(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        app = with_errand("a", log, gate=True)
        batch = start(make(4), app)
        log.wait_for(2)
        assert log.started == ["a", "a's errand"]
        assert not batch.done.done()
        app.extra_calls.gate.set()
        settled(batch)
        assert batch.extra_results == [found("a's errand")]
        assert app.extra_calls.lists == [True]

    def test_there_is_none_where_nothing_is_due(self, make: Callable[[int], Scheduler], log: Log) -> None:
        batch = start(make(4), FakeWatch("a", log))
        settled(batch)
        assert log.started == ["a"]
        assert batch.extra_results == [NOTHING]

    @pytest.mark.parametrize(
        ("error", "lists"),
        [
            (ApiError("getwxadevinfo", 61007, ""), [False]),
            (HttpError("500"), []),
            (TokenError("no token"), []),
        ],
        ids=["errcode", "http", "token"],
    )
    def test_a_failure_leaves_one_only_if_it_is_an_errcode(
        self, make: Callable[[int], Scheduler], log: Log, error: FetchError, lists: list[bool]
    ) -> None:
        app = with_errand("a", log, error=error)
        settled(start(make(4), app))
        assert app.extra_calls.lists == lists

    def test_it_starts_when_no_flight_waits_any_more(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        apps = [with_errand(str(number), log) for number in range(20)]
        settled(start(make(1), *apps))
        assert log.started == [app.name for app in apps] + [app.extra_calls.name for app in apps]

    def test_one_that_nobody_waits_for_any_more_is_not_started(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        app = with_errand("a", log)
        app.gate = Event()
        batch = start(make(1), app, seconds=0.3)
        log.wait_for(1)
        batch.wait(0.3)
        app.gate.set()
        settled(batch)
        assert log.started == ["a"]
        assert batch.extra_results == [NOTHING]

    def test_one_whose_turn_comes_too_late_is_forgotten(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, app, blocker = make(1), with_errand("a", log), FakeWatch("blocker", log, gate=True)
        batch = start(scheduler, app, blocker, seconds=0.3)
        log.wait_for(2)
        batch.wait(0.3)
        blocker.gate.set()
        settled(batch)
        assert log.started == ["a", "blocker"]
        settled(start(scheduler, app))
        assert log.started[2:] == ["a", "a's errand"]


class TestPlaces:
    @pytest.mark.parametrize(("slots", "places"), [(1, 1), (2, 1), (5, 2), (8, 4)])
    def test_they_hold_half_of_the_workers_at_most(
        self, make: Callable[[int], Scheduler], log: Log, slots: int, places: int
    ) -> None:
        scheduler = make(slots)
        hanging = [with_errand(f"hanging {number}", log, gate=True) for number in range(10)]
        batch = start(scheduler, *hanging)
        log.wait_for(10 + places)
        if slots > 1:
            settled(start(scheduler, *(FakeWatch(f"other {number}", log) for number in range(50))))
        assert sum(name.endswith("errand") for name in log.started) == places
        for app in hanging:
            app.extra_calls.gate.set()
        settled(batch)
        assert sum(name.endswith("errand") for name in log.started) == 10
        assert log.peak <= slots

    def test_hanging_ones_cost_the_next_scrape_no_flight(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler = make(4)
        apps = [with_errand(str(number), log, gate=True) for number in range(10)]
        batches = []
        for scrape in range(1, 4):
            batches.append(start(scheduler, *apps))
            log.wait_for(10 * scrape + 2)
            wait_until(lambda: not scheduler._fetch_jobs.running, "the last flight lands")
        assert [result.reason for result in batches[-1].results] == [None] * 10
        assert batches[-1].extra_results == [NOTHING] * 10
        assert not any(batch.done.done() for batch in batches)
        for app in apps:
            app.extra_calls.gate.set()
        for batch in batches:
            settled(batch)

    def test_fewer_workers_than_before_still_take_flights(
        self, make: Callable[[int], Scheduler], log: Log, tasks: Tasks
    ) -> None:
        scheduler = make(8)
        hanging = [with_errand(f"hanging {number}", log, gate=True) for number in range(8)]
        first = start(scheduler, *hanging)
        log.wait_for(8 + 4)
        tasks.submit(scheduler.resize, 7).result()
        wait_until(lambda: scheduler._workers == 4, "those without work go")
        assert settled(start(scheduler, FakeWatch("a", log)))[0].reason is None
        for app in hanging:
            app.extra_calls.gate.set()
        settled(first)

    def test_those_that_hung_before_hold_a_quarter_of_these(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        hanging = [with_errand(f"hung {number}", log, gate=True, strikes=2) for number in range(5)]
        scheduler = make(8)
        first = start(scheduler, *hanging)
        log.wait_for(6)
        settled(start(scheduler, *(with_errand(str(number), log) for number in range(20))))
        assert sum(name.startswith("hung") and "errand" in name for name in log.started) == 1
        for app in hanging:
            app.extra_calls.gate.set()
        settled(first)


class TestShared:
    def test_scrapes_that_overlap_share_one_in_flight(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, app = make(4), with_errand("a", log, gate=True)
        first = start(scheduler, app)
        log.wait_for(2)
        second = start(scheduler, app)
        log.wait_for(3)
        wait_until(lambda: second._flights[0].result is not None, "the second flight lands")
        app.extra_calls.gate.set()
        settled(first)
        settled(second)
        assert log.started == ["a", "a's errand", "a"]
        assert first.extra_results[0] is second.extra_results[0]
        assert first.extra_results == [found("a's errand")]

    def test_one_that_waits_asks_for_what_the_last_flight_leaves(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, blocker = make(1), FakeWatch("blocker", log, gate=True)
        app = with_errand("a", log, error=ApiError("getwxadevinfo", 45009, ""))
        first = start(scheduler, app, blocker)
        log.wait_for(2)
        app.error = None
        second = start(scheduler, app)
        blocker.gate.set()
        settled(first)
        settled(second)
        assert log.started == ["a", "blocker", "a", "a's errand"]
        assert app.extra_calls.lists == [True]

    def test_an_outcome_that_is_shared_brings_what_belonged_to_it(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, app = make(4), with_errand("a", log)
        first = start(scheduler, app)
        settled(first)
        second = start(scheduler, app, min_interval=50)
        settled(second)
        assert second.extra_results[0] is first.extra_results[0]
        assert log.started == ["a", "a's errand"]

    def test_also_while_it_is_on_its_way(self, make: Callable[[int], Scheduler], log: Log) -> None:
        scheduler, app = make(4), with_errand("a", log, gate=True)
        first = start(scheduler, app)
        log.wait_for(2)
        second = start(scheduler, app, min_interval=50)
        assert not second.done.done()
        app.extra_calls.gate.set()
        settled(first)
        settled(second)
        assert second.extra_results[0] is first.extra_results[0]
        assert log.started == ["a", "a's errand"]

    def test_an_outcome_without_one_brings_nothing_of_the_one_before(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, app = make(4), with_errand("a", log)
        settled(start(scheduler, app))
        app.extra_calls.is_due = False
        settled(start(scheduler, app))
        last = start(scheduler, app, min_interval=50)
        settled(last)
        assert last.extra_results == [NOTHING]

    def test_what_nobody_had_the_time_for_is_made_up_for_by_the_next_scrape(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        scheduler, app = make(1), with_errand("a", log)
        app.gate = Event()
        short = start(scheduler, app, seconds=0.2)
        log.wait_for(1)
        short.wait(0.3)
        app.gate.set()
        settled(short)
        assert log.started == ["a"]
        for _ in range(2):
            long = start(scheduler, app, min_interval=50)
            settled(long)
            assert long.extra_results == [found("a's errand")]
        assert log.started == ["a", "a's errand"]


class TestTurns:
    def test_who_was_tried_longest_ago_comes_first_and_who_never_was_before_all(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        apps = [with_errand(name, log) for name in "abcd"]
        for app, tried in zip(apps, (30.0, None, 10.0, 20.0), strict=True):
            app.extra_calls.last_run = tried
        settled(start(make(1), *apps))
        assert [name[0] for name in log.started[4:]] == ["b", "c", "d", "a"]


class TestDeadline:
    def test_one_that_ends_too_late_brings_nothing_to_this_scrape(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        app = with_errand("a", log, gate=True)
        batch = start(make(4), app, seconds=0.3)
        log.wait_for(2)
        batch.wait(0.3)
        assert batch.results[0].reason is None
        assert batch.extra_results == [NOTHING]
        app.extra_calls.gate.set()
        settled(batch)
        assert batch.extra_results == [NOTHING]

    def test_an_app_without_an_outcome_shows_what_is_known(
        self, make: Callable[[int], Scheduler], log: Log
    ) -> None:
        app = with_errand("a", log)
        app.gate = Event()
        batch = start(make(4), app, seconds=0.1)
        batch.wait(0.1)
        assert batch.results[0].reason is Reason.DEADLINE
        assert batch.extra_results == [NOTHING]
        app.gate.set()
        settled(batch)
