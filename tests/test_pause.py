from __future__ import annotations

from types import SimpleNamespace

import pytest

from wx_domain_exporter.wechat.errors import CallTimeoutError, QuotaError, TokenError
from wx_domain_exporter.wechat.tokens import pause
from wx_domain_exporter.wechat.tokens.pause import Pause

SECRET = "the refused one"


class Clock:
    def __init__(self) -> None:
        self.now = 5000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pause, "time", clock)
    return clock


@pytest.fixture
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pause, "random", SimpleNamespace(uniform=lambda low, high: (low + high) / 2))


def lasts(paused: Pause, secret: str = SECRET) -> bool:
    try:
        paused.check(secret)
    except TokenError:
        return True
    return False


def length(paused: Pause, clock: Clock) -> int:
    """Let time pass until the pause is over; how many seconds that took."""
    seconds = 0
    while lasts(paused):
        clock.now += 1
        seconds += 1
    return seconds


def test_nobody_pauses_before_the_first_refusal(clock: Clock) -> None:
    clock.now = 0.0
    Pause().check(SECRET)


@pytest.mark.usefixtures("no_jitter")
class TestLength:
    def test_a_pause_lasts_30_seconds_and_doubles_to_10_minutes(self, clock: Clock) -> None:
        paused = Pause()
        found = []
        for _ in range(7):
            paused.begin(TokenError("no"), SECRET)
            found.append(length(paused, clock))
        assert found == [30, 60, 120, 240, 480, 600, 600]

    def test_after_10_minutes_without_a_refusal_it_starts_at_30_seconds_again(self, clock: Clock) -> None:
        paused = Pause()
        paused.begin(TokenError("no"), SECRET)
        clock.now += 30 + 601
        paused.begin(TokenError("no"), SECRET)
        assert length(paused, clock) == 30

    def test_within_10_minutes_it_goes_on_doubling(self, clock: Clock) -> None:
        paused = Pause()
        paused.begin(TokenError("no"), SECRET)
        clock.now += 30 + 599
        paused.begin(TokenError("no"), SECRET)
        assert length(paused, clock) == 60

    @pytest.mark.parametrize(("errcode", "later"), [(45009, 1800), (45011, 60)])
    def test_a_used_up_quota_pauses_for_60_seconds_first(
        self, clock: Clock, errcode: int, later: int
    ) -> None:
        paused = Pause()
        refusal = TokenError("no", cause=QuotaError("stable_token", errcode, ""))
        for seconds in (60, later, later):
            paused.begin(refusal, SECRET)
            assert length(paused, clock) == seconds
        for over in (paused.passed, paused.end):
            over()
            paused.begin(refusal, SECRET)
            assert length(paused, clock) == 60


class TestJitter:
    def test_pauses_are_spread_by_a_fifth_to_both_sides(self, clock: Clock) -> None:
        early = late = 0
        for _ in range(200):
            clock.now = 5000.0
            paused = Pause()
            paused.begin(TokenError("no"), SECRET)
            clock.now += 23.9
            assert lasts(paused)
            clock.now += 3.1
            early += not lasts(paused)
            clock.now += 6
            late += lasts(paused)
            clock.now += 3.1
            assert not lasts(paused)
        assert early > 0
        assert late > 0


class TestEnd:
    def test_another_secret_ends_the_pause_for_good(self, clock: Clock) -> None:
        paused = Pause()
        paused.begin(TokenError("no"), SECRET)
        paused.check("another")
        clock.now += 1
        paused.check(SECRET)

    @pytest.mark.usefixtures("no_jitter")
    def test_another_secret_is_paused_for_30_seconds_when_it_is_refused_too(self, clock: Clock) -> None:
        paused = Pause()
        for _ in range(3):
            paused.begin(TokenError("no"), SECRET)
        paused.check("another")
        paused.begin(TokenError("no"), SECRET)
        assert length(paused, clock) == 30

    @pytest.mark.usefixtures("no_jitter")
    def test_an_ended_pause_leaves_nothing_of_the_refusals_before(self, clock: Clock) -> None:
        paused = Pause()
        for _ in range(3):
            paused.begin(TokenError("no"), SECRET)
        paused.end()
        paused.check(SECRET)
        paused.begin(TokenError("no"), SECRET)
        assert length(paused, clock) == 30


@pytest.mark.usefixtures("clock")
class TestRefusal:
    def test_the_last_refusal_is_told_with_its_time_to_all_who_ask(self) -> None:
        first, second = TokenError("first"), TokenError("second", cause=CallTimeoutError("slow"))
        second.at = 1_750_000_000.0
        paused = Pause()
        paused.begin(first, SECRET)
        paused.begin(second, SECRET)
        for _ in range(2):
            with pytest.raises(TokenError) as raised:
                paused.check(SECRET)
            assert str(raised.value) == "second"
            assert raised.value.at == second.at
            assert raised.value.holds_up

    def test_each_who_asks_gets_an_error_of_its_own(self) -> None:
        # One error raised by many threads would collect all their tracebacks.
        refusal = TokenError("no")
        paused = Pause()
        paused.begin(refusal, SECRET)
        with pytest.raises(TokenError) as one:
            paused.check(SECRET)
        with pytest.raises(TokenError) as other:
            paused.check(SECRET)
        assert one.value is not other.value
        assert refusal.__traceback__ is None
