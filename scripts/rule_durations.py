"""Durations of the rule files: reads and writes them, and scales them to another interval."""

import re

SHIPPED_INTERVAL = 60_000
"""The scrape interval, in milliseconds, for which the files are written."""
FIXED_FROM = 3_600_000
"""Durations from this one on, in milliseconds, are not scaled: they are chosen for people."""
MIN_SCRAPES_OF_FIXED = 12
"""Such a duration must span at least this many scrapes, because the alerts within it wait for up to ten."""

_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(
    r"(?P<before>\[|\boffset |^ +(?:- )?(?:for|interval): )(?P<number>\d+)(?P<unit>ms|[smhd])\b", re.MULTILINE
)
_MINUTES = re.compile(r"\b(\d+) \* 60\b")


def milliseconds(duration: str) -> int:
    """A duration such as `5m`, in milliseconds.

    Raises:
        ValueError: It is not a duration, or zero.
    """
    match = re.fullmatch(r"(\d+)(ms|[smhd])", duration)
    if match is None or int(match[1]) == 0:
        raise ValueError(duration)
    return int(match[1]) * _MILLISECONDS[match[2]]


def as_duration(duration: int) -> str:
    """Milliseconds as a duration, in the largest unit that is exact."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if duration % _MILLISECONDS[unit] == 0)
    return f"{duration // _MILLISECONDS[unit]}{unit}"


def as_seconds(duration: int) -> str:
    """Milliseconds as a number of seconds."""
    return str(duration // 1000 if duration % 1000 == 0 else duration / 1000)


def scaled(rules: str, interval: int) -> str:
    """The rules with all durations, and all constants in seconds, scaled to an interval in milliseconds."""

    def scale(duration: int) -> int:
        if duration >= FIXED_FROM:
            return max(duration, MIN_SCRAPES_OF_FIXED * interval)
        return max(duration * interval // SHIPPED_INTERVAL, 1)

    def scaled_duration(match: re.Match[str]) -> str:
        duration = int(match["number"]) * _MILLISECONDS[match["unit"]]
        return match["before"] + as_duration(scale(duration))

    rules = _DURATION.sub(scaled_duration, rules)
    return _MINUTES.sub(lambda match: as_seconds(scale(int(match[1]) * 60_000)), rules)
