"""The exporter on TLS under abuse: it answers scrapes and health checks, and disconnects abusive clients."""

from __future__ import annotations

import contextlib
import resource
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from helpers.exporter_process import Exporter, exporter
from helpers.fleets import SmallFleet, appid, small_fleet
from helpers.http_requests import request
from helpers.samples import series
from helpers.waiting import wait_until
from helpers.web_certificates import WebFolder, make_web_folder
from helpers.web_setup import PASSWORD, TLS, basic, users

from wx_domain_exporter.web.server.limited_protocol import ConnectionLimits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT_TIMEOUT = 60.0
"""Seconds after which a client that was not disconnected gives up."""
BOB = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
MAX_BYTES_OF_ANSWERS = 150 << 20
"""How much memory all answers together may take; each of them has 4.5 MB."""
HALF = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Half: "


class Served:
    """A running exporter on TLS with one user, and its clients."""

    def __init__(self, program: Exporter, folder: WebFolder, fleet: SmallFleet) -> None:
        self.program = program
        self.folder = folder
        self.fleet = fleet
        self.tls = folder.client()
        parts = urlsplit(program.url)
        self.address = (parts.hostname or "", parts.port or 0)

    def get(self, path: str) -> str:
        answer = request(self.program.url + path, tls=self.tls, headers=basic())
        assert answer.status == 200
        return answer.text

    def check_answers(self) -> None:
        """Check that scrapes and health checks are answered."""
        for _ in range(5):
            assert series(self.get("/metrics"), "wx_domain_up", "appid") == dict.fromkeys(
                self.fleet.world.apps, 1
            )
            assert self.get("/-/healthy") == "healthy\n"

    def plain(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=CLIENT_TIMEOUT)

    def encrypted(self) -> ssl.SSLSocket:
        return self.tls.wrap_socket(self.plain(), server_hostname=self.address[0])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = make_web_folder(tmp_path_factory.mktemp("web"))
    folder.configure(TLS + users(alice=PASSWORD))
    with (
        small_fleet(folder.path) as fleet,
        exporter(f"--config.file={fleet.path}", f"--web.config.file={folder.web_file}") as program,
    ):
        yield Served(program, folder, fleet)
        assert "Traceback" not in program.log
        assert PASSWORD not in program.log


def is_disconnected(client: socket.socket) -> bool:
    """Wait for the server to close the connection; False if it does not."""
    try:
        while client.recv(65536):
            pass
    except (ConnectionError, ssl.SSLError):
        return True
    except TimeoutError:
        return False
    return True


def drip(client: socket.socket) -> None:
    for _ in range(int(CLIENT_TIMEOUT / 0.2)):
        client.sendall(b"x")
        time.sleep(0.2)


def test_silent_clients_are_disconnected_and_hold_up_nobody(served: Served) -> None:
    kinds = [(200, served.plain, b""), (10, served.plain, b"\x16\x03\x01\x02\x00\x01")]
    kinds += [(50, served.encrypted, HALF), (20, served.encrypted, b"")]
    with contextlib.ExitStack() as stack:
        clients = []
        for number, connect, first in kinds:
            clients += [stack.enter_context(connect()) for _ in range(number)]
            for client in clients[-number:]:
                client.sendall(first)
        dripping = clients[-25]
        served.check_answers()
        with pytest.raises(OSError, match=r".*"):
            drip(dripping)
        served.check_answers()
        with ThreadPoolExecutor(len(clients)) as pool:
            assert all(pool.map(is_disconnected, clients))


def test_endless_headers_are_refused_before_the_time_limit(served: Served) -> None:
    with served.encrypted() as client:
        client.sendall(HALF + b"x" * (20 << 10))
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")  # the time limit would answer nothing
    with served.encrypted() as client:
        with contextlib.suppress(OSError):
            client.sendall(HALF + b"x" * (1 << 20))
        assert is_disconnected(client)
    served.check_answers()


def test_a_thousand_connections_hold_up_nobody(served: Served) -> None:
    lines = len(served.program.lines)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(served.plain()) for _ in range(1200)]
        served.check_answers()
        assert all(map(is_disconnected, clients[:200]))
    assert len(served.program.lines) - lines <= 1
    served.check_answers()


def test_two_hundred_wrong_passwords_hold_up_no_known_user(served: Served) -> None:
    served.folder.configure(TLS + users(alice=PASSWORD) + f"  bob: {BOB}\n")
    served.check_answers()

    def wrong(number: int) -> int:
        url = f"{served.program.url}/metrics"
        return request(url, tls=served.tls, headers=basic("bob", f"wrong {number}")).status

    with ThreadPoolExecutor(200) as pool:
        answers = pool.map(wrong, range(200))
        served.check_answers()
        statuses = list(answers)
    assert set(statuses) == {401, 503}
    assert served.program.threads() < 200


def test_clients_that_do_not_read_are_disconnected_and_take_little_memory(tmp_path: Path) -> None:
    folder = make_web_folder(tmp_path)
    folder.configure(TLS)
    many = [f"https://{number}.{'x' * 200}.example.com" for number in range(20000)]
    with small_fleet(tmp_path) as fleet:
        fleet.world.patch(appid(0), {"domains": {"requestdomain": many}})
        fleet.configure(
            collect={"max_domains": 100000},
            scrape={"min_interval": "5m"},
            wechat={"max_response_bytes": 64 << 20, "timeout": "30s"},
        )
        with exporter(f"--config.file={fleet.path}", f"--web.config.file={folder.web_file}") as program:
            served = Served(program, folder, fleet)
            assert len(served.get("/metrics")) > len(many) * 200
            rest, stalled = program.resident_bytes(), ConnectionLimits().stalled
            with contextlib.ExitStack() as stack:
                for _ in range(stalled + 8):
                    client = stack.enter_context(served.encrypted())
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                    assert client.recv(1)
                assert request(f"{program.url}/-/healthy", tls=served.tls).status == 200
                assert len(served.get("/metrics")) > len(many) * 200
                # 64 clients may be slow; the first 8 are disconnected in favour of later ones.
                wait_until(lambda: "the oldest is cut" in program.log, "some are disconnected")
                assert program.peak_bytes() - rest < MAX_BYTES_OF_ANSWERS
            assert request(f"{program.url}/-/healthy", tls=served.tls).status == 200


def test_few_descriptors_are_enough(tmp_path: Path) -> None:
    folder = make_web_folder(tmp_path)
    folder.configure(TLS + users(alice=PASSWORD))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with small_fleet(tmp_path) as fleet:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
        try:
            running = exporter(f"--config.file={fleet.path}", f"--web.config.file={folder.web_file}")
            program = running.__enter__()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        with contextlib.ExitStack() as stack:
            stack.push(running)
            served = Served(program, folder, fleet)
            for _ in range(300):
                stack.enter_context(served.plain())
            served.check_answers()
            assert len(program.lines) < 10


def test_half_open_and_silent_clients_do_not_delay_the_exit(tmp_path: Path) -> None:
    folder = make_web_folder(tmp_path)
    folder.configure(TLS)
    with (
        small_fleet(tmp_path) as fleet,
        exporter(f"--config.file={fleet.path}", f"--web.config.file={folder.web_file}") as program,
    ):
        served = Served(program, folder, fleet)
        with served.plain() as silent, served.encrypted() as half:
            silent.sendall(b"\x16\x03\x01")
            half.sendall(HALF)
            served.get("/-/healthy")
            assert program.stop() == 0
        assert "msg=stopped" in program.log
        assert "graceful shutdown exceeded" not in program.log  # uvicorn waits for requests in flight only
        assert "Traceback" not in program.log
