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

from wx_domain_exporter.web.server.server import ListenError, Server, listen, url_of

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
    server = Running(listen(address))
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    sock = listen(address)
    with sock:
        yield sock


def connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=LONG).close()
    except ConnectionRefusedError:
        return False
    return True


class TestListen:
    @pytest.mark.parametrize(
        ("address", "host", "reached", "not_reached"),
        [
            ("127.0.0.1:{}", "127.0.0.1", ["127.0.0.1"], ["::1"]),
            ("[::1]:{}", "::1", ["::1"], ["127.0.0.1"]),
            ("[::]:{}", "::", ["::1"], ["127.0.0.1"]),
            ("0.0.0.0:{}", "0.0.0.0", ["127.0.0.1"], ["::1"]),
            (":{}", "::", ["127.0.0.1", "::1"], []),
        ],
        ids=["IPv4", "IPv6", "all of IPv6", "all of IPv4", "all of both"],
    )
    def test_an_address_is_listened_on_and_no_other(
        self, address: str, host: str, reached: list[str], not_reached: list[str]
    ) -> None:
        port = free_port()
        with listening(address.format(port)) as sock:
            assert sock.getsockname()[:2] == (host, port)
            assert [one for one in (*reached, *not_reached) if connects(one, port)] == reached

    def test_a_name_is_resolved(self) -> None:
        with listening("localhost:0") as sock:
            assert sock.getsockname()[0] in {"127.0.0.1", "::1"}

    def test_port_0_takes_a_free_one(self) -> None:
        with listening("127.0.0.1:0") as one, listening("127.0.0.1:0") as other:
            assert 0 < one.getsockname()[1] != other.getsockname()[1] > 0

    def test_without_ipv6_all_of_ipv4_is_listened_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
        with listening(":0") as sock:
            assert sock.getsockname()[0] == "0.0.0.0"

    @pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", ":0"])
    def test_small_answers_are_not_delayed(self, address: str) -> None:
        # With protocol 0 asyncio would leave Nagle's algorithm on.
        with listening(address) as sock:
            assert sock.proto == socket.IPPROTO_TCP

    def test_a_port_that_was_just_in_use_can_be_listened_on_again(self) -> None:
        with running("127.0.0.1:0") as server:
            port = server.port
            request(f"http://127.0.0.1:{port}/")
        with listening(f"127.0.0.1:{port}"):
            pass

    @pytest.mark.parametrize("form", ["127.0.0.1:{}", ":{}", "[::1]:{}"])
    def test_a_taken_one_is_an_error_that_names_it(self, form: str) -> None:
        with listening(form.format(0)) as taken:
            address = form.format(taken.getsockname()[1])
            with pytest.raises(ListenError) as raised:
                listen(address)
        assert str(raised.value) == f"--web.listen-address {address}: can't listen: Address already in use"

    @pytest.mark.parametrize(
        "address",
        [
            "",
            ":",
            "8080",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:http",
            "127.0.0.1:65536",
            "127.0.0.1:-1",
            "127.0.0.1:999999",
            "127.0.0.1:80/metrics",
            "127.0.0.1:8\uff10",
            "127.0.0.1:80\n",
            "http://127.0.0.1:80",
            "::1:8080",
            "[::1]",
            "[::1:8080",
            "[]:8080",
        ],
    )
    def test_what_is_no_address_is_told_so(self, address: str) -> None:
        with pytest.raises(ListenError) as raised:
            listen(address)
        assert str(raised.value) == (
            f"--web.listen-address {address}: is no address; allowed: HOST:PORT, :PORT, [::1]:PORT"
        )

    @pytest.mark.parametrize(
        "address",
        ["192.0.2.1:0", "nowhere.invalid:0", "a..b:0", f"{'a' * 64}.example:0", "[::1%nothing]:0"],
        ids=["of another machine", "unknown name", "empty label", "long label", "unknown zone"],
    )
    def test_what_cannot_be_listened_on_is_told_so(self, address: str) -> None:
        with pytest.raises(ListenError, match=r"^--web\.listen-address .*: .+") as raised:
            listen(address)
        assert address in str(raised.value)
        assert "None" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:0", "http://127.0.0.1:{}/"),
        ("[::1]:0", "http://[::1]:{}/"),
        (":0", "http://localhost:{}/"),
        ("0.0.0.0:0", "http://localhost:{}/"),
    ],
)
def test_the_url_is_one_that_works_from_here(address: str, url: str) -> None:
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
            server.thread.join(10)
            assert not server.thread.is_alive()

    def test_a_stop_before_the_start_ends_it_too(self) -> None:
        server = Server(Gate())
        server.stop()
        with listening("127.0.0.1:0") as sock:
            asyncio.run(asyncio.wait_for(server.serve([sock]), LONG))

    def test_it_leaves_the_signals_to_its_owner(self) -> None:
        server = Server(Gate())
        with server.capture_signals():
            server.stop()
        assert server.should_exit
