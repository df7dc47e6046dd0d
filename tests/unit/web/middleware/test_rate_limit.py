from __future__ import annotations

import pytest
from helpers.clocks import StoppedClock

from wx_domain_exporter.web.middleware.rate_limit import TokenBucket
from wx_domain_exporter.web.web_config.schema import RateLimit


def test_without_an_interval_all_are_let_through() -> None:
    bucket = TokenBucket(StoppedClock())
    assert all(bucket.allows(RateLimit()) for _ in range(1000))


def test_a_burst_and_then_one_for_each_interval() -> None:
    clock = StoppedClock()
    bucket = TokenBucket(clock)
    limit = RateLimit.model_validate({"interval": "500ms", "burst": 2})
    assert [bucket.allows(limit) for _ in range(3)] == [True, True, False]
    clock.now += 0.5
    assert [bucket.allows(limit) for _ in range(2)] == [True, False]
    clock.now += 0.25
    assert not bucket.allows(limit)
    clock.now += 0.25
    assert bucket.allows(limit)


def test_tokens_do_not_add_up_beyond_the_burst() -> None:
    clock = StoppedClock()
    bucket = TokenBucket(clock)
    limit = RateLimit.model_validate({"interval": "1s", "burst": 2})
    assert bucket.allows(limit)
    clock.now += 1000
    assert [bucket.allows(limit) for _ in range(3)] == [True, True, False]


def test_another_limit_starts_anew() -> None:
    bucket = TokenBucket(StoppedClock())
    for burst in (1, 2):
        limit = RateLimit.model_validate({"interval": "1h", "burst": burst})
        assert [bucket.allows(limit) for _ in range(burst + 1)] == [*[True] * burst, False]


def test_intervals_are_written_as_in_go() -> None:
    def seconds(text: str) -> float:
        return RateLimit.model_validate({"interval": text, "burst": 1}).interval

    intervals = [
        seconds(text) for text in ("1s", "1.5s", "1m30s", "250ms", "2h", ".5s", "10us", "10µs", "3ns")
    ]
    assert intervals == pytest.approx([1, 1.5, 90, 0.25, 7200, 0.5, 1e-5, 1e-5, 3e-9])
