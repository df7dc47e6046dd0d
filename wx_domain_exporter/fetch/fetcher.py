"""Fetching many apps at once: in parallel, one call an app however many ask, none starved by slow ones.

A scrape asks for its apps and gets a `Batch`. Each app that is not being fetched already gets a `Flight`,
which waits in its lane for one of the workers, tasks of the thread that calls WeChat. Where a landed flight leaves more to ask, an `Errand`
follows: errands start only when no flight could, and hold half of the workers at most, so that nothing that
they call can cost the next scrape its flights.
"""

from collections.abc import Sequence
from typing import TypeGuard

import structlog

from wx_domain_exporter.apps.watch import Outcome, Watch
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.fetch.flights import Batch, Errand, Flight
from wx_domain_exporter.fetch.lanes import Lanes
from wx_domain_exporter.tasks import Tasks
from wx_domain_exporter.wechat.errors import Reason

log = structlog.get_logger(__name__)


class Fetcher:
    """The workers and what waits for them; so many calls are in flight at most.

    All but `start` and the making is for tasks.
    """

    def __init__(self, tasks: Tasks, slots: int, clock: Clock = SYSTEM_CLOCK) -> None:
        self._tasks = tasks
        self._slots = slots
        self._clock = clock
        self._flights: Lanes[Flight] = Lanes()
        self._errands: Lanes[Errand] = Lanes(in_turn=True)
        self._workers = 0

    def start(self, watches: Sequence[Watch], deadline: Deadline, min_interval: float) -> Batch:
        """Begin to fetch apps; from any thread.

        Args:
            watches: whom to fetch.
            deadline: until when the caller waits.
            min_interval: an outcome younger than this, in seconds, is shared instead.
        """
        batch = Batch(watches, self._clock)
        try:
            self._tasks.submit(self._begin, batch, deadline, min_interval)
        except (RuntimeError, OSError):  # the next scrape tries again
            log.exception("no thread can be started for the fetches")
        return batch

    def resize(self, slots: int) -> None:
        """Change the number of workers; those too many go as they come free."""
        self._slots = slots
        self._call_workers()

    def _begin(self, batch: Batch, deadline: Deadline, min_interval: float) -> None:
        now = self._clock.time()
        for watch in batch.watches:
            self._join(batch, watch, deadline, now, min_interval)
        self._call_workers()
        batch.one_less()

    def _join(self, batch: Batch, watch: Watch, deadline: Deadline, now: float, min_interval: float) -> None:
        flight = self._flights.of(watch)
        job: Flight | Errand | None = flight
        if flight is None:
            flight = Flight(watch)
            if _is_shared(watch.last, now, min_interval):
                flight.outcome, flight.findings = watch.last, watch.findings
                job = flight.errand = self._errands.of(watch) or self._errand_that_is_owed(watch, deadline)
            else:
                job = flight
                self._flights.add(flight)
        batch.add(flight)
        if job is not None:
            job.deadline.extend(deadline)
            batch.expect(job)

    def _call_workers(self) -> None:
        free = max(0, self._errand_slots - self._errands.running)
        waiting = len(self._flights) + min(len(self._errands), free)
        for _ in range(min(waiting, self._slots - self._workers)):
            self._call_worker()

    def _call_worker(self) -> None:
        self._workers += 1
        self._tasks.spawn(self._work)

    @property
    def _errand_slots(self) -> int:
        return max(1, self._slots // 2)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            for batch in self._finish(job):
                batch.one_less()

    def _finish(self, job: Flight | Errand) -> Sequence[Batch]:
        """Run a job to its end; return who waits for it."""
        while True:
            wanted_until = job.wanted_until
            if job.spare() > 0:
                _run(job)
            if isinstance(job, Flight):
                in_vain = job.gave_up and wanted_until < job.wanted_until
                if in_vain and job.spare() > 0:
                    continue  # who joined meanwhile has more time, and the app's share of it is not over
                self._land(job)
            else:
                self._come_back(job)
            # Its place may be what something else waits for, beside what it takes next itself.
            if (self._flights or self._errands) and self._workers < self._slots:
                self._call_worker()
            return job.batches

    def _next(self) -> Flight | Errand | None:
        job: Flight | Errand | None = None
        if self._workers <= self._slots:
            job = self._flights.take(self._slots) or self._errands.take(self._errand_slots)
        if job is None:
            self._workers -= 1
        return job

    def _land(self, flight: Flight) -> None:
        self._flights.landed(flight)
        watch, outcome = flight.watch, flight.outcome
        if outcome is None:
            return
        flight.findings = watch.findings = watch.extras.known()
        flight.errand = self._errand_after(watch, outcome, flight.deadline.latest)
        if flight.errand is not None:
            for batch in flight.batches:
                batch.expect(flight.errand)

    def _errand_after(self, watch: Watch, outcome: Outcome, deadline: Deadline) -> Errand | None:
        """Return what asks for the rest that is due after an outcome; None if nothing is."""
        lists = outcome.categories is not None
        watch.owes = False
        if not outcome.has_token or not watch.extras.due(lists=lists):
            return None
        errand = self._errands.of(watch)
        if errand is None:
            errand = Errand(watch)
            self._errands.add(errand)
        if outcome.categories is not None:
            errand.configured = outcome.categories
        errand.deadline.extend(deadline)
        return errand

    def _errand_that_is_owed(self, watch: Watch, deadline: Deadline) -> Errand | None:
        if watch.last is None or not watch.owes:
            return None
        return self._errand_after(watch, watch.last, deadline)

    def _come_back(self, errand: Errand) -> None:
        self._errands.landed(errand)
        errand.watch.owes = errand.cut_short
        if errand.findings is not None:
            errand.watch.findings = errand.findings


def _run(job: Flight | Errand) -> None:
    try:
        job.run()
    except Exception:  # what should never happen may cost one app's turn, not its worker for ever
        log.exception("a fetch broke", appid=job.watch.app.appid)


def _is_shared(last: Outcome | None, now: float, min_interval: float) -> TypeGuard[Outcome]:
    """Whether a scrape takes the last outcome instead of a call.

    A deadline was another scrape's, perhaps a much shorter one's. An age below 0 is a clock set back: nothing
    is known then.
    """
    if last is None or last.reason is Reason.DEADLINE:
        return False
    return 0 <= now - last.timestamp < min_interval
