"""Fetching many apps at once: in parallel, one call an app however many ask, none starved by slow ones.

A scrape asks for its apps and gets a `Batch`. Each app that is not being fetched already gets a `Flight`,
which waits in one of four lanes for one of the worker threads:

- healthy apps start first;
- then those of which nothing is known yet, each with a share of the time, so that those among them that
  hang can't take the others' turn;
- last, in a quarter of the workers at most, those that kept a worker busy for nothing: first the shaken,
  who did so only the last time, again with a share of the time, for one bad moment is soon forgotten;
  then the slow, who did so more than once.
"""

import heapq
import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent import futures
from functools import cached_property
from typing import TypeGuard

import structlog

from wx_domain_exporter.watch import Outcome, Watch
from wx_domain_exporter.wechat.errors import DeadlineError, Reason

log = structlog.get_logger(__name__)

_UNKNOWN_SHARE = 5
"""While more unknown apps wait than there are workers, each gets this multiple of its even share of the time:
a tenth of them may hang, and those together take half of the time."""
_LEAST_UNKNOWN_SHARE = 1.0
_LEAST_SHAKEN_SHARE = 0.25
"""Seconds; with less, a slow network would pass for a hanging one."""


class Flight:
    """One fetch of one app, shared by all who wait for it; it is its fetch's time budget too."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.slow = watch.strikes > 0
        self.wanted_until = 0.0
        """The last deadline of those who wait, in seconds of `time.monotonic()`."""
        self.outcome: Outcome | None = None
        self.batches: list[Batch] = []
        self.stop_at = math.inf

    def allow(self, timeout: float) -> float:
        """Return the seconds that the next call may take.

        A call that has begun ends by its own timeout, not with the scrape: its answer tells whether the
        app is healthy.

        Raises:
            DeadlineError: nobody waits any more, or the flight's share of the time is over.
        """
        now = time.monotonic()
        if now >= self.wanted_until or now >= self.stop_at:
            raise DeadlineError("the scrape's time was over before the next call")
        return min(timeout, self.stop_at - now)

    def spare(self) -> float:
        """Return the seconds for which somebody still waits."""
        return min(self.wanted_until, self.stop_at) - time.monotonic()


class Batch:
    """The apps of one scrape, on their way."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self.watches = watches
        self.done: futures.Future[None] = futures.Future()
        """Has a result as soon as every app has an outcome."""
        self.done.set_running_or_notify_cancel()  # one who stops waiting cancels it for nobody
        self._begin = time.monotonic()
        self._ready: list[Outcome | Flight] = []
        self._missing = 1
        self._lock = threading.Lock()

    def wait(self, timeout: float) -> None:
        """Wait until every app has an outcome, or for `timeout` seconds."""
        futures.wait([self.done], timeout)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """An outcome for each of `watches`, as it was at the first look: a failure where none was there."""
        waited = time.monotonic() - self._begin
        outcomes = []
        for watch, ready in zip(self.watches, self._ready, strict=True):
            outcome = ready.outcome if isinstance(ready, Flight) else ready
            outcomes.append(watch.missed(waited) if outcome is None else watch.mixed_up(outcome))
        return outcomes

    def add(self, ready: Outcome | Flight) -> None:
        """Take the next of `watches`: its outcome, or the flight that will have it."""
        self._ready.append(ready)
        if isinstance(ready, Flight):
            with self._lock:
                self._missing += 1
            ready.batches.append(self)

    def one_less(self) -> None:
        """Note that one flight landed, or that all have been added."""
        with self._lock:
            self._missing -= 1
            last = self._missing == 0
        if last:
            self.done.set_result(None)


