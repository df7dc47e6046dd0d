from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from helpers.http_requests import request
from helpers.ports import free_port
from helpers.waiting import wait_until
from helpers.web_setup import connects
from structlog.testing import capture_logs

from wx_domain_exporter.web.server.addresses import listen, url_of
from wx_domain_exporter.web.server.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

LONG = 30.0


class Gate:
    """An app that answers when the test lets it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        assert receive is not None
        self.entered.set()
        if scope["path"] == "/gate":
            await asyncio.to_thread(self.open.wait, LONG)
        headers = [(b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"good\n"})


class Running:
    """A server in a thread of its own."""

    def __init__(self, sock: socket.socket) -> None:
        self.app = Gate()
        self.port = int(sock.getsockname()[1])
        self.url = url_of(sock)
        self.server = Server(self.app)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([sock])))
        self.thread.start()

    def stop(self) -> None:
        self.app.open.set()
        self.server.stop()
        self.thread.join(LONG)
        assert not self.thread.is_alive()


@contextlib.contextmanager
def running(address: str) -> Iterator[Running]:
    server = Running(listen(address)[0])
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:0", "http://127.0.0.1:{}/"),
        ("[::1]:0", "http://[::1]:{}/"),
        (":0", "http://localhost:{}/"),
        ("0.0.0.0:0", "http://localhost:{}/"),
    ],
)
def test_the_url_works_from_this_machine(address: str, url: str) -> None:
    with running(address) as server:
        assert server.url == url.format(server.port)
        assert request(server.url).text == "good\n"


class TestServer:
    def test_it_answers_on_all_its_sockets_and_does_not_say_what_it_is(self) -> None:
        with running("127.0.0.1:0") as server:
            answer = request(f"http://127.0.0.1:{server.port}/")
        assert (answer.status, answer.text) == (200, "good\n")
        assert "server" not in answer.headers

    def test_stopping_takes_no_new_connections_and_answers_those_in_flight(self) -> None:
        with running("127.0.0.1:0") as server:
            answers: list[str] = []
            url = f"http://127.0.0.1:{server.port}/gate"
            client = threading.Thread(target=lambda: answers.append(request(url).text))
            client.start()
            assert server.app.entered.wait(LONG)
            server.server.stop()
            wait_until(lambda: not connects("127.0.0.1", server.port), "the port is closed")
            assert server.thread.is_alive()
            assert answers == []
            server.app.open.set()
            client.join(LONG)
            assert answers == ["good\n"]
            server.thread.join(LONG)
            assert not server.thread.is_alive()

    def test_stopping_waits_for_no_idle_connection(self) -> None:
        with running("127.0.0.1:0") as server, socket.create_connection(("127.0.0.1", server.port)) as idle:
            idle.settimeout(LONG)
            idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(100).startswith(b"HTTP/1.1 200")
            server.server.stop()
            server.thread.join(120)
            assert not server.thread.is_alive()

    def test_a_stop_before_the_start_ends_it_too(self) -> None:
        server = Server(Gate())
        server.stop()
        with listen("127.0.0.1:0")[0] as sock:
            asyncio.run(asyncio.wait_for(server.serve([sock]), LONG))

    def test_it_leaves_the_signals_to_its_owner(self) -> None:
        server = Server(Gate())
        with server.capture_signals():
            server.stop()
        assert server.should_exit

    def test_a_port_that_was_just_in_use_can_be_listened_on_again(self) -> None:
        address = f"127.0.0.1:{free_port()}"
        with running(address):
            request(f"http://{address}/")
        listen(address)[0].close()

    def test_bodies_that_are_not_http_end_their_connections_and_leave_one_line_at_debug(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with capture_logs() as logs, running("127.0.0.1:0") as server:
            for _ in range(3):
                with socket.create_connection(("127.0.0.1", server.port), LONG) as client:
                    client.sendall(b"POST /gate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                    assert server.app.entered.wait(LONG)
                    client.sendall(b"not a chunk\r\n")
                    with contextlib.suppress(ConnectionResetError):
                        assert client.recv(100) == b""
        assert [(line["log_level"], line["event"]) for line in logs] == [
            ("debug", "connection closed: the body of a request is not valid HTTP")
        ]
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
