"""`/metrics`: a scrape of all apps, and the exporter's own metrics."""

from concurrent.futures import Executor

from starlette.requests import Request
from starlette.responses import Response

from wx_domain_exporter.exposition.platform_families import PlatformDomainsCollector
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.endpoints.scrape_responder import ScrapeResponder


class MetricsEndpoint:
    """Answers scrapes of all apps."""

    def __init__(
        self, service: Service, memory: AnswerMemory, encoding_thread: Executor, max_requests: int
    ) -> None:
        self._service = service
        refusal = f"{max_requests} scrapes are running already (--web.max-requests)"
        limit = ConcurrencyLimit(max_requests, refusal)
        platforms = PlatformDomainsCollector(lambda: service.platform_domains)
        self._responder = ScrapeResponder(
            service,
            memory,
            encoding_thread,
            limit,
            own_metrics=(service.self_metrics, platforms),
        )

    async def answer(self, request: Request) -> Response:
        """Answer one scrape."""
        fleet = self._service.fleet
        return await self._responder.answer(request, fleet, fleet.apps)
