from __future__ import annotations

import pytest

from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.tokens.issued_token import (
    as_expires_in,
    as_token,
    is_unix_time,
    read_text_token,
    seconds_until,
)

MONTH = 30 * 86400
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("length", "is_token"), [(0, False), (1, True), (2, True), (4096, True), (4097, False)]
)
def test_a_token_has_1_to_4096_characters(length: int, *, is_token: bool) -> None:
    text = "x" * length
    assert as_token(text) == (text if is_token else None)
    if is_token:
        assert read_text_token(text.encode()) == text
    else:
        with pytest.raises(DecodeError, match="the answer is no token"):
            read_text_token(text.encode())


@pytest.mark.parametrize("text", ["a\nb", "a\x7f", "é", "标"])
def test_a_token_consists_of_printable_ascii_characters(text: str) -> None:
    assert as_token(text) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (-1, None),
        (0, None),
        (1, 1.0),
        (MONTH - 1, MONTH - 1),
        (MONTH, MONTH),
        (MONTH + 1, MONTH),
        (10**15, MONTH),
        (10**15 + 1, None),
    ],
)
def test_a_lifetime_is_above_0_and_30_days_at_most(value: int, seconds: float | None) -> None:
    assert as_expires_in(value) == seconds


@pytest.mark.parametrize(
    ("value", "is_time"),
    [(7200, False), (10**9 - 1, False), (10**9, True), (10**15, True), (10**15 + 1, False), ("soon", False)],
)
def test_a_unix_time_is_one_of_the_year_2001_or_later(value: object, *, is_time: bool) -> None:
    assert is_unix_time(value) is is_time
    assert (seconds_until(value, 0.0) is not None) is is_time


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(10**12 - 1, MONTH), (10**12, 100.0), (10**12 + 1500, 101.5), (str(10**12 + 1500), 101.5)],
    ids=["seconds", "milliseconds", "a second and a half later", "as a text"],
)
def test_a_time_of_13_digits_is_in_milliseconds(value: object, seconds: float) -> None:
    assert seconds_until(value, 10**9 - 100.0) == seconds


@pytest.mark.parametrize(
    ("later", "seconds"), [(-1, None), (0, None), (1, 1.0), (MONTH, MONTH), (MONTH + 1, MONTH)]
)
def test_a_time_is_later_than_now_and_counts_for_30_days_at_most(later: int, seconds: float | None) -> None:
    assert seconds_until(int(NOW) + later, NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2027-01-15T08:00:00Z", None),
        ("2027-01-15T08:00:00.500Z", 0.5),
        ("2027-01-15T08:00:01", None),
        (None, None),
    ],
    ids=["now", "half a second later", "without an offset", "no text"],
)
def test_a_time_may_be_a_text_with_an_offset(value: object, seconds: float | None) -> None:
    assert seconds_until(value, NOW) == seconds
