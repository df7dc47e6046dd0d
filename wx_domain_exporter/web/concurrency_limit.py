"""A limit of how many requests of a kind are answered at once, and the answer to those beyond it."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import PlainTextResponse, Response


class ConcurrencyLimit:
    """Admits a number of requests at a time and refuses further ones with 503. For one event loop."""

    def __init__(self, running: int, refusal: str, *, waiting: int = 0) -> None:
        """Make a limit.

        Args:
            running: how many requests may run at once.
            refusal: the sentence for those that are refused.
            waiting: how many more may wait until one of them ends.
        """
        self._max_admitted = running + waiting
        self._refusal = refusal
        self._admitted = 0
        self._may_run = asyncio.Semaphore(running)

    def acquire(self) -> bool:
        """Admit a request if the limit allows it; call `release` when it has ended."""
        if self._admitted >= self._max_admitted:
            return False
        self._admitted += 1
        return True

    def release(self) -> None:
        """Let another request be admitted."""
        self._admitted -= 1

    def refuse(self) -> Response:
        """Return the answer to a request that was not admitted."""
        return PlainTextResponse(f"{self._refusal}\n", 503, {"Retry-After": "1"})

    async def run(self, answer: Callable[[], Awaitable[Response]]) -> Response:
        """Return what `answer` makes, as soon as it may run, or refuse the request at once."""
        if not self.acquire():
            return self.refuse()
        try:
            async with self._may_run:
                return await answer()
        finally:
            self.release()
