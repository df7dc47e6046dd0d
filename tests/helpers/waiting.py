"""Means to wait for other threads and processes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Poll something of another process that sends no event."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Gate:
    """Where all fetches wait until the test opens it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()


class Trap:
    """Raises whenever it is called; `again` is set by the second call."""

    def __init__(self, error: Exception) -> None:
        self.again = threading.Event()
        self._error = error
        self._calls = 0

    def __call__(self, *_: object) -> None:
        self._calls += 1
        if self._calls > 1:
            self.again.set()
        raise self._error
