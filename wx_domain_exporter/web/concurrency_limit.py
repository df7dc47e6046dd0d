"""How many requests of a kind are worked on at once, and the answer to those beyond."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import PlainTextResponse, Response


class ConcurrencyLimit:
    """Admits a number of requests at a time and refuses further ones with 503. For one event loop."""

    def __init__(self, running: int, refusal: str, *, waiting: int = 0) -> None:
        """Admit nobody yet.

        Args:
            running: how many may run at once.
            refusal: the sentence for those that are refused.
            waiting: how many more may wait until one of them ends.
        """
        self._most = running + waiting
        self._refusal = refusal
        self._admitted = 0
        self._may_run = asyncio.Semaphore(running)

    def acquire(self) -> bool:
        """Take a place if one is free; whoever gets one has to release it."""
        if self._admitted >= self._most:
            return False
        self._admitted += 1
        return True

    def release(self) -> None:
        """Give a place back."""
        self._admitted -= 1

    def refuse(self) -> Response:
        """Return the answer to a request for which there is no place."""
        return PlainTextResponse(f"{self._refusal}\n", 503, {"Retry-After": "1"})

    async def run(self, answer: Callable[[], Awaitable[Response]]) -> Response:
        """Make an answer when it is its turn, or refuse the request at once."""
        if not self.acquire():
            return self.refuse()
        try:
            async with self._may_run:
                return await answer()
        finally:
            self.release()
