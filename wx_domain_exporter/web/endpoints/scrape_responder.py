"""Answers scrapes, of all apps or of one: starts the calls, waits for them, and encodes their results."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition.fast_writer import FastWriter
from wx_domain_exporter.exposition.results import ScrapeResults, results_of
from wx_domain_exporter.fleet import Fleet
from wx_domain_exporter.metrics.definitions import GAUGES
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.scrape_timeout import HEADER, BadTimeoutError, seconds_for_scrape
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.endpoints.exposition_text import compressed, exposition_text
from wx_domain_exporter.web.negotiation import accepts_gzip, choose_encoder

_MAX_APPS_WITHOUT_THREAD = 10
"""Encoding the results of so few apps takes no longer than to wake a thread."""
_SAMPLE_SUFFIXES = ("", "_total", "_bucket", "_sum", "_count")
"""What prometheus_client appends to the name of a family for the names of its samples."""
_APP_FAMILIES = frozenset(gauge.name for gauge in GAUGES)


def start_encoding_thread() -> Executor:
    """Start the thread that encodes the results of many apps, one scrape after another.

    Two at once would each take twice as long. The thread starts now; later the system may refuse one.
    """
    executor = ThreadPoolExecutor(1, "encode")
    executor.submit(int)
    return executor


class EncodingTime:
    """An estimate of how long encoding takes, from the scrapes before; in seconds."""

    _FIRST = 0.0003
    """An app, before the first scrape: about 30 series of 10 µs."""
    _DECAY = 0.9
    """On a busy machine one fast encoding says little about the next, so the estimate falls slowly."""

    def __init__(self) -> None:
        self._seconds_an_app = self._FIRST

    def estimate(self, apps: int) -> float:
        """Return the seconds for a number of apps."""
        return self._seconds_an_app * apps

    def add(self, seconds: float, apps: int) -> None:
        """Take note of how long it took for a number of apps."""
        self._seconds_an_app = max(seconds / max(1, apps), self._DECAY * self._seconds_an_app)


class ScrapeResponder:
    """Answers the scrapes of one endpoint; while they wait for WeChat they hold no thread."""

    def __init__(
        self,
        service: Service,
        encoding_thread: Executor,
        limit: ConcurrencyLimit,
        *,
        self_metrics: SelfMetrics | None = None,
        writer: FastWriter | None = None,
    ) -> None:
        """Make a responder.

        Args:
            service: makes the scrapes.
            encoding_thread: encodes the results of many apps.
            limit: how many scrapes may run at once.
            self_metrics: the exporter's own metrics, if the answers have them beside those of the apps.
            writer: writes the results of a whole fleet; None: prometheus_client does.
        """
        self._service = service
        self._self_metrics = self_metrics
        self._writer = writer
        self._limit = limit
        self._encoding_time = EncodingTime()
        self._encoding_thread = encoding_thread

    async def answer(self, request: Request, fleet: Fleet, apps: Sequence[MonitoredApp]) -> Response:
        """Answer one scrape.

        Args:
            request: says how long the answer may take, which metrics it has, and in which format.
            fleet: the configuration in force when the request came.
            apps: the fleet's apps to scrape.
        """
        try:
            return await self._limit.run(lambda: self._scrape(request, fleet, apps))
        except BadTimeoutError as error:
            return PlainTextResponse(f"{error}\n", 400)

    async def _scrape(self, request: Request, fleet: Fleet, apps: Sequence[MonitoredApp]) -> Response:
        encoding_seconds = self._encoding_time.estimate(len(apps))
        header = request.headers.get(HEADER)
        seconds = seconds_for_scrape(header, fleet.settings.scrape, encoding_seconds)
        deadline = Deadline.after(seconds, self._service.clock)
        families = request.query_params.getlist("name[]")
        if families and _APP_FAMILIES.isdisjoint(families):  # The exporter's own metrics need no call.
            return self._encode(request, None)
        jobs = self._service.start_scrape(fleet, deadline, apps)
        if not await _wait_for(jobs, request, deadline):
            return Response(status_code=503)  # Nobody receives it.
        started = self._service.clock.monotonic()
        response = await self._encode_results(request, fleet, jobs)
        if not families:
            self._encoding_time.add(self._service.clock.monotonic() - started, len(apps))
        return response

    async def _encode_results(self, request: Request, fleet: Fleet, jobs: ScrapeJobs) -> Response:
        def encode() -> Response:
            return self._encode(request, results_of(fleet, jobs))

        if len(jobs.apps) <= _MAX_APPS_WITHOUT_THREAD:
            return encode()
        return await asyncio.get_running_loop().run_in_executor(self._encoding_thread, encode)

    def _encode(self, request: Request, results: ScrapeResults | None) -> Response:
        families = request.query_params.getlist("name[]")
        names = {family + suffix for family in families for suffix in _SAMPLE_SUFFIXES}
        encode, content_type = choose_encoder(",".join(request.headers.getlist("Accept")))
        text = exposition_text(encode, results, self._self_metrics, names or None, self._writer)
        # As a header; with `media_type` Starlette would append a second charset.
        headers = {"Vary": "Accept, Accept-Encoding", "Content-Type": content_type}
        if not accepts_gzip(",".join(request.headers.getlist("Accept-Encoding"))):
            return Response(b"".join(text), headers=headers)
        return Response(compressed(text), headers={**headers, "Content-Encoding": "gzip"})


async def _wait_for(jobs: ScrapeJobs, request: Request, deadline: Deadline) -> bool:
    """Wait until all jobs are done or the deadline is over; False if the client disconnects before that."""
    disconnected = asyncio.ensure_future(_until_disconnected(request))
    events = (asyncio.wrap_future(jobs.done), disconnected)
    await asyncio.wait(events, timeout=deadline.remaining(), return_when=asyncio.FIRST_COMPLETED)
    if disconnected.done():
        return False
    disconnected.cancel()
    return True


async def _until_disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
