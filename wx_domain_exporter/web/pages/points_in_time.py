"""Formats times for the pages: how long ago they are, and the date and time. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from wx_domain_exporter.errcodes.types import BilingualText

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class PointInTime:
    """One point in time.

    Attributes:
        machine: the value for the HTML attribute `datetime`.
        absolute: date and time to the second, in UTC and in Chinese in Beijing time.
        ago: how long ago it is.
    """

    machine: str
    absolute: BilingualText
    ago: BilingualText


def point_in_time(timestamp: float, now: float) -> PointInTime:
    """Format a Unix time. One in the future, after the clock was set back, is shown as 0 seconds ago."""
    time = datetime.fromtimestamp(timestamp, UTC)
    passed = duration(now - timestamp)
    return PointInTime(
        time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        BilingualText(
            time.strftime("%Y-%m-%d %H:%M:%S UTC"),
            time.astimezone(_BEIJING).strftime("北京时间 %Y-%m-%d %H:%M:%S"),
        ),
        BilingualText(f"{passed.en} ago", f"{passed.zh}前"),
    )


def optional_point_in_time(timestamp: float | None, now: float) -> PointInTime | None:
    """Format a Unix time as `point_in_time` does; None stays None."""
    return None if timestamp is None else point_in_time(timestamp, now)


def duration(seconds: float) -> BilingualText:
    """Format a number of seconds; one below 0 as 0."""
    seconds = max(0, int(seconds))
    if seconds < _MINUTE:
        return BilingualText(f"{seconds} s", f"{seconds} 秒")
    if seconds < _HOUR:
        return BilingualText(f"{seconds // _MINUTE} min", f"{seconds // _MINUTE} 分钟")
    if seconds < 2 * _DAY:
        return BilingualText(f"{seconds // _HOUR} h", f"{seconds // _HOUR} 小时")
    return BilingualText(f"{seconds // _DAY} days", f"{seconds // _DAY} 天")


def quota_day_left(now: float) -> BilingualText:
    """Format how long it is until WeChat's daily quotas begin anew, at midnight in Beijing."""
    beijing = datetime.fromtimestamp(now, _BEIJING)
    midnight = beijing.replace(hour=0, minute=0, second=0, microsecond=0)
    return duration((midnight + timedelta(days=1) - beijing).total_seconds())
