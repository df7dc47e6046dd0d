from __future__ import annotations

from functools import partial

import pytest
from helpers.clocks import Clock

from wx_domain_exporter.apps.token_usage import TokenUsage

A, B, C = (f"wx{number:016x}" for number in range(3))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _nobody() -> None:
    """Whom a conflict is nothing to."""


def claim(ledger: TokenUsage, appid: str, token: str) -> None:
    """Claim for whom nothing is told."""
    ledger.claim(appid, token, _nobody)


@pytest.fixture
def ledger(clock: Clock) -> TokenUsage:
    return TokenUsage(clock)


def test_a_token_of_one_app_is_not_shared(ledger: TokenUsage) -> None:
    claim(ledger, A, "one")
    claim(ledger, A, "one")
    claim(ledger, B, "two")
    assert (ledger.current(A), ledger.current(B), ledger.current(C)) == ("one", "two", None)
    assert not ledger.shared(A, "one")
    assert not ledger.shared(B, "two")
    assert not ledger.shared(C, "three")
    assert not ledger.shared(C, None)


def test_a_token_of_two_apps_stays_shared_when_one_has_another(ledger: TokenUsage) -> None:
    claim(ledger, A, "one")
    claim(ledger, B, "one")
    assert ledger.shared(A, "one")
    claim(ledger, B, "two")
    assert ledger.shared(A, "one"), "it may be the other app's, whose lists would show here"
    assert not ledger.shared(B, "two")
    claim(ledger, A, "three")
    assert not ledger.shared(A, "three")


def test_a_token_that_somebody_had_is_shared_with_who_receives_it_later(ledger: TokenUsage) -> None:
    claim(ledger, A, "one")
    claim(ledger, A, "two")
    claim(ledger, B, "one")
    assert ledger.shared(A, "one")


def test_it_is_forgotten_when_it_cannot_live_any_more(ledger: TokenUsage, clock: Clock) -> None:
    claim(ledger, A, "one")
    claim(ledger, B, "one")
    claim(ledger, B, "two")
    clock.ahead = 3 * 3600 - 10
    assert ledger.shared(A, "one")
    clock.ahead = 3 * 3600 + 10
    assert not ledger.shared(A, "one")


def test_all_users_are_told_when_a_second_one_comes(ledger: TokenUsage) -> None:
    told: list[str] = []
    told_of_a, told_of_b = partial(told.append, A), partial(told.append, B)
    ledger.put_in_force({A: told_of_a, B: told_of_b, C: partial(told.append, C)})
    ledger.claim(A, "one", told_of_a)
    assert told == []
    ledger.claim(B, "one", told_of_b)
    assert sorted(told) == [A, B]


def test_an_app_that_is_watched_no_longer_shares_nothing(ledger: TokenUsage) -> None:
    claim(ledger, A, "one")
    claim(ledger, B, "one")
    ledger.put_in_force({A: _nobody})
    assert not ledger.shared(A, "one")
    claim(ledger, B, "one")  # by a fetch that was on its way
    assert not ledger.shared(A, "one")


def test_whoever_was_in_force_before_claims_no_more(ledger: TokenUsage) -> None:
    before, now = partial(_nobody), partial(_nobody)
    ledger.put_in_force({A: before, B: _nobody})
    ledger.claim(A, "one", before)
    ledger.put_in_force({A: now, B: _nobody})
    ledger.forget(A)
    ledger.claim(A, "one", before)  # by a fetch that was on its way
    ledger.claim(A, "two", now)
    claim(ledger, B, "one")
    assert not ledger.shared(B, "one")
    assert not ledger.shared(A, "two")


def test_an_app_whose_source_was_changed_shares_nothing_it_had(ledger: TokenUsage) -> None:
    claim(ledger, A, "one")
    claim(ledger, B, "one")
    ledger.forget(B)
    assert not ledger.shared(A, "one")
    assert ledger.shared(B, "one"), "an answer for it may still be on its way"


def test_no_token_is_kept_that_nobody_uses(ledger: TokenUsage, clock: Clock) -> None:
    for number in range(10):
        claim(ledger, A, str(number))
    clock.ahead = 4 * 3600
    claim(ledger, A, "last")
    assert ledger._users.keys() == {"9", "last"}
    ledger.put_in_force({})
    assert (ledger._users, ledger._token_of, ledger._tokens) == ({}, {}, {})
