"""Servers on raw sockets that misbehave on purpose, and a WeChat API whose token says how."""

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
"""Stands in every token; it must show nowhere."""

RESET = struct.pack("ii", 1, 0)
STOP_SECONDS = 20
END_SECONDS = 5
GOODBYE_SECONDS = 0.2
"""What a client has to answer the end of TLS; most say nothing."""


def token_for(fault: str) -> str:
    """A token with all that a query would take apart."""
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
    """One connection, as the server sees it."""

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
        """Send the same again and again, until the client or the server ends it."""
        while True:
            await self.send(data)
            await asyncio.sleep(pause)

    async def hang(self) -> None:
        """Answer nothing until the client goes."""
        while await self.reader.read(65536):
            pass

    def close(self) -> None:
        """End the connection after this answer."""
        self.closing = True

    def reset(self) -> None:
        """End the connection with a RST."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()
        self.closing = True


@dataclass
class SocketServer:
    """Runs a coroutine for each connection, in a thread of its own; use it as a context manager."""

    serve: Callable[[Peer], Awaitable[None]]
    context: ssl.SSLContext | None = None
    port: int = 0
    accepted: int = 0
    ended: int = 0
    """How many of the connections have ended, on whichever side."""

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
        await _some_turns()  # who was accepted last gets a task yet, which fails on a server that is closed
        server.close()
        rest = dict(self._open)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for transport in rest.values():  # a task that had not begun closes nothing
            transport.abort()
        await _some_turns()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.context is not None:
            writer.transport.pause_reading()  # type: ignore[attr-defined] # the handshake is read elsewhere
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
                await asyncio.wait_for(peer.writer.wait_closed(), GOODBYE_SECONDS)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            peer.writer.transport.abort()
            raw.abort()
            with self.changed:
                self.ended += 1
                self.changed.notify_all()


async def _some_turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class FaultyApi(SocketServer):
    """getwxadevinfo, with the fault that the token names."""

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
    """One request and the ways to answer it; every answer quotes the token where it can."""

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
    """Listen on a port where every further connection attempt goes without an answer."""
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
    """Take a connection, read what comes, and never say a word: not even for a TLS handshake."""
    await peer.hang()


async def speaks_plain_http(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def hangs_up(peer: Peer) -> None:
    """Read what the client says first, and close."""
    await peer.reader.read(65536)


async def resets_at_once(peer: Peer) -> None:
    peer.reset()


def drips_from(port: int, pause: float) -> Callable[[Peer], Awaitable[None]]:
    """Stand before another server, and hand on what it says byte by byte."""

    async def relay(peer: Peer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def hand_on() -> None:
            while data := await peer.reader.read(65536):
                writer.write(data)

        there = asyncio.create_task(hand_on())
        try:
            while data := await reader.read(65536):
                await peer.drip(data, pause)
        finally:
            there.cancel()
            await asyncio.gather(there, return_exceptions=True)
            writer.transport.abort()

    return relay
