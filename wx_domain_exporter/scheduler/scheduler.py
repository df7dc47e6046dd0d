"""Fetching many apps at once: in parallel, one call an app however many ask, none starved by slow ones.

A scrape asks for its apps and gets a `Batch`. Each app that is not being fetched already gets a `Flight`,
which waits in its lane for one of the workers, tasks of the thread that calls WeChat. Where a landed flight leaves more to ask, an `Errand`
follows: errands start only when no flight could, and hold half of the workers at most, so that nothing that
they call can cost the next scrape its flights.
"""

from collections.abc import Sequence
from typing import TypeGuard

import structlog

from wx_domain_exporter.apps.monitored_app import FetchResult, MonitoredApp
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.job_queue import JobQueue
from wx_domain_exporter.scheduler.jobs import ExtraJob, FetchJob, ScrapeJobs
from wx_domain_exporter.tasks import Tasks
from wx_domain_exporter.wechat.errors import Reason

log = structlog.get_logger(__name__)


class Scheduler:
    """The workers and what waits for them; so many calls are in flight at most.

    All but `start` and the making is for tasks.
    """

    def __init__(self, tasks: Tasks, slots: int, clock: Clock = SYSTEM_CLOCK) -> None:
        self._tasks = tasks
        self._slots = slots
        self._clock = clock
        self._fetch_jobs: JobQueue[FetchJob] = JobQueue()
        self._extra_jobs: JobQueue[ExtraJob] = JobQueue(in_turn=True)
        self._workers = 0

    def start(self, apps: Sequence[MonitoredApp], deadline: Deadline, min_interval: float) -> ScrapeJobs:
        """Begin to fetch apps; from any thread.

        Args:
            apps: whom to fetch.
            deadline: until when the caller waits.
            min_interval: an outcome younger than this, in seconds, is shared instead.
        """
        batch = ScrapeJobs(apps, self._clock)
        try:
            self._tasks.submit(self._begin, batch, deadline, min_interval)
        except (RuntimeError, OSError):  # the next scrape tries again
            log.exception("no thread can be started for the fetches")
        return batch

    def resize(self, slots: int) -> None:
        """Change the number of workers; those too many go as they come free."""
        self._slots = slots
        self._call_workers()

    def _begin(self, batch: ScrapeJobs, deadline: Deadline, min_interval: float) -> None:
        now = self._clock.time()
        for app in batch.apps:
            self._join(batch, app, deadline, now, min_interval)
        self._call_workers()
        batch.job_done()

    def _join(
        self, batch: ScrapeJobs, app: MonitoredApp, deadline: Deadline, now: float, min_interval: float
    ) -> None:
        fetch_job = self._fetch_jobs.job_of(app)
        job: FetchJob | ExtraJob | None = fetch_job
        if fetch_job is None:
            fetch_job = FetchJob(app)
            if _is_shared(app.last_result, now, min_interval):
                fetch_job.result, fetch_job.extra_result = app.last_result, app.extra_result
                job = fetch_job.extra_job = self._extra_jobs.job_of(app) or self._pending_extra_job(
                    app, deadline
                )
            else:
                job = fetch_job
                self._fetch_jobs.add(fetch_job)
        batch.add_fetch(fetch_job)
        if job is not None:
            job.deadline.extend(deadline)
            batch.add_job(job)

    def _call_workers(self) -> None:
        free = max(0, self._extra_slots - self._extra_jobs.running)
        waiting = len(self._fetch_jobs) + min(len(self._extra_jobs), free)
        for _ in range(min(waiting, self._slots - self._workers)):
            self._call_worker()

    def _call_worker(self) -> None:
        self._workers += 1
        self._tasks.spawn(self._work)

    @property
    def _extra_slots(self) -> int:
        return max(1, self._slots // 2)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            for batch in self._finish(job):
                batch.job_done()

    def _finish(self, job: FetchJob | ExtraJob) -> Sequence[ScrapeJobs]:
        """Run a job to its end; return who waits for it."""
        while True:
            latest = job.deadline.latest
            if job.deadline.remaining() > 0:
                _run(job)
            if isinstance(job, FetchJob):
                in_vain = job.ended_by_deadline and latest < job.deadline.latest
                if in_vain and job.deadline.remaining() > 0:
                    continue  # who joined meanwhile has more time, and the app's share of it is not over
                self._fetch_done(job)
            else:
                self._extra_done(job)
            # Its place may be what something else waits for, beside what it takes next itself.
            if (self._fetch_jobs or self._extra_jobs) and self._workers < self._slots:
                self._call_worker()
            return job.waiting

    def _next(self) -> FetchJob | ExtraJob | None:
        job: FetchJob | ExtraJob | None = None
        if self._workers <= self._slots:
            job = self._fetch_jobs.take(self._slots) or self._extra_jobs.take(self._extra_slots)
        if job is None:
            self._workers -= 1
        return job

    def _fetch_done(self, fetch_job: FetchJob) -> None:
        self._fetch_jobs.finished(fetch_job)
        app, result = fetch_job.app, fetch_job.result
        if result is None:
            return
        fetch_job.extra_result = app.extra_result = app.extra_calls.known()
        fetch_job.extra_job = self._extra_job_after(app, result, fetch_job.deadline.latest)
        if fetch_job.extra_job is not None:
            for batch in fetch_job.waiting:
                batch.add_job(fetch_job.extra_job)

    def _extra_job_after(self, app: MonitoredApp, result: FetchResult, deadline: Deadline) -> ExtraJob | None:
        """Return what asks for the rest that is due after an outcome; None if nothing is."""
        lists = result.categories is not None
        app.extras_pending = False
        if not result.has_token or not app.extra_calls.due(lists=lists):
            return None
        extra_job = self._extra_jobs.job_of(app)
        if extra_job is None:
            extra_job = ExtraJob(app)
            self._extra_jobs.add(extra_job)
        if result.categories is not None:
            extra_job.configured = result.categories
        extra_job.deadline.extend(deadline)
        return extra_job

    def _pending_extra_job(self, app: MonitoredApp, deadline: Deadline) -> ExtraJob | None:
        if app.last_result is None or not app.extras_pending:
            return None
        return self._extra_job_after(app, app.last_result, deadline)

    def _extra_done(self, extra_job: ExtraJob) -> None:
        self._extra_jobs.finished(extra_job)
        extra_job.app.extras_pending = extra_job.cut_short
        if extra_job.result is not None:
            extra_job.app.extra_result = extra_job.result


def _run(job: FetchJob | ExtraJob) -> None:
    try:
        job.run()
    except Exception:  # what should never happen may cost one app's turn, not its worker for ever
        log.exception("a fetch broke", appid=job.app.settings.appid)


def _is_shared(last: FetchResult | None, now: float, min_interval: float) -> TypeGuard[FetchResult]:
    """Whether a scrape takes the last outcome instead of a call.

    A deadline was another scrape's, perhaps a much shorter one's. An age below 0 is a clock set back: nothing
    is known then.
    """
    if last is None or last.reason is Reason.DEADLINE:
        return False
    return 0 <= now - last.timestamp < min_interval
