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
        self._last: Progress | None = None

    def note_fetch(self, *, is_last: bool) -> None:
        """Note that a fetch has ended.

        Args:
            is_last: whether no other fetch waits or runs.
        """
        if self._interval is None:
            return
        is_due = self._interval.is_due()
        if not is_due and not is_last:
            return
        progress = self._progress()
        if progress.done == progress.total:
            self._interval = None
        if progress != self._last and (is_due or self._last is not None):
            self._last = progress
            log.info("apps fetched for the first time", done=progress.done, total=progress.total)
