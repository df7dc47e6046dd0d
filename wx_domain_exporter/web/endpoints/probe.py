"""`/probe`: a scrape of one app, so that several Prometheus servers can share a fleet."""

from concurrent.futures import Executor

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.service import Service
from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.endpoints.probe_debug import ProbeDebug
from wx_domain_exporter.web.endpoints.scrape_responder import ScrapeResponder

_MAX_PROBES = 1000
"""At once; each of them waits without holding a thread."""


class ProbeEndpoint:
    """Answers scrapes of one app; the work does not depend on the number of apps."""

    def __init__(self, service: Service, memory: AnswerMemory, encoding_thread: Executor) -> None:
        self._service = service
        limit = ConcurrencyLimit(_MAX_PROBES, f"{_MAX_PROBES} probes are running already")
        self._responder = ScrapeResponder(service, memory, encoding_thread, limit)
        self._debug = ProbeDebug(service)

    async def answer(self, request: Request) -> Response:
        """Answer one probe."""
        targets = request.query_params.getlist("target")
        if len(targets) != 1 or not targets[0]:
            return PlainTextResponse("exactly one target is needed: /probe?target=APPID\n", 400)
        fleet = self._service.fleet
        app = fleet.by_appid.get(targets[0])
        if app is None:
            return PlainTextResponse("the target is not a configured or discovered mini program\n", 404)
        if request.query_params.get("debug") == "true":
            return await self._debug.answer(request, fleet, app)
        return await self._responder.answer(request, fleet, (app,))