class Fetcher:
    """The worker threads and their lanes. `max_concurrency` calls are in flight at most."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._change = threading.Condition()
        self._flights: dict[Watch, Flight] = {}
        self._healthy: deque[Flight] = deque()
        self._unknown: deque[Flight] = deque()
        self._shaken = _LongestAgoFirst()
        self._slow = _LongestAgoFirst()
        self._slow_running = 0
        self._workers = 0
        self._idle = 0
        self._closed = False

    def start(self, watches: Sequence[Watch], deadline: float, min_interval: float) -> Batch:
        """Begin to fetch apps.

        Args:
            watches: whom to fetch.
            deadline: until when the caller waits, in seconds of `time.monotonic()`.
            min_interval: an outcome younger than this, in seconds, is shared instead.
        """
        batch = Batch(watches)
        now = time.time()
        with self._change:
            for watch in watches:
                batch.add(self._join(watch, deadline, now, min_interval))
            self._call_workers()
        batch.one_less()
        return batch

    def resize(self, slots: int) -> None:
        """Change the number of workers; those too many go as they come free."""
        with self._change:
            self._slots = slots
            self._change.notify_all()

    def close(self) -> None:
        """Start no further flight; those in the air end by their own timeouts."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _join(self, watch: Watch, deadline: float, now: float, min_interval: float) -> Outcome | Flight:
        flight = self._flights.get(watch)
        if flight is None:
            if _is_shared(watch.last, now, min_interval):
                return watch.last
            flight = self._flights[watch] = Flight(watch)
            self._lane(watch).append(flight)
        flight.wanted_until = max(flight.wanted_until, deadline)
        return flight

    def _lane(self, watch: Watch) -> "deque[Flight] | _LongestAgoFirst":
        if watch.strikes > 1:
            return self._slow
        if watch.strikes == 1:
            return self._shaken
        return self._unknown if watch.last is None else self._healthy

    def _call_workers(self) -> None:
        waiting = len(self._healthy) + len(self._unknown) + len(self._shaken) + len(self._slow)
        self._change.notify(waiting)
        for _ in range(min(waiting - self._idle, self._slots - self._workers)):
            try:
                name = f"fetch-{self._workers + 1}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
            except RuntimeError:  # the system has no more: go on with those that are there
                log.exception("no further worker can be started", workers=self._workers)
                return
            self._workers += 1

    def _work(self) -> None:
        while (flight := self._next()) is not None:
            in_time = time.monotonic() < flight.wanted_until
            self._land(flight, flight.watch.fetch(flight) if in_time else None)

    def _next(self) -> Flight | None:
        with self._change:
            self._idle += 1
            try:
                while not self._closed and self._workers <= self._slots:
                    flight = self._take()
                    if flight is not None:
                        return flight
                    self._change.wait()
            finally:
                self._idle -= 1
            self._workers -= 1
            return None

    def _take(self) -> Flight | None:
        if self._healthy:
            return self._healthy.popleft()
        if self._unknown:
            share = _UNKNOWN_SHARE, _LEAST_UNKNOWN_SHARE
            return _with_share(self._unknown.popleft(), self._slots, len(self._unknown), *share)
        slow_slots = max(1, self._slots // 4)
        if self._slow_running >= slow_slots or not (self._shaken or self._slow):
            return None
        self._slow_running += 1
        if self._shaken:
            return _with_share(self._shaken.pop(), slow_slots, len(self._shaken), 1, _LEAST_SHAKEN_SHARE)
        return self._slow.pop()

    def _land(self, flight: Flight, outcome: Outcome | None) -> None:
        with self._change:
            del self._flights[flight.watch]
            flight.outcome = outcome
            batches = flight.batches
            if flight.slow:
                self._slow_running -= 1
                self._change.notify()
        for batch in batches:
            batch.one_less()


def _is_shared(last: Outcome | None, now: float, min_interval: float) -> TypeGuard[Outcome]:
    """Whether a scrape takes the last outcome instead of a call.

    A deadline was another scrape's, perhaps a much shorter one's. An age below 0 is a clock set back: nothing
    is known then.
    """
    if last is None or last.reason is Reason.DEADLINE:
        return False
    return 0 <= now - last.timestamp < min_interval


class _LongestAgoFirst:
    """Flights in the order in which their apps were tried last, so that each of them gets its turn."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Flight]] = []
        self._added = 0

    def __len__(self) -> int:
        return len(self._heap)

    def append(self, flight: Flight) -> None:
        last = flight.watch.last
        self._added += 1
        heapq.heappush(self._heap, (0.0 if last is None else last.timestamp, self._added, flight))

    def pop(self) -> Flight:
        return heapq.heappop(self._heap)[2]


def _with_share(flight: Flight, slots: int, others: int, multiple: float, least: float) -> Flight:
    """Give a flight its share of the time, so that others like it get a turn; no limit if all can start."""
    if others >= slots:
        now = time.monotonic()
        even = (flight.wanted_until - now) * slots / (others + 1)
        flight.stop_at = now + max(least, multiple * even)
    return flight
