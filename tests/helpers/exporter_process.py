"""The exporter as a process, started as a user starts it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.http_requests import request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STARTUP_SECONDS = 60


@dataclass
class Exporter:
    """A running exporter process."""

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

    def stop(self, number: int = signal.SIGTERM, timeout: float = 120) -> int:
        """Send a signal, and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)

    def resident_bytes(self) -> int:
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGESIZE")

    def peak_bytes(self) -> int:
        """The highest resident memory since the start, or since `reset_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [peak] = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return 1024 * int(peak)

    def reset_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


@contextlib.contextmanager
def exporter(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Exporter]:
    """Run the exporter on a free port, from when it listens until the end of the block."""
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
    """Run a command that starts the exporter, from when that listens until the end of the block."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=cwd, env=env)
    running = Exporter(process)
    listening = threading.Event()

    def read() -> None:
        if process.stderr is None:
            raise AssertionError
        for line in process.stderr:
            running.lines.append(line)
            match = re.search(r"msg\"?[=:] ?\"?listening\"?.*?(https?://[^/\s\"]+)", line)
            if match:
                running.url = match[1]
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
