"""The ASGI application: which endpoint answers which path."""

import asyncio
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from wx_domain_exporter.http_paths import DEFAULT_METRICS_PATH, HttpPath
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.endpoints.fetch import FetchEndpoint
from wx_domain_exporter.web.endpoints.metrics import MetricsEndpoint
from wx_domain_exporter.web.endpoints.probe import ProbeEndpoint
from wx_domain_exporter.web.endpoints.service_discovery import ServiceDiscovery
from wx_domain_exporter.web.manual_fetch import ManualFetch
from wx_domain_exporter.web.middleware.scrapes_first import ScrapesFirstMiddleware
from wx_domain_exporter.web.pages.endpoints import StatusPages
from wx_domain_exporter.web.scrape_priority import ScrapePriority, start_thread

_METHODS = {HttpPath.RELOAD: "POST", HttpPath.FETCH: "POST"}


@dataclass(frozen=True, slots=True)
class WebOptions:
    """The flags of the command line that the endpoints depend on."""

    telemetry_path: str = DEFAULT_METRICS_PATH
    enable_lifecycle: bool = False
    max_requests: int = 40


def make_web_app(service: Service, options: WebOptions) -> ASGIApp:
    """Make the application of a service."""
    memory, priority, encoding_thread = AnswerMemory(), ScrapePriority(), start_thread("encode")
    metrics = MetricsEndpoint(service, memory, encoding_thread, options.max_requests)
    manual_fetch = ManualFetch(service)
    pages = StatusPages(service, options.telemetry_path, memory, priority, manual_fetch)
    targets = ServiceDiscovery(service, memory, priority)

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("healthy\n")

    async def ready(_: Request) -> Response:
        return PlainTextResponse("ready\n")

    async def reload(_: Request) -> Response:
        if not options.enable_lifecycle:
            return PlainTextResponse("reloading over HTTP is not enabled (--web.enable-lifecycle)\n", 403)
        if await asyncio.wrap_future(service.reloader.ask()):
            return PlainTextResponse("reloaded\n")
        return PlainTextResponse("the configuration was refused; the log says why\n", 500)

    endpoints = {
        HttpPath.STATUS: pages.overview,
        HttpPath.APP: pages.app,
        HttpPath.PROBE: ProbeEndpoint(service, memory, encoding_thread).answer,
        HttpPath.SD: targets.apps,
        HttpPath.SD_DOMAINS: targets.domains,
        HttpPath.HEALTHY: healthy,
        HttpPath.READY: ready,
        HttpPath.RELOAD: reload,
        HttpPath.FETCH: FetchEndpoint(manual_fetch).answer,
    }
    app = Starlette(
        routes=[
            Route(options.telemetry_path, metrics.answer, methods=["GET"]),
            *(Route(path, endpoints[path], methods=[_METHODS.get(path, "GET")]) for path in HttpPath),
        ],
        exception_handlers={404: pages.not_found},
    )
    app.router.redirect_slashes = False  # Starlette would redirect paths with a slash too many.
    return ScrapesFirstMiddleware(app, priority, {options.telemetry_path, HttpPath.PROBE})
