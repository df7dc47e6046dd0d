"""Servers on raw sockets that misbehave on purpose, and a WeChat API whose token says how."""

from __future__ import annotations

import asyncio
import contextlib
import logging
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
        # A client that goes during the handshake is what these servers are for; asyncio would log it.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
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
            if not self.changed.wait_for(lambda: self.ended >= number, STOP_SECONDS):
                raise AssertionError(f"{self.ended} of {self.accepted} connections ended, not {number}")

    async def _run(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, ssl=self.context, backlog=1024, limit=1 << 20
        )
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stopping.wait()
        server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: stopping cancels it, and asyncio has nothing to say about that.
        task = asyncio.create_task(self._converse(Peer(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, peer: Peer) -> None:
        with self.changed:
            self.accepted += 1
        try:
            await self.serve(peer)
            if not peer.writer.transport.is_closing():
                peer.writer.close()
                await peer.writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            peer.writer.transport.abort()
            with self.changed:
                self.ended += 1
                self.changed.notify_all()


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
