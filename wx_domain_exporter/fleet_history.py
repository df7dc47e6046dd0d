"""How many apps were well after each of the last scrapes of all apps: the bar on the status page."""

from collections import Counter, deque
from collections.abc import Iterable
from typing import NamedTuple

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.status_history import KEPT, FetchStatus


class ScrapeTotals(NamedTuple):
    """How the last fetches of all apps had ended when a scrape was done.

    Attributes:
        timestamp: Unix time at which the scrape began.
        failing: how many had failed.
        drifted: how many had succeeded with a list that differs from its baseline.
        ok: how many others had succeeded.
    """

    timestamp: float
    failing: int
    drifted: int
    ok: int


class FleetHistory:
    """The totals of the last 60 scrapes, oldest first. One thread adds to it, any thread may read."""

    def __init__(self) -> None:
        self._scrapes: deque[ScrapeTotals] = deque(maxlen=KEPT)

    @property
    def scrapes(self) -> tuple[ScrapeTotals, ...]:
        """Return the totals of the last scrapes."""
        return tuple(self._scrapes)

    def note(self, apps: Iterable[MonitoredApp], timestamp: float) -> None:
        """Add a scrape that is done.

        Args:
            apps: all apps of the fleet.
            timestamp: Unix time at which the scrape began.
        """
        numbers = Counter([app.status_history.last for app in apps])
        self._scrapes.append(
            ScrapeTotals(
                timestamp,
                numbers[FetchStatus.FAILING],
                numbers[FetchStatus.DRIFTED],
                numbers[FetchStatus.OK],
            )
        )
