"""The base classes of token sources, with a source that makes no call."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from helpers.api_clients import Recorder, time_left
from helpers.clocks import StoppedClock
from helpers.equal_text import equal_text
from helpers.simulated_client import APPID

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.tokens.issued_token import IssuedToken
from wx_domain_exporter.wechat.tokens.source import CachingSource

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "m-token"
OTHERS = ("a-token", "z-token")
"""Tokens that stand before and after it in the alphabet."""


class ListedTokens(CachingSource):
    """Receives one token of a list after the other."""

    type_name: ClassVar[str] = "listed"

    def __init__(self, clock: StoppedClock, *tokens: str) -> None:
        super().__init__(APPID, clock)
        self.left = list(tokens)

    def _secret(self) -> str:
        return "secret"

    def _request(self, secret: str, caller: Caller) -> IssuedToken:  # noqa: ARG002 - there is no call
        return IssuedToken(self.left.pop(0), 7200.0)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def caller(clock: StoppedClock) -> Iterator[Caller]:
    client = ApiClient(Wechat(), Recorder(), desyncs=Desyncs(clock))
    try:
        yield Caller(client, time_left(), {})
    finally:
        client.close()


def refusal(source: ListedTokens, caller: Caller) -> str:
    with pytest.raises(TokenError) as raised:
        source.get(caller)
    return str(raised.value)


class TestRefresh:
    @pytest.mark.parametrize("rejected", OTHERS)
    def test_the_current_token_is_returned_if_another_one_was_rejected(
        self, clock: StoppedClock, caller: Caller, rejected: str
    ) -> None:
        source = ListedTokens(clock, TOKEN, "not needed")
        source.get(caller)
        assert source.refresh(rejected, caller) == TOKEN
        assert source.left == ["not needed"]

    @pytest.mark.parametrize("new", OTHERS)
    def test_a_rejected_token_is_replaced_by_any_other(
        self, clock: StoppedClock, caller: Caller, new: str
    ) -> None:
        source = ListedTokens(clock, TOKEN, new)
        assert source.refresh(source.get(caller), caller) == new
        assert source.get(caller) == new

    def test_an_equal_text_is_the_same_token(self, clock: StoppedClock, caller: Caller) -> None:
        source = ListedTokens(clock, TOKEN, equal_text(TOKEN))
        source.get(caller)
        with pytest.raises(TokenError, match="there is no other"):
            source.refresh(equal_text(TOKEN), caller)
        assert source.left == []


class TestReject:
    @pytest.mark.parametrize("token", [TOKEN, equal_text(TOKEN)], ids=["the same object", "an equal text"])
    def test_the_current_token_is_discarded(self, clock: StoppedClock, caller: Caller, token: str) -> None:
        source = ListedTokens(clock, TOKEN)
        source.get(caller)
        source.reject(token, "of no use")
        assert refusal(source, caller) == "listed: of no use"

    @pytest.mark.parametrize("token", OTHERS)
    def test_the_current_token_is_kept_if_another_one_is_rejected(
        self, clock: StoppedClock, caller: Caller, token: str
    ) -> None:
        source = ListedTokens(clock, TOKEN)
        source.get(caller)
        source.reject(token, "of no use")
        assert source.get(caller) == TOKEN

    def test_a_token_that_was_just_rejected_changes_nothing(
        self, clock: StoppedClock, caller: Caller
    ) -> None:
        source = ListedTokens(clock)
        source.reject(TOKEN, "first")
        pause = source.pause_seconds
        assert str(source.reject(equal_text(TOKEN), "second")) == "listed: second"
        assert refusal(source, caller) == "listed: first"
        assert source.pause_seconds == pause > 0

    @pytest.mark.parametrize("token", OTHERS)
    def test_another_token_is_rejected_during_the_pause_too(
        self, clock: StoppedClock, caller: Caller, token: str
    ) -> None:
        source = ListedTokens(clock)
        source.reject(TOKEN, "first")
        source.reject(token, "second")
        assert refusal(source, caller) == "listed: second"

    def test_the_same_token_pauses_the_source_again_after_the_pause(self, clock: StoppedClock) -> None:
        source = ListedTokens(clock)
        source.reject(TOKEN, "first")
        clock.now += source.pause_seconds
        assert source.pause_seconds == 0
        source.reject(TOKEN, "second")
        assert source.pause_seconds > 0


class TestDoubt:
    def test_a_token_is_doubtful_if_it_was_received_in_a_doubtful_period(
        self, clock: StoppedClock, caller: Caller
    ) -> None:
        source = ListedTokens(clock, TOKEN)
        source.get(caller)
        assert not source.is_doubtful(TOKEN, caller)
        caller.client.desyncs.note(clock.now)
        assert source.is_doubtful(TOKEN, caller)
        assert source.is_doubtful(equal_text(TOKEN), caller)

    @pytest.mark.parametrize("token", OTHERS)
    def test_a_token_that_was_replaced_is_not(self, clock: StoppedClock, caller: Caller, token: str) -> None:
        source = ListedTokens(clock, TOKEN)
        source.get(caller)
        caller.client.desyncs.note(clock.now)
        assert not source.is_doubtful(token, caller)

    def test_nor_is_one_that_the_source_does_not_keep(self, clock: StoppedClock, caller: Caller) -> None:
        caller.client.desyncs.note(clock.now)
        assert not ListedTokens(clock).is_doubtful(TOKEN, caller)


def test_resuming_does_not_wait_for_a_task_that_requests_a_token(clock: StoppedClock) -> None:
    source = ListedTokens(clock)
    source.reject(TOKEN, "of no use")
    with source._lock:  # as a task that requests a token does
        source.resume()
        assert source._lock.locked()
    assert source.pause_seconds > 0
    source.resume()
    assert source.pause_seconds == 0
    assert not source._lock.locked()
