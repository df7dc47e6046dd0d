from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import gevent
import gevent.socket
import pytest
from helpers.adapters import LONG
from helpers.faults import Peer, SocketServer, full_backlog
from helpers.ports import free_port
from helpers.tls import make_certificates
from helpers.waiting import wait_until
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from wx_domain_exporter.http import dialing
from wx_domain_exporter.http.dialing import dial, resolve
from wx_domain_exporter.http.tls import tls_context
from wx_domain_exporter.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHORT = 0.4
HERE = "127.0.0.1"


def soon(seconds: float) -> float:
    return time.monotonic() + seconds


async def greets(peer: Peer) -> None:
    await peer.send(b"hello")
    await peer.hang()


@pytest.fixture
def at_ports(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Let a name have addresses with these ports."""

    def name(*ports: int) -> str:
        addresses = [(socket.AF_INET, (HERE, port)) for port in ports]
        monkeypatch.setattr(dialing, "resolve", lambda *_: addresses)
        return "api.example.com"

    return name


class TestDial:
    def test_it_opens_a_connection_without_delays(self) -> None:
        with SocketServer(greets) as server, dial("localhost", server.port, soon(LONG)) as sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.recv(5) == b"hello"

    @pytest.mark.parametrize("bad", [1, 3])
    def test_it_tries_the_next_address_when_one_refuses(self, at_ports: Callable[..., str], bad: int) -> None:
        with SocketServer(greets) as server:
            name = at_ports(*(free_port() for _ in range(bad)), server.port)
            with dial(name, 0, soon(LONG)) as sock:
                assert sock.getpeername() == (HERE, server.port)

    def test_it_tries_the_next_address_when_one_hangs_for_its_share(
        self, at_ports: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shares: list[float] = []
        dial_one = dialing._dial

        def dial_the_first_one_briefly(
            family: socket.AddressFamily, address: dialing.Address, seconds: float
        ) -> gevent.socket.socket:
            shares.append(seconds)
            return dial_one(family, address, SHORT if len(shares) == 1 else seconds)

        monkeypatch.setattr(dialing, "_dial", dial_the_first_one_briefly)
        with SocketServer(greets) as server, full_backlog() as hanging:
            begin = time.monotonic()
            with dial(at_ports(hanging, server.port), 0, soon(LONG)) as sock:
                assert sock.getpeername() == (HERE, server.port)
            assert time.monotonic() - begin >= SHORT
        assert SHORT < shares[0] <= LONG / 2 < shares[1]

    def test_all_addresses_hang_no_longer_than_the_deadline(self, at_ports: Callable[..., str]) -> None:
        begin = time.monotonic()
        with full_backlog() as one, full_backlog() as two, pytest.raises(TimeoutError):
            dial(at_ports(one, two), 0, soon(SHORT))
        assert time.monotonic() - begin >= SHORT

    def test_when_all_refuse_it_says_so(self, at_ports: Callable[..., str]) -> None:
        with pytest.raises(ConnectionRefusedError):
            dial(at_ports(free_port(), free_port()), 0, soon(LONG))

    def test_a_name_without_an_address_is_an_error(self, at_ports: Callable[..., str]) -> None:
        with pytest.raises(OSError, match="the name has no address"):
            dial(at_ports(), 0, soon(LONG))


class Names:
    """Stands in for getaddrinfo; answers when it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def __call__(self, host: str, port: int, *_: int) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        self.let_go.wait(LONG)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HERE, port))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names)
    yield names
    names.let_go.set()


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    tasks = Tasks()
    yield tasks
    tasks.close()


def dial_soon(host: str, port: int, seconds: float) -> None:
    with gevent.Timeout(seconds, TimeoutError()), dial(host, port, soon(seconds)):
        pass


class TestNames:
    def test_it_finds_the_addresses_of_a_host(self) -> None:
        assert resolve(HERE, 80) == [(socket.AF_INET, (HERE, 80))]

    def test_one_that_hangs_costs_one_look_up_and_holds_up_no_other(self, tasks: Tasks, names: Names) -> None:
        with SocketServer(greets) as server:
            for _ in range(5):
                with pytest.raises(TimeoutError):
                    tasks.submit(dial_soon, "a.example.com", server.port, 0.05).result()
            other = tasks.submit(dial_soon, "b.example.com", server.port, LONG)
            wait_until(lambda: names.asked == ["a.example.com", "b.example.com"], "both are looked up")
            names.let_go.set()
            other.result(LONG)

    def test_an_answer_is_not_remembered(self, tasks: Tasks, names: Names) -> None:
        names.let_go.set()
        with SocketServer(greets) as server:
            for _ in range(2):
                tasks.submit(dial_soon, "a.example.com", server.port, LONG).result()
        assert names.asked == ["a.example.com"] * 2

    @pytest.mark.parametrize("name", ["name.invalid", f"{'a' * 64}.example.com", "a..example.com"])
    def test_one_that_is_none_is_an_error_of_the_system(self, name: str) -> None:
        with pytest.raises(OSError):  # noqa: PT011 - its text is the system's
            dial(name, 80, soon(LONG))


class TestTls:
    def test_a_context_trusts_only_the_authorities_of_its_file(self, tmp_path: Path) -> None:
        context = tls_context(str(make_certificates(tmp_path).ca_file))
        assert len(context.get_ca_certs()) == 1
        assert context.check_hostname

    @pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "garbage"])
    def test_a_file_without_certificates_is_an_error(self, tmp_path: Path, content: str | None) -> None:
        if content is not None:
            (tmp_path / "ca.pem").write_text(content)
        with pytest.raises(OSError):  # noqa: PT011 - its text is the system's
            tls_context(str(tmp_path / "ca.pem"))

    def test_another_programs_variable_writes_no_keys(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
        assert ssl.create_default_context().keylog_filename == str(tmp_path / "keys")
        assert tls_context(DEFAULT_CA_BUNDLE_PATH).keylog_filename is None
