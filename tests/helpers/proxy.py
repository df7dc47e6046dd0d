"""A small HTTP proxy for CONNECT and absolute URLs, optionally with Basic authentication."""

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
    """Forwards requests, and keeps them in `requests`."""

    def __init__(
        self, credentials: str | None = None, tunnel: Callable[[Peer], Awaitable[None]] | None = None
    ) -> None:
        """Create a proxy; `tunnel` handles CONNECT requests in place of a real tunnel."""
        super().__init__(self._forward)
        self._expected = None
        if credentials is not None:
            self._expected = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        self._tunnel = tunnel
        self.requests: list[Request] = []

    async def _forward(self, peer: Peer) -> None:
        while (request := await peer.read_request()) is not None:
            self.requests.append(request)
            if self._expected is not None and request.headers.get("proxy-authorization") != self._expected:
                await peer.send(REFUSAL)
            elif request.method != "CONNECT":
                await _forward_request(peer, request)
            elif self._tunnel is not None:
                await self._tunnel(peer)
                return
            else:
                await _tunnel(peer, request.target)
                return


async def _forward_request(peer: Peer, request: Request) -> None:
    """Send a request to the host in its absolute URL, on a new connection."""
    parts = urlsplit(request.target)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        headers = {name: value for name, value in request.headers.items() if not name.startswith("proxy-")}
        headers["connection"] = "close"
        lines = [f"{request.method} {parts.path}?{parts.query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode() + request.body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await peer.send(head, await reader.readexactly(length))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _tunnel(peer: Peer, target: str) -> None:
    """Forward bytes in both directions until one side closes its connection."""
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    directions: list[asyncio.Task[None]] = []
    try:
        await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        directions = [
            asyncio.create_task(_copy(peer.reader, writer)),
            asyncio.create_task(_copy(reader, peer.writer)),
        ]
        await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for direction in directions:
            direction.cancel()
        await asyncio.gather(*directions, return_exceptions=True)
        writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
