"""Reading what is left of an API's daily quota: quota/get."""

from dataclasses import dataclass

from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.responses import JsonObject, whole_number

_MOST = 10**15
"""Exact in a float64."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls of one API that one app has a day."""

    limit: int
    used: int
    remaining: int


def read_quota(answer: JsonObject) -> Quota:
    """Read the object `quota`, whose figures come as numbers or as strings.

    Raises:
        DecodeError: there is no such object, or a figure of it is no whole number from 0 on.
    """
    quota = answer.get("quota")
    if not isinstance(quota, dict):
        raise DecodeError("quota is not an object")
    return Quota(_figure(quota, "daily_limit"), _figure(quota, "used"), _figure(quota, "remain"))


def _figure(quota: JsonObject, key: str) -> int:
    number = whole_number(quota.get(key), _MOST)
    if number is None or number < 0:
        raise DecodeError(f"quota.{key} is not a number of calls")
    return number
