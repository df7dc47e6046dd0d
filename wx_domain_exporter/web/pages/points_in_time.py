"""Points in time as a person reads them: how long ago, and in UTC. Pure."""

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
        machine: in the form that the element `time` takes.
        utc: with the date, to the second.
        ago: how long ago it was.
    """

    machine: str
    utc: str
    ago: BilingualText


def point_in_time(timestamp: float, now: float) -> PointInTime:
    """Return a Unix time as seen from another one; a time to come, of a clock set back, is just now."""
    at = datetime.fromtimestamp(timestamp, UTC)
    return PointInTime(
        at.strftime("%Y-%m-%dT%H:%M:%SZ"), at.strftime("%Y-%m-%d %H:%M:%S UTC"), _ago(now - timestamp)
    )


def optional_point_in_time(timestamp: float | None, now: float) -> PointInTime | None:
    """Return a Unix time as `moment` does, if there is one."""
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
