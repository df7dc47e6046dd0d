"""Servers on raw sockets that misbehave on purpose, and a WeChat API whose faults the token selects."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterator

CANARY = "Zc4n4ry0Zc4n4ry1Zc4n4ry2Zc4n4ry3Zc4n4ry4"
"""Part of every token; it must not appear in any output."""

LINGER_ZERO = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing the socket sends a RST."""
STOP_SECONDS = 120
END_SECONDS = 120
CLOSE_SECONDS = 0.2
"""How long a client may take to answer the TLS close_notify; most do not answer."""


def token_for(fault: str) -> str:
    """A token that selects a fault, with the characters that have a meaning in a query."""
    return f"fault-{fault}.{CANARY}/+&=%?#é"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    version: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.target).query).get("access_token", [""])[0]

    @property
    def fault(self) -> str:
        return self.token.partition(".")[0].removeprefix("fault-")


class Peer:
    """The server's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.closing = False

    async def read_request(self) -> Request | None:
        """Read a whole request; None if the client has closed the connection."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, version = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Request(method, target, version, headers, body)

    async def send(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def drip(self, data: bytes, pause: float) -> None:
        for byte in data:
            await self.send(bytes((byte,)))
            await asyncio.sleep(pause)

    async def without_end(self, data: bytes, pause: float = 0) -> None:
        """Send the same data repeatedly, until the client or the server closes the connection."""
        while True:
            await self.send(data)
            await asyncio.sleep(pause)

    async def hang(self) -> None:
        """Send nothing until the client closes the connection."""
        while await self.reader.read(65536):
            pass

    def close(self) -> None:
        """Close the connection after this answer."""
        self.closing = True

    def reset(self) -> None:
        """Close the connection with a RST."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.writer.transport.abort()
        self.closing = True


@dataclass
class SocketServer:
    """Runs a coroutine for each connection, in one thread; a context manager."""

    serve: Callable[[Peer], Awaitable[None]]
    context: ssl.SSLContext | None = None
    port: int = 0
    accepted: int = 0
    ended: int = 0
    """The number of connections that either side has closed."""

    changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(started)), daemon=True)
        self._thread.start()
        if not started.wait(STOP_SECONDS):
            raise AssertionError("the server does not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            raise AssertionError("the server does not stop")

    @property
    def url(self) -> str:
        return f"{'http' if self.context is None else 'https'}://127.0.0.1:{self.port}"

    def wait_for_ended(self, number: int) -> None:
        with self.changed:
            if not self.changed.wait_for(lambda: self.ended >= number, END_SECONDS):
                raise AssertionError(f"{self.ended} of {self.accepted} connections ended, not {number}")

    async def _run(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._open: dict[asyncio.Task[None], asyncio.WriteTransport] = {}
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stopping.wait()
        self._loop.remove_reader(server.sockets[0].fileno())
        await _some_iterations()  # the last accepted connection gets its task, which fails on a closed server
        server.close()
        still_open = dict(self._open)
        for task in still_open:
            task.cancel()
        await asyncio.gather(*still_open, return_exceptions=True)
        for transport in still_open.values():  # a task that never started has not closed its connection
            transport.abort()
        await _some_iterations()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.context is not None:
            writer.transport.pause_reading()  # type: ignore[attr-defined] # start_tls reads the handshake
        task = asyncio.create_task(self._converse(Peer(reader, writer)))
        self._open[task] = writer.transport
        task.add_done_callback(self._open.pop)

    async def _converse(self, peer: Peer) -> None:
        with self.changed:
            self.accepted += 1
        raw = peer.writer.transport
        try:
            if self.context is not None:
                await peer.writer.start_tls(self.context)
            await self.serve(peer)
            if not peer.writer.transport.is_closing():
                peer.writer.close()
                await asyncio.wait_for(peer.writer.wait_closed(), CLOSE_SECONDS)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            peer.writer.transport.abort()
            raw.abort()
            with self.changed:
                self.ended += 1
                self.changed.notify_all()


async def _some_iterations() -> None:
    """Let the event loop run its pending callbacks."""
    for _ in range(10):
        await asyncio.sleep(0)


class FaultyApi(SocketServer):
    """getwxadevinfo with the fault that the token selects."""

    def __init__(
        self, faults: dict[str, Callable[[Call], Awaitable[None]]], context: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(self._api, context)
        self._faults = faults
        self.requests: list[Request] = []

    def calls(self, fault: str) -> int:
        return sum(request.fault == fault for request in self.requests)

    async def _api(self, peer: Peer) -> None:
        while not peer.closing and (request := await peer.read_request()) is not None:
            self.requests.append(request)
            await self._faults[request.fault](Call(peer, request, self.url))


@dataclass(frozen=True)
class Call:
    """One request and ways to answer it; the answers quote the token's canary."""

    peer: Peer
    request: Request
    url: str

    def head(self, *fields: str, status: str = "200 OK") -> bytes:
        lines = (f"HTTP/1.1 {status}", "Content-Type: application/json", f"X-Echo: {CANARY}", *fields)
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")

    async def answer(self, body: bytes, *fields: str, status: str = "200 OK") -> None:
        await self.peer.send(self.head(f"Content-Length: {len(body)}", *fields, status=status), body)

    async def close_after(self, *parts: bytes) -> None:
        await self.peer.send(*parts)
        self.peer.close()


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """Listen on a port with a full backlog, at which further connection attempts get no answer."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(address)
        yield address[1]


async def says_nothing(peer: Peer) -> None:
    """Accept a connection and never send anything, not even for a TLS handshake."""
    await peer.hang()


async def speaks_plain_http(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def hangs_up(peer: Peer) -> None:
    """Read the client's first data and close the connection."""
    await peer.reader.read(65536)


async def resets_at_once(peer: Peer) -> None:
    peer.reset()


def drips_from(port: int, pause: float) -> Callable[[Peer], Awaitable[None]]:
    """Forward to another server, and send its answers byte by byte."""

    async def relay(peer: Peer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def forward_requests() -> None:
            while data := await peer.reader.read(65536):
                writer.write(data)

        forwarding = asyncio.create_task(forward_requests())
        try:
            while data := await reader.read(65536):
                await peer.drip(data, pause)
        finally:
            forwarding.cancel()
            await asyncio.gather(forwarding, return_exceptions=True)
            writer.transport.abort()

    return relay
