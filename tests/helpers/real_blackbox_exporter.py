"""Runs Debian's blackbox_exporter to learn which web configurations a Prometheus exporter accepts."""

from __future__ import annotations

import socket
import subprocess
import time
from typing import TYPE_CHECKING

from helpers.ports import free_port
from helpers.programs import program

if TYPE_CHECKING:
    from pathlib import Path

STARTUP_SECONDS = 60


def takes(web_file: Path, release: str) -> bool:
    """Whether it serves with this file; otherwise it exits at once."""
    configuration = web_file.with_suffix(".blackbox")
    configuration.write_text("modules: {}\n")
    port = free_port()
    process = subprocess.Popen(
        [
            program("prometheus-blackbox-exporter", "prometheus-blackbox-exporter", release),
            f"--config.file={configuration}",
            f"--web.config.file={web_file}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + STARTUP_SECONDS
        while process.poll() is None:
            if _answers(port):
                return True
            if time.monotonic() > end:
                raise AssertionError(f"it neither serves nor exits: {web_file.name}")
            time.sleep(0.02)
        return False
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    """Whether anything is answered; with TLS, Go answers plain HTTP with an error."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=STARTUP_SECONDS) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return bool(client.recv(1))
    except OSError:
        return False
