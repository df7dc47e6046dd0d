from __future__ import annotations

import pytest
from helpers.clocks import StoppedClock

from wx_domain_exporter.wechat.errors import CallTimeoutError, QuotaError, TokenError
from wx_domain_exporter.wechat.tokens.last_refusal import LastRefusal

SECRET = "the refused one"


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def refusal(clock: StoppedClock) -> LastRefusal:
    return LastRefusal(clock)


def lasts(refusal: LastRefusal, secret: str = SECRET) -> bool:
    try:
        refusal.check(secret)
    except TokenError:
        return True
    return False


def length(refusal: LastRefusal, clock: StoppedClock) -> int:
    """Let time pass until the wait is over; how many seconds that took."""
    seconds = 0
    while lasts(refusal):
        clock.now += 1
        seconds += 1
    return seconds


def is_about(seconds: int, expected: float) -> bool:
    """Whether a wait is as long as expected, but for its jitter of a fifth."""
    return 0.8 * expected <= seconds <= 1.2 * expected + 1


def test_there_is_no_pause_before_the_first_refusal() -> None:
    LastRefusal(StoppedClock(0.0)).check(SECRET)


class TestLength:
    def test_a_pause_lasts_30_seconds_and_doubles_to_10_minutes(
        self, clock: StoppedClock, refusal: LastRefusal
    ) -> None:
        for expected in (30, 60, 120, 240, 480, 600, 600):
            refusal.note(TokenError("no"), SECRET)
            assert is_about(length(refusal, clock), expected)

    def test_after_10_minutes_without_a_refusal_it_starts_at_30_seconds_again(
        self, clock: StoppedClock, refusal: LastRefusal
    ) -> None:
        refusal.note(TokenError("no"), SECRET)
        clock.now += 36 + 601
        refusal.note(TokenError("no"), SECRET)
        assert is_about(length(refusal, clock), 30)

    def test_within_10_minutes_it_goes_on_doubling(self, clock: StoppedClock, refusal: LastRefusal) -> None:
        refusal.note(TokenError("no"), SECRET)
        clock.now += 24 + 599
        refusal.note(TokenError("no"), SECRET)
        assert is_about(length(refusal, clock), 60)

    @pytest.mark.parametrize(("errcode", "later"), [(45009, 1800), (45011, 60)])
    def test_a_used_up_quota_pauses_for_60_seconds_first(
        self, clock: StoppedClock, refusal: LastRefusal, errcode: int, later: int
    ) -> None:
        error = TokenError("no", cause=QuotaError("stable_token", errcode, ""))
        for seconds in (60, later, later):
            refusal.note(error, SECRET)
            assert length(refusal, clock) == seconds
        for over in (refusal.note_success, refusal.end):
            over()
            refusal.note(error, SECRET)
            assert length(refusal, clock) == 60


class TestJitter:
    def test_pauses_are_spread_by_a_fifth_to_both_sides(self, clock: StoppedClock) -> None:
        early = late = 0
        for _ in range(200):
            clock.now = 5000.0
            refusal = LastRefusal(clock)
            refusal.note(TokenError("no"), SECRET)
            clock.now += 23.9
            assert lasts(refusal)
            clock.now += 3.1
            early += not lasts(refusal)
            clock.now += 6
            late += lasts(refusal)
            clock.now += 3.1
            assert not lasts(refusal)
        assert early > 0
        assert late > 0


class TestEnd:
    def test_another_secret_ends_the_pause_for_good(self, clock: StoppedClock, refusal: LastRefusal) -> None:
        refusal.note(TokenError("no"), SECRET)
        refusal.check("another")
        clock.now += 1
        refusal.check(SECRET)

    def test_another_secret_pauses_for_30_seconds_when_it_is_refused_too(
        self, clock: StoppedClock, refusal: LastRefusal
    ) -> None:
        for _ in range(3):
            refusal.note(TokenError("no"), SECRET)
        refusal.check("another")
        refusal.note(TokenError("no"), SECRET)
        assert is_about(length(refusal, clock), 30)

    def test_after_an_end_the_next_pause_lasts_30_seconds(
        self, clock: StoppedClock, refusal: LastRefusal
    ) -> None:
        for _ in range(3):
            refusal.note(TokenError("no"), SECRET)
        refusal.end()
        refusal.check(SECRET)
        refusal.note(TokenError("no"), SECRET)
        assert is_about(length(refusal, clock), 30)


class TestRefusal:
    def test_the_last_one_is_raised_with_its_time(self, clock: StoppedClock, refusal: LastRefusal) -> None:
        first, second = TokenError("first"), TokenError("second", cause=CallTimeoutError("slow"))
        refusal.note(first, SECRET)
        clock.now += 1
        refusal.note(second, SECRET)
        clock.now += 1
        for _ in range(2):
            with pytest.raises(TokenError) as raised:
                refusal.check(SECRET)
            assert str(raised.value) == "second"
            assert raised.value.occurred_at == 5001
            assert raised.value.timed_out

    def test_each_check_raises_a_new_error(self, refusal: LastRefusal) -> None:
        # One error raised by many threads would collect all their tracebacks.
        error = TokenError("no")
        refusal.note(error, SECRET)
        with pytest.raises(TokenError) as one:
            refusal.check(SECRET)
        with pytest.raises(TokenError) as other:
            refusal.check(SECRET)
        assert one.value is not other.value
        assert error.__traceback__ is None
