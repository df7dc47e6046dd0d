from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import pytest
from faults import Peer, SocketServer, full_backlog, says_nothing
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from support import free_port, wait_until
from tls import make_certificates

from wx_domain_exporter.wechat import deadline_socket
from wx_domain_exporter.wechat.deadline_socket import (
    DeadlineSocket,
    DeadlineSSLSocket,
    Resolver,
    TooManyBytesError,
    connect,
    start_tls,
    tls_context,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wx_domain_exporter.wechat.deadline_socket import Address

SHORT = 0.4
LONG = 30.0
NOISE = 5.0
HERE = "127.0.0.1"
ALLOWANCE = 1_000_000


def soon(seconds: float) -> float:
    return time.monotonic() + seconds


async def greets(peer: Peer) -> None:
    await peer.send(b"hello")
    await peer.hang()


async def drips(peer: Peer) -> None:
    await peer.without_end(b"x", 0.01)


@pytest.fixture
def resolver() -> Resolver:
    return Resolver()


class Fixed(Resolver):
    """Resolves every name to the same addresses."""

    def __init__(self, *ports: int) -> None:
        super().__init__()
        self.addresses: list[tuple[socket.AddressFamily, Address]] = [
            (socket.AF_INET, (HERE, port)) for port in ports
        ]

    def resolve(
        self,
        host: str,  # noqa: ARG002 - the real one's signature
        port: int,  # noqa: ARG002 - as above
        deadline: float,  # noqa: ARG002 - as above
    ) -> list[tuple[socket.AddressFamily, Address]]:
        return self.addresses


class TestDeadlineSocket:
    def test_no_deadline_is_set_at_first(self) -> None:
        with DeadlineSocket() as sock:
            assert sock.deadline == math.inf

    @pytest.mark.parametrize("passed", [0, 1], ids=["now", "long ago"])
    def test_it_waits_no_more_when_the_deadline_has_passed(self, passed: float) -> None:
        with SocketServer(greets) as server, connect(Resolver(), HERE, server.port, soon(LONG)) as sock:
            sock.deadline = soon(-passed)
            with pytest.raises(TimeoutError, match="the deadline has passed"):
                sock.recv_into(bytearray(1))
            with pytest.raises(TimeoutError, match="the deadline has passed"):
                sock.sendall(b"x")

    def test_a_peer_that_drips_holds_nobody_longer(self, resolver: Resolver) -> None:
        begin = time.monotonic()
        with SocketServer(drips) as server, connect(resolver, HERE, server.port, soon(SHORT)) as sock:
            sock.allowance = ALLOWANCE
            with pytest.raises(TimeoutError), sock.makefile("rb") as file:
                file.read(ALLOWANCE)
            assert SHORT <= time.monotonic() - begin < SHORT + NOISE

    @pytest.mark.parametrize("allowance", [0, 1, 100])
    def test_no_more_is_taken_than_is_allowed(self, resolver: Resolver, allowance: int) -> None:
        with SocketServer(drips) as server, connect(resolver, HERE, server.port, soon(LONG)) as sock:
            sock.allowance = allowance
            for _ in range(allowance):
                assert sock.recv_into(bytearray(1)) == 1
            with pytest.raises(TooManyBytesError):
                sock.recv_into(bytearray(1))

    def test_a_peer_that_reads_nothing_holds_nobody_longer(self, resolver: Resolver) -> None:
        begin = time.monotonic()
        with socket.create_server((HERE, 0)) as server:
            port = server.getsockname()[1]
            with connect(resolver, HERE, port, soon(SHORT)) as sock, pytest.raises(TimeoutError):
                sock.sendall(bytes(64 << 20))
            assert SHORT <= time.monotonic() - begin < SHORT + NOISE


class TestConnect:
    def test_it_opens_a_connection_without_delays(self, resolver: Resolver) -> None:
        with SocketServer(greets) as server:
            deadline = soon(LONG)
            with connect(resolver, "localhost", server.port, deadline) as sock:
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                sock.allowance = ALLOWANCE
                buffer = bytearray(5)
                assert sock.recv_into(buffer, 5) == 5
                assert buffer == b"hello"

    @pytest.mark.parametrize("bad", [1, 3])
    def test_it_tries_the_next_address_when_one_refuses(self, bad: int) -> None:
        with SocketServer(greets) as server:
            ports = [*(free_port() for _ in range(bad)), server.port]
            with connect(Fixed(*ports), HERE, 0, soon(LONG)) as sock:
                assert sock.getpeername() == (HERE, server.port)

    def test_it_tries_the_next_address_when_one_hangs_for_its_share(self) -> None:
        with SocketServer(greets) as server, full_backlog() as hanging:
            begin = time.monotonic()
            with connect(Fixed(hanging, server.port), HERE, 0, soon(2 * SHORT)) as sock:
                assert sock.getpeername() == (HERE, server.port)
            assert time.monotonic() - begin >= SHORT

    @pytest.mark.parametrize("others", [0, 1, 7])
    def test_what_follows_has_all_of_the_time_however_many_addresses_there_are(self, others: int) -> None:
        with SocketServer(greets) as server:
            deadline = soon(LONG)
            with connect(Fixed(server.port, *[free_port()] * others), HERE, 0, deadline) as sock:
                assert sock.deadline == pytest.approx(deadline, abs=0.001)

    def test_all_addresses_hang_no_longer_than_the_deadline(self) -> None:
        begin = time.monotonic()
        with full_backlog() as one, full_backlog() as two, pytest.raises(TimeoutError):
            connect(Fixed(one, two), HERE, 0, soon(SHORT))
        assert SHORT <= time.monotonic() - begin < SHORT + NOISE

    def test_when_all_refuse_it_says_so(self) -> None:
        with pytest.raises(ConnectionRefusedError):
            connect(Fixed(free_port(), free_port()), HERE, 0, soon(LONG))

    def test_a_name_without_an_address_is_an_error(self) -> None:
        with pytest.raises(OSError, match="the name has no address"):
            connect(Fixed(), HERE, 0, soon(LONG))

    def test_a_deadline_that_has_passed_is_one(self) -> None:
        with SocketServer(greets) as server, pytest.raises(TimeoutError):
            connect(Fixed(server.port), HERE, 0, soon(-1))


class Names:
    """Stands in for getaddrinfo; answers when it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()
        self.error: Exception | None = None

    def __call__(self, host: str, port: int, **_: int) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        self.let_go.wait(LONG)
        if self.error is not None:
            raise self.error
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HERE, port))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names)
    yield names
    names.let_go.set()
    for thread in resolving():
        thread.join(LONG)


def resolving() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("resolve ")]


class TestResolver:
    def test_it_finds_the_addresses_of_a_host(self, resolver: Resolver) -> None:
        assert resolver.resolve(HERE, 80, soon(LONG)) == [(socket.AF_INET, (HERE, 80))]

    def test_a_look_up_that_hangs_holds_nobody_longer(self, resolver: Resolver, names: Names) -> None:
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match="not resolved in time"):
            resolver.resolve("a.example.com", 80, soon(SHORT))
        assert SHORT <= time.monotonic() - begin < SHORT + NOISE
        assert names.asked == ["a.example.com"]

    def test_a_hanging_name_costs_one_thread_however_often_it_is_asked_for(
        self, resolver: Resolver, names: Names
    ) -> None:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                resolver.resolve("a.example.com", 80, soon(0.01))
        assert names.asked == ["a.example.com"]
        assert len(resolving()) == 1

    def test_a_hanging_name_holds_up_no_other(self, resolver: Resolver, names: Names) -> None:
        with pytest.raises(TimeoutError):
            resolver.resolve("a.example.com", 80, soon(0.01))
        with ThreadPoolExecutor() as pool:
            other = pool.submit(resolver.resolve, "b.example.com", 80, soon(LONG))
            wait_until(lambda: names.asked == ["a.example.com", "b.example.com"], "both are looked up")
            names.let_go.set()
            assert other.result() == [(socket.AF_INET, (HERE, 80))]

    def test_those_who_ask_at_once_share_a_look_up(self, resolver: Resolver, names: Names) -> None:
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(resolver.resolve, "a.example.com", 80, soon(LONG)) for _ in range(4)]
            wait_until(lambda: bool(names.asked), "it is looked up")
            names.let_go.set()
            assert [one.result() for one in running] == [[(socket.AF_INET, (HERE, 80))]] * 4

    def test_an_answer_is_not_remembered(self, resolver: Resolver, names: Names) -> None:
        names.let_go.set()
        for _ in range(2):
            resolver.resolve("a.example.com", 80, soon(LONG))
        assert names.asked == ["a.example.com"] * 2

    @pytest.mark.parametrize(
        "error",
        [
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            UnicodeError("label empty or too long"),
            UnicodeEncodeError("idna", "a..b", 1, 2, "label empty"),
        ],
        ids=["unknown", "no name", "a label without end"],
    )
    def test_a_name_that_is_none_is_an_error_of_the_system(
        self, resolver: Resolver, names: Names, error: Exception
    ) -> None:
        names.error = error
        names.let_go.set()
        with pytest.raises(OSError):  # noqa: PT011 - its text is the system's
            resolver.resolve("a.example.com", 80, soon(LONG))

    def test_a_thread_that_could_not_start_blocks_no_later_look_up(
        self, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def cannot(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", cannot)
            with pytest.raises((RuntimeError, OSError)):
                resolver.resolve(HERE, 80, soon(LONG))
        assert resolver.resolve(HERE, 80, soon(SHORT + NOISE)) == [(socket.AF_INET, (HERE, 80))]


class TestTls:
    def test_a_context_makes_sockets_with_a_deadline(self) -> None:
        context = tls_context(DEFAULT_CA_BUNDLE_PATH)
        assert context.sslsocket_class is DeadlineSSLSocket
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname

    def test_a_context_trusts_only_the_authorities_of_its_file(self, tmp_path: Path) -> None:
        context = tls_context(str(make_certificates(tmp_path).ca_file))
        assert len(context.get_ca_certs()) == 1

    @pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "garbage"])
    def test_a_file_without_certificates_is_an_error(self, tmp_path: Path, content: str | None) -> None:
        if content is not None:
            (tmp_path / "ca.pem").write_text(content)
        with pytest.raises(OSError):  # noqa: PT011 - its text is the system's
            tls_context(str(tmp_path / "ca.pem"))

    def test_a_handshake_that_hangs_is_ended_and_its_socket_closed(self, resolver: Resolver) -> None:
        context = tls_context(DEFAULT_CA_BUNDLE_PATH)
        with SocketServer(says_nothing) as server:
            sock = connect(resolver, HERE, server.port, soon(SHORT))
            with pytest.raises(TimeoutError):
                start_tls(sock, context, HERE)
            server.wait_for_ended(1)

    def test_the_deadline_passes_over_to_the_wrapped_socket(self, resolver: Resolver, tmp_path: Path) -> None:
        certificates = make_certificates(tmp_path)
        context = tls_context(str(certificates.ca_file))
        deadline = soon(LONG)
        with SocketServer(greets, certificates.good) as server:
            sock = connect(resolver, HERE, server.port, deadline)
            with start_tls(sock, context, "localhost") as wrapped:
                assert wrapped.deadline == deadline
                wrapped.allowance = 5
                buffer = bytearray(5)
                assert wrapped.recv_into(buffer) == 5
                wrapped.deadline = soon(-1)
                with pytest.raises(TimeoutError, match="the deadline has passed"):
                    wrapped.recv_into(buffer)
                with pytest.raises(TimeoutError, match="the deadline has passed"):
                    wrapped.sendall(b"x")

    def test_no_more_is_taken_than_is_allowed(self, resolver: Resolver, tmp_path: Path) -> None:
        certificates = make_certificates(tmp_path)
        context = tls_context(str(certificates.ca_file))
        with SocketServer(drips, certificates.good) as server:
            sock = connect(resolver, HERE, server.port, soon(LONG))
            with start_tls(sock, context, "localhost") as wrapped:
                wrapped.allowance = 1
                assert wrapped.recv_into(bytearray(1)) == 1
                with pytest.raises(TooManyBytesError):
                    wrapped.recv_into(bytearray(1))

    def test_a_foreign_context_is_a_mistake(self) -> None:
        class Foreign:
            def wrap_socket(self, sock: socket.socket, **_: object) -> socket.socket:
                return sock

        with DeadlineSocket() as sock, pytest.raises(TypeError, match="not one of tls_context"):
            start_tls(sock, cast("ssl.SSLContext", Foreign()), HERE)

    def test_the_deadline_of_tls_is_infinite_until_it_is_set(self) -> None:
        assert deadline_socket.DeadlineSSLSocket.deadline == math.inf
