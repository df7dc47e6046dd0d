"""Parses durations in the formats of Prometheus (`500ms`, `10s`, `1h30m`, `0`) and Go (`1.5s`, `10us`)."""

import re

_UNITS = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile("".join(rf"(?:([0-9]+){unit})?" for unit in _UNITS))
_GO_UNITS = {**{unit: _UNITS[unit] for unit in ("h", "ms", "m", "s")}, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_GO_PART = re.compile(rf"(\d+\.?\d*|\.\d+)({'|'.join(_GO_UNITS)})", re.ASCII)
_GO_DURATION = re.compile(rf"(?:{_GO_PART.pattern})+", re.ASCII)


DURATION_PATTERN = f"^(?=.)(0|{_DURATION.pattern})$"
"""Prometheus durations as a regular expression of JSON Schema."""


def parse_duration(text: str) -> float:
    """Return the seconds of a Prometheus duration.

    Raises:
        ValueError: the text is not such a duration.
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


def in_units(seconds: float) -> str:
    """Return a duration as a file has it, in the largest unit that is exact, such as `500ms` or `10m`."""
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds * 1000:.0f}ms" if seconds else "0s"


def parse_go_duration(text: str) -> float:
    """Return the seconds of a duration in the format of Go's `time` package.

    Raises:
        ValueError: the text is not such a duration.
    """
    if text != "0" and not _GO_DURATION.fullmatch(text):
        raise ValueError("is not a Go duration")
    return sum(float(number) * _GO_UNITS[unit] for number, unit in _GO_PART.findall(text))
