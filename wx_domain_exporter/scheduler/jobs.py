"""What a scrape waits for: a flight for each of its apps, and the errands that come after them."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent import futures
from functools import cached_property
from typing import TYPE_CHECKING

from wx_domain_exporter.apps.extra_calls import ExtraResult
from wx_domain_exporter.apps.monitored_app import FetchResult, MonitoredApp
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.domains.domain_list import DomainList


class Job(ABC):
    """Calls for one app, shared by all who wait for them."""

    __slots__ = ("app", "consecutive_timeouts", "deadline", "last_run", "waiting")

    def __init__(self, app: MonitoredApp, strikes: int, tried: float | None) -> None:
        """Make one that nobody waits for yet.

        Args:
            app: the app.
            strikes: how many jobs of its kind in a row kept a worker busy for nothing.
            tried: Unix time at which the last one ended; None if there was none.
        """
        self.app = app
        self.consecutive_timeouts = strikes
        self.last_run = tried
        self.deadline = SharedDeadline()
        """That of those who wait."""
        self.waiting: list[ScrapeJobs] = []

    @abstractmethod
    def run(self) -> None:
        """Make the calls; never raises."""


class FetchJob(Job):
    """One fetch of one app."""

    __slots__ = ("extra_job", "extra_result", "result")

    def __init__(self, app: MonitoredApp) -> None:
        super().__init__(
            app, app.consecutive_timeouts, None if app.last_result is None else app.last_result.timestamp
        )
        self.result: FetchResult | None = None
        self.extra_result: ExtraResult | None = None
        """What was known beside the outcome when it was there."""
        self.extra_job: ExtraJob | None = None

    @property
    def ended_by_deadline(self) -> bool:
        """Whether it ended for want of time."""
        return self.result is None or self.result.reason is Reason.DEADLINE

    def run(self) -> None:
        """Fetch the app's lists."""
        self.result = self.app.fetch(self.deadline)


class ExtraJob(Job):
    """What is asked of WeChat for one app after its flight; it holds no other app's flight up."""

    __slots__ = ("configured", "cut_short", "result")

    def __init__(self, app: MonitoredApp) -> None:
        super().__init__(app, app.extra_calls.consecutive_timeouts, app.extra_calls.last_run)
        self.configured: Mapping[str, DomainList] | None = None
        """The app's own lists; None if they are not there."""
        self.result: ExtraResult | None = None
        self.cut_short = True
        """Whether something may be left to ask for want of time."""

    def run(self) -> None:
        """Ask for all that is due."""
        self.result = self.app.extra_calls.run(self.deadline, self.configured)
        self.cut_short = self.deadline.remaining() <= 0


class ScrapeJobs:
    """The apps of one scrape, on their way. Tasks fill it; whoever scrapes waits for it and looks at it."""

    def __init__(self, apps: Sequence[MonitoredApp], clock: Clock = SYSTEM_CLOCK) -> None:
        self.apps = apps
        self._clock = clock
        self.done: futures.Future[None] = futures.Future()
        """Has a result as soon as every app has an outcome and every errand has ended."""
        self.done.set_running_or_notify_cancel()  # one who stops waiting cancels it for nobody
        self._begin = clock.monotonic()
        self._flights: list[FetchJob] = []
        self._missing = 1

    @property
    def seconds(self) -> float:
        """Return the seconds since the scrape began."""
        return self._clock.monotonic() - self._begin

    def wait(self, timeout: float) -> None:
        """Wait until everything is there, or for `timeout` seconds."""
        futures.wait([self.done], timeout)

    @cached_property
    def results(self) -> list[FetchResult]:
        """An outcome for each of `watches`, as it was at the first look: a failure where none was there."""
        waited = self.seconds
        results = []
        for app, fetch_job in self._pairs():
            result = None if fetch_job is None else fetch_job.result
            results.append(app.deadline_result(waited) if result is None else app.checked_result(result))
        return results

    @cached_property
    def extra_results(self) -> list[ExtraResult]:
        """What is known of each of `watches` beside its outcome, as it was at the first look."""
        return [app.checked_extra_result(_found(app, fetch_job)) for app, fetch_job in self._pairs()]

    def add_fetch(self, fetch_job: FetchJob) -> None:
        """Take the flight of the next of `watches`, landed or not."""
        self._flights.append(fetch_job)

    def add_job(self, job: Job) -> None:
        """Wait for a job too."""
        self._missing += 1
        job.waiting.append(self)

    def job_done(self) -> None:
        """Note that one job ended, or that all have been added."""
        self._missing -= 1
        if self._missing == 0:
            self.done.set_result(None)

    def _pairs(self) -> Iterator[tuple[MonitoredApp, FetchJob | None]]:
        """Return each app with its flight; None where the tasks have had no time to begin with it."""
        flights = tuple(self._flights)
        return zip(self.apps, itertools.chain(flights, itertools.repeat(None)), strict=False)


def _found(app: MonitoredApp, fetch_job: FetchJob | None) -> ExtraResult:
    if fetch_job is None:
        return app.extra_calls.known()
    extra_job = fetch_job.extra_job
    if extra_job is not None and extra_job.result is not None:
        return extra_job.result
    return fetch_job.extra_result or app.extra_calls.known()
