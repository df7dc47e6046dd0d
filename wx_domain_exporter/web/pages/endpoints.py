"""The HTTP endpoints of the status pages."""

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from wx_domain_exporter.service import Service
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.negotiation import prefers_chinese
from wx_domain_exporter.web.pages.app_page import app_page
from wx_domain_exporter.web.pages.exporter_state import exporter_state
from wx_domain_exporter.web.pages.overview import overview
from wx_domain_exporter.web.pages.query import SORTS, Query
from wx_domain_exporter.web.pages.rendering import HEADERS, Renderer

_MAX_RENDERING = 2
"""Pages rendered at the same time: few, so that scrapes are not slowed down."""
_MAX_WAITING = 30


class StatusPages:
    """Answers requests for `/` and `/apps/APPID`."""

    def __init__(self, service: Service, telemetry_path: str) -> None:
        self._service = service
        self._renderer = Renderer()
        self._metrics = telemetry_path.removeprefix("/")
        refusal = "too many requests for status pages"
        self._limit = ConcurrencyLimit(_MAX_RENDERING, refusal, waiting=_MAX_WAITING)

    async def overview(self, request: Request) -> Response:
        """Answer `/`: all mini programs, and the state of the exporter."""
        return await self._limit.run(lambda: asyncio.to_thread(self._overview, request))

    async def app(self, request: Request) -> Response:
        """Answer `/apps/APPID`: one mini program, or 404 for an unknown appid."""
        return await self._limit.run(lambda: asyncio.to_thread(self._app, request))

    def _overview(self, request: Request) -> Response:
        now, fleet = self._service.clock.time(), self._service.fleet
        query = Query.of(request.query_params)
        content = overview(fleet.apps, fleet.settings.limits, query, now)
        return self._page("overview.html", request, content.query, now, "./", overview=content, sorts=SORTS)

    def _app(self, request: Request) -> Response:
        now, fleet = self._service.clock.time(), self._service.fleet
        query = Query(lang=Query.of(request.query_params).lang)
        app = fleet.by_appid.get(request.path_params["appid"])
        if app is None:
            return self._page("unknown_app.html", request, query, now, "../", status=404)
        ungranted = self._service.is_ungranted(app.settings)
        page = app_page(app, fleet.settings.limits, now, ungranted=ungranted)
        return self._page("app.html", request, query, now, "../", page=page)

    def _page(
        self,
        template: str,
        request: Request,
        query: Query,
        now: float,
        root: str,
        *,
        status: int = 200,
        **values: object,
    ) -> Response:
        """Render a page.

        Args:
            template: the template's file name.
            request: its Accept-Language counts if the query has no language.
            query: the query that the links of the page keep.
            now: Unix time.
            root: the relative path from the page to `/`, which a proxy may serve below a prefix.
            status: the HTTP status of the response.
            values: the variables that only this template has.
        """
        accepted = ",".join(request.headers.getlist("Accept-Language"))
        chinese = query.lang == "zh" if query.lang else prefers_chinese(accepted)
        text = self._renderer.page(
            template,
            chinese=chinese,
            root=root,
            metrics=self._metrics,
            query=query,
            exporter=exporter_state(self._service, now),
            **values,
        )
        return HTMLResponse(text, status, {**HEADERS, "Content-Language": "zh-CN" if chinese else "en"})
