from __future__ import annotations

import pytest
from helpers.clocks import StoppedClock

from wx_domain_exporter.http.desync import Desyncs


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(100.0)


@pytest.fixture
def desyncs(clock: StoppedClock) -> Desyncs:
    return Desyncs(clock)


def test_without_a_period_no_answer_is_doubted(desyncs: Desyncs) -> None:
    assert not desyncs.covers(100.0)


@pytest.mark.parametrize(
    ("received", "doubted"),
    [(89.9, False), (90.0, True), (95.0, True), (100.0, True), (100.1, False)],
)
def test_an_answer_is_doubted_from_the_begin_of_a_period_to_its_end(
    desyncs: Desyncs, received: float, *, doubted: bool
) -> None:
    desyncs.note(90.0)
    assert desyncs.covers(received) is doubted


@pytest.mark.parametrize(("received", "doubted"), [(15.0, True), (25.0, False), (35.0, True)])
def test_what_was_received_between_two_periods_is_not_doubted(
    desyncs: Desyncs, clock: StoppedClock, received: float, *, doubted: bool
) -> None:
    for since, until in ((10.0, 20.0), (30.0, 40.0)):
        clock.now = until
        desyncs.note(since)
    assert desyncs.covers(received) is doubted


def test_the_last_1000_periods_are_remembered(desyncs: Desyncs, clock: StoppedClock) -> None:
    for number in range(1000):
        clock.now = float(number)
        desyncs.note(clock.now)
    assert desyncs.covers(0.0)
    clock.now = 1000.0
    desyncs.note(clock.now)
    assert [desyncs.covers(received) for received in (0.0, 1.0, 1000.0)] == [False, True, True]


def test_those_who_listen_are_told_when_each_further_period_began(desyncs: Desyncs) -> None:
    first: list[float] = []
    second: list[float] = []
    desyncs.note(10.0)
    desyncs.listen(first.append)
    desyncs.note(20.0)
    desyncs.listen(second.append)
    desyncs.note(30.0)
    assert (first, second) == ([20.0, 30.0], [30.0])
