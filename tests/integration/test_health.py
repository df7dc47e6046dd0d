"""`--health` beside a running exporter: plain, TLS, passwords, client certificates, and one that hangs."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest
from helpers.exporter_process import exporter, run_exporter
from helpers.faults import Peer, SocketServer
from helpers.http_requests import request
from helpers.ports import free_port
from helpers.web_certificates import make_web_folder
from helpers.web_setup import TLS, users

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = TLS.replace("}", ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}")


def check(url: str, *flags: str) -> int:
    port = url.rpartition(":")[2]
    return run_exporter("--health", f"--web.listen-address=:{port}", *flags).returncode


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="plain"),
        pytest.param(users(alice="secret"), id="password"),
        pytest.param(TLS, id="TLS"),
        pytest.param(TLS + users(alice="secret"), id="TLS and password"),
        pytest.param(CLIENTS, id="client certificate"),
        pytest.param(CLIENTS.replace("{", "{max_version: TLS12, "), id="client certificate, TLS 1.2"),
    ],
)
def test_the_running_exporter_is_healthy(tmp_path: Path, text: str) -> None:
    folder = make_web_folder(tmp_path)
    folder.configure(text)
    flag = f"--web.config.file={folder.web_file}"
    with exporter("--demo", flag) as program:
        assert check(program.url, flag) == 0
        assert check(program.url) == 0  # as a HEALTHCHECK that does not know of the web configuration
        assert "Traceback" not in program.log
    assert check(program.url, flag) == 1


def test_a_stopped_exporter_is_not_healthy() -> None:
    with exporter("--demo") as program:
        program.send(signal.SIGSTOP)
        try:
            assert check(program.url) == 1
        finally:
            program.send(signal.SIGCONT)
        assert request(f"{program.url}/-/healthy").status == 200
        assert check(program.url) == 0


def test_the_reason_is_one_sentence() -> None:
    ended = run_exporter("--health", f"--web.listen-address=127.0.0.1:{free_port()}")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "Connection refused" in ended.stderr
    assert ended.stdout == ""


async def not_found(peer: Peer) -> None:
    if await peer.reader.read(3) == b"GET":  # anything else, such as TLS, ends the connection
        await peer.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def test_another_web_server_at_the_port_is_not_healthy() -> None:
    with SocketServer(not_found) as other:
        assert check(other.url) == 1


def test_another_program_at_the_port_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert check(f"x:{other.getsockname()[1]}") == 1


@pytest.mark.parametrize("flags", [["--web.listen-address=nonsense"], ["--once"], ["--log.level=x"]])
def test_wrong_flags_are_errors(flags: list[str]) -> None:
    ended = run_exporter("--health", *flags)
    assert ended.returncode == 1
    assert ended.stderr.startswith("wx-domain-exporter: ")
    assert ended.stderr.count("\n") == 1
