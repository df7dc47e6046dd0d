"""Deadlines: made where a scrape comes in, and passed on unchanged to the call of the API."""

import math
from dataclasses import dataclass, field
from typing import Self

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """The instant until which one scrape waits.

    Attributes:
        instant: in seconds of `clock.monotonic()`.
        clock: the clock that it is compared with.
    """

    instant: float
    clock: Clock = field(default=SYSTEM_CLOCK, compare=False, repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Clock = SYSTEM_CLOCK) -> Self:
        """Return the deadline that ends in some seconds."""
        return cls(clock.monotonic() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds until the deadline; 0 or less once it is over."""
        return self.instant - self.clock.monotonic()


NO_DEADLINE = Deadline(math.inf)
_OVER = Deadline(-math.inf)


class SharedDeadline:
    """The latest deadline of all scrapes that wait for the same calls.

    It moves when another scrape joins, also while calls are under way. Without a scrape it is over.
    """

    __slots__ = ("_limit", "latest")

    def __init__(self, latest: Deadline = _OVER) -> None:
        self.latest = latest
        self._limit = math.inf

    def extend(self, deadline: Deadline) -> None:
        """Let another scrape wait too."""
        if deadline.instant > self.latest.instant:
            self.latest = deadline

    def limit(self, seconds: float) -> None:
        """End in some seconds at the latest, and cut a call short that is under way then.

        For an app that may hang, so that the other apps get their turn.
        """
        self._limit = self.latest.clock.monotonic() + seconds

    def cancel(self) -> None:
        """Be over from now on: no further call begins."""
        self.latest = _OVER

    def remaining(self) -> float:
        """Return the seconds in which further calls may begin; 0 or less once it is over."""
        return min(self.latest.instant, self._limit) - self.latest.clock.monotonic()

    def call_timeout(self, timeout: float) -> float:
        """Return the seconds that the next call may take; 0 or less if none may begin.

        A call that has begun ends by its own timeout, not with the scrape: its answer tells whether the
        app is healthy.

        Args:
            timeout: the call's own timeout in seconds.
        """
        now = self.latest.clock.monotonic()
        remaining = min(self.latest.instant, self._limit) - now
        return min(timeout, self._limit - now) if remaining > 0 else remaining
