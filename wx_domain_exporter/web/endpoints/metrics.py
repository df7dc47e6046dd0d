"""A scrape from its request to its bytes, and `/metrics`, the one of all apps."""

import asyncio
import time
import zlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition.collector import DomainCollector
from wx_domain_exporter.exposition.fast_writer import FastWriter
from wx_domain_exporter.exposition.line_templates import Encoder
from wx_domain_exporter.exposition.results import ScrapeResults, results_of
from wx_domain_exporter.fleet import Fleet
from wx_domain_exporter.metrics.definitions import GAUGES
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.scrape_timeout import HEADER, BadTimeoutError, seconds_for_scrape
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.negotiation import accepts_gzip, choose_encoder

_GZIP_LEVEL = 1  # level 9 takes eight times as long for a fifth less
_FIRST_ENCODING = 0.0003
"""Seconds an app, for the first scrape: about 30 series of 10 µs."""
_FORGETTING = 0.9
_FEW = 10
"""Apps whose text is written at once: it takes no longer than to wake a thread for it."""


_SAMPLE_SUFFIXES = ("", "_total", "_bucket", "_sum", "_count")
"""What the samples of a family are called beside its own name."""
_FLEET = frozenset(gauge.name for gauge in GAUGES)


def pieces(
    encode: Encoder,
    results: ScrapeResults | None,
    own: SelfMetrics | None = None,
    names: Collection[str] | None = None,
    writer: FastWriter | None = None,
) -> Iterator[bytes]:
    """Yield one scrape's exposition, piece by piece.

    Args:
        encode: prometheus-client's encoder of the format.
        results: what the scrape brought; None: nothing of the mini programs.
        own: what is shown of the exporter itself; None: nothing, and nothing of the process.
        names: the samples that are wanted; None: all.
        writer: writes the results of a whole fleet faster than prometheus-client; None: it does not.
    """
    registry = CollectorRegistry(auto_describe=True)  # nothing is kept in prometheus-client's global one
    if results is not None and writer is not None:
        for piece in writer.write(results, encode, names):
            yield piece.encode()
    elif results is not None:
        registry.register(DomainCollector(lambda: results))
    if own is not None:
        registry.register(own)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
    yield encode(registry if names is None else registry.restricted_registry(names))


def start_encoder() -> Executor:
    """Start what writes the answers of many apps, one after the other.

    Side by side each would take as much longer. Its thread begins now: later the system may have none.
    """
    encoder = ThreadPoolExecutor(1, "encode")
    encoder.submit(int)
    return encoder


def _gzip(pieces: Iterator[bytes]) -> bytes:
    compressor = zlib.compressobj(_GZIP_LEVEL, wbits=16 + zlib.MAX_WBITS)
    packed = [compressor.compress(piece) for piece in pieces]
    return b"".join((*packed, compressor.flush()))


async def _until_gone(request: Request) -> None:
    """Wait until the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Scrapes:
    """What all scrapes share, of the whole fleet or of one app; waits for WeChat without holding a thread."""

    def __init__(
        self,
        service: Service,
        encoder: Executor,
        limit: ConcurrencyLimit,
        *,
        own: SelfMetrics | None = None,
        writer: FastWriter | None = None,
    ) -> None:
        """Have no scrape running.

        Args:
            service: what is scraped.
            encoder: writes the answers of many apps.
            limit: how many scrapes may run at once.
            own: what is shown of the exporter itself, beside the apps.
            writer: writes the results of a whole fleet; None: prometheus-client writes them.
        """
        self._service = service
        self._own = own
        self._writer = writer
        self._limit = limit
        self._encoding_an_app = _FIRST_ENCODING
        self._encoder = encoder

    async def answer(self, request: Request, fleet: Fleet, apps: Sequence[MonitoredApp]) -> Response:
        """Answer one scrape.

        Args:
            request: it says how long the answer may take, and what it is to hold.
            fleet: the configuration in force when it came.
            apps: the apps that it is about.
        """
        try:
            return await self._limit.run(lambda: self._scrape(request, fleet, apps))
        except BadTimeoutError as error:
            return PlainTextResponse(f"{error}\n", 400)

    async def _scrape(self, request: Request, fleet: Fleet, apps: Sequence[MonitoredApp]) -> Response:
        encoding = self._encoding_an_app * len(apps)
        seconds = seconds_for_scrape(request.headers.get(HEADER), fleet.settings.scrape, encoding)
        deadline = Deadline.after(seconds, self._service.clock)
        names = request.query_params.getlist("name[]")
        if names and _FLEET.isdisjoint(names):  # no call is due for what the exporter knows of itself
            return self._encode(request)
        batch = self._service.start_scrape(fleet, deadline, apps)
        gone = asyncio.ensure_future(_until_gone(request))
        waits = (asyncio.wrap_future(batch.done), gone)
        await asyncio.wait(waits, timeout=deadline.remaining(), return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            return Response(status_code=503)  # to nobody: who waits no longer frees a place for others
        gone.cancel()
        begin = time.monotonic()
        if len(apps) <= _FEW:
            response = self._encode(request, fleet, batch)
        else:
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(self._encoder, self._encode, request, fleet, batch)
        if not names:
            now = (time.monotonic() - begin) / max(1, len(apps))
            # On a busy machine one encoding says little of the next: a slow one is forgotten slowly.
            self._encoding_an_app = max(now, _FORGETTING * self._encoding_an_app)
        return response

    def _encode(
        self, request: Request, fleet: Fleet | None = None, batch: ScrapeJobs | None = None
    ) -> Response:
        results = None if fleet is None or batch is None else results_of(fleet, batch)
        families = request.query_params.getlist("name[]")
        names = {family + suffix for family in families for suffix in _SAMPLE_SUFFIXES}
        encode, content_type = choose_encoder(",".join(request.headers.getlist("Accept")))
        exposition = pieces(encode, results, self._own, names or None, self._writer)
        headers = {"Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(",".join(request.headers.getlist("Accept-Encoding"))):
            body = _gzip(exposition)
            headers["Content-Encoding"] = "gzip"
        else:
            body = b"".join(exposition)
        # Starlette's own charset handling would add a second one to prometheus-client's.
        return Response(body, headers={**headers, "Content-Type": content_type})


class MetricsEndpoint:
    """`/metrics`: all apps, and the exporter itself."""

    def __init__(self, service: Service, encoder: Executor, max_requests: int) -> None:
        self._service = service
        refusal = f"{max_requests} scrapes are running already (--web.max-requests)"
        limit = ConcurrencyLimit(max_requests, refusal)
        self._scrapes = Scrapes(service, encoder, limit, own=service.self_metrics, writer=FastWriter())

    async def answer(self, request: Request) -> Response:
        """Answer one scrape."""
        fleet = self._service.fleet
        return await self._scrapes.answer(request, fleet, fleet.apps)
