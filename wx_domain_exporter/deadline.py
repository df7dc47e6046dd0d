"""Deadlines, which are set when a scrape arrives and passed on unchanged to the calls of the API."""

import math
from dataclasses import dataclass, field
from typing import Self

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """The time at which one scrape stops waiting.

    Attributes:
        instant: the seconds of `clock.monotonic()`.
        clock: the clock that measures it.
    """

    instant: float
    clock: Clock = field(default=SYSTEM_CLOCK, compare=False, repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Clock = SYSTEM_CLOCK) -> Self:
        """Return the deadline in `seconds` seconds."""
        return cls(clock.monotonic() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds until the deadline; 0 or less once it has passed."""
        return self.instant - self.clock.monotonic()


NO_DEADLINE = Deadline(math.inf)
_PASSED = Deadline(-math.inf)


class SharedDeadline:
    """The latest deadline of all scrapes that wait for the same calls.

    It moves when another scrape joins, also during a call. Without a scrape it has passed.
    """

    __slots__ = ("_limit", "latest")

    def __init__(self, latest: Deadline = _PASSED) -> None:
        self.latest = latest
        self._limit = math.inf

    def extend(self, deadline: Deadline) -> None:
        """Add a scrape that waits until `deadline`."""
        if deadline.instant > self.latest.instant:
            self.latest = deadline

    def limit(self, seconds: float) -> None:
        """Let calls end in `seconds` seconds at the latest, also those that scrapes still wait for.

        For an app that may hang while other apps wait for a worker.
        """
        self._limit = self.latest.clock.monotonic() + seconds

    def cancel(self) -> None:
        """Let no further call begin."""
        self.latest = _PASSED

    def remaining(self) -> float:
        """Return the seconds in which further calls may begin; 0 or less once it has passed."""
        return min(self.latest.instant, self._limit) - self.latest.clock.monotonic()

    def call_timeout(self, timeout: float) -> float:
        """Return the seconds that the next call may take; 0 or less if none may begin.

        A call that has begun ends by its own timeout, not with the scrape, because its result shows whether
        the app is healthy.

        Args:
            timeout: the call's own timeout in seconds.
        """
        if self.remaining() <= 0:
            return 0.0
        return min(timeout, self._limit - self.latest.clock.monotonic())
