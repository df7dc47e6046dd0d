"""How long a scrape may wait for WeChat so that it is answered before Prometheus' timeout."""

import math

from wx_domain_exporter.config.schema import Scrape

HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
LONGEST = 120.0
"""Maximum seconds that a scrape waits, whatever its header says."""


class BadTimeoutError(ValueError):
    """The scrape-timeout header is not a finite number above 0."""


def seconds_for_scrape(header: str | None, settings: Scrape, encoding: float) -> float:
    """Return how many seconds a scrape may wait for results.

    Args:
        header: the scrape timeout that Prometheus announced; None without one.
        settings: the timeout without a header, and the offset.
        encoding: the expected seconds for encoding the answer.

    Raises:
        BadTimeoutError: the header is not a finite number above 0.
    """
    timeout = settings.timeout if header is None else _seconds(header)
    budget = timeout - settings.timeout_offset
    if budget <= 0:
        budget = timeout / 2
    # At least half of the time is for the calls, even if the encoding was slow.
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
