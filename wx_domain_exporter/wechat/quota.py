"""Reading what is left of an API's daily quota: quota/get."""

from dataclasses import dataclass

from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.responses import JsonObject, whole_number

_MOST = 10**15
"""Exact in a float64."""


@dataclass(frozen=True, slots=True)
class ApiRateLimit:
    """How often an API may be called: `calls` times in `seconds` seconds."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls of one API that one app has a day, and how fast it may make them.

    Attributes:
        limit: a day.
        used: today.
        remaining: today.
        rate_limit: of the account's own calls; None if WeChat does not say.
        component_rate_limit: of those that a third-party platform makes for it; None likewise.
    """

    limit: int
    used: int
    remaining: int
    rate_limit: ApiRateLimit | None = None
    component_rate_limit: ApiRateLimit | None = None


def read_quota(answer: JsonObject) -> Quota:
    """Read the object `quota`, whose figures come as numbers or as strings, and the rate limits beside it.

    A rate limit is only shown to people: one that is absent or malformed is None and costs no figure.

    Raises:
        DecodeError: there is no such object, or a figure of it is no whole number from 0 on.
    """
    quota = answer.get("quota")
    if not isinstance(quota, dict):
        raise DecodeError("quota is not an object")
    return Quota(
        _figure(quota, "daily_limit"),
        _figure(quota, "used"),
        _figure(quota, "remain"),
        _rate_limit(answer.get("rate_limit")),
        _rate_limit(answer.get("component_rate_limit")),
    )


def _figure(quota: JsonObject, key: str) -> int:
    number = whole_number(quota.get(key), _MOST)
    if number is None or number < 0:
        raise DecodeError(f"quota.{key} is not a number of calls")
    return number


def _rate_limit(given: object) -> ApiRateLimit | None:
    if not isinstance(given, dict):
        return None
    calls = whole_number(given.get("call_count"), _MOST)
    seconds = whole_number(given.get("refresh_second"), _MOST)
    return (
        None if calls is None or calls < 0 or seconds is None or seconds < 1 else ApiRateLimit(calls, seconds)
    )
