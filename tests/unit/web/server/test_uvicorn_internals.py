"""uvicorn still has, and still calls, the undocumented parts that the server is built on."""

from __future__ import annotations

import ast
import asyncio
from typing import TYPE_CHECKING

import pytest
import uvicorn
from helpers.repository import REPOSITORY
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from wx_domain_exporter.web.server.uvicorn_internals import UvicornConnection, UvicornServer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    from starlette.types import Receive, Scope, Send

PACKAGE = REPOSITORY / "wx_domain_exporter"
MODULE = PACKAGE / "web" / "server" / "uvicorn_internals.py"
BROKEN = f"uvicorn {uvicorn.__version__} broke {MODULE.relative_to(REPOSITORY)}"


async def good(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    assert receive is not None
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def config() -> uvicorn.Config:
    return uvicorn.Config(good, http="h11", ws="none", lifespan="off", log_config=None)


class Calls:
    """A listener of a server that stops at once, which notes what uvicorn calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def close(self) -> None:
        self.calls.append("close")

    async def wait_closed(self) -> None:
        self.calls.append("wait_closed")


class StoppingServer(UvicornServer):
    def __init__(self) -> None:
        super().__init__(config())
        self.listener = Calls()

    def open_listener(self, sockets: Sequence[socket]) -> Calls:
        assert sockets == ()
        self.listener.calls.append("open")
        self.should_exit = True
        return self.listener


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.calls: list[str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return bool(self.calls)

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Connection(UvicornConnection):
    """Notes the calls of its hooks."""

    def __init__(self) -> None:
        super().__init__(StoppingServer())
        self.hooks: list[str] = []
        self.sent_to = Transport()
        self.connection_made(self.sent_to)

    def request_started(self) -> None:
        assert self.is_answering, BROKEN
        self.hooks.append("request_started")

    def response_sent(self) -> None:
        assert not self.is_answering, BROKEN
        self.hooks.append("response_sent")

    async def answered(self) -> None:
        await asyncio.gather(*self.server_state.tasks)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (uvicorn.Server, "config lifespan server_state should_exit started startup capture_signals"),
        (H11Protocol, "config conn cycle server_state transport handle_events on_response_complete"),
        (H11Protocol, "connection_made connection_lost data_received pause_writing resume_writing"),
        (H11Protocol, "send_400_response"),
    ],
)
def test_the_names_that_are_used_are_there(kind: type, names: str) -> None:
    async def instance() -> object:
        if kind is H11Protocol:
            return H11Protocol(config(), ServerState(), {})
        server = uvicorn.Server(config())
        server.should_exit = True
        await server.serve([])
        return server

    used = asyncio.run(instance())
    missing = [name for name in names.split() if not hasattr(used, name)]
    assert not missing, f"{BROKEN}: {kind.__name__} has no {', '.join(missing)}"


def test_the_server_opens_and_closes_the_listener() -> None:
    server = StoppingServer()
    asyncio.run(server.serve())
    assert server.listener.calls == ["open", "close", "wait_closed"], f"{BROKEN}: startup or servers"


def test_a_connection_reports_the_begin_and_the_end_of_each_request() -> None:
    async def two_requests() -> list[str]:
        connection = Connection()
        for _ in range(2):
            connection.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n")
            connection.data_received(b"\r\n")
            await connection.answered()
        return connection.hooks

    hooks = asyncio.run(two_requests())
    assert hooks == ["request_started", "response_sent"] * 2, f"{BROKEN}: handle_events, on_response_complete"


def test_a_connection_knows_whether_a_body_is_due() -> None:
    async def expectations() -> list[bool]:
        connection = Connection()
        expected = [connection.expects_body]
        for data in (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", b"x", b"x"):
            connection.data_received(data)
            expected.append(connection.expects_body)
        await connection.answered()
        return expected

    assert asyncio.run(expectations()) == [False, True, True, False], f"{BROKEN}: conn.their_state"


@pytest.mark.parametrize("answered", [False, True])
def test_a_head_that_is_not_http_is_400_and_such_a_body_is_cut(*, answered: bool) -> None:
    async def broken(*parts: bytes) -> Transport:
        connection = Connection()
        for part in parts:
            connection.data_received(part)
            if answered:
                await connection.answered()
        await connection.answered()
        return connection.sent_to

    sent_to = asyncio.run(broken(b"not HTTP\r\n\r\n"))
    assert (sent_to.calls, sent_to.written[:13]) == (["close"], b"HTTP/1.1 400 "), f"{BROKEN}: a bad head"
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent_to = asyncio.run(broken(chunked, b"not a chunk\r\n"))
    assert sent_to.calls[0] == "abort", f"{BROKEN}: send_400_response"


def test_no_other_module_imports_what_uvicorn_does_not_document() -> None:
    importing = {
        file
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("uvicorn.")
    }
    assert importing == {MODULE, PACKAGE / "simulator" / "server.py"}  # the simulator is a program of its own
