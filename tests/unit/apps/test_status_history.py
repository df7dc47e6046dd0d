from __future__ import annotations

import sys

from wx_domain_exporter.apps.status_history import KEPT, FetchStatus, StatusHistory

NONE, OK, DRIFTED, FAILING = FetchStatus


def test_before_the_first_fetch_there_is_no_status() -> None:
    history = StatusHistory()
    assert history.statuses() == [NONE] * KEPT
    assert (history.last, history.failing_since) == (NONE, None)


def test_the_last_fetches_are_kept_the_oldest_first() -> None:
    history = StatusHistory()
    for number in range(KEPT + 1):
        history.note(FAILING if number == 0 else OK, number)
    history.note(DRIFTED, KEPT)
    assert history.statuses() == [OK] * (KEPT - 1) + [DRIFTED]
    assert history.statuses(2) == [OK, DRIFTED]
    assert history.last == DRIFTED


def test_a_failure_begins_with_the_first_failed_fetch_after_a_success() -> None:
    history = StatusHistory()
    since = []
    for time, status in enumerate([FAILING, OK, FAILING, FAILING, DRIFTED, FAILING]):
        history.note(status, time)
        since.append(history.failing_since)
    assert since == [0, None, 2, 2, None, 5]


def test_a_copy_is_independent() -> None:
    history = StatusHistory()
    history.note(FAILING, 1)
    copy = history.copy()
    history.note(OK, 2)
    assert (copy.last, copy.failing_since) == (FAILING, 1)


def test_it_takes_little_memory() -> None:
    history = StatusHistory()
    for number in range(2 * KEPT):
        history.note(FAILING, number)
    parts = (history, history._statuses, history.failing_since)
    assert sum(map(sys.getsizeof, parts)) <= 150
