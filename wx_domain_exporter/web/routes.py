"""The ASGI application: which path is answered by what."""

import asyncio
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wx_domain_exporter.http_paths import DEFAULT_METRICS_PATH, HttpPath
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.endpoints.metrics import MetricsEndpoint, start_encoder
from wx_domain_exporter.web.endpoints.probe import ProbeEndpoint
from wx_domain_exporter.web.endpoints.service_discovery import AppsEndpoint, DomainsEndpoint
from wx_domain_exporter.web.pages.endpoints import StatusPages

_METHODS = {HttpPath.RELOAD: "POST"}


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What the command line says about serving."""

    telemetry_path: str = DEFAULT_METRICS_PATH
    enable_lifecycle: bool = False
    max_requests: int = 40


def make_web_app(service: Service, options: WebOptions) -> Starlette:
    """Wire the paths to a service."""
    encoder = start_encoder()
    metrics = MetricsEndpoint(service, encoder, options.max_requests)
    pages = StatusPages(service, options.telemetry_path)

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("healthy\n")

    async def ready(_: Request) -> Response:
        return PlainTextResponse("ready\n")

    async def reload(_: Request) -> Response:
        if not options.enable_lifecycle:
            return PlainTextResponse("reloading over HTTP is off (--web.enable-lifecycle)\n", 403)
        if await asyncio.wrap_future(service.reloader.ask()):
            return PlainTextResponse("reloaded\n")
        return PlainTextResponse("the configuration was refused; the log says why\n", 500)

    endpoints = {
        HttpPath.STATUS: pages.overview,
        HttpPath.APP: pages.app,
        HttpPath.PROBE: ProbeEndpoint(service, encoder).answer,
        HttpPath.SD: AppsEndpoint(service).answer,
        HttpPath.SD_DOMAINS: DomainsEndpoint(service).answer,
        HttpPath.HEALTHY: healthy,
        HttpPath.READY: ready,
        HttpPath.RELOAD: reload,
    }
    app = Starlette(
        routes=[
            Route(options.telemetry_path, metrics.answer, methods=["GET"]),
            *(Route(path, endpoints[path], methods=[_METHODS.get(path, "GET")]) for path in HttpPath),
        ]
    )
    app.router.redirect_slashes = False  # a path is right or 404
    return app
