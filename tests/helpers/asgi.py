"""Runs a response as an ASGI server would, in the process of the tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Message


@dataclass
class Client:
    """The client of one request: it reads while `reads` is set, and counts how often it was cut."""

    method: str = "GET"
    messages: list[Message] = field(default_factory=list)
    sent: asyncio.Event = field(default_factory=asyncio.Event)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    cuts: int = 0

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"]
        return status

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    async def ask(self, response: Response) -> None:
        """Receive a response."""
        scope = {"type": "http", "method": self.method, "state": {"cut": self._cut}}
        await response(scope, self._receive, self._send)

    def _cut(self) -> None:
        self.cuts += 1
        self.gone.set()
        self.reads.set()

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.messages.append(message)
        self.sent.set()
        await self.reads.wait()


def body_of(response: Response) -> bytes:
    """The body that a client receives."""

    async def receive() -> bytes:
        client = Client()
        client.reads.set()
        await client.ask(response)
        return client.body

    return asyncio.run(receive())
