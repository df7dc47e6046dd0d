"""Means to wait for other threads and processes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(condition: Callable[[], bool], expected: str, seconds: float = 120) -> None:
    """Poll a condition in another process, which sends no event; the error names what was `expected`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {expected}")
        time.sleep(0.05)


class Gate:
    """Holds all fetches until a test opens it; see the fixture `gate`."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()


class Trap:
    """Raises an error at each call; the second call sets `again`."""

    def __init__(self, error: Exception) -> None:
        self.again = threading.Event()
        self._error = error
        self._calls = 0

    def __call__(self, *_: object) -> None:
        self._calls += 1
        if self._calls > 1:
            self.again.set()
        raise self._error
