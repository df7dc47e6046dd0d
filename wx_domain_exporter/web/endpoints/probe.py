"""`/probe`: a scrape of one app, so that the servers of a fleet can share the work."""

from concurrent.futures import Executor

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.service import Service
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.endpoints.metrics import Scrapes

_MOST_PROBES = 1000
"""At once; each of them waits without holding a thread."""


class ProbeEndpoint:
    """Answers probes. What one costs does not depend on how many apps there are."""

    def __init__(self, service: Service, encoder: Executor) -> None:
        self._service = service
        limit = ConcurrencyLimit(_MOST_PROBES, f"{_MOST_PROBES} probes are running already")
        self._scrapes = Scrapes(service, encoder, limit)

    async def answer(self, request: Request) -> Response:
        """Answer one probe."""
        targets = request.query_params.getlist("target")
        if len(targets) != 1 or not targets[0]:
            return PlainTextResponse("exactly one target is wanted: /probe?target=APPID\n", 400)
        fleet = self._service.fleet
        app = fleet.by_appid.get(targets[0])
        if app is None:
            return PlainTextResponse("the target is no mini program that is configured or discovered\n", 404)
        return await self._scrapes.answer(request, fleet, (app,))
