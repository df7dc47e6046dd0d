"""A clock that a test lets run ahead."""

from __future__ import annotations

import time


class Clock:
    """The real clock, and what a test lets pass beyond."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return self.time()

    def time(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead
