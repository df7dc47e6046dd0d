from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gevent.event import Event
from helpers.fake_apps import (
    LONG,
    FakeApp,
    FakeExtraCalls,
    JobLog,
    extra_result_of,
    result_of,
    start,
    wait_for_results,
)
from helpers.waiting import wait_until

from wx_domain_exporter.apps.results import NO_EXTRA_RESULT
from wx_domain_exporter.wechat.errors import ApiError, HttpError, Reason, TokenError

if TYPE_CHECKING:
    from helpers.clocks import Clock
    from helpers.fake_apps import MakeScheduler

    from wx_domain_exporter.tasks import Tasks
    from wx_domain_exporter.wechat.errors import FetchError


def app_with_extra_calls(
    name: str,
    log: JobLog,
    *,
    gate: bool = False,
    consecutive_timeouts: int = 0,
    error: FetchError | None = None,
) -> FakeApp:
    """A healthy app whose extra calls are due."""
    extra_calls = FakeExtraCalls(name, log, due=True, gate=gate, consecutive_timeouts=consecutive_timeouts)
    return FakeApp(name, log, result_of(age=60), extra_calls=extra_calls, error=error)


class ExtraCallsThatNeedLists(FakeExtraCalls):
    """Extra calls that are due only if the app's lists are known."""

    def due(self, *, lists: bool) -> bool:
        return lists


