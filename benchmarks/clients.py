"""Clients beside the scrapes: many that ask for pages and service discovery, and those that read nothing.

The former run in a process of their own, `python -m benchmarks.clients`, so that it can use another core.
"""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from helpers.repository import REPOSITORY

PATHS = ("/sd/domains", "/", "/?q=example", "/sd")
_TIMEOUT = 120.0
_SECONDS_AFTER_ERROR = 0.05


@contextlib.contextmanager
def clients(url: str, number: int, paths: tuple[str, ...] = PATHS) -> Iterator[dict[str, int]]:
    """Run clients that ask for the paths one after the other within the block; count the answers after it."""
    answers: dict[str, int] = {}
    command = [sys.executable, "-m", "benchmarks.clients", url, str(number), *paths]
    python_path = os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "tests")))
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": python_path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield answers
    finally:
        out, _ = process.communicate("", 60)
        answers |= json.loads(out)


def silent_clients(url: str, number: int, path: str = "/metrics") -> list[socket.socket]:
    """Send a request on each of some new connections, and read nothing of the answers."""
    parts = urlsplit(url)
    connections = []
    for _ in range(number):
        connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_TIMEOUT)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connections.append(connection)
    return connections


def _ask(url: str, paths: list[str], answers: Counter[str], ended: threading.Event) -> None:
    parts = urlsplit(url)
    buffer = bytearray(1 << 20)
    while not ended.is_set():
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        try:
            for path in paths * 100:
                if ended.is_set():
                    break
                connection.request("GET", path)
                response = connection.getresponse()
                while response.readinto(buffer):
                    if ended.is_set():
                        return
                answers[f"{path} {response.status}"] += 1
        except (OSError, http.client.HTTPException):
            time.sleep(_SECONDS_AFTER_ERROR)
        finally:
            connection.close()


def _main(url: str, number: str, *paths: str) -> None:
    answers: Counter[str] = Counter()
    ended = threading.Event()
    for start in range(int(number)):
        turned = [*paths[start % len(paths) :], *paths[: start % len(paths)]]
        threading.Thread(target=_ask, args=(url, turned, answers, ended), daemon=True).start()
    sys.stdin.read()
    ended.set()
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    _main(*sys.argv[1:])
