"""The periods in which responses on kept connections may have belonged to other requests."""

from collections import deque
from collections.abc import Callable

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock

_MAX_PERIODS = 1000


class Desyncs:
    """Records when servers sent more responses than they were asked for.

    Each response after a surplus one belongs to the request before. Whoever keeps an answer for longer than a
    scrape asks `covers` before it is used again.
    """

    __slots__ = ("_listeners", "_periods", "clock")

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        """Create an empty record; the times of answers are those of the clock's `monotonic`."""
        self.clock = clock
        self._periods: deque[tuple[float, float]] = deque(maxlen=_MAX_PERIODS)
        self._listeners: list[Callable[[float], object]] = []

    def listen(self, listener: Callable[[float], object]) -> None:
        """Call a function with the begin of each period that is recorded from now on."""
        self._listeners.append(listener)

    def note(self, since: float) -> None:
        """Record that responses from a monotonic time until now may have belonged to other requests."""
        self._periods.append((since, self.clock.monotonic()))
        for listener in self._listeners:
            listener(since)

    def covers(self, received: float) -> bool:
        """Return whether a response received at this monotonic time may have belonged to another request."""
        return bool(self._periods) and any(since <= received <= until for since, until in self._periods)
