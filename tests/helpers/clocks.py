"""Clocks to hand in: one that a test lets run ahead of the real one, and one that stands still."""

from __future__ import annotations

import time


class Clock:
    """The real clock, and what a test lets pass beyond."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.set_back = 0.0
        """By how many seconds the time of day was set back."""

    def __call__(self) -> float:
        return self.time()

    def time(self) -> float:
        return time.time() + self.ahead - self.set_back

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


class StoppedClock:
    """Shows what a test sets."""

    def __init__(self, now: float = 5000.0) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now
