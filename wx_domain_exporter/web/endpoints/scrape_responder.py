"""Answers scrapes, of all apps or of one: starts the calls, waits for them, and encodes their results."""

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from typing import NamedTuple, Self

from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition.fast_writer import FastWriter
from wx_domain_exporter.exposition.line_templates import Encoder
from wx_domain_exporter.exposition.results import ScrapeResults, results_of
from wx_domain_exporter.fleet import Fleet
from wx_domain_exporter.metrics.definitions import GAUGES
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.scrape_timeout import HEADER, BadTimeoutError, seconds_for_scrape
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.compressed_body import CompressedBody
from wx_domain_exporter.web.compressed_response import CompressedResponse, until_disconnected
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.endpoints.exposition_text import exposition_text
from wx_domain_exporter.web.endpoints.shared_encodings import SharedEncodings
from wx_domain_exporter.web.negotiation import choose_encoder

_MAX_APPS_WITHOUT_THREAD = 10
"""Encoding the results of so few apps takes no longer than to wake a thread."""
_SAMPLE_SUFFIXES = ("", "_total", "_bucket", "_sum", "_count")
"""What prometheus_client appends to the name of a family for the names of its samples."""
_APP_FAMILIES = frozenset(gauge.name for gauge in GAUGES)


class EncodingTime:
    """An estimate of how long encoding takes, from the scrapes before; in seconds."""

    _FIRST = 0.0003
    """Seconds for one app, until the first scrape is measured: about twice those for 120 domains."""
    _DECAY = 0.9
    """The estimate falls at most by a tenth: where the machine is busy, a fast one tells little."""

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
        memory: AnswerMemory,
        encoding_thread: Executor,
        limit: ConcurrencyLimit,
        *,
        own_metrics: Collection[Collector] = (),
    ) -> None:
        """Make a responder.

        Args:
            service: makes the scrapes.
            memory: bounds the bytes of all answers that are being sent.
            encoding_thread: encodes the results of many apps.
            limit: how many scrapes may run at once.
            own_metrics: the exporter's own metrics, if the answers have them beside those of the apps.
        """
        self._service = service
        self._memory = memory
        self._own_metrics = own_metrics
        self._writer = FastWriter()
        self._limit = limit
        self._encoding_time = EncodingTime()
        self._encodings = SharedEncodings(encoding_thread)

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
        form, families = _Format.of(request), request.query_params.getlist("name[]")
        if families and _APP_FAMILIES.isdisjoint(families):  # The exporter's own metrics need no call.
            return self._respond(request, form, self._encode(form, None))
        jobs = self._service.start_scrape(fleet, deadline, apps)
        if not await _wait_for(jobs, request, deadline):
            return Response(status_code=503)  # Nobody receives it.
        started = self._service.clock.monotonic()
        body = await self._encode_results(form, fleet, jobs)
        if not families:
            self._encoding_time.add(self._service.clock.monotonic() - started, len(apps))
        return self._respond(request, form, body)

    async def _encode_results(self, form: "_Format", fleet: Fleet, jobs: ScrapeJobs) -> CompressedBody:
        def encode(jobs: ScrapeJobs) -> CompressedBody:
            return self._encode(form, results_of(fleet, jobs))

        if len(jobs.apps) <= _MAX_APPS_WITHOUT_THREAD:
            return encode(jobs)
        return await self._encodings.encode((id(fleet), form), jobs, encode)

    def _encode(self, form: "_Format", results: ScrapeResults | None) -> CompressedBody:
        names = form.names or None
        text = exposition_text(form.encoder, results, self._writer, self._own_metrics, names)
        return CompressedBody.of(text)

    def _respond(self, request: Request, form: "_Format", body: CompressedBody) -> Response:
        # As a header; with `media_type` Starlette would append a second charset.
        headers = {"Vary": "Accept", "Content-Type": form.content_type}
        return CompressedResponse(body, request, self._memory, headers)


class _Format(NamedTuple):
    """What the text of a scrape is like: the format, and the names of the wanted samples; none: all."""

    encoder: Encoder
    content_type: str
    names: frozenset[str]

    @classmethod
    def of(cls, request: Request) -> Self:
        families = request.query_params.getlist("name[]")
        names = frozenset(family + suffix for family in families for suffix in _SAMPLE_SUFFIXES)
        return cls(*choose_encoder(",".join(request.headers.getlist("Accept"))), names)


async def _wait_for(jobs: ScrapeJobs, request: Request, deadline: Deadline) -> bool:
    """Wait until all jobs are done or the deadline is over; False if the client disconnects before that."""
    disconnected = asyncio.ensure_future(until_disconnected(request.receive))
    events = (asyncio.wrap_future(jobs.done), disconnected)
    await asyncio.wait(events, timeout=deadline.remaining(), return_when=asyncio.FIRST_COMPLETED)
    if disconnected.done():
        return False
    disconnected.cancel()
    return True
