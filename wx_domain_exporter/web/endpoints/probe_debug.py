"""`/probe?target=APPID&debug=true`: the steps of a probe as text, for a person who looks for its fault."""

import asyncio
import math
from collections.abc import Iterator

from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.diagnosis.checks import Check, check_of_app
from wx_domain_exporter.exposition.fast_writer import FastWriter
from wx_domain_exporter.exposition.results import results_of
from wx_domain_exporter.fleet import Fleet
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.scrape_timeout import HEADER, BadTimeoutError, seconds_for_scrape
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.endpoints.exposition_text import exposition_text

_INTERVAL_SECONDS = 5.0
"""Minimum time from the end of one to the begin of the next: each calls WeChat, and none is a scrape."""


class ProbeDebug:
    """Answers one request at a time with what `--doctor` says of the app, and with its metrics."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._next = -math.inf
        """From when on the next one may start, in seconds of the clock's `monotonic`."""

    async def answer(self, request: Request, fleet: Fleet, app: MonitoredApp) -> Response:
        """Fetch the app, and describe what happened."""
        wait = math.ceil(max(0.0, self._next - self._service.clock.monotonic()))
        if wait > 0:
            text = f"debug=true calls WeChat, so it is limited in rate; try again in {wait} s\n"
            return PlainTextResponse(text, 429, {"Retry-After": str(wait)})
        try:
            seconds = seconds_for_scrape(request.headers.get(HEADER), fleet.settings.scrape, 0)
        except BadTimeoutError as error:
            return PlainTextResponse(f"{error}\n", 400)
        clock = self._service.clock
        self._next = clock.monotonic() + seconds  # until this one has ended
        jobs = self._service.start_scrape(fleet, Deadline.after(seconds, clock), (app,))
        await asyncio.wait([asyncio.wrap_future(jobs.done)], timeout=seconds)
        self._next = clock.monotonic() + _INTERVAL_SECONDS
        return PlainTextResponse("\n".join(_lines(fleet, app, jobs)), headers={"Cache-Control": "no-store"})


def _lines(fleet: Fleet, app: MonitoredApp, jobs: ScrapeJobs) -> Iterator[str]:
    (result,), (extra_result,) = jobs.results, jobs.extra_results
    check = check_of_app(app, result, extra_result, None, fleet.account_status(app.settings.appid))
    yield from _described(check)
    yield f"token source: {app.settings.token.type}"
    yield f"duration: {result.seconds:.3f} s"
    yield ""
    yield "Metrics of this probe:"
    yield ""
    yield b"".join(exposition_text(generate_latest, results_of(fleet, jobs), FastWriter())).decode()


def _described(check: Check) -> Iterator[str]:
    yield f"{check.subject}: {check.state.value.en}"
    yield f"steps: {check.text.en}" if check.problem is None else f"problem: {check.text.en}"
    if check.message:
        yield f"message: {check.message}"
    if check.remedy is not None:
        yield f"what to do: {check.remedy.en}"
