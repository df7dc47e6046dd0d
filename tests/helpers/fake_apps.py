"""Apps whose fetches a test holds up and lets go, and what it takes to fetch them."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from gevent.event import Event

from wx_domain_exporter.apps.extra_calls import ExtraCalls, ExtraResult
from wx_domain_exporter.apps.monitored_app import FetchResult, MonitoredApp
from wx_domain_exporter.clock import SYSTEM_CLOCK
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.domains.domain_list import EMPTY
from wx_domain_exporter.wechat.errors import CallTimeoutError, FetchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.deadline import SharedDeadline
    from wx_domain_exporter.domains.domain_list import DomainList
    from wx_domain_exporter.scheduler.jobs import ScrapeJobs
    from wx_domain_exporter.scheduler.scheduler import Scheduler

LONG = 30.0
NOTHING = ExtraResult({}, None, {})


class Log:
    """What was fetched, in its order, and how much of it at once."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self.started: list[str] = []
        self.running = 0
        self.peak = 0

    def begin(self, name: str) -> None:
        with self._change:
            self.started.append(name)
            self.running += 1
            self.peak = max(self.peak, self.running)
            self._change.notify_all()

    def end(self) -> None:
        with self._change:
            self.running -= 1
            self._change.notify_all()

    def wait_for(self, number: int) -> None:
        """Wait until that many fetches have begun."""
        with self._change:
            assert self._change.wait_for(lambda: len(self.started) >= number, LONG), self.started

    def wait_until_quiet(self) -> None:
        with self._change:
            assert self._change.wait_for(lambda: not self.running, LONG)


class FakeExtras(ExtraCalls):
    """What is asked beside an app's lists, if a test says that it is due; it lasts until its gate opens."""

    def __init__(
        self, name: str, log: Log, *, due: bool = False, strikes: int = 0, gate: bool = False
    ) -> None:
        self.name = f"{name}'s errand"
        self.log = log
        self.consecutive_timeouts = strikes
        self.last_run = None
        self.is_due = due
        self.gate = Event()
        self.lists: list[bool] = []
        if not gate:
            self.gate.set()

    def known(self) -> ExtraResult:
        return NOTHING

    def due(self, *, lists: bool) -> bool:  # noqa: ARG002 - as the real one
        return self.is_due

    def run(self, deadline: SharedDeadline, configured: Mapping[str, DomainList] | None) -> ExtraResult:
        self.log.begin(self.name)
        self.lists.append(configured is not None)
        deadline.call_timeout(1e9)
        assert self.gate.wait(LONG)
        self.last_run = time.time()
        self.log.end()
        return found(self.name)


class FakeWatch(MonitoredApp):
    """An app whose fetch lasts until the test opens its gate."""

    def __init__(
        self,
        name: str,
        log: Log,
        last: FetchResult | None = None,
        *,
        strikes: int = 0,
        gate: bool = False,
        extras: FakeExtras | None = None,
        error: FetchError | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.last_result = last
        self.consecutive_timeouts = strikes
        self.last_success = None
        self.api_errors = {}
        self._clock = SYSTEM_CLOCK
        self.extra_calls: FakeExtras = extras or FakeExtras(name, log)
        self.error = error
        self.extra_result = NOTHING
        self.extras_pending = False
        self.gate = Event()
        self.allowed = math.nan
        if not gate:
            self.gate.set()

    def fetch(self, deadline: SharedDeadline) -> FetchResult:
        self.log.begin(self.name)
        self.allowed = deadline.call_timeout(1e9)
        assert self.gate.wait(LONG)
        self.last_result = result_of(self.error)
        self.consecutive_timeouts = 0
        self.log.end()
        return self.last_result

    def checked_result(self, result: FetchResult) -> FetchResult:
        return result

    def checked_extra_result(self, extra_result: ExtraResult) -> ExtraResult:
        return extra_result


def found(name: str) -> ExtraResult:
    """What an errand of this name brings."""
    return ExtraResult({name: EMPTY}, None, {})


def result_of(error: FetchError | None = None, *, age: float = 0.0) -> FetchResult:
    return FetchResult(None if error else {}, error, {}, 0.01, time.time() - age, None)


def healthy() -> FetchResult:
    return result_of(age=60)


def slow(name: str, log: Log, *, strikes: int = 2, age: float = 60, gate: bool = False) -> FakeWatch:
    last = result_of(CallTimeoutError("no whole answer in time"), age=age)
    return FakeWatch(name, log, last, strikes=strikes, gate=gate)


def start(
    scheduler: Scheduler, *apps: MonitoredApp, seconds: float = LONG, min_interval: float = 0
) -> ScrapeJobs:
    """Begin, and wait until all apps wait for a worker or have one."""
    batch = scheduler.start(apps, Deadline.after(seconds), min_interval)
    with contextlib.suppress(CancelledError):  # the tasks have ended
        scheduler._tasks.submit(int).result(LONG)
    return batch


def settled(batch: ScrapeJobs) -> list[FetchResult]:
    batch.wait(LONG)
    assert batch.done.done()
    return batch.results
