from __future__ import annotations

from functools import partial

import pytest
from helpers.clocks import StoppedClock
from helpers.equal_text import equal_text

from wx_domain_exporter.apps.token_usage import TokenUsage

A, B, C = (f"wx{number:016x}" for number in range(3))


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


def _ignore() -> None:
    """A conflict handler that does nothing."""


def claim(token_usage: TokenUsage, appid: str, token: str) -> None:
    """Claim with a conflict handler that does nothing."""
    token_usage.claim(appid, token, _ignore)


@pytest.fixture
def token_usage(clock: StoppedClock) -> TokenUsage:
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


@pytest.mark.parametrize(("app", "other"), [(A, B), (B, A)])
def test_a_replaced_token_stays_shared_for_three_hours(
    token_usage: TokenUsage, clock: StoppedClock, app: str, other: str
) -> None:
    claim(token_usage, app, "one")
    claim(token_usage, other, "one")
    claim(token_usage, other, "two")
    clock.now += 3 * 3600 - 1
    assert token_usage.is_shared(app, "one")
    for _ in range(2):
        clock.now += 1
        assert not token_usage.is_shared(app, "one")
        assert not token_usage.is_shared(equal_text(app), "one")


def test_the_conflict_handlers_of_all_users_are_called(token_usage: TokenUsage) -> None:
    conflicts: list[str] = []
    handler_a, handler_b = partial(conflicts.append, A), partial(conflicts.append, B)
    token_usage.set_apps({A: handler_a, B: handler_b, C: partial(conflicts.append, C)})
    token_usage.claim(A, "one", handler_a)
    assert conflicts == []
    token_usage.claim(B, "one", handler_b)
    assert sorted(conflicts) == [A, B]


def test_an_equal_text_is_the_same_token(token_usage: TokenUsage) -> None:
    conflicts: list[str] = []
    handler = partial(conflicts.append, A)
    token_usage.set_apps({A: handler, B: _ignore})
    token_usage.claim(A, "one", handler)
    claim(token_usage, B, "one")
    assert conflicts == [A]
    claim(token_usage, B, equal_text("one"))
    assert conflicts == [A]


def test_an_equal_conflict_handler_is_that_of_the_same_app(token_usage: TokenUsage) -> None:
    answers = ["a.cn"]
    token_usage.set_apps({A: answers.clear, B: _ignore})  # each access makes another object of the method
    token_usage.claim(A, "one", answers.clear)
    claim(token_usage, B, "one")
    assert token_usage.current_token(A) == "one"
    assert answers == []


def test_apps_that_remain_configured_keep_their_tokens(token_usage: TokenUsage) -> None:
    claim(token_usage, A, "one")
    claim(token_usage, B, "two")
    token_usage.set_apps({A: _ignore, C: _ignore})
    current = [token_usage.current_token(appid) for appid in (A, B, C)]
    assert current == ["one", None, None]
    assert token_usage.is_shared(C, "one")


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


def test_a_token_without_users_is_not_kept(token_usage: TokenUsage, clock: StoppedClock) -> None:
    for number in range(10):
        claim(token_usage, A, str(number))
    clock.now += 4 * 3600
    claim(token_usage, A, "last")
    assert token_usage._users.keys() == {hash("9"), hash("last")}
    token_usage.set_apps({})
    assert (token_usage._users, token_usage._current, token_usage._tokens) == ({}, {}, {})


def test_only_the_replaced_tokens_that_have_expired_are_forgotten(
    token_usage: TokenUsage, clock: StoppedClock
) -> None:
    for token in ("one", "two", "three"):
        claim(token_usage, A, token)
        clock.now += 3600
    clock.now += 3600 + 1  # since "one" was replaced it is three hours and a second
    claim(token_usage, B, "any")
    assert token_usage._users.keys() == {hash("two"), hash("three"), hash("any")}


def test_a_forgotten_app_does_not_hinder_others_when_its_tokens_expire(
    token_usage: TokenUsage, clock: StoppedClock
) -> None:
    claim(token_usage, A, "one")
    claim(token_usage, B, "one")
    claim(token_usage, A, "two")
    token_usage.forget(A)
    clock.now += 4 * 3600
    claim(token_usage, C, "one")
    assert token_usage.is_shared(C, "one")
    assert not token_usage.is_shared(A, "two")


def test_what_was_received_since_a_time_is_forgotten(token_usage: TokenUsage, clock: StoppedClock) -> None:
    for appid in (A, B, C):
        claim(token_usage, appid, "one")
        clock.now += 10
    token_usage.forget_since(clock.now - 20)  # when the second app claimed it
    current = [token_usage.current_token(appid) for appid in (A, B, C)]
    assert current == ["one", None, None]
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
    token_usage: TokenUsage, clock: StoppedClock
) -> None:
    for token in ("one", "two", "one"):
        claim(token_usage, A, token)
    clock.now += 4 * 3600
    claim(token_usage, C, "any")  # forgets what has expired
    assert token_usage.is_shared(B, "one")
    assert not token_usage.is_shared(B, "two")
