"""Fake apps whose fetches wait until the test lets them end, and functions to scrape them."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from gevent.event import Event

from wx_domain_exporter.apps.extra_calls import ExtraCalls
from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import NO_EXTRA_RESULT, ExtraResult, FetchResult
from wx_domain_exporter.clock import SYSTEM_CLOCK
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.domains.domain_list import EMPTY
from wx_domain_exporter.wechat.errors import CallTimeoutError, FetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wx_domain_exporter.clock import Clock
    from wx_domain_exporter.deadline import SharedDeadline
    from wx_domain_exporter.domains.domain_list import DomainList
    from wx_domain_exporter.scheduler.jobs import ScrapeJobs
    from wx_domain_exporter.scheduler.scheduler import Scheduler

    MakeScheduler = Callable[[int], Scheduler]
    """Makes a scheduler with so many slots."""

LONG = 30.0


class JobLog:
    """Which jobs have started, in their order, and how many ran at once."""

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
        """Wait until so many jobs have started."""
        with self._change:
            assert self._change.wait_for(lambda: len(self.started) >= number, LONG), self.started


class FakeExtraCalls(ExtraCalls):
    """Extra calls that may be due; with `gate`, a run lasts until the test opens the gate."""

    def __init__(
        self, name: str, log: JobLog, *, due: bool = False, consecutive_timeouts: int = 0, gate: bool = False
    ) -> None:
        self.name = f"{name}'s extra calls"
        self.log = log
        self.consecutive_timeouts = consecutive_timeouts
        self.last_run = None
        self.is_due = due
        self.gate = Event()
        self.lists: list[bool] = []
        """For each run, whether the app's configured lists were known."""
        if not gate:
            self.gate.set()

    def known(self) -> ExtraResult:
        return NO_EXTRA_RESULT

    def due(self, *, lists: bool) -> bool:  # noqa: ARG002 - as the real one
        return self.is_due

    def run(self, deadline: SharedDeadline, configured: Mapping[str, DomainList] | None) -> ExtraResult:
        self.log.begin(self.name)
        self.lists.append(configured is not None)
        deadline.call_timeout(1e9)
        assert self.gate.wait(LONG)
        self.last_run = time.monotonic()
        self.log.end()
        return extra_result_of(self.name)


class FakeApp(MonitoredApp):
    """An app without calls; with `gate`, a fetch lasts until the test opens the gate."""

    def __init__(
        self,
        name: str,
        log: JobLog,
        last_result: FetchResult | None = None,
        *,
        consecutive_timeouts: int = 0,
        gate: bool = False,
        extra_calls: FakeExtraCalls | None = None,
        error: FetchError | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.last_result = last_result
        age = None if last_result is None else time.time() - last_result.timestamp
        self.last_run = None if age is None else time.monotonic() - age
        self.consecutive_timeouts = consecutive_timeouts
        self.last_success = None
        self.api_errors = {}
        self._clock = SYSTEM_CLOCK
        self.extra_calls: FakeExtraCalls = extra_calls or FakeExtraCalls(name, log)
        self.error = error
        self.extra_result = NO_EXTRA_RESULT
        self.extras_pending = False
        self.gate = Event()
        self.call_timeout = math.nan
        """The seconds that the last fetch may take, of an almost unlimited timeout of 1e9."""
        if not gate:
            self.gate.set()

    def fetch(self, deadline: SharedDeadline) -> FetchResult:
        self.log.begin(self.name)
        self.call_timeout = deadline.call_timeout(1e9)
        assert self.gate.wait(LONG)
        self.last_result, self.last_run = result_of(self.error), time.monotonic()
        self.consecutive_timeouts = 0
        self.log.end()
        return self.last_result

    def checked_result(self, result: FetchResult) -> FetchResult:
        return result

    def checked_extra_result(self, extra_result: ExtraResult) -> ExtraResult:
        return extra_result


def extra_result_of(name: str) -> ExtraResult:
    """The result of the fake extra calls of this name."""
    return ExtraResult({name: EMPTY}, None, {})


def result_of(error: FetchError | None = None, *, age: float = 0.0) -> FetchResult:
    return FetchResult(None if error else {}, error, {}, 0.01, time.time() - age, None)


def healthy_app(name: str, log: JobLog) -> FakeApp:
    """An app whose last fetch succeeded."""
    return FakeApp(name, log, result_of(age=60))


def slow_app(
    name: str, log: JobLog, *, consecutive_timeouts: int = 2, age: float = 60, gate: bool = False
) -> FakeApp:
    """An app whose last fetches timed out, the last one `age` seconds ago."""
    timeout = result_of(CallTimeoutError("no whole answer in time"), age=age)
    return FakeApp(name, log, timeout, consecutive_timeouts=consecutive_timeouts, gate=gate)


def start(
    scheduler: Scheduler,
    *apps: MonitoredApp,
    seconds: float = LONG,
    min_interval: float = 0,
    clock: Clock = SYSTEM_CLOCK,
) -> ScrapeJobs:
    """Start a scrape, and wait until each of its jobs waits for a worker or has one.

    The scrape's deadline is in `seconds` seconds of the clock.
    """
    scrape = scheduler.start(apps, Deadline.after(seconds, clock), min_interval)
    with contextlib.suppress(CancelledError):  # the tasks are closed
        scheduler._tasks.submit(int).result(LONG)
    return scrape


def wait_for_results(scrape: ScrapeJobs) -> list[FetchResult]:
    """Wait until all jobs of a scrape have ended."""
    scrape.wait(LONG)
    assert scrape.done.done()
    return scrape.results
