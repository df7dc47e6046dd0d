"""Encodes the results of many apps, once for all scrapes that wait for the same text."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Executor

from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.web.compressed_body import CompressedBody


class _Waiting:
    """An encoding that has not begun yet."""

    def __init__(self, jobs: ScrapeJobs) -> None:
        self.jobs = jobs
        self.body: asyncio.Future[CompressedBody]


class SharedEncodings:
    """Encodes in one thread: two at once would each take twice as long. For one event loop."""

    def __init__(self, thread: Executor) -> None:
        self._thread = thread
        self._lock = asyncio.Lock()
        self._waiting: dict[Hashable, _Waiting] = {}

    async def encode(
        self, key: Hashable, jobs: ScrapeJobs, encode: Callable[[ScrapeJobs], CompressedBody]
    ) -> CompressedBody:
        """Return the text of a scrape, or of one that began later.

        Args:
            key: scrapes with the same key may share one text: same fleet, format and families.
            jobs: the jobs of the scrape.
            encode: makes the text of such a scrape.
        """
        if not jobs.done.done():  # The deadline passed first: others may have results for more apps.
            key = (key, id(jobs))
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = _Waiting(jobs)
            waiting.body = asyncio.ensure_future(self._encode_next(key, waiting, encode))
        elif jobs.seconds < waiting.jobs.seconds:
            waiting.jobs = jobs  # It began later, so its results are at least as new.
        return await asyncio.shield(waiting.body)

    async def _encode_next(
        self, key: Hashable, waiting: _Waiting, encode: Callable[[ScrapeJobs], CompressedBody]
    ) -> CompressedBody:
        async with self._lock:
            del self._waiting[key]
            return await asyncio.get_running_loop().run_in_executor(self._thread, encode, waiting.jobs)
