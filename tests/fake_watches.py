"""Apps whose fetches a test holds up and lets go, and what it takes to fetch them."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from gevent.event import Event

from wx_domain_exporter.apps.extras import Extras, Findings
from wx_domain_exporter.apps.watch import Outcome, Watch
from wx_domain_exporter.clock import SYSTEM_CLOCK
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.lists.domains import EMPTY
from wx_domain_exporter.wechat.errors import CallTimeoutError, FetchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.deadline import SharedDeadline
    from wx_domain_exporter.fetch.fetcher import Fetcher
    from wx_domain_exporter.fetch.flights import Batch
    from wx_domain_exporter.lists.domains import DomainList

LONG = 30.0
NOTHING = Findings({}, None, {})


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


class FakeExtras(Extras):
    """What is asked beside an app's lists, if a test says that it is due; it lasts until its gate opens."""

    def __init__(
        self, name: str, log: Log, *, due: bool = False, strikes: int = 0, gate: bool = False
    ) -> None:
        self.name = f"{name}'s errand"
        self.log = log
        self.strikes = strikes
        self.tried = None
        self.is_due = due
        self.gate = Event()
        self.lists: list[bool] = []
        if not gate:
            self.gate.set()

    def known(self) -> Findings:
        return NOTHING

    def due(self, *, lists: bool) -> bool:  # noqa: ARG002 - as the real one
        return self.is_due

    def run(self, deadline: SharedDeadline, configured: Mapping[str, DomainList] | None) -> Findings:
        self.log.begin(self.name)
        self.lists.append(configured is not None)
        deadline.call_timeout(1e9)
        assert self.gate.wait(LONG)
        self.tried = time.time()
        self.log.end()
        return found(self.name)


class FakeWatch(Watch):
    """An app whose fetch lasts until the test opens its gate."""

    def __init__(
        self,
        name: str,
        log: Log,
        last: Outcome | None = None,
        *,
        strikes: int = 0,
        gate: bool = False,
        extras: FakeExtras | None = None,
        error: FetchError | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.last = last
        self.strikes = strikes
        self.last_success = None
        self.api_errors = {}
        self._clock = SYSTEM_CLOCK
        self.extras: FakeExtras = extras or FakeExtras(name, log)
        self.error = error
        self.findings = NOTHING
        self.owes = False
        self.gate = Event()
        self.allowed = math.nan
        if not gate:
            self.gate.set()

    def fetch(self, deadline: SharedDeadline) -> Outcome:
        self.log.begin(self.name)
        self.allowed = deadline.call_timeout(1e9)
        assert self.gate.wait(LONG)
        self.last = outcome(self.error)
        self.strikes = 0
        self.log.end()
        return self.last

    def mixed_up(self, outcome: Outcome) -> Outcome:
        return outcome

    def own(self, findings: Findings) -> Findings:
        return findings


def found(name: str) -> Findings:
    """What an errand of this name brings."""
    return Findings({name: EMPTY}, None, {})


def outcome(error: FetchError | None = None, *, age: float = 0.0) -> Outcome:
    return Outcome(None if error else {}, error, {}, 0.01, time.time() - age, None)


def healthy() -> Outcome:
    return outcome(age=60)


def slow(name: str, log: Log, *, strikes: int = 2, age: float = 60, gate: bool = False) -> FakeWatch:
    last = outcome(CallTimeoutError("no whole answer in time"), age=age)
    return FakeWatch(name, log, last, strikes=strikes, gate=gate)


def start(fetcher: Fetcher, *watches: Watch, seconds: float = LONG, min_interval: float = 0) -> Batch:
    """Begin, and wait until all apps wait for a worker or have one."""
    batch = fetcher.start(watches, Deadline.after(seconds), min_interval)
    with contextlib.suppress(CancelledError):  # the tasks have ended
        fetcher._tasks.submit(int).result(LONG)
    return batch


def settled(batch: Batch) -> list[Outcome]:
    batch.wait(LONG)
    assert batch.done.done()
    return batch.outcomes
