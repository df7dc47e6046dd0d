"""Runs Debian's Prometheus and blackbox_exporter."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.ports import free_port
from helpers.programs import FORKY, program
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Prometheus:
    url: str
    at: float | None = None
    """The time about which it is asked, as a Unix timestamp; None if that is always now."""

    def get(self, path: str) -> Any:
        return json.loads(request(self.url + path).text)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        time_asked = "" if self.at is None else f"&time={self.at}"
        path = f"/api/v1/query?query={quote(expression)}{time_asked}"
        result: list[dict[str, Any]] = self.get(path)["result"]
        return result

    def values(self, expression: str, label: str) -> dict[str, float]:
        return {row["metric"].get(label, ""): float(row["value"][1]) for row in self.query(expression)}

    def wait_for(self, expression: str, seconds: float = 120) -> list[dict[str, Any]]:
        """The result of an expression, as soon as it has one."""
        found: list[dict[str, Any]] = []

        def is_found() -> bool:
            found[:] = self.query(expression)
            return bool(found)

        wait_until(is_found, f"Prometheus returns something for {expression}", seconds)
        return found

    def when(self, expression: str, seconds: float = 120) -> Self:
        """This server asked about a time at which an expression had a result.

        A test that reads several values needs this, because any later scrape can fail on a busy machine.
        """
        seen: list[Self] = []

        def is_found() -> bool:
            then = replace(self, at=time.time())
            # A scrape that began before that time can still add samples to it until the next one has begun.
            self.wait_for(f"absent((timestamp(up) <= {then.at}) and up) and on () count(up)", seconds)
            if then.query(expression):
                seen.append(then)
            return bool(seen)

        wait_until(is_found, f"at some time, Prometheus returned something for {expression}", seconds)
        return seen[0]


def remote_write(url: str) -> dict[str, Any]:
    """The entry of Prometheus' configuration that sends its samples at once to the server at a URL."""
    # With one shard, samples arrive in the order in which they were scraped.
    queue = {"batch_send_deadline": "200ms", "max_shards": 1}
    return {"url": f"{url}/api/v1/write", "queue_config": queue}


@contextlib.contextmanager
def prometheus(folder: Path, jobs: Sequence[Mapping[str, Any]], release: str = FORKY) -> Iterator[Prometheus]:
    """Run Prometheus with these scrape jobs, at an interval of a second."""
    intervals = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    configuration = {"global": intervals, "scrape_configs": list(jobs)}
    with configured_prometheus(folder, configuration, release=release) as running:
        yield running


@contextlib.contextmanager
def configured_prometheus(
    folder: Path, configuration: Mapping[str, Any], *flags: str, release: str = FORKY, address: str = ""
) -> Iterator[Prometheus]:
    """Run Prometheus with a configuration; relative paths start at the folder, which also has its data.

    The `address` is any free one if it is empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "prometheus.yml"
    file.write_text(as_json(configuration))
    address = address or f"127.0.0.1:{free_port()}"
    url = f"http://{address}"
    command = [
        program("prometheus", "prometheus", release),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        *flags,
    ]
    with running(command, folder / "prometheus.log", f"{url}/-/ready"):
        yield Prometheus(url)


@contextlib.contextmanager
def blackbox_exporter(folder: Path, configuration: Mapping[str, Any], release: str = FORKY) -> Iterator[str]:
    """Run blackbox_exporter; yield its address."""
    name = "prometheus-blackbox-exporter"
    file = folder / "blackbox.yml"
    file.write_text(as_json(configuration))
    address = f"127.0.0.1:{free_port()}"
    command = [program(name, name, release), f"--config.file={file}", f"--web.listen-address={address}"]
    with running(command, folder / "blackbox.log", f"http://{address}/-/healthy"):
        yield address


@contextlib.contextmanager
def running(command: Sequence[str], log: Path, url: str, folder: Path | None = None) -> Iterator[None]:
    """Run a program in a folder, from when it answers at a URL until the end of the block."""
    with log.open("w") as lines:
        process = subprocess.Popen(command, stdout=lines, stderr=lines, cwd=folder)

    def ready() -> bool:
        if process.poll() is not None:
            raise AssertionError(log.read_text())
        try:
            return request(url).status == 200
        except OSError:
            return False

    try:
        wait_until(ready, f"{command[0]} answers")
        yield
    finally:
        process.terminate()
        process.wait(120)


def promtool_check_metrics(text: str) -> str:
    """The complaints of promtool about an exposition; empty if there are none."""
    checked = subprocess.run(
        [program("promtool", "prometheus"), "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return checked.stdout + checked.stderr + (f"exit {checked.returncode}" if checked.returncode else "")
