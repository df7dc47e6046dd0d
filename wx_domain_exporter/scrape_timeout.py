"""How long a scrape may wait for WeChat, so that its answer is there before Prometheus gives up. Pure."""

import math

from wx_domain_exporter.config.schema import Scrape

HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
LONGEST = 120.0
"""Seconds; no scrape waits longer, whatever its header says."""


class BadTimeoutError(ValueError):
    """The scrape-timeout header is no finite number above 0."""


def seconds_for_scrape(header: str | None, settings: Scrape, encoding: float) -> float:
    """Return the seconds from a scrape's arrival to its collection.

    Args:
        header: the scrape timeout that Prometheus announced, if it did.
        settings: the timeout without a header, and the offset for the way back.
        encoding: seconds that the last scrape's encoding took.

    Raises:
        BadTimeoutError: the header is no finite number above 0.
    """
    timeout = settings.timeout if header is None else _seconds(header)
    budget = timeout - settings.timeout_offset
    if budget <= 0:
        budget = timeout / 2
    # However slow the encoding was once, half of the time belongs to the calls.
    budget = max(budget - encoding, budget / 2)
    return min(budget, LONGEST)


def _seconds(header: str) -> float:
    try:
        seconds = float(header)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0 and "_" not in header):
        raise BadTimeoutError(f"{HEADER} is not a number of seconds above 0")
    return seconds
