"""Prometheus durations: `500ms`, `10s`, `1h30m`, `0`."""

import re

_UNITS = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile("".join(rf"(?:([0-9]+){unit})?" for unit in _UNITS))


def parse_duration(text: str) -> float:
    """Return the seconds that a Prometheus duration stands for.

    Raises:
        ValueError: the text is no such duration.
    """
    if text == "0":
        return 0.0
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError("is not a Prometheus duration")
    pairs = zip(found.groups(), _UNITS.values(), strict=True)
    try:
        return sum(int(number) * seconds for number, seconds in pairs if number is not None)
    except OverflowError:
        raise ValueError("is longer than any Prometheus duration") from None
