"""`/sd` and `/sd/domains`: HTTP service discovery for Prometheus. Neither calls WeChat.

After an error Prometheus keeps its targets, after `[]` it drops them all. So the answer is 503 until the
targets are known.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.endpoints.sd_targets import KnownApp, TargetGroup, app_groups, domain_groups

_NOT_DISCOVERED = "not all mini programs of the platforms have been discovered yet\n"
_MAX_CACHED = 4
"""Answers that are kept while nothing changes."""
_MAX_CACHED_BYTES = 16 << 20
"""Of one answer; a larger one is made for each request, which takes seconds, but no memory in between."""
_Query = tuple[bool, frozenset[str]]
"""Whether `by=app` is given, and the categories."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class AppsEndpoint:
    """Answers `/sd` with the apps, as targets of `/probe`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def answer(self, _: Request) -> Response:
        """Answer one request."""
        if not self._service.discovered:
            return PlainTextResponse(_NOT_DISCOVERED, 503)
        apps = self._service.fleet.apps
        body = await asyncio.to_thread(lambda: _body(app_groups(app.settings for app in apps)))
        return _json(body)


class DomainsEndpoint:
    """Answers `/sd/domains` with the apps' domains, as targets of blackbox_exporter."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = asyncio.Lock()
        """One answer is made at a time: a large one takes seconds, and the next request may get the same."""
        self._cache: dict[_Query, tuple[Sequence[KnownApp], bytes]] = {}
        """The apps that each answer was made of, and its body."""

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        async with self._lock:
            return await asyncio.to_thread(self._answer, request.query_params)

    def _answer(self, parameters: QueryParams) -> Response:
        by = set(parameters.getlist("by"))
        if by - {"app"}:
            return PlainTextResponse("the only allowed value of by is app\n", 400)
        if not self._service.discovered:
            return PlainTextResponse(_NOT_DISCOVERED, 503)
        fleet = self._service.fleet.apps
        untried = sum(not _was_tried(app) for app in fleet)
        if untried:
            return PlainTextResponse(
                f"mini programs that no scrape or probe has fetched yet: {untried}\n", 503
            )
        apps = _known(fleet)
        if fleet and not apps:
            return PlainTextResponse("no list of domains is known yet: all mini programs fail\n", 503)
        categories = frozenset(parameters.getlist("category"))
        known_categories = {*DOCUMENTED_CATEGORIES, *(category for app in apps for category in app.lists)}
        if categories - known_categories:
            allowed = ", ".join(sorted(known_categories))
            return PlainTextResponse(f"the allowed values of category are {allowed}\n", 400)
        return _json(self._body((bool(by), categories), apps))

    def _body(self, query: _Query, apps: Sequence[KnownApp]) -> bytes:
        cached_apps, body = self._cache.pop(query, (None, b""))
        if cached_apps != apps:
            by_app, categories = query
            body = _body(domain_groups(apps, categories, by_app=by_app))
        if len(body) <= _MAX_CACHED_BYTES:
            self._cache[query] = apps, body
        if len(self._cache) > _MAX_CACHED:
            del self._cache[next(iter(self._cache))]
        return body


def _was_tried(app: MonitoredApp) -> bool:
    """Whether a fetch of the app has ended; after some reloads only its lists are left to show that."""
    return app.last_result is not None or app.history.lists is not None


def _known(apps: Iterable[MonitoredApp]) -> list[KnownApp]:
    return [
        KnownApp(app.settings.appid, app.settings.name, lists)
        for app in apps
        if (lists := app.known_lists) is not None
    ]


def _body(groups: Iterable[TargetGroup]) -> bytes:
    return f"[{','.join(map(_encode, groups))}]\n".encode()


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
