from __future__ import annotations

import pytest
from helpers.clocks import StoppedClock

from wx_domain_exporter.deadline import NO_DEADLINE, Deadline, SharedDeadline


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def deadline(clock: StoppedClock) -> SharedDeadline:
    return SharedDeadline(Deadline.after(10, clock))


def test_a_deadline_comes_nearer(clock: StoppedClock) -> None:
    deadline = Deadline.after(10, clock)
    clock.now += 4
    assert deadline.remaining() == 6
    clock.now += 7
    assert deadline.remaining() == -1


def test_the_latest_of_all_who_wait_counts(clock: StoppedClock, deadline: SharedDeadline) -> None:
    for seconds in (5, 30, 20):
        deadline.extend(Deadline.after(seconds, clock))
    assert deadline.remaining() == 30


def test_without_anybody_who_waits_no_call_begins() -> None:
    assert SharedDeadline().call_timeout(60) <= 0


def test_a_call_that_begins_in_time_ends_by_its_own_timeout(deadline: SharedDeadline) -> None:
    assert deadline.call_timeout(60) == 60


def test_a_call_may_begin_until_the_very_end(clock: StoppedClock, deadline: SharedDeadline) -> None:
    clock.now += 9.5
    assert deadline.call_timeout(60) == 60


def test_a_limit_cuts_a_call_short_whoever_joins(clock: StoppedClock, deadline: SharedDeadline) -> None:
    deadline.limit(5)
    deadline.extend(Deadline.after(30, clock))
    assert (deadline.call_timeout(60), deadline.call_timeout(0.5)) == (5, 0.5)
    assert deadline.remaining() == 5


@pytest.mark.parametrize("limit", [None, 5])
def test_no_call_begins_after_it_is_over(
    clock: StoppedClock, deadline: SharedDeadline, limit: float | None
) -> None:
    if limit is not None:
        deadline.limit(limit)
    clock.now += limit or 10
    assert deadline.call_timeout(60) <= 0
    assert deadline.remaining() <= 0


def test_one_without_an_end_is_over_when_it_is_cancelled() -> None:
    deadline = SharedDeadline(NO_DEADLINE)
    assert deadline.call_timeout(60) == 60
    deadline.cancel()
    assert deadline.call_timeout(60) <= 0
    assert deadline.remaining() <= 0
