"""Runs the fetches and extra calls of all scrapes on a limited number of workers.

A scrape asks for its apps and gets `ScrapeJobs`. Each app that is not being fetched already gets a
`FetchJob`, which waits in a priority queue for one of the workers: tasks of the thread that calls WeChat. If
extra calls are due after a fetch, an `ExtraJob` follows. Extra jobs start only when no fetch can start, and
run on at most half of the workers, so that they can't delay the fetches of the next scrape.
"""

from collections.abc import Sequence
from typing import TypeGuard

import structlog

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import FetchResult
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.first_fetches import FirstFetches
from wx_domain_exporter.scheduler.job_queue import JobQueue
from wx_domain_exporter.scheduler.jobs import ExtraJob, FetchJob, ScrapeJobs
from wx_domain_exporter.tasks import Tasks
from wx_domain_exporter.wechat.errors import Reason

log = structlog.get_logger(__name__)


class Scheduler:
    """The workers and the jobs that wait for them. Only `start` may be called outside of tasks."""

    def __init__(
        self,
        tasks: Tasks,
        slots: int,
        clock: Clock = SYSTEM_CLOCK,
        first_fetches: FirstFetches | None = None,
    ) -> None:
        """Make a scheduler without workers.

        Args:
            tasks: where the workers run.
            slots: how many workers, and so how many calls, there are at most.
            clock: measures the age of results.
            first_fetches: is told of each fetch.
        """
        self._tasks = tasks
        self._first_fetches = first_fetches
        self._slots = slots
        self._clock = clock
        self._fetch_jobs: JobQueue[FetchJob] = JobQueue()
        self._extra_jobs: JobQueue[ExtraJob] = JobQueue(oldest_first=True)
        self._worker_count = 0
        self.finished_jobs = 0
        """How many jobs have ended; what is known of the apps changes only in jobs."""

    def start(self, apps: Sequence[MonitoredApp], deadline: Deadline, min_interval: float) -> ScrapeJobs:
        """Start to fetch apps; may be called by any thread.

        Args:
            apps: the apps to fetch.
            deadline: until when the caller waits.
            min_interval: an app is not fetched again if its last result is younger than these seconds.
        """
        scrape = ScrapeJobs(apps, self._clock)
        try:
            self._tasks.submit(self._begin, scrape, deadline, min_interval)
        except (RuntimeError, OSError):  # the next scrape tries again
            log.exception("can't start the thread for the fetches")
        return scrape

    def resize(self, slots: int) -> None:
        """Change the number of workers; surplus workers end after their current job."""
        self._slots = slots
        self._start_workers()

    def _begin(self, scrape: ScrapeJobs, deadline: Deadline, min_interval: float) -> None:
        now = self._clock.time()
        for app in scrape.apps:
            self._join(scrape, app, deadline, now, min_interval)
        self._start_workers()
        scrape.job_done()

    def _join(
        self, scrape: ScrapeJobs, app: MonitoredApp, deadline: Deadline, now: float, min_interval: float
    ) -> None:
        """Add an app to a scrape: its running fetch, its last result if it is fresh, or a new fetch."""
        fetch_job = self._fetch_jobs.job_of(app)
        job: FetchJob | ExtraJob | None = fetch_job
        if fetch_job is None:
            fetch_job = FetchJob(app)
            if _is_fresh(app.last_result, now, min_interval):
                fetch_job.result, fetch_job.extra_result = app.last_result, app.extra_result
                extra_job = self._extra_jobs.job_of(app)
                if extra_job is None and app.extras_pending:
                    extra_job = self._extra_job_after(app, app.last_result, deadline)
                job = fetch_job.extra_job = extra_job
            else:
                job = fetch_job
                self._fetch_jobs.add(fetch_job)
        scrape.add_fetch(fetch_job)
        if job is not None:
            job.deadline.extend(deadline)
            scrape.add_job(job)

    def _start_workers(self) -> None:
        free = max(0, self._extra_slots - self._extra_jobs.running)
        waiting = len(self._fetch_jobs) + min(len(self._extra_jobs), free)
        for _ in range(min(waiting, self._slots - self._worker_count)):
            self._start_worker()

    def _start_worker(self) -> None:
        self._worker_count += 1
        self._tasks.spawn(self._work)

    @property
    def _extra_slots(self) -> int:
        return max(1, self._slots // 2)

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            scrapes = self._finish(job)
            self.finished_jobs += 1
            for scrape in scrapes:
                scrape.job_done()

    def _finish(self, job: FetchJob | ExtraJob) -> Sequence[ScrapeJobs]:
        """Run a job to its end; return the scrapes that wait for it."""
        while True:
            latest = job.deadline.latest
            if job.deadline.remaining() > 0:
                _run_job(job)
            if isinstance(job, FetchJob):
                if job.ended_by_deadline and latest < job.deadline.latest:
                    continue  # a scrape with a later deadline joined during the run
                self._fetch_done(job)
            else:
                self._extra_done(job)
            # The end of this job may allow two more to start: this worker takes only one of them.
            if (self._fetch_jobs or self._extra_jobs) and self._worker_count < self._slots:
                self._start_worker()
            return job.scrapes

    def _next_job(self) -> FetchJob | ExtraJob | None:
        job: FetchJob | ExtraJob | None = None
        if self._worker_count <= self._slots:
            job = self._fetch_jobs.take(self._slots) or self._extra_jobs.take(self._extra_slots)
        if job is None:
            self._worker_count -= 1
        return job

    def _fetch_done(self, fetch_job: FetchJob) -> None:
        self._fetch_jobs.finished(fetch_job)
        app, result = fetch_job.app, fetch_job.result
        if result is None:
            return
        if self._first_fetches is not None:
            is_last = not self._fetch_jobs and not self._fetch_jobs.running
            self._first_fetches.note_fetch(is_first=fetch_job.last_run is None, is_last=is_last)
        fetch_job.extra_result = app.extra_result = app.extra_calls.known()
        fetch_job.extra_job = self._extra_job_after(app, result, fetch_job.deadline.latest)
        if fetch_job.extra_job is not None:
            for scrape in fetch_job.scrapes:
                scrape.add_job(fetch_job.extra_job)

    def _extra_job_after(self, app: MonitoredApp, result: FetchResult, deadline: Deadline) -> ExtraJob | None:
        """Queue the extra calls that are due after a fetch, and return their job; None if none are due."""
        app.extras_pending = False
        if not result.has_token or not app.extra_calls.due(lists=result.categories is not None):
            return None
        extra_job = self._extra_jobs.job_of(app)
        if extra_job is None:
            extra_job = ExtraJob(app)
            self._extra_jobs.add(extra_job)
        if result.categories is not None:
            extra_job.configured = result.categories
        extra_job.deadline.extend(deadline)
        return extra_job

    def _extra_done(self, extra_job: ExtraJob) -> None:
        self._extra_jobs.finished(extra_job)
        extra_job.app.extras_pending = extra_job.cut_short
        if extra_job.result is not None:
            extra_job.app.extra_result = extra_job.result


def _run_job(job: FetchJob | ExtraJob) -> None:
    try:
        job.run()
    except Exception:  # a bug in one job must not end the worker
        log.exception("unexpected error in a job", appid=job.app.settings.appid)


def _is_fresh(last_result: FetchResult | None, now: float, min_interval: float) -> TypeGuard[FetchResult]:
    """Whether a scrape takes an app's last result instead of a new fetch.

    A missed deadline was that of another scrape, and says nothing about this one. An age below 0 means that
    the clock was set back, so that the real age is unknown.
    """
    if last_result is None or last_result.reason is Reason.DEADLINE:
        return False
    return 0 <= now - last_result.timestamp < min_interval
