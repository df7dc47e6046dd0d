"""Scrapes come first: everything else that is answered meanwhile gets little of the processor's time."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

_SLICE_SECONDS = 0.001
"""How long a thread works before it looks whether a scrape is under way."""
_MAX_PAUSES = 9
"""Maximum number of pauses after a slice, each as long as it, so that a thread gets a tenth of the time."""
_BUSY_SHARE = 0.2
"""If the process needs less of the processor than this during a pause, the pause was the last one."""
_SECONDS_BETWEEN_TURNS = 0.01
"""In the event loop. What is done in one turn, such as sending one piece of an answer, takes about 0.5 ms."""
_MAX_WAITING = 64
"""Maximum number of new requests that wait for their turn."""

Item = TypeVar("Item")


def start_thread(name: str) -> Executor:
    """Start a thread that does one piece of work after another; later the system may refuse to start one."""
    executor = ThreadPoolExecutor(1, name)
    executor.submit(int)
    return executor


class ScrapePriority:
    """Knows whether a scrape is under way, and lets other work wait. For one event loop and its threads.

    Python runs one thread at a time, and a thread that computes keeps it for 5 ms whenever another one wants
    it. So other work is cut into small slices while a scrape is under way. It goes on slowly even then,
    because a scrape may wait for WeChat until its deadline.
    """

    def __init__(self) -> None:
        self._scrapes = 0
        self._lock = asyncio.Lock()
        """Waiters get it in the order in which they came."""
        self._waiting = 0
        self._next_turn = 0.0

    @property
    def scraping(self) -> bool:
        """Whether a scrape is under way: from its request until its answer is written."""
        return self._scrapes > 0

    @contextlib.contextmanager
    def scrape(self) -> Iterator[None]:
        """Let other work wait within the block."""
        self._scrapes += 1
        try:
            yield
        finally:
            self._scrapes -= 1

    async def turn(self) -> None:
        """Wait for a turn in the event loop; without a scrape that is at once."""
        if not self.scraping:
            return
        async with self._lock:
            if self.scraping:
                now = time.monotonic()
                await asyncio.sleep(max(0.0, self._next_turn - now))
                self._next_turn = max(now, self._next_turn) + _SECONDS_BETWEEN_TURNS

    async def admit(self) -> bool:
        """Wait for the turn of a new request; False if too many wait already."""
        if self._waiting >= _MAX_WAITING:
            return False
        self._waiting += 1
        try:
            await self.turn()
        finally:
            self._waiting -= 1
        return True

    def pace(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield items to a loop in a thread of its own, with pauses while a scrape needs the processor."""
        slice_end = time.perf_counter() + _SLICE_SECONDS
        for item in items:
            yield item
            if time.perf_counter() >= slice_end:
                self._pause()
                slice_end = time.perf_counter() + _SLICE_SECONDS

    def _pause(self) -> None:
        for _ in range(_MAX_PAUSES):
            if not self.scraping:
                return
            before = time.process_time()
            time.sleep(_SLICE_SECONDS)
            if time.process_time() - before < _BUSY_SHARE * _SLICE_SECONDS:
                return
