"""The jobs that a scrape waits for: a fetch of each of its apps, and the extra calls that follow."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent import futures
from functools import cached_property
from typing import TYPE_CHECKING

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult, FetchResult
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from wx_domain_exporter.domains.domain_list import DomainList


class Job(ABC):
    """Calls for one app, shared by all scrapes that wait for them."""

    __slots__ = ("app", "consecutive_timeouts", "deadline", "last_run", "scrapes")

    def __init__(self, app: MonitoredApp, consecutive_timeouts: int, last_run: float | None) -> None:
        """Make a job that no scrape waits for yet.

        Args:
            app: the app.
            consecutive_timeouts: how many jobs of this kind in a row kept a worker busy until a timeout.
            last_run: when the last job of this kind ended, in seconds of the clock's `monotonic`, because the
                time of day may be set back; None if there was none.
        """
        self.app = app
        self.consecutive_timeouts = consecutive_timeouts
        self.last_run = last_run
        self.deadline = SharedDeadline()
        """The latest deadline of the scrapes that wait."""
        self.scrapes: list[ScrapeJobs] = []
        """The scrapes that wait."""

    @abstractmethod
    def run(self) -> None:
        """Make the calls; never raises."""


class FetchJob(Job):
    """One fetch of one app."""

    __slots__ = ("extra_job", "extra_result", "result")

    def __init__(self, app: MonitoredApp) -> None:
        super().__init__(app, app.consecutive_timeouts, app.last_run)
        self.result: FetchResult | None = None
        self.extra_result: ExtraResult | None = None
        """What was known of the extra calls when `result` was set."""
        self.extra_job: ExtraJob | None = None

    @property
    def ended_by_deadline(self) -> bool:
        """Whether the deadline passed before there was a result."""
        return self.result is None or self.result.reason is Reason.DEADLINE

    def run(self) -> None:
        """Fetch the app's lists."""
        self.result = self.app.fetch(self.deadline)


class ExtraJob(Job):
    """One run of the extra calls of one app."""

    __slots__ = ("configured", "cut_short", "result")

    def __init__(self, app: MonitoredApp) -> None:
        super().__init__(app, app.extra_calls.consecutive_timeouts, app.extra_calls.last_run)
        self.configured: Mapping[str, DomainList] | None = None
        """The app's configured lists; None if its fetch failed."""
        self.result: ExtraResult | None = None
        self.cut_short = True
        """Whether the deadline may have left calls undone."""

    def run(self) -> None:
        """Make all extra calls that are due."""
        self.result = self.app.extra_calls.run(self.deadline, self.configured)
        self.cut_short = self.deadline.remaining() <= 0


class ScrapeJobs:
    """The jobs of one scrape: the scheduler's tasks add them, the scraping thread reads their results."""

    def __init__(self, apps: Sequence[MonitoredApp], clock: Clock = SYSTEM_CLOCK) -> None:
        self.apps = apps
        self._clock = clock
        self.done: futures.Future[None] = futures.Future()
        """Is done when every app has a result and every extra job has ended."""
        self.done.set_running_or_notify_cancel()  # so that no waiter can cancel it for the others
        self._begin = clock.monotonic()
        self._fetch_jobs: list[FetchJob] = []
        self._pending = 1  # until the scheduler has added all jobs

    @property
    def seconds(self) -> float:
        """Return the seconds since the scrape began."""
        return self._clock.monotonic() - self._begin

    def wait(self, timeout: float) -> None:
        """Wait until all jobs have ended, or for `timeout` seconds."""
        futures.wait([self.done], timeout)

    @cached_property
    def results(self) -> list[FetchResult]:
        """The result of each of `apps` at the first access: a failure for an app that has none yet."""
        waited = self.seconds
        results = []
        for app, fetch_job in self._pairs():
            result = None if fetch_job is None else fetch_job.result
            results.append(app.deadline_result(waited) if result is None else app.checked_result(result))
        return results

    @cached_property
    def extra_results(self) -> list[ExtraResult]:
        """The result of the extra calls of each of `apps` at the first access."""
        return [app.checked_extra_result(_extra_result(app, fetch_job)) for app, fetch_job in self._pairs()]

    def add_fetch(self, fetch_job: FetchJob) -> None:
        """Add the fetch of the next of `apps`, whether it has ended or not."""
        self._fetch_jobs.append(fetch_job)

    def add_job(self, job: Job) -> None:
        """Wait for one more job."""
        self._pending += 1
        job.scrapes.append(self)

    def job_done(self) -> None:
        """Note that one job has ended, or that all jobs have been added."""
        self._pending -= 1
        if self._pending == 0:
            self.done.set_result(None)

    def _pairs(self) -> Iterator[tuple[MonitoredApp, FetchJob | None]]:
        """Return each app with its fetch; None if the scheduler has not got to it yet."""
        fetch_jobs = tuple(self._fetch_jobs)
        return zip(self.apps, itertools.chain(fetch_jobs, itertools.repeat(None)), strict=False)


def _extra_result(app: MonitoredApp, fetch_job: FetchJob | None) -> ExtraResult:
    if fetch_job is None:
        return app.extra_calls.known()
    extra_job = fetch_job.extra_job
    if extra_job is not None and extra_job.result is not None:
        return extra_job.result
    return fetch_job.extra_result or app.extra_calls.known()
