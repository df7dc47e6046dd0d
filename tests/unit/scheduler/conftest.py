from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.clocks import Clock
from helpers.fake_apps import JobLog

from wx_domain_exporter.scheduler.scheduler import Scheduler
from wx_domain_exporter.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.fake_apps import MakeScheduler


@pytest.fixture
def log() -> JobLog:
    return JobLog()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    tasks = Tasks()
    yield tasks
    tasks.close()


@pytest.fixture
def make_scheduler(tasks: Tasks, clock: Clock) -> MakeScheduler:
    return lambda slots: Scheduler(tasks, slots, clock)
