"""What the tests share: the program as a process, HTTP by hand, and the real programs it works with."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent.parent
STARTUP_SECONDS = 30
OWN, FORKY = "own", "forky"
"""Debian's releases whose programs the tests run: this machine's own, such as bookworm, and the next one."""
RELEASES = (OWN, FORKY)
NOT_CLONED = (
    *(".git", ".venv", ".programs", "dist", "my.yml"),
    *("__pycache__", ".*_cache", ".hypothesis", ".coverage*"),
)
"""Names of what is in a working folder but not in a clone: what .gitignore names, and git's own folder."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def request(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One request on a connection of its own; header names in lower case, gzip undone."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
    if tls is not None:
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or 443, timeout=60, context=tls
        )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        content = response.read()
        found = {name.lower(): value for name, value in response.getheaders()}
        if found.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        return Answer(response.status, found, content)
    finally:
        connection.close()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """An exposition as {(name, sorted labels): value}."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    """One sample's value, or None if the exposition has no such series."""
    return samples(text).get((name, tuple(sorted(labels.items()))))


def series(text: str, name: str, label: str) -> dict[str, float]:
    """The samples of a metric, by the value of one label."""
    return {dict(labels)[label]: number for (found, labels), number in samples(text).items() if found == name}


def apps_with(text: str, name: str, number: float) -> list[str]:
    """The appid of each sample of a metric that has a value."""
    return [
        dict(labels)["appid"]
        for (found, labels), one in samples(text).items()
        if (found, one) == (name, number)
    ]


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Poll something of another process that sends no event."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Gate:
    """Where all fetches wait until the test opens it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()


class Trap:
    """Raises whenever it is called; `again` is set by the second call."""

    def __init__(self, error: Exception) -> None:
        self.again = threading.Event()
        self._error = error
        self._calls = 0

    def __call__(self, *_: object) -> None:
        self._calls += 1
        if self._calls > 1:
            self.again.set()
        raise self._error


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives to whoever asks for any."""
    lowest_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = secrets.randbelow(lowest_given // 2) + lowest_given // 2
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def program(name: str, package: str, release: str = OWN) -> str:
    """The path of a real program, or a failure that says what to install; a test is never skipped for it."""
    unpacked = REPOSITORY / ".programs" / (FORKY if release == FORKY else "") / "usr" / "bin"
    found = shutil.which(name, path=str(unpacked)) or (shutil.which(name) if release == OWN else None)
    if found is None:
        how = f"apt install {package}" if release == OWN else f"forky's, unpacked: {unpacked / name}"
        raise AssertionError(f"{name} is missing: install Debian's package {package} ({how})")
    return found


@dataclass
class Exporter:
    """The exporter as a process, started as a user starts it."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    url: str = ""

    def scrape(self, timeout: float | None = None, path: str = "/metrics", **headers: str) -> str:
        if timeout is not None:
            headers["X-Prometheus-Scrape-Timeout-Seconds"] = str(timeout)
        answer = request(self.url + path, headers=headers)
        if answer.status != 200:
            raise AssertionError(f"{path} answered {answer.status}: {answer.text}")
        return answer.text

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, timeout: float = 60) -> int:
        """End it and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)

    def resident_bytes(self) -> int:
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGESIZE")

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


@contextlib.contextmanager
def exporter(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Exporter]:
    """Start the exporter on a port of its own; wait until it listens; end it afterwards."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "wx_domain_exporter",
        "--web.listen-address=127.0.0.1:0",
        *arguments,
    ]
    with serving(command, env={**os.environ, **(env or {})}, cwd=cwd) as running:
        yield running


@contextlib.contextmanager
def serving(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = STARTUP_SECONDS,
) -> Iterator[Exporter]:
    """Run a command that starts the exporter; wait until it listens; end it afterwards."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=cwd, env=env)
    running = Exporter(process)
    listening = threading.Event()

    def read() -> None:
        if process.stderr is None:
            raise AssertionError
        for line in process.stderr:
            running.lines.append(line)
            found = re.search(r"msg\"?[=:] ?\"?listening\"?.*?(https?://[^/\s\"]+)", line)
            if found:
                running.url = found[1]
                listening.set()
        listening.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        if not listening.wait(seconds) or not running.url:
            raise AssertionError(f"the exporter does not listen: {running.log}")
        yield running
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.stop()
        process.kill()
        process.wait()
        reader.join()
        if process.stderr is not None:
            process.stderr.close()


def run_exporter(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the exporter's command to its end."""
    command = [sys.executable, "-P", "-m", "wx_domain_exporter", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        check=False,
        env={**os.environ, **(env or {})},
    )


def as_json(value: Any) -> str:
    """JSON is YAML: the easiest way to a configuration file that holds anything."""
    return json.dumps(value, ensure_ascii=False)
