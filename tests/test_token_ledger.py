from __future__ import annotations

from functools import partial

import pytest
from clocks import Clock

from wx_domain_exporter.apps import token_ledger as module
from wx_domain_exporter.apps.token_ledger import TokenLedger

A, B, C = (f"wx{number:016x}" for number in range(3))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def ledger() -> TokenLedger:
    return TokenLedger()


def test_a_token_of_one_app_is_not_shared(ledger: TokenLedger) -> None:
    ledger.claim(A, "one")
    ledger.claim(A, "one")
    ledger.claim(B, "two")
    assert (ledger.current(A), ledger.current(B), ledger.current(C)) == ("one", "two", None)
    assert not ledger.shared(A, "one")
    assert not ledger.shared(B, "two")
    assert not ledger.shared(C, "three")
    assert not ledger.shared(C, None)


def test_a_token_of_two_apps_stays_shared_when_one_has_another(ledger: TokenLedger) -> None:
    ledger.claim(A, "one")
    ledger.claim(B, "one")
    assert ledger.shared(A, "one")
    ledger.claim(B, "two")
    assert ledger.shared(A, "one"), "it may be the other app's, whose lists would show here"
    assert not ledger.shared(B, "two")
    ledger.claim(A, "three")
    assert not ledger.shared(A, "three")


def test_a_token_that_somebody_had_is_shared_with_who_receives_it_later(ledger: TokenLedger) -> None:
    ledger.claim(A, "one")
    ledger.claim(A, "two")
    ledger.claim(B, "one")
    assert ledger.shared(A, "one")


def test_it_is_forgotten_when_it_cannot_live_any_more(ledger: TokenLedger, clock: Clock) -> None:
    ledger.claim(A, "one")
    ledger.claim(B, "one")
    ledger.claim(B, "two")
    clock.ahead = 3 * 3600 - 10
    assert ledger.shared(A, "one")
    clock.ahead = 3 * 3600 + 10
    assert not ledger.shared(A, "one")


def test_all_users_are_told_when_a_second_one_comes(ledger: TokenLedger) -> None:
    told: list[str] = []
    for appid in (A, B, C):
        ledger.join(appid, partial(told.append, appid))
    ledger.claim(A, "one")
    assert told == []
    ledger.claim(B, "one")
    assert sorted(told) == [A, B]


def test_an_app_that_is_watched_no_longer_shares_nothing(ledger: TokenLedger) -> None:
    ledger.claim(A, "one")
    ledger.claim(B, "one")
    ledger.keep_only({A})
    assert not ledger.shared(A, "one")
    ledger.claim(B, "one")  # by a fetch that was on its way
    assert not ledger.shared(A, "one")


def test_an_app_whose_source_was_changed_shares_nothing_it_had(ledger: TokenLedger) -> None:
    ledger.claim(A, "one")
    ledger.claim(B, "one")
    ledger.forget(B)
    assert not ledger.shared(A, "one")
    assert ledger.shared(B, "one"), "an answer for it may still be on its way"


def test_no_token_is_kept_that_nobody_uses(ledger: TokenLedger, clock: Clock) -> None:
    for number in range(10):
        ledger.claim(A, str(number))
    clock.ahead = 4 * 3600
    ledger.claim(A, "last")
    assert ledger._users.keys() == {"9", "last"}
    ledger.keep_only(set())
    assert (ledger._users, ledger._token_of, ledger._tokens) == ({}, {}, {})
