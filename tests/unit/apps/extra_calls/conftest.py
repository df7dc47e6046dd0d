from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.clocks import Clock
from helpers.extra_calls_setup import Stage, stage_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stage(clock: Clock) -> Iterator[Stage]:
    with stage_of(clock) as stage:
        yield stage
