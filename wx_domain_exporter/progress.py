"""How far long work is, for the log, the pages and the commands."""

from dataclasses import dataclass
from typing import Final

from wx_domain_exporter.clock import Clock

LOG_INTERVAL_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of how many are done."""

    done: int
    total: int


class LogInterval:
    """Limits how often progress is logged; work that ends within the interval is not logged at all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: float | None = None

    def is_due(self) -> bool:
        """Return whether 5 seconds have passed since the work began, or since this was last true."""
        now = self._clock.monotonic()
        if self._next is not None and now < self._next:
            return False
        is_first, self._next = self._next is None, now + LOG_INTERVAL_SECONDS
        return not is_first