class TestStart:
    def test_it_follows_the_fetch_and_the_scrape_waits_for_it(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        app = app_with_extra_calls("a", log, gate=True)
        scrape = start(make_scheduler(4), app)
        log.wait_for(2)
        assert log.started == ["a", "a's extra calls"]
        assert not scrape.done.done()
        app.extra_calls.gate.set()
        wait_for_results(scrape)
        assert scrape.extra_results == [extra_result_of("a's extra calls")]
        assert app.extra_calls.lists == [True]

    def test_there_is_none_if_no_call_is_due(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        scrape = start(make_scheduler(4), FakeApp("a", log))
        wait_for_results(scrape)
        assert log.started == ["a"]
        assert scrape.extra_results == [NO_EXTRA_RESULT]

    @pytest.mark.parametrize(
        ("error", "lists"),
        [
            (ApiError("getwxadevinfo", 61007, ""), [False]),
            (HttpError("500"), []),
            (TokenError("no token"), []),
        ],
        ids=["errcode", "http", "token"],
    )
    def test_after_a_failure_there_is_one_only_if_wechat_answered_with_an_errcode(
        self, make_scheduler: MakeScheduler, log: JobLog, error: FetchError, lists: list[bool]
    ) -> None:
        app = app_with_extra_calls("a", log, error=error)
        wait_for_results(start(make_scheduler(4), app))
        assert app.extra_calls.lists == lists

    @pytest.mark.parametrize(
        ("error", "started"),
        [(None, ["a", "a's extra calls"]), (ApiError("getwxadevinfo", 61007, ""), ["a"])],
        ids=["with lists", "without lists"],
    )
    def test_calls_that_need_the_lists_are_due_only_after_a_fetch_that_got_them(
        self, make_scheduler: MakeScheduler, log: JobLog, error: FetchError | None, started: list[str]
    ) -> None:
        app = FakeApp("a", log, extra_calls=ExtraCallsThatNeedLists("a", log), error=error)
        wait_for_results(start(make_scheduler(4), app))
        assert log.started == started

    def test_it_starts_when_no_fetch_waits_any_more(self, make_scheduler: MakeScheduler, log: JobLog) -> None:
        apps = [app_with_extra_calls(str(number), log) for number in range(20)]
        wait_for_results(start(make_scheduler(1), *apps))
        assert log.started == [app.name for app in apps] + [app.extra_calls.name for app in apps]

    def test_it_does_not_start_after_the_deadline(
        self, make_scheduler: MakeScheduler, log: JobLog, clock: Clock
    ) -> None:
        app = app_with_extra_calls("a", log)
        app.gate = Event()
        scrape = start(make_scheduler(1), app, clock=clock)
        log.wait_for(1)
        clock.ahead = LONG + 1
        app.gate.set()
        wait_for_results(scrape)
        assert log.started == ["a"]
        assert scrape.extra_results == [NO_EXTRA_RESULT]

    def test_one_that_could_not_start_in_time_is_dropped(
        self, make_scheduler: MakeScheduler, log: JobLog, clock: Clock
    ) -> None:
        scheduler, app, blocker = (
            make_scheduler(1),
            app_with_extra_calls("a", log),
            FakeApp("blocker", log, gate=True),
        )
        scrape = start(scheduler, app, blocker, clock=clock)
        log.wait_for(2)
        clock.ahead = LONG + 1
        blocker.gate.set()
        wait_for_results(scrape)
        assert log.started == ["a", "blocker"]
        wait_for_results(start(scheduler, app))
        assert log.started[2:] == ["a", "a's extra calls"]


class TestSlots:
    @pytest.mark.parametrize(("slots", "extra_slots"), [(1, 1), (2, 1), (5, 2), (8, 4)])
    def test_they_take_at_most_half_of_the_workers(
        self, make_scheduler: MakeScheduler, log: JobLog, slots: int, extra_slots: int
    ) -> None:
        scheduler = make_scheduler(slots)
        hanging = [app_with_extra_calls(f"hanging {number}", log, gate=True) for number in range(10)]
        scrape = start(scheduler, *hanging)
        log.wait_for(10 + extra_slots)
        if slots > 1:
            wait_for_results(start(scheduler, *(FakeApp(f"other {number}", log) for number in range(50))))
        assert sum(name.endswith("extra calls") for name in log.started) == extra_slots
        for app in hanging:
            app.extra_calls.gate.set()
        wait_for_results(scrape)
        assert sum(name.endswith("extra calls") for name in log.started) == 10
        assert log.peak <= slots

    def test_hanging_ones_do_not_delay_the_fetches_of_the_next_scrape(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler = make_scheduler(4)
        apps = [app_with_extra_calls(str(number), log, gate=True) for number in range(10)]
        scrapes = []
        for number in range(1, 4):
            scrapes.append(start(scheduler, *apps))
            log.wait_for(10 * number + 2)
            wait_until(lambda: not scheduler._fetch_jobs.running, "the last fetch ends")
        assert [result.reason for result in scrapes[-1].results] == [None] * 10
        assert scrapes[-1].extra_results == [NO_EXTRA_RESULT] * 10
        assert not any(scrape.done.done() for scrape in scrapes)
        for app in apps:
            app.extra_calls.gate.set()
        for scrape in scrapes:
            wait_for_results(scrape)

    def test_after_a_resize_to_fewer_workers_fetches_still_start(
        self, make_scheduler: MakeScheduler, log: JobLog, tasks: Tasks
    ) -> None:
        scheduler = make_scheduler(8)
        hanging = [app_with_extra_calls(f"hanging {number}", log, gate=True) for number in range(8)]
        first = start(scheduler, *hanging)
        log.wait_for(8 + 4)
        tasks.submit(scheduler.resize, 7).result()
        wait_until(lambda: scheduler._worker_count == 4, "workers without a job end")
        assert wait_for_results(start(scheduler, FakeApp("a", log)))[0].reason is None
        for app in hanging:
            app.extra_calls.gate.set()
        wait_for_results(first)

    def test_those_that_timed_out_before_take_at_most_a_quarter_of_these(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        hanging = [
            app_with_extra_calls(f"hung {number}", log, gate=True, consecutive_timeouts=2)
            for number in range(5)
        ]
        scheduler = make_scheduler(8)
        first = start(scheduler, *hanging)
        log.wait_for(6)
        wait_for_results(start(scheduler, *(app_with_extra_calls(str(number), log) for number in range(20))))
        assert sum(name.startswith("hung") and "extra calls" in name for name in log.started) == 1
        for app in hanging:
            app.extra_calls.gate.set()
        wait_for_results(first)


class TestShared:
    def test_overlapping_scrapes_share_a_running_one(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, app = make_scheduler(4), app_with_extra_calls("a", log, gate=True)
        first = start(scheduler, app)
        log.wait_for(2)
        second = start(scheduler, app)
        log.wait_for(3)
        wait_until(lambda: second._fetch_jobs[0].result is not None, "the second fetch ends")
        app.extra_calls.gate.set()
        wait_for_results(first)
        wait_for_results(second)
        assert log.started == ["a", "a's extra calls", "a"]
        assert first.extra_results[0] is second.extra_results[0]
        assert first.extra_results == [extra_result_of("a's extra calls")]

    @pytest.mark.parametrize(
        ("before", "after"),
        [(ApiError("getwxadevinfo", 45009, ""), None), (None, ApiError("getwxadevinfo", 45009, ""))],
        ids=["the second one succeeds", "the second one fails"],
    )
    def test_one_that_waits_has_the_lists_of_the_last_fetch_that_succeeded(
        self,
        make_scheduler: MakeScheduler,
        log: JobLog,
        before: FetchError | None,
        after: FetchError | None,
    ) -> None:
        scheduler, blocker = make_scheduler(1), FakeApp("blocker", log, gate=True)
        app = app_with_extra_calls("a", log, error=before)
        first = start(scheduler, app, blocker)
        log.wait_for(2)
        app.error = after
        second = start(scheduler, app)
        blocker.gate.set()
        wait_for_results(first)
        wait_for_results(second)
        assert log.started == ["a", "blocker", "a", "a's extra calls"]
        assert app.extra_calls.lists == [True]

    def test_a_shared_result_comes_with_its_extra_result(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, app = make_scheduler(4), app_with_extra_calls("a", log)
        first = start(scheduler, app)
        wait_for_results(first)
        second = start(scheduler, app, min_interval=50)
        wait_for_results(second)
        assert second.extra_results[0] is first.extra_results[0]
        assert log.started == ["a", "a's extra calls"]

    def test_a_shared_result_waits_for_its_running_extra_job(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, app = make_scheduler(4), app_with_extra_calls("a", log, gate=True)
        first = start(scheduler, app)
        log.wait_for(2)
        second = start(scheduler, app, min_interval=50)
        assert not second.done.done()
        app.extra_calls.gate.set()
        wait_for_results(first)
        wait_for_results(second)
        assert second.extra_results[0] is first.extra_results[0]
        assert log.started == ["a", "a's extra calls"]

    def test_a_result_without_extra_calls_does_not_show_the_previous_extra_result(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, app = make_scheduler(4), app_with_extra_calls("a", log)
        wait_for_results(start(scheduler, app))
        app.extra_calls.is_due = False
        wait_for_results(start(scheduler, app))
        last = start(scheduler, app, min_interval=50)
        wait_for_results(last)
        assert last.extra_results == [NO_EXTRA_RESULT]

    def test_a_shared_result_starts_no_calls_that_became_due_after_its_fetch(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        scheduler, app = make_scheduler(4), FakeApp("a", log)
        wait_for_results(start(scheduler, app))
        app.extra_calls.is_due = True
        wait_for_results(start(scheduler, app, min_interval=500))
        assert log.started == ["a"]

    def test_the_next_scrape_makes_the_calls_that_the_deadline_left_undone(
        self, make_scheduler: MakeScheduler, log: JobLog, clock: Clock
    ) -> None:
        scheduler, app = make_scheduler(1), app_with_extra_calls("a", log)
        app.gate = Event()
        short = start(scheduler, app, clock=clock)
        log.wait_for(1)
        clock.ahead = LONG + 1
        app.gate.set()
        wait_for_results(short)
        assert log.started == ["a"]
        for _ in range(2):
            long = start(scheduler, app, min_interval=500)
            wait_for_results(long)
            assert long.extra_results == [extra_result_of("a's extra calls")]
        assert log.started == ["a", "a's extra calls"]


class TestOrder:
    def test_apps_start_in_the_order_of_their_last_runs_and_new_ones_first(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        apps = [app_with_extra_calls(name, log) for name in "abcd"]
        for app, last_run in zip(apps, (30.0, None, 10.0, 20.0), strict=True):
            app.extra_calls.last_run = last_run
        wait_for_results(start(make_scheduler(1), *apps))
        assert [name[0] for name in log.started[4:]] == ["b", "c", "d", "a"]


class TestDeadline:
    def test_one_that_ends_after_the_deadline_does_not_change_this_scrape(
        self, make_scheduler: MakeScheduler, log: JobLog, clock: Clock
    ) -> None:
        app = app_with_extra_calls("a", log, gate=True)
        scrape = start(make_scheduler(4), app, clock=clock)
        log.wait_for(2)
        clock.ahead = LONG + 1
        assert scrape.results[0].reason is None
        assert scrape.extra_results == [NO_EXTRA_RESULT]
        app.extra_calls.gate.set()
        wait_for_results(scrape)
        assert scrape.extra_results == [NO_EXTRA_RESULT]

    def test_an_app_without_a_result_shows_what_is_known(
        self, make_scheduler: MakeScheduler, log: JobLog
    ) -> None:
        app = app_with_extra_calls("a", log)
        app.gate = Event()
        scrape = start(make_scheduler(4), app, seconds=0.1)
        scrape.wait(0.1)
        assert scrape.results[0].reason is Reason.DEADLINE
        assert scrape.extra_results == [NO_EXTRA_RESULT]
        app.gate.set()
        wait_for_results(scrape)


def test_a_slow_fetch_that_ends_starts_the_next_slow_one_and_its_extra_calls(
    make_scheduler: MakeScheduler, log: JobLog
) -> None:
    extra_calls = FakeExtraCalls("first", log, due=True, gate=True)
    first = FakeApp(
        "first", log, result_of(age=60), consecutive_timeouts=2, gate=True, extra_calls=extra_calls
    )
    second = FakeApp("second", log, result_of(age=30), consecutive_timeouts=2, gate=True)
    scrape = start(make_scheduler(4), first, second)  # one slow fetch at a time
    log.wait_for(1)
    assert log.started == ["first"]
    first.gate.set()
    log.wait_for(3)
    assert set(log.started[1:]) == {"second", "first's extra calls"}
    extra_calls.gate.set()
    second.gate.set()
    wait_for_results(scrape)
