from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from clocks import Clock
from fake_watches import LONG, Log

from wx_domain_exporter.fetch.fetcher import Fetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Iterator[Callable[[int], Fetcher]]:
    """Make fetchers; afterwards no thread of theirs is left."""
    before = set(threading.enumerate())
    made: list[Fetcher] = []

    def make(slots: int) -> Fetcher:
        made.append(Fetcher(slots, clock))
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(LONG)
        assert not thread.is_alive()
