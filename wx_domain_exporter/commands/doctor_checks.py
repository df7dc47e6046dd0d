"""Runs the checks of the doctor at the same time, and hands out each result as soon as it is known."""

from collections import deque
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import FetchResult
from wx_domain_exporter.commands.fetch_all import FETCH_TIMEOUT
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.diagnosis.checks import (
    BROKEN_APP_FILE,
    NO_APP,
    Check,
    State,
    check_of_app,
    checks_of_platform,
    subject_of,
)
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.service import Service
from wx_domain_exporter.wechat.apis import GETWXADEVINFO, QUOTA_GET
from wx_domain_exporter.wechat.errors import FetchError
from wx_domain_exporter.wechat.quota import Quota, read_quota
from wx_domain_exporter.wechat.responses import JsonParser

if TYPE_CHECKING:
    from concurrent.futures import Future

_TICK_SECONDS = 0.5
"""How often the caller may show progress while nothing else happens."""
_MAX_QUOTA_CALLS = 8
"""Quotas asked for at a time."""

_Event = Callable[[], Check | None]


class DoctorChecks:
    """The checks of everything that a configuration monitors."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._events: SimpleQueue[_Event | None] = SimpleQueue()
        """What the threads that call WeChat report; None: an interruption."""
        self._waiting: deque[tuple[MonitoredApp, ScrapeJobs]] = deque()
        """The apps whose quota is asked for next."""
        self._quota_calls = 0
        self._passed: list[tuple[MonitoredApp, ScrapeJobs]] = []
        self._pending: dict[str, str] = {}
        """By appid, the names of the apps that are not checked yet."""
        self._total: int | None = None
        """How many apps there are; None while they are being discovered."""
        self.interrupted = False
        """Whether `run` ended early."""

    def interrupt(self) -> None:
        """End `run` early; may be called by a signal handler."""
        self._events.put(None)

    @property
    def pending(self) -> list[str]:
        """Return the names of the apps that are not checked yet."""
        return list(self._pending.values())

    @property
    def checked(self) -> Progress | None:
        """Return how many apps are checked; None while they are being discovered."""
        return None if self._total is None else Progress(self._total - len(self._pending), self._total)

    @property
    def discovered(self) -> Progress | None:
        """Return how many accounts of all platforms were looked at; None if no list is being read."""
        found = [one.progress for one in self._service.discoveries if one.progress is not None]
        if not found:
            return None
        return Progress(sum(one.done for one in found), sum(one.total for one in found))

    def run(self) -> Iterator[Check | None]:
        """Yield each result once it is known; now and again None, so that the caller can show progress."""
        if self._service.discoveries:
            yield from self._discover()
        if self.interrupted:
            return
        for discovery in self._service.discoveries:
            yield from checks_of_platform(discovery)
        yield from self._check_configuration()
        yield from self._check_apps()
        if not self.interrupted:
            yield from self._shared_tokens()

    def _discover(self) -> Iterator[Check | None]:
        done = self._service.start_discovery()
        done.add_done_callback(lambda _: self._events.put(lambda: None))
        while not done.done():
            yield self._next()
            if self.interrupted:
                return
        done.result()

    def _check_configuration(self) -> Iterator[Check]:
        for error in self._service.app_file_errors:
            yield Check("", State.FAILED, error, BROKEN_APP_FILE.remedy, BROKEN_APP_FILE)
        explained = self._service.app_file_errors or any(one.failure for one in self._service.discoveries)
        if not self._service.fleet.apps and not explained:
            yield Check("", State.FAILED, NO_APP.meaning, NO_APP.remedy, NO_APP)

    def _check_apps(self) -> Iterator[Check | None]:
        apps = self._service.fleet.apps
        self._pending = {app.settings.appid: subject_of(app) for app in apps}
        self._total = len(apps)
        deadline = Deadline.after(FETCH_TIMEOUT)
        for app in apps:
            jobs = self._service.scheduler.start([app], deadline, 0)
            jobs.done.add_done_callback(self._reporting(self._fetched, app, jobs))
        while self._pending:
            check = self._next()
            if self.interrupted:
                return
            yield check

    def _next(self) -> Check | None:
        try:
            event = self._events.get(timeout=_TICK_SECONDS)
        except Empty:
            return None
        if event is None:
            self.interrupted = True
            return None
        return event()

    def _reporting(self, event: Callable[..., Check | None], *args: object) -> Callable[[object], None]:
        """Return a callback of a future that reports an event."""
        return lambda _: self._events.put(lambda: event(*args))

    def _fetched(self, app: MonitoredApp, jobs: ScrapeJobs) -> Check | None:
        known = app.extra_calls.known().quota  # `collect.quota` has asked for it already
        if jobs.results[0].error is not None or known is not None:
            return self._checked(app, jobs, known)
        self._waiting.append((app, jobs))
        self._ask_for_quotas()
        return None

    def _ask_for_quotas(self) -> None:
        while self._waiting and self._quota_calls < _MAX_QUOTA_CALLS:
            app, jobs = self._waiting.popleft()
            self._quota_calls += 1
            quota = self._service.tasks.submit(_quota_of, app)
            quota.add_done_callback(self._reporting(self._quota_known, app, jobs, quota))

    def _quota_known(self, app: MonitoredApp, jobs: ScrapeJobs, quota: "Future[Quota | FetchError]") -> Check:
        self._quota_calls -= 1
        self._ask_for_quotas()
        return self._checked(app, jobs, quota.result())

    def _checked(self, app: MonitoredApp, jobs: ScrapeJobs, quota: Quota | FetchError | None) -> Check:
        del self._pending[app.settings.appid]
        if jobs.results[0].error is None:
            self._passed.append((app, jobs))
        return self._check_of(app, jobs, jobs.results[0], quota)

    def _check_of(
        self, app: MonitoredApp, jobs: ScrapeJobs, result: FetchResult, quota: Quota | FetchError | None
    ) -> Check:
        status = self._service.fleet.account_status(app.settings.appid)
        return check_of_app(app, result, jobs.extra_results[0], quota, status)

    def _shared_tokens(self) -> Iterator[Check]:
        """Correct the results of apps whose token another app received later."""
        for app, jobs in self._passed:
            result = app.checked_result(jobs.results[0])
            if result.error is not None:
                yield self._check_of(app, jobs, result, None)


def _quota_of(app: MonitoredApp) -> Quota | FetchError:
    """Return the day's quota."""
    deadline, parser = SharedDeadline(Deadline.after(FETCH_TIMEOUT)), JsonParser(read_quota)
    try:
        return app.wechat.call_with_current_token(
            QUOTA_GET, {"cgi_path": GETWXADEVINFO.path}, deadline, parser, {}
        )
    except FetchError as error:
        return error
