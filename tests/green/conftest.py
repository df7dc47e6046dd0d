from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from fake_watches import LONG

from wx_domain_exporter.green.loop import Loop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop; afterwards its thread has ended."""
    before = set(threading.enumerate())
    loop = Loop("green")
    yield loop
    loop.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(LONG)
        assert not thread.is_alive()
