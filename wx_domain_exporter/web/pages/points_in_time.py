"""Formats times for the pages: how long ago they are, and in UTC. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

from wx_domain_exporter.errcodes.types import BilingualText

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class PointInTime:
    """One point in time.

    Attributes:
        machine: the value for the HTML attribute `datetime`.
        utc: date and time in UTC, to the second.
        ago: how long ago it is.
    """

    machine: str
    utc: str
    ago: BilingualText


def point_in_time(timestamp: float, now: float) -> PointInTime:
    """Format a Unix time. One in the future, after the clock was set back, is shown as 0 seconds ago."""
    time = datetime.fromtimestamp(timestamp, UTC)
    return PointInTime(
        time.strftime("%Y-%m-%dT%H:%M:%SZ"), time.strftime("%Y-%m-%d %H:%M:%S UTC"), _ago(now - timestamp)
    )


def optional_point_in_time(timestamp: float | None, now: float) -> PointInTime | None:
    """Format a Unix time as `point_in_time` does; None stays None."""
    return None if timestamp is None else point_in_time(timestamp, now)


def _ago(seconds: float) -> BilingualText:
    seconds = max(0, int(seconds))
    if seconds < _MINUTE:
        return BilingualText(f"{seconds} s ago", f"{seconds} 秒前")
    if seconds < _HOUR:
        return BilingualText(f"{seconds // _MINUTE} min ago", f"{seconds // _MINUTE} 分钟前")
    if seconds < 2 * _DAY:
        return BilingualText(f"{seconds // _HOUR} h ago", f"{seconds // _HOUR} 小时前")
    return BilingualText(f"{seconds // _DAY} days ago", f"{seconds // _DAY} 天前")
