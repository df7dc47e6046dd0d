"""`/sd` and `/sd/domains`: HTTP service discovery for Prometheus. Neither calls WeChat.

Prometheus keeps the targets that it has when it gets an error, and drops them all when it gets `[]`: so what
is not known yet is 503.
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

_NOT_DISCOVERED = "the mini programs of a platform are not all discovered yet\n"
_MOST_KEPT = 4
"""Answers that are made once for all who ask the same while nothing changes."""
_MOST_BYTES_KEPT = 16 << 20
"""Of one of them; larger ones are made again, which takes seconds once a minute, rather than take memory."""
_Question = tuple[bool, frozenset[str]]
"""Whether it is asked by app, and the categories."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class AppsEndpoint:
    """`/sd`: the apps, for `/probe`."""

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
    """`/sd/domains`: the apps' domains, for blackbox_exporter."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._one = asyncio.Lock()
        """A large fleet's answer takes seconds to make: one at a time, and the next one may be the same."""
        self._kept: dict[_Question, tuple[Sequence[KnownApp], bytes]] = {}

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        async with self._one:
            return await asyncio.to_thread(self._answer, request.query_params)

    def _answer(self, parameters: QueryParams) -> Response:
        by = set(parameters.getlist("by"))
        if by - {"app"}:
            return PlainTextResponse("by can only be app\n", 400)
        if not self._service.discovered:
            return PlainTextResponse(_NOT_DISCOVERED, 503)
        fleet = self._service.fleet.apps
        untried = sum(not _was_tried(app) for app in fleet)
        if untried:
            return PlainTextResponse(
                f"mini programs that no scrape or probe has asked for yet: {untried}\n", 503
            )
        apps = _known(fleet)
        if fleet and not apps:
            return PlainTextResponse("no list of domains is known yet: every mini program fails\n", 503)
        categories = frozenset(parameters.getlist("category"))
        there = {*DOCUMENTED_CATEGORIES, *(category for app in apps for category in app.lists)}
        if categories - there:
            return PlainTextResponse(f"category can only be one of {', '.join(sorted(there))}\n", 400)
        return _json(self._body((bool(by), categories), apps))

    def _body(self, question: _Question, apps: Sequence[KnownApp]) -> bytes:
        before = self._kept.pop(question, None)
        if before is not None and before[0] == apps:
            body = before[1]
        else:
            by_app, categories = question
            body = _body(domain_groups(apps, categories, by_app=by_app))
        if len(body) <= _MOST_BYTES_KEPT:
            self._kept[question] = apps, body
        if len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return body


def _was_tried(app: MonitoredApp) -> bool:
    """Whether a fetch of the app ended; a reload that changes how it is asked leaves only its lists."""
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
