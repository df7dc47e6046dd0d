"""The limits of a connection, with short times, with and without TLS."""

from __future__ import annotations

import contextlib
import errno
import resource
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from helpers.http_requests import request
from helpers.web_certificates import WebFolder, make_web_folder
from helpers.web_setup import LARGE, TLS, serving
from structlog.testing import capture_logs

from wx_domain_exporter.web.server.limited_protocol import ConnectionLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

END_SECONDS = 60.0
"""A client waits no longer; the test fails then."""

PAUSES = (0.5, 2.0, 8.0)
"""Seconds that a client gives the server to reach a state which the client can't see."""

HEADER_SECONDS = (1.0, 4.0, 16.0)
"""Limits for headers, of which the first ones may cut a slow client before its request."""

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GET_LARGE = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> WebFolder:
    return make_web_folder(tmp_path_factory.mktemp("web"))


@pytest.fixture(params=["", TLS], ids=["plain", "TLS"])
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextlib.contextmanager
def connection(folder: WebFolder, url: str) -> Iterator[socket.socket]:
    """A client of the server, which reads little at a time."""
    parts = urlsplit(url)
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(END_SECONDS)
    with plain:
        plain.connect((parts.hostname or "", parts.port or 0))
        if parts.scheme == "http":
            yield plain
        else:
            with folder.client().wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
                yield encrypted


def client_tls(folder: WebFolder, url: str) -> ssl.SSLContext | None:
    return folder.client() if url.startswith("https") else None


def received(client: socket.socket) -> int:
    """Read until the server closes the connection; return the number of bytes."""
    number = 0
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := client.recv(65536):
            number += len(data)
    return number


def read_answer(client: socket.socket) -> None:
    answer = b""
    while b"good\n" not in answer:
        data = client.recv(1000)
        if not data:
            raise ConnectionError("the connection was cut")
        answer += data


def holds(folder: WebFolder, text: str, check: Callable[[socket.socket, float], bool]) -> bool:
    """Whether a check of a connection holds with one of the limits for headers, which it gets in seconds."""
    for seconds in HEADER_SECONDS:
        with (
            serving(folder, text, ConnectionLimits(headers=seconds)) as url,
            contextlib.suppress(ConnectionError, ssl.SSLError),
            connection(folder, url) as client,
        ):
            if check(client, seconds):
                return True
    return False


def test_headers_have_a_time_limit(folder: WebFolder, text: str) -> None:
    def is_cut_in_time(client: socket.socket, seconds: float) -> bool:
        client.sendall(GET)
        read_answer(client)
        begin = time.monotonic()
        client.sendall(GET[:-2])
        return received(client) == 0 and time.monotonic() - begin > seconds - 0.1

    assert holds(folder, text, is_cut_in_time)


def test_an_idle_connection_is_kept_for_longer_than_headers_may_take(folder: WebFolder, text: str) -> None:
    def is_kept(client: socket.socket, seconds: float) -> bool:
        for pause in (seconds + 0.5, 0):
            client.sendall(GET)
            read_answer(client)
            time.sleep(pause)
        return True

    assert holds(folder, text, is_kept)


def test_a_handshake_has_a_time_limit(folder: WebFolder) -> None:
    limits = ConnectionLimits(handshake=0.3)
    begin = time.monotonic()
    with serving(folder, TLS, limits) as url, connection(folder, url.replace("https", "http")) as client:
        assert received(client) == 0
    assert time.monotonic() - begin > 0.3


def test_an_answer_that_is_not_read_is_cut(folder: WebFolder, text: str) -> None:
    def size(pause: float) -> int:
        with connection(folder, url) as client:
            client.sendall(GET_LARGE)
            time.sleep(pause)
            return received(client)

    with serving(folder, text, ConnectionLimits(stall=0.3)) as url:
        assert any(size(pause) < len(LARGE) for pause in PAUSES)


def test_an_answer_that_is_read_too_slowly_is_cut(folder: WebFolder, text: str) -> None:
    def size(pause: float) -> int:
        slowly = 0
        with connection(folder, url) as client:
            client.sendall(GET_LARGE)
            for _ in range(50):
                slowly += len(client.recv(16384))
                time.sleep(pause / 25)
            return slowly + received(client)

    with serving(folder, text, ConnectionLimits(answer=0.5)) as url:
        assert any(size(pause) < len(LARGE) for pause in PAUSES)


def test_an_answer_that_is_read_is_not_cut(folder: WebFolder, text: str) -> None:
    def is_whole(client: socket.socket, seconds: float) -> bool:
        client.sendall(GET_LARGE)
        client.recv(1)
        time.sleep(seconds + 0.5)
        return received(client) > len(LARGE) - 1

    assert holds(folder, text, is_whole)


def test_of_too_many_unread_answers_the_oldest_is_cut(folder: WebFolder, text: str) -> None:
    def is_cut(pause: float) -> bool:
        with connection(folder, url) as first, connection(folder, url) as second:
            for client in (first, second):
                client.sendall(GET_LARGE)
                assert client.recv(1)
                time.sleep(pause)
            return received(first) < len(LARGE) < received(second)

    with serving(folder, text, ConnectionLimits(stalled=1)) as url:
        assert any(map(is_cut, PAUSES))


class TestNumber:
    def test_of_too_many_the_one_idle_for_longest_is_cut(self, folder: WebFolder, text: str) -> None:
        with (
            capture_logs() as logs,
            serving(folder, text, ConnectionLimits(connections=2)) as url,
            connection(folder, url) as first,
            connection(folder, url) as second,
        ):
            for client in (second, first):
                client.sendall(GET)
                read_answer(client)
            assert request(url, tls=client_tls(folder, url)).status == 200
            assert received(second) == 0
            first.sendall(GET)
            assert first.recv(1)
            assert request(url, tls=client_tls(folder, url)).status == 200
        assert [one["event"] for one in logs] == ["too many connections: those without a request are cut"]

    def test_half_of_the_descriptors_are_left_for_other_uses(
        self, folder: WebFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (4, 4))
        with serving(folder, "") as url, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connection(folder, url)) for _ in range(3)]
            assert received(clients[0]) == 0
            clients[2].sendall(GET)
            assert clients[2].recv(1)

    def test_descriptors_may_be_unlimited(self, folder: WebFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
        with serving(folder, "") as url, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connection(folder, url)) for _ in range(3)]
            for client in clients:
                client.sendall(GET)
                assert client.recv(1)

    def test_without_free_descriptors_it_warns_once_and_accepts_later(
        self, folder: WebFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        accept, fails = socket.socket.accept, iter(range(5))

        def none_left(sock: socket.socket) -> Any:
            if next(fails, None) is not None:
                raise OSError(errno.EMFILE, "Too many open files")
            return accept(sock)

        monkeypatch.setattr(socket.socket, "accept", none_left)
        with capture_logs() as logs, serving(folder, "") as url:
            assert request(url).status == 200
        assert [one["event"] for one in logs] == ["can't accept connections: Too many open files"]

    def test_one_with_a_request_in_progress_is_not_cut(self, folder: WebFolder, text: str) -> None:
        limits = ConnectionLimits(connections=1)
        with serving(folder, text, limits) as url, connection(folder, url) as busy:
            busy.sendall(GET_LARGE)
            assert busy.recv(1)
            with pytest.raises(OSError, match=r".*"):
                request(url, tls=client_tls(folder, url))
            assert received(busy) > len(LARGE) - 1
