"""Parses the daily quota of an API: quota/get."""

from dataclasses import dataclass

from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.responses import JsonObject, whole_number

_MAX_NUMBER = 10**15
"""A whole number up to this is exact in a float64."""


@dataclass(frozen=True, slots=True)
class ApiRateLimit:
    """How often an API may be called: `calls` times in `seconds` seconds."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Quota:
    """The quota of one app for one API.

    Attributes:
        limit: the calls allowed per day.
        used: the calls made today.
        remaining: the calls left today.
        rate_limit: for the account's own calls; None: unknown.
        component_rate_limit: for the calls that a third-party platform makes for it; None: unknown.
    """

    limit: int
    used: int
    remaining: int
    rate_limit: ApiRateLimit | None = None
    component_rate_limit: ApiRateLimit | None = None


def read_quota(answer: JsonObject) -> Quota:
    """Read the object `quota`, whose numbers may be strings, and the rate limits beside it.

    A rate limit is for display only: if it is absent or malformed, it is None.

    Raises:
        DecodeError: there is no such object, or a number in it is not a whole number of at least 0.
    """
    quota = answer.get("quota")
    if not isinstance(quota, dict):
        raise DecodeError("quota is not an object")
    return Quota(
        _calls(quota, "daily_limit"),
        _calls(quota, "used"),
        _calls(quota, "remain"),
        _rate_limit(answer.get("rate_limit")),
        _rate_limit(answer.get("component_rate_limit")),
    )


def _calls(quota: JsonObject, key: str) -> int:
    number = whole_number(quota.get(key), _MAX_NUMBER)
    if number is None or number < 0:
        raise DecodeError(f"quota.{key} is not a number of calls")
    return number


def _rate_limit(rate_limit: object) -> ApiRateLimit | None:
    if not isinstance(rate_limit, dict):
        return None
    calls = whole_number(rate_limit.get("call_count"), _MAX_NUMBER)
    seconds = whole_number(rate_limit.get("refresh_second"), _MAX_NUMBER)
    if calls is None or calls < 0 or seconds is None or seconds < 1:
        return None
    return ApiRateLimit(calls, seconds)
