from __future__ import annotations

import pytest

from wx_domain_exporter.config.schema import Scrape
from wx_domain_exporter.scrape_timeout import HEADER, LONGEST, BadTimeoutError, seconds_for_scrape


def settings(timeout: str = "10s", offset: str = "500ms") -> Scrape:
    return Scrape.model_validate({"timeout": timeout, "timeout_offset": offset})


def test_the_header_is_the_one_that_prometheus_sends() -> None:
    assert HEADER == "X-Prometheus-Scrape-Timeout-Seconds"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("10", 9.5, id="whole number"),
        pytest.param("10.000000", 9.5, id="as Prometheus writes it"),
        pytest.param("2.5", 2, id="fraction"),
        pytest.param("1e1", 9.5, id="exponent"),
        pytest.param(" 10 ", 9.5, id="spaces"),
        pytest.param("0.75", 0.25, id="just above the offset"),
        pytest.param("0.5", 0.25, id="the offset itself"),
        pytest.param("0.4", 0.2, id="below the offset"),
        pytest.param("0.001", 0.0005, id="hardly any"),
        pytest.param("120.5", 120, id="the longest"),
        pytest.param("120.6", 120, id="longer than the longest"),
        pytest.param("1e300", 120, id="far longer"),
    ],
)
def test_a_header_leaves(header: str, seconds: float) -> None:
    assert seconds_for_scrape(header, settings(), 0) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "0",
        "-0",
        "0.0",
        "-1",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "ten",
        "10s",
        "1_0",
        "0x10",
        "10,5",
        "1 0",
    ],
    ids=repr,
)
def test_a_header_that_is_no_finite_number_above_0_is_refused(header: str) -> None:
    with pytest.raises(BadTimeoutError, match=HEADER):
        seconds_for_scrape(header, settings(), 0)


@pytest.mark.parametrize(
    ("timeout", "offset", "seconds"),
    [
        pytest.param("10s", "500ms", 9.5, id="defaults"),
        pytest.param("1m", "2s", 58, id="others"),
        pytest.param("1s", "1s", 0.5, id="no longer than the offset"),
        pytest.param("100ms", "1m", 0.05, id="shorter than the offset"),
        pytest.param("2m", "0s", 120, id="the longest"),
    ],
)
def test_without_a_header_the_settings_count(timeout: str, offset: str, seconds: float) -> None:
    assert seconds_for_scrape(None, settings(timeout, offset), 0) == pytest.approx(seconds)


def test_a_header_counts_more_than_the_timeout_of_the_settings() -> None:
    assert seconds_for_scrape("3", settings("1m"), 0) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("encoding", "seconds"),
    [
        pytest.param(0.25, 9.25, id="a little"),
        pytest.param(4.75, 4.75, id="half of the time"),
        pytest.param(5, 4.75, id="more than half of the time"),
        pytest.param(1000, 4.75, id="more than there is"),
    ],
)
def test_the_time_of_the_encoding_is_taken_off_and_half_of_the_time_is_left(
    encoding: float, seconds: float
) -> None:
    assert seconds_for_scrape("10", settings(), encoding) == pytest.approx(seconds)
    assert seconds_for_scrape(None, settings(), encoding) == pytest.approx(seconds)


def test_the_encoding_of_a_scrape_shorter_than_the_offset_is_taken_off_too() -> None:
    assert seconds_for_scrape("0.4", settings(), 0.05) == pytest.approx(0.15)


def test_no_budget_is_longer_than_120_seconds_whatever_the_encoding_takes() -> None:
    assert LONGEST == 120
    assert seconds_for_scrape("1000", settings(), 10) == 120
