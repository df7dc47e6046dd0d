"""Runs an exporter, scrapes it, and measures the cost of each scrape."""

import contextlib
import gzip
import http.client
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from helpers.exporter_process import Exporter, exporter

from benchmarks.wechat_api import Answers, WechatApi

FEW_DOMAINS = 14
"""Domains of an app whose domains are not exported; its answer has about 750 bytes."""
MANY_DOMAINS = 40
CONCURRENCY = 128
SCRAPES = 7
TIMEOUT = 60
"""Seconds for a scrape, enough for the slowest one."""

PROMETHEUS = {
    "Accept": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.42.0",
    "X-Prometheus-Scrape-Timeout-Seconds": str(TIMEOUT),
}
"""The headers of a scrape by Debian's Prometheus."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The apps that an exporter monitors in a measurement.

    Attributes:
        apps: the number of apps.
        answers: how an app's answers differ from scrape to scrape.
        domains: the number of domains of each app.
        exported: whether the domains are exported.
        static_tokens: whether the configuration has the tokens; otherwise they come from stable_token.
        first: the number in the appid of the first app.
    """

    apps: int
    answers: Answers = "same"
    domains: int = FEW_DOMAINS
    exported: bool = False
    static_tokens: bool = True
    first: int = 0

    def configuration(self, api: WechatApi, base_url: str = "") -> str:
        """Return its `config.yml`, in the style of one written by hand.

        Args:
            api: the simulated WeChat.
            base_url: replaces the URL of the API; empty: it is used.
        """
        lines = [
            "wechat:",
            f"  base_url: {base_url or api.base_url(self.answers, self.domains)}",
            f"  ca_file: {api.ca_file}",
            f"  max_concurrency: {CONCURRENCY}",
            "  timeout: 20s",
            "collect:",
            f"  domains: {str(self.exported).lower()}",
            "apps:",
        ]
        for number in range(self.first, self.first + self.apps):
            lines += self._app(f"wx{number:016x}", number)
        return "\n".join(lines) + "\n"

    def _app(self, appid: str, number: int) -> list[str]:
        kind, secret = ("access_token", appid) if self.static_tokens else ("stable_token", f"{number:032x}")
        key = "access_token" if self.static_tokens else "appsecret"
        return [
            f"- appid: {appid}",
            f"  name: shop {number}",
            f"  labels: {{team: team-{number % 20}}}",
            "  token:",
            f"    type: {kind}",
            f'    {key}: "{secret}"',
        ]


@dataclass
class Costs:
    """The costs of the scrapes of one exporter; each list is in the order of the scrapes."""

    wall: list[float] = field(default_factory=list)
    """Seconds until the last byte of the response arrived."""
    cpu: list[float] = field(default_factory=list)
    """Seconds of the exporter's CPU time."""
    resident: list[float] = field(default_factory=list)
    """Resident memory in bytes after the scrape."""
    size: int = 0
    """Bytes of the last response body, compressed."""
    text: str = ""
    """The last exposition."""


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process in nanosecond resolution, where /proc has 10 ms."""
    return time.clock_gettime((~pid << 3) | 2)  # Linux's clock id for the CPU time of a process


@contextlib.contextmanager
def pinned(cores: set[int] | None) -> Iterator[None]:
    """Restrict the processes that are started within the block to these cores; None for all cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running_exporter(
    fleet: Fleet, api: WechatApi, folder: Path, cores: set[int] | None = None
) -> Iterator[Exporter]:
    """Run an exporter that monitors a fleet."""
    path = folder / "config.yml"
    path.write_text(fleet.configuration(api))
    with exporter(f"--config.file={path}") as program:
        # Pinned after the start, so that the thread of this process that reads the log is not pinned. New
        # threads inherit the cores of the thread that starts them.
        for thread in Path(f"/proc/{program.process.pid}/task").iterdir() if cores else ():
            os.sched_setaffinity(int(thread.name), cores or ())
        yield program


def scrape(program: Exporter, costs: Costs, fleet: Fleet, timeout: int = TIMEOUT) -> None:
    """Scrape as Prometheus does, with a timeout in seconds, and record the costs.

    Raises:
        AssertionError: an app is not up.
    """
    parts = urlsplit(program.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2 * TIMEOUT)
    before, begin = cpu_seconds(program.process.pid), time.monotonic()
    headers = {**PROMETHEUS, "X-Prometheus-Scrape-Timeout-Seconds": str(timeout)}
    connection.request("GET", "/metrics", headers=headers)
    response = connection.getresponse()
    body = response.read()
    costs.wall.append(time.monotonic() - begin)
    costs.cpu.append(cpu_seconds(program.process.pid) - before)
    costs.resident.append(program.resident_bytes())
    connection.close()
    costs.size = len(body)
    costs.text = gzip.decompress(body).decode()
    up = len(re.findall(r"^wx_domain_up\{.* 1\.0$", costs.text, re.MULTILINE))
    if response.status != 200 or up != fleet.apps:
        raise AssertionError(f"{up} of {fleet.apps} apps are up: {program.log[-2000:]}")


def measure(
    fleet: Fleet, api: WechatApi, folder: Path, *, cores: set[int] | None = None, scrapes: int = SCRAPES
) -> Costs:
    """Run an exporter and scrape it."""
    costs = Costs()
    with running_exporter(fleet, api, folder, cores) as program:
        for _ in range(scrapes):
            scrape(program, costs, fleet)
    return costs


def microseconds_per_app(costs: Costs, fleet: Fleet) -> list[float]:
    """Return the CPU time of each scrape, in microseconds per app."""
    return [1e6 * seconds / fleet.apps for seconds in costs.cpu]
