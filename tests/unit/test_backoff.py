from __future__ import annotations

import math

import pytest
from helpers.clocks import StoppedClock

from wx_domain_exporter.backoff import Backoff, Cooldown


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


class TestCooldown:
    def test_it_is_active_for_its_seconds(self, clock: StoppedClock) -> None:
        cooldown = Cooldown(clock)
        assert not cooldown.is_active()
        cooldown.begin(10)
        clock.now += 9
        assert cooldown.is_active()
        assert cooldown.seconds_since() == -1
        assert cooldown.seconds_left == 1
        clock.now += 1
        assert not cooldown.is_active()
        assert cooldown.seconds_left == Cooldown(clock).seconds_left == 0
        clock.now += 5
        assert cooldown.seconds_since() == 5

    def test_what_is_left_is_right_also_soon_after_the_start_of_the_system(self) -> None:
        cooldown = Cooldown(StoppedClock(100))
        cooldown.begin(250)
        assert cooldown.seconds_left == 250

    def test_it_can_be_ended(self, clock: StoppedClock) -> None:
        cooldown = Cooldown(clock)
        cooldown.begin(10)
        assert cooldown.is_active()
        cooldown.end()
        assert not cooldown.is_active()
        assert cooldown.seconds_since() == Cooldown(clock).seconds_since() == math.inf


class TestBackoff:
    def test_delays_double_up_to_the_longest(self) -> None:
        backoff = Backoff(30, 200)
        assert [backoff.next_delay() for _ in range(5)] == [30, 60, 120, 200, 200]
        backoff.reset()
        assert backoff.next_delay() == 30

    def test_no_delay_is_longer_than_the_longest(self) -> None:
        assert Backoff(30, 10).next_delay() == 10

    def test_the_jitter_spreads_them(self) -> None:
        delays = [Backoff(100, 100, 0.2).next_delay() for _ in range(200)]
        assert 80 <= min(delays) < 90
        assert 110 < max(delays) <= 120
