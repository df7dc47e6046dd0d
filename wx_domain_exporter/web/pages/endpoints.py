"""The HTTP endpoints of the status pages, and the page for unknown paths."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.service import Service
from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.compressed_body import CompressedBody
from wx_domain_exporter.web.compressed_response import CompressedResponse
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.manual_fetch import ManualFetch
from wx_domain_exporter.web.negotiation import prefers_chinese
from wx_domain_exporter.web.pages.app_page import app_page
from wx_domain_exporter.web.pages.exporter_state import exporter_state
from wx_domain_exporter.web.pages.overview import overview
from wx_domain_exporter.web.pages.query import REFRESH, SORTS, STATES, Query
from wx_domain_exporter.web.pages.rendering import HEADERS, Renderer
from wx_domain_exporter.web.pages.setup import Setup, scrape_config
from wx_domain_exporter.web.scrape_priority import ScrapePriority, start_thread

_MAX_DEPTH = 20
"""Of a path to which the page for unknown paths has relative links."""
_MAX_WAITING = 30
"""Requests that wait while a page is rendered; two at once would each take twice as long."""


class StatusPages:
    """Answers requests for `/` and `/apps/APPID`."""

    def __init__(
        self,
        service: Service,
        telemetry_path: str,
        memory: AnswerMemory,
        priority: ScrapePriority,
        manual_fetch: ManualFetch,
    ) -> None:
        self._service = service
        self._memory = memory
        self._priority = priority
        self._thread = start_thread("pages")
        self._renderer = Renderer(priority.pace)
        self._metrics = telemetry_path.removeprefix("/")
        self._manual_fetch = manual_fetch
        refusal = "too many requests for status pages"
        self._limit = ConcurrencyLimit(1, refusal, waiting=_MAX_WAITING)

    async def overview(self, request: Request) -> Response:
        """Answer `/`: all mini programs, and the state of the exporter."""
        return await self._limit.run(lambda: self._in_thread(self._overview, request))

    async def app(self, request: Request) -> Response:
        """Answer `/apps/APPID`: one mini program, or 404 for an unknown appid."""
        return await self._limit.run(lambda: self._in_thread(self._app, request))

    async def not_found(self, request: Request, _: Exception) -> Response:
        """Answer an unknown path: with a page if a browser asks, else with one line."""
        if "text/html" not in ",".join(request.headers.getlist("Accept")):
            return PlainTextResponse("Not Found", 404)
        return await self._limit.run(lambda: self._in_thread(self._not_found, request))

    async def _in_thread(self, render: Callable[[Request], Response], request: Request) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self._thread, render, request)

    def _overview(self, request: Request) -> Response:
        now, fleet = self._service.clock.time(), self._service.fleet
        query = Query.of(request.query_params)
        scrapes = self._service.fleet_history.scrapes
        apps = self._priority.pace(fleet.apps_by_name)
        content = overview(apps, fleet.settings.limits, query, now, scrapes)
        return self._page(
            "overview.html",
            request,
            content.query,
            now,
            "./",
            status=200 if query.has_known_state else 400,
            overview=content,
            sorts=SORTS,
            states=STATES,
            setup=self._setup(request),
        )

    def _setup(self, request: Request) -> Setup:
        wait, path = self._manual_fetch.wait_seconds, f"/{self._metrics}"
        return Setup(wait, scrape_config(request.url.scheme, request.headers.get("host", ""), path))

    def _app(self, request: Request) -> Response:
        now, fleet = self._service.clock.time(), self._service.fleet
        query = Query.of(request.query_params).common
        app = fleet.by_appid.get(request.path_params["appid"])
        if app is None:
            return self._page("not_found.html", request, query, now, "../", status=404, is_app=True)
        ungranted = self._service.is_ungranted(app.settings)
        account_status = fleet.account_status(app.settings.appid)
        page = app_page(app, fleet.settings.limits, now, ungranted=ungranted, account_status=account_status)
        return self._page("app.html", request, query, now, "../", page=page)

    def _not_found(self, request: Request) -> Response:
        query = Query.of(request.query_params).common
        root = "../" * min(request.url.path.count("/") - 1, _MAX_DEPTH) or "./"
        now = self._service.clock.time()
        return self._page("not_found.html", request, query, now, root, status=404, is_app=False)

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
            refresh=REFRESH,
            exporter=exporter_state(self._service, now),
            **values,
        )
        headers = {
            **HEADERS,
            "Content-Type": "text/html; charset=utf-8",
            "Content-Language": "zh-CN" if chinese else "en",
            **({"Refresh": str(query.refresh)} if query.refresh else {}),
        }
        body = CompressedBody.of([text.encode()])
        return CompressedResponse(body, request, self._memory, headers, status)
