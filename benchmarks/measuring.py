"""One exporter under measurement: its configuration, its scrapes, and what each of them cost."""

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
"""Domains of an app where they are not exported: an answer of about 750 bytes."""
MANY_DOMAINS = 40
CONCURRENCY = 128
SCRAPES = 7
TIMEOUT = 60
"""Seconds for a scrape: it is measured, not cut short."""

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
    """What is watched.

    Attributes:
        apps: how many.
        answers: how an app's answers differ from scrape to scrape.
        domains: of each app.
        exported: whether they have series.
        own_tokens: whether the tokens are in the configuration; else stable_token is asked.
    """

    apps: int
    answers: Answers = "same"
    domains: int = FEW_DOMAINS
    exported: bool = False
    own_tokens: bool = True

    def configuration(self, api: WechatApi) -> str:
        """Return its `config.yml`, as a person would lay it out."""
        lines = [
            "wechat:",
            f"  base_url: {api.base_url(self.answers, self.domains)}",
            f"  ca_file: {api.ca_file}",
            f"  max_concurrency: {CONCURRENCY}",
            "  timeout: 20s",
            "collect:",
            f"  domains: {str(self.exported).lower()}",
            "apps:",
        ]
        for number in range(self.apps):
            lines += self._app(f"wx{number:016x}", number)
        return "\n".join(lines) + "\n"

    def _app(self, appid: str, number: int) -> list[str]:
        kind, secret = ("access_token", appid) if self.own_tokens else ("stable_token", f"{number:032x}")
        key = "access_token" if self.own_tokens else "appsecret"
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
    """What the scrapes of one exporter took, each list in the order of the scrapes."""

    wall: list[float] = field(default_factory=list)
    """Seconds until the last byte was there."""
    cpu: list[float] = field(default_factory=list)
    """Seconds of the exporter's processor time."""
    resident: list[float] = field(default_factory=list)
    """Bytes."""
    size: int = 0
    """Bytes of the last answer, as sent."""
    text: str = ""
    """The last answer."""


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process used, to the nanosecond: /proc's ticks are 10 ms."""
    return time.clock_gettime((~pid << 3) | 2)  # how Linux makes a process's clock from its id


@contextlib.contextmanager
def pinned(cores: set[int] | None) -> Iterator[None]:
    """Let the processes that are started meanwhile run on these cores only; None: on all."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def watching(fleet: Fleet, api: WechatApi, folder: Path, cores: set[int] | None = None) -> Iterator[Exporter]:
    """Run an exporter that watches a fleet."""
    path = folder / "config.yml"
    path.write_text(fleet.configuration(api))
    with exporter(f"--config.file={path}") as program:
        # Not before: who reads its log stays elsewhere. Threads to come are pinned as the first one is.
        for thread in Path(f"/proc/{program.process.pid}/task").iterdir() if cores else ():
            os.sched_setaffinity(int(thread.name), cores or ())
        yield program


def scrape(program: Exporter, costs: Costs, fleet: Fleet) -> None:
    """Scrape as Prometheus does, and note what it cost.

    Raises:
        AssertionError: not all apps are there.
    """
    parts = urlsplit(program.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2 * TIMEOUT)
    before, begin = cpu_seconds(program.process.pid), time.monotonic()
    connection.request("GET", "/metrics", headers=PROMETHEUS)
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
    with watching(fleet, api, folder, cores) as program:
        for _ in range(scrapes):
            scrape(program, costs, fleet)
    return costs


def an_app(costs: Costs, fleet: Fleet) -> list[float]:
    """Return the processor time of each scrape, in microseconds an app."""
    return [1e6 * seconds / fleet.apps for seconds in costs.cpu]
