from __future__ import annotations

from functools import partial

import pytest
from helpers.clocks import Clock

from wx_domain_exporter.apps.token_usage import TokenUsage

A, B, C = (f"wx{number:016x}" for number in range(3))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _ignore() -> None:
    """A conflict handler that does nothing."""


def claim(token_usage: TokenUsage, appid: str, token: str) -> None:
    """Claim with a conflict handler that does nothing."""
    token_usage.claim(appid, token, _ignore)


@pytest.fixture
def token_usage(clock: Clock) -> TokenUsage:
    return TokenUsage(clock)


def test_a_token_of_one_app_is_not_shared(token_usage: TokenUsage) -> None:
    claim(token_usage, A, "one")
    claim(token_usage, A, "one")
    claim(token_usage, B, "two")
    assert (token_usage.current_token(A), token_usage.current_token(B), token_usage.current_token(C)) == (
        "one",
        "two",
        None,
    )
    assert not token_usage.is_shared(A, "one")
    assert not token_usage.is_shared(B, "two")
    assert not token_usage.is_shared(C, "three")
    assert not token_usage.is_shared(C, None)


def test_a_token_of_two_apps_stays_shared_when_one_gets_another(token_usage: TokenUsage) -> None:
    claim(token_usage, A, "one")
    claim(token_usage, B, "one")
    assert token_usage.is_shared(A, "one")
    claim(token_usage, B, "two")
    assert token_usage.is_shared(A, "one"), "it may be the other app's token"
    assert not token_usage.is_shared(B, "two")
    claim(token_usage, A, "three")
    assert not token_usage.is_shared(A, "three")


def test_a_replaced_token_is_shared_with_an_app_that_receives_it_later(token_usage: TokenUsage) -> None:
    claim(token_usage, A, "one")
    claim(token_usage, A, "two")
    claim(token_usage, B, "one")
    assert token_usage.is_shared(A, "one")


def test_a_token_is_forgotten_when_it_must_have_expired(token_usage: TokenUsage, clock: Clock) -> None:
    claim(token_usage, A, "one")
    claim(token_usage, B, "one")
    claim(token_usage, B, "two")
    clock.ahead = 3 * 3600 - 10
    assert token_usage.is_shared(A, "one")
    clock.ahead = 3 * 3600 + 10
    assert not token_usage.is_shared(A, "one")


def test_the_conflict_handlers_of_all_users_are_called(token_usage: TokenUsage) -> None:
    conflicts: list[str] = []
    handler_a, handler_b = partial(conflicts.append, A), partial(conflicts.append, B)
    token_usage.set_apps({A: handler_a, B: handler_b, C: partial(conflicts.append, C)})
    token_usage.claim(A, "one", handler_a)
    assert conflicts == []
    token_usage.claim(B, "one", handler_b)
    assert sorted(conflicts) == [A, B]


def test_an_app_that_is_no_longer_configured_shares_no_token(token_usage: TokenUsage) -> None:
    claim(token_usage, A, "one")
    claim(token_usage, B, "one")
    assert token_usage.is_shared(A, "one")
    token_usage.set_apps({A: _ignore})
    assert not token_usage.is_shared(A, "one")
    claim(token_usage, B, "one")  # by a late fetch
    assert not token_usage.is_shared(A, "one")


def test_an_app_that_was_replaced_can_not_claim(token_usage: TokenUsage) -> None:
    before, now = partial(_ignore), partial(_ignore)
    token_usage.set_apps({A: before, B: _ignore})
    token_usage.claim(A, "one", before)
    token_usage.set_apps({A: now, B: _ignore})
    token_usage.forget(A)
    token_usage.claim(A, "one", before)  # by a late fetch
    token_usage.claim(A, "two", now)
    claim(token_usage, B, "one")
    assert (token_usage.current_token(A), token_usage.current_token(B)) == ("two", "one")
    assert not token_usage.is_shared(B, "one")
    assert not token_usage.is_shared(A, "two")


def test_an_app_whose_source_was_changed_no_longer_shares_its_old_token(token_usage: TokenUsage) -> None:
    claim(token_usage, A, "one")
    claim(token_usage, B, "one")
    token_usage.forget(B)
    assert not token_usage.is_shared(A, "one")
    assert token_usage.is_shared(B, "one"), "an answer to it may still arrive"


def test_a_token_without_users_is_not_kept(token_usage: TokenUsage, clock: Clock) -> None:
    for number in range(10):
        claim(token_usage, A, str(number))
    clock.ahead = 4 * 3600
    claim(token_usage, A, "last")
    assert token_usage._users.keys() == {hash("9"), hash("last")}
    token_usage.set_apps({})
    assert (token_usage._users, token_usage._current, token_usage._tokens) == ({}, {}, {})


def test_what_was_received_since_a_time_is_forgotten(token_usage: TokenUsage, clock: Clock) -> None:
    claim(token_usage, A, "one")
    clock.ahead += 10
    claim(token_usage, B, "one")
    token_usage.forget_since(clock.monotonic() - 5)
    assert (token_usage.current_token(A), token_usage.current_token(B)) == ("one", None)
    assert not token_usage.is_shared(A, "one")


def test_no_token_is_kept_in_memory_after_it_was_replaced(token_usage: TokenUsage) -> None:
    for number in range(3):
        claim(token_usage, A, f"canary-{number}")
    assert token_usage.current_token(A) == "canary-2"
    assert token_usage.is_shared(B, "canary-0")
    kept = repr((token_usage._users, token_usage._tokens, token_usage._replaced))
    assert A in kept
    assert "canary" not in kept


def test_a_token_in_use_again_is_not_forgotten_when_its_earlier_use_expires(
    token_usage: TokenUsage, clock: Clock
) -> None:
    for token in ("one", "two", "one"):
        claim(token_usage, A, token)
    clock.ahead += 4 * 3600
    claim(token_usage, C, "any")  # forgets what has expired
    assert token_usage.is_shared(B, "one")
    assert not token_usage.is_shared(B, "two")
