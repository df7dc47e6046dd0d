"""Fetches of all mini programs that a person asks for, before Prometheus scrapes the exporter."""

import asyncio
import math

import structlog

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.service import Service

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 60
"""Minimum time between the starts of two fetches."""
_LONGEST_SECONDS = 20.0
"""How long a person waits; shorter than the time in which the exporter answers its last requests."""


class ManualFetch:
    """Fetches all mini programs on request: one fetch at a time, and one a minute. For one event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._running: asyncio.Task[None] | None = None
        self._next = -math.inf
        """From when on the next fetch may start, in seconds of the clock's `monotonic`."""

    @property
    def wait_seconds(self) -> int:
        """Return the seconds until a fetch may start; 0 if it may start now. May be read by any thread."""
        return math.ceil(max(0.0, self._next - self._service.clock.monotonic()))

    async def run(self) -> bool:
        """Fetch all mini programs, or wait for the fetch that is running; False if it is too early."""
        if self._running is None:
            if self.wait_seconds:
                return False
            self._next = self._service.clock.monotonic() + INTERVAL_SECONDS
            self._running = asyncio.create_task(self._fetch())
        await asyncio.shield(self._running)
        return True

    async def _fetch(self) -> None:
        try:
            fleet, deadline = self._service.fleet, Deadline.after(_LONGEST_SECONDS, self._service.clock)
            log.info("all apps are fetched, as asked for on the status page", apps=len(fleet.apps))
            jobs = self._service.scheduler.start(fleet.apps, deadline, fleet.settings.scrape.min_interval)
            await asyncio.wait([asyncio.wrap_future(jobs.done)], timeout=_LONGEST_SECONDS)
        finally:
            self._running = None
