from __future__ import annotations

import pytest
from helpers.clocks import StoppedClock

from wx_domain_exporter.wechat.errors import ApiError, BrokenConnectionError, FetchError, QuotaError
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown

FIRST = 60.0
LATER = 1800.0


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def cooldown(clock: StoppedClock) -> QuotaCooldown:
    return QuotaCooldown(clock)


def of_the_day(api: str = "getwxadevinfo") -> QuotaError:
    return QuotaError(api, 45009, "reach max api daily quota limit")


def of_the_minute() -> QuotaError:
    return QuotaError("getwxadevinfo", 45011, "api minute-quota reach limit")


OTHERS = [
    pytest.param(ApiError("getwxadevinfo", 61003, "not authorized"), id="another errcode"),
    pytest.param(BrokenConnectionError("connection refused"), id="no answer"),
]


@pytest.mark.parametrize("error", [None, *OTHERS])
def test_an_error_of_another_kind_has_no_wait(cooldown: QuotaCooldown, error: FetchError | None) -> None:
    assert cooldown.seconds_after(error) == 0


def test_only_the_first_wait_for_a_daily_quota_is_short(cooldown: QuotaCooldown) -> None:
    assert [cooldown.seconds_after(of_the_day()) for _ in range(3)] == [FIRST, LATER, LATER]


@pytest.mark.parametrize("error", [None, *OTHERS])
def test_an_error_of_another_kind_does_not_make_the_next_wait_a_first_one(
    cooldown: QuotaCooldown, error: FetchError | None
) -> None:
    cooldown.seconds_after(of_the_day())
    cooldown.seconds_after(error)
    assert cooldown.seconds_after(of_the_day()) == LATER


def test_another_errcode_makes_the_next_wait_a_first_one(cooldown: QuotaCooldown) -> None:
    errors = [of_the_day(), of_the_minute(), of_the_day()]
    assert [cooldown.seconds_after(error) for error in errors] == [FIRST, 60.0, FIRST]


def test_another_api_makes_the_next_wait_a_first_one(cooldown: QuotaCooldown) -> None:
    errors = [of_the_day("api_a"), of_the_day("api_b"), of_the_day("api_a"), of_the_day("api_a")]
    assert [cooldown.seconds_after(error) for error in errors] == [FIRST, FIRST, FIRST, LATER]


def test_after_its_end_the_next_wait_is_a_first_one(cooldown: QuotaCooldown) -> None:
    cooldown.begin_after(of_the_day())
    cooldown.end()
    assert not cooldown.is_active()
    assert cooldown.seconds_after(of_the_day()) == FIRST


def test_it_begins_with_an_error_about_a_quota_and_ends_after_the_wait(
    cooldown: QuotaCooldown, clock: StoppedClock
) -> None:
    assert not cooldown.is_active()
    cooldown.begin_after(of_the_day())
    assert cooldown.seconds_left == FIRST
    clock.now += FIRST
    assert not cooldown.is_active()


@pytest.mark.parametrize("error", OTHERS)
def test_an_error_of_another_kind_begins_and_ends_nothing(
    cooldown: QuotaCooldown, clock: StoppedClock, error: FetchError
) -> None:
    cooldown.begin_after(error)
    assert cooldown.seconds_since() == float("inf")
    cooldown.begin_after(of_the_day())
    clock.now += 10
    cooldown.begin_after(error)
    assert cooldown.seconds_left == FIRST - 10
