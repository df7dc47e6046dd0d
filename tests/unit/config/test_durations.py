from __future__ import annotations

import pytest

from wx_domain_exporter.config.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("1ms", 0.001),
        ("500ms", 0.5),
        ("10s", 10),
        ("010s", 10),
        ("5m", 300),
        ("2h", 7200),
        ("3d", 259200),
        ("1w", 604800),
        ("1y", 31536000),
        ("1h30m", 5400),
        ("1m500ms", 60.5),
        ("1y2w3d4h5m6s7ms", 31536000 + 1209600 + 259200 + 14400 + 300 + 6.007),
        ("90m", 5400),
    ],
)
def test_a_prometheus_duration_stands_for_its_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "5",
        "00",
        "s",
        "ms",
        "1.5s",
        "-1s",
        "+1s",
        "1 s",
        " 1s",
        "1s ",
        "1s\n",
        "1S",
        "1h 30m",
        "30m1h",
        "1s1s",
        "1ms1s",
        "1us",
        "1e3s",
        "1_0s",
        "٣s",
        "1sec",
        "0x1s",
    ],
    ids=repr,
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_beyond_all_bounds_is_refused(digits: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_duration("9" * digits + "s")
