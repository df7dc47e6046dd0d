"""A small HTTP proxy: CONNECT and absolute URLs, with Basic authentication where it is asked for."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from helpers.faults import Peer, Request, SocketServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REFUSAL = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


class Proxy(SocketServer):
    """Forwards what it is asked to; `requests` keeps what that was."""

    def __init__(
        self, credentials: str | None = None, tunnel: Callable[[Peer], Awaitable[None]] | None = None
    ) -> None:
        """Make a proxy; `tunnel` answers a CONNECT in the place of a real tunnel."""
        super().__init__(self._forward)
        self._wanted = None
        if credentials is not None:
            self._wanted = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        self._tunnel = tunnel
        self.requests: list[Request] = []

    async def _forward(self, peer: Peer) -> None:
        while (request := await peer.read_request()) is not None:
            self.requests.append(request)
            if self._wanted is not None and request.headers.get("proxy-authorization") != self._wanted:
                await peer.send(REFUSAL)
            elif request.method != "CONNECT":
                await _pass_on(peer, request)
            elif self._tunnel is not None:
                await self._tunnel(peer)
                return
            else:
                await _join(peer, request.target)
                return


async def _pass_on(peer: Peer, request: Request) -> None:
    """Send a request to the host that its absolute URL names, on a connection for it alone."""
    parts = urlsplit(request.target)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        own = {"connection": "close"}
        headers = {name: value for name, value in request.headers.items() if not name.startswith("proxy-")}
        lines = [f"{request.method} {parts.path}?{parts.query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in (headers | own).items()]
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode() + request.body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await peer.send(head, await reader.readexactly(length))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _join(peer: Peer, target: str) -> None:
    """Carry bytes both ways until one side ends."""
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    ways: list[asyncio.Task[None]] = []
    try:
        await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        ways = [
            asyncio.create_task(_carry(peer.reader, writer)),
            asyncio.create_task(_carry(reader, peer.writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
