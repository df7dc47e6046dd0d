"""Logs how many apps of a large fleet have been fetched, until each has been fetched once."""

from collections.abc import Callable

import structlog

from wx_domain_exporter.clock import Clock
from wx_domain_exporter.progress import LogInterval, Progress

log = structlog.get_logger(__name__)


class FirstFetches:
    """Is told of each fetch; a fleet whose apps are all fetched within 5 seconds is not logged."""

    def __init__(self, progress: Callable[[], Progress], clock: Clock) -> None:
        """Make a log of nothing yet.

        Args:
            progress: returns how many apps of the fleet have been fetched at least once.
            clock: measures the time between two lines.
        """
        self._progress = progress
        self._clock = clock
        self.begin_again()

    def begin_again(self) -> None:
        """Expect apps that were never fetched: the fleet has changed."""
        self._interval: LogInterval | None = LogInterval(self._clock)
        self._total: int | None = None
        self._left = 0
        self._logged: Progress | None = None

    def note_fetch(self, *, is_first: bool, is_last: bool) -> None:
        """Note that an app was fetched.

        Args:
            is_first: whether it was the app's first fetch.
            is_last: whether no other fetch waits or runs.
        """
        if self._interval is None:
            return
        if self._total is None:  # counted only now, because counting takes a while
            progress = self._progress()
            self._total, self._left = progress.total, progress.total - progress.done
        elif is_first:
            self._left -= 1
        is_due = self._interval.is_due()
        if self._left <= 0:
            self._interval = None
        progress = Progress(self._total - self._left, self._total)
        if progress != self._logged and (is_due or (is_last and self._logged is not None)):
            self._logged = progress
            log.info("apps fetched for the first time", done=progress.done, total=progress.total)
