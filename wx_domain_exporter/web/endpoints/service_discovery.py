"""`/sd` and `/sd/domains`: HTTP service discovery for Prometheus. Neither calls WeChat.

After an error Prometheus keeps its targets, after `[]` it drops them all. So the answer is 503 until the
targets are known. An answer is prepared once and sent until what it shows has changed.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.service import Service
from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.compressed_body import CompressedBody
from wx_domain_exporter.web.compressed_response import CompressedResponse
from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit
from wx_domain_exporter.web.endpoints.known_lists import KnownLists, known_lists_of
from wx_domain_exporter.web.endpoints.sd_targets import TargetGroup, app_groups, domain_groups
from wx_domain_exporter.web.scrape_priority import ScrapePriority, start_thread

if TYPE_CHECKING:
    from wx_domain_exporter.fleet import Fleet

_NOT_DISCOVERED = "not all mini programs of the platforms have been discovered yet\n"
_MAX_WAITING = 100
"""Requests that wait while an answer is prepared."""
_MAX_CACHED = 4
"""Answers to different queries of `/sd/domains` that are kept while nothing changes."""
_MAX_CACHED_BYTES = 32 << 20
"""Of all these together, with gzip."""
_SECONDS_BETWEEN_LOOKS = 1.0
"""Minimum time between two looks at all apps during a scrape, in which lists may change all the time."""
_GROUPS_PER_PART = 100
_Query = tuple[bool, frozenset[str]]
"""Whether `by=app` is given, and the categories."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
Result = TypeVar("Result")


class ServiceDiscovery:
    """Answers `/sd` and `/sd/domains`; one answer of each is prepared at a time."""

    def __init__(self, service: Service, memory: AnswerMemory, priority: ScrapePriority) -> None:
        self._service = service
        self._memory = memory
        self._priority = priority
        self._thread = start_thread("sd")
        refusal = "too many requests for service discovery"
        self._apps_limit = ConcurrencyLimit(1, refusal, waiting=_MAX_WAITING)
        self._domains_limit = ConcurrencyLimit(1, refusal, waiting=_MAX_WAITING)
        self._apps_body: tuple[Fleet, CompressedBody] | None = None
        self._known: KnownLists | None = None
        self._next_look = 0.0
        self._domains_bodies: dict[_Query, CompressedBody] = {}
        """Made of `_known`; the one that was asked for last is the last one."""

    async def apps(self, request: Request) -> Response:
        """Answer `/sd` with the apps, as targets of `/probe`."""
        return await self._apps_limit.run(lambda: self._answer_apps(request))

    async def domains(self, request: Request) -> Response:
        """Answer `/sd/domains` with the apps' domains, as targets of blackbox_exporter."""
        return await self._domains_limit.run(lambda: self._answer_domains(request))

    async def _answer_apps(self, request: Request) -> Response:
        if not self._service.discovered:
            return PlainTextResponse(_NOT_DISCOVERED, 503)
        fleet = self._service.fleet
        if self._apps_body is None or self._apps_body[0] is not fleet:
            groups = app_groups(app.settings for app in fleet.apps)
            self._apps_body = fleet, await self._in_thread(self._prepare, groups)
        return self._respond(request, self._apps_body[1])

    async def _answer_domains(self, request: Request) -> Response:
        by = set(request.query_params.getlist("by"))
        if by - {"app"}:
            return PlainTextResponse("the only allowed value of by is app\n", 400)
        if not self._service.discovered:
            return PlainTextResponse(_NOT_DISCOVERED, 503)
        known = await self._look()
        refusal = _not_known(known) or _unknown_category(known, request.query_params)
        if refusal is not None:
            return refusal
        query = bool(by), frozenset(request.query_params.getlist("category"))
        return self._respond(request, await self._domains_body(query, known))

    async def _look(self) -> KnownLists:
        """Return the known lists; look at each app only if a fetch has ended since the last look."""
        service, known, now = self._service, self._known, time.monotonic()
        fleet, finished_jobs = service.fleet, service.scheduler.finished_jobs
        looked_lately = self._priority.scraping and now < self._next_look
        if (
            known is not None
            and known.fleet is fleet
            and (looked_lately or known.finished_jobs == finished_jobs)
        ):
            return known
        pace = self._priority.pace
        looked = await self._in_thread(lambda: known_lists_of(fleet, finished_jobs, known, pace))
        if known is None or looked.apps is not known.apps:
            self._domains_bodies.clear()
        self._known, self._next_look = looked, time.monotonic() + _SECONDS_BETWEEN_LOOKS
        return looked

    async def _domains_body(self, query: _Query, known: KnownLists) -> CompressedBody:
        body = self._domains_bodies.pop(query, None)
        if body is None:
            by_app, categories = query
            pace = self._priority.pace
            groups = domain_groups(known.apps, categories, by_app=by_app, pace=pace)
            body = await self._in_thread(self._prepare, groups)
        bodies = self._domains_bodies
        bodies[query] = body
        while len(bodies) > _MAX_CACHED or sum(len(one.data) for one in bodies.values()) > _MAX_CACHED_BYTES:
            del bodies[next(iter(bodies))]
        return body

    def _prepare(self, groups: Iterator[TargetGroup]) -> CompressedBody:
        return CompressedBody.of(_json(self._priority.pace(groups)))

    async def _in_thread(self, function: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    def _respond(self, request: Request, body: CompressedBody) -> Response:
        return CompressedResponse(body, request, self._memory, {"Content-Type": "application/json"})


def _not_known(known: KnownLists) -> Response | None:
    if known.untried:
        text = f"mini programs that no scrape or probe has fetched yet: {known.untried}\n"
        return PlainTextResponse(text, 503)
    if known.fleet.by_appid and not known.apps:
        return PlainTextResponse("no list of domains is known yet: all mini programs fail\n", 503)
    return None


def _unknown_category(known: KnownLists, parameters: QueryParams) -> Response | None:
    if set(parameters.getlist("category")) <= known.categories:
        return None
    allowed = ", ".join(sorted(known.categories))
    return PlainTextResponse(f"the allowed values of category are {allowed}\n", 400)


def _json(groups: Iterator[TargetGroup]) -> Iterator[bytes]:
    separator = "["
    while part := list(itertools.islice(groups, _GROUPS_PER_PART)):
        yield f"{separator}{','.join(map(_encode, part))}".encode()
        separator = ","
    yield b"[]\n" if separator == "[" else b"]\n"
