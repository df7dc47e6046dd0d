"""Waiting after failures: a cooldown of a given length, and delays that grow with each failure."""

import math
import random

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock


class Cooldown:
    """A time in which something is not tried, such as the call of an API whose quota is used up."""

    __slots__ = ("_clock", "_ends")

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        """Create an inactive cooldown."""
        self._clock = clock
        self._ends = -math.inf

    def begin(self, seconds: float) -> None:
        """Begin a cooldown of `seconds` seconds."""
        self._ends = self._clock.monotonic() + seconds

    def is_active(self) -> bool:
        """Return whether it has begun and not ended."""
        return self._clock.monotonic() < self._ends

    def seconds_since(self) -> float:
        """Return the seconds since it ended; below 0 while it is active, infinite if it never began."""
        return self._clock.monotonic() - self._ends

    @property
    def seconds_left(self) -> float:
        """Return the seconds until it ends; 0 if it is not active."""
        return max(0.0, self._ends - self._clock.monotonic())

    def end(self) -> None:
        """End it, as if it had never begun."""
        self._ends = -math.inf


class Backoff:
    """Exponential backoff: each delay is twice as long as the one before."""

    __slots__ = ("_first", "_jitter", "_longest", "_next")

    def __init__(self, first: float, longest: float, jitter: float = 0.0) -> None:
        """Create a backoff that begins with the first delay.

        Args:
            first: the first delay in seconds.
            longest: the longest delay in seconds, without the jitter.
            jitter: the share by which a delay is made longer or shorter at random, from 0 to 1.
        """
        self._first = first
        self._longest = longest
        self._jitter = jitter
        self._next = min(first, longest)

    def next_delay(self) -> float:
        """Return the seconds to wait after another failure."""
        delay = self._next * random.uniform(1 - self._jitter, 1 + self._jitter)  # noqa: S311 - spreads load, guards nothing
        self._next = min(2 * self._next, self._longest)
        return delay

    def reset(self) -> None:
        """Begin with the first delay again."""
        self._next = min(self._first, self._longest)
