"""A soak test among hostile peers and on a hostile machine, beside a real Prometheus.

All of this happens at once: responses without a request, errmsgs that repeat a token or an appsecret, apps
that fail, a client that asks for pages and lists without a pause, a log that nobody reads half of the time,
a clock that jumps by days, and a certificate authority that changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import trustme
from helpers.faults import Peer, Request, SocketServer
from helpers.fleets import appid
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.ports import free_port
from helpers.real_prometheus import Prometheus, prometheus
from helpers.samples import samples, series
from helpers.soak import FAULTS, HEALTHY
from helpers.tls import server_context
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

APPS = 200
SECRET = "5ecret/{:03d}+={:022x}"
"""An appsecret with characters that URLs and JSON escape."""
SURPLUS, ECHO = 0.05, 0.03
"""The share of token responses that are sent twice, and of all responses that echo a secret."""
REQUESTS_OF_A_CONNECTION = 300
PATHS = ("/sd/domains", "/", "/?q=app", "/sd", "/apps/" + appid(1))
CLOCKS = (-86_400, 3 * 3600, -2400, 2 * 86_400, 0)
"""Seconds by which the exporter's wall clock is wrong."""
CHANGED_CLOCK = """
import time
right = time.time
def changed():
    return right() + int(open({file!r}).read() or 0)
time.time = changed
"""
LOG_PAUSE = 10.0
CA_PAUSE, CA_OVERLAP = 35.0, 10.0
"""Seconds between two authorities, and from when the file has the new one until the server uses it."""
CLOCK_PAUSE = 20.0
MIN_SCRAPES = 5
"""On a slow machine, the soak test goes on until there are as many."""
SCRAPE_SECONDS = 5
"""The interval and the timeout of the scrapes by Prometheus."""


@dataclass
class Gateway:
    """Forwards calls to the simulator over TLS; repeats responses and echoes secrets."""

    url: str
    random: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    echoed: set[str] = field(default_factory=set)
    """The forms of secrets that errmsgs contained."""

    async def serve(self, peer: Peer) -> None:
        """Answer the requests of one connection."""
        late: list[asyncio.Task[None]] = []
        for _ in range(REQUESTS_OF_A_CONNECTION):
            asked = await peer.read_request()
            if asked is None:
                break
            answer = self._echo(asked) or await self._forward(asked)
            await peer.send(answer)
            if "token" in asked.path and self.random.random() < SURPLUS:
                self.counts["surplus responses"] += 1
                late.append(asyncio.create_task(_repeat(peer, answer, self.random.uniform(0, 0.05))))
        for task in late:
            await task

    async def _forward(self, asked: Request) -> bytes:
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)
        try:
            lines = [
                f"{asked.method} {asked.target} HTTP/1.1",
                *(f"{k}: {v}" for k, v in asked.headers.items()),
            ]
            lines = [line for line in lines if not line.startswith("connection:")] + ["connection: close"]
            writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode() + asked.body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            body = await (reader.readexactly(int(length[1])) if length else reader.read())
            head = re.sub(rb"connection:[^\r]*\r\n", b"", head, flags=re.IGNORECASE)
            return head + body
        finally:
            writer.close()

    def _echo(self, asked: Request) -> bytes:
        if self.random.random() >= ECHO:
            return b""
        body = json.loads(asked.body) if asked.body else {}
        secret, errcode = (body["secret"], 40125) if "secret" in body else (asked.token, 61007)
        form = self.random.choice([secret, quote(secret, safe=""), json.dumps(secret)[1:-1], quote(secret)])
        self.echoed.add(form)
        self.counts["echoed secrets"] += 1
        answer = json.dumps({"errcode": errcode, "errmsg": f"refused {form} rid: 1-2-3"}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)


async def _repeat(peer: Peer, answer: bytes, seconds: float) -> None:
    await asyncio.sleep(seconds)
    with contextlib.suppress(OSError):
        await peer.send(answer)


class HostileSoak:
    """An exporter, and everything that disturbs it."""

    def __init__(self, folder: Path, pace: float = 1.0) -> None:
        """`pace` multiplies the pauses between changes of the log, the clock and the authority."""
        self._pace = pace
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()
        self.longest = 0.0
        self.resident: list[int] = []
        self.foreign: Counter[float] = Counter()
        self._folder = folder
        self._random = random.Random(1)
        self._stop = threading.Event()
        self._clock = folder / "clock-offset"
        self._ca_file = folder / "ca.pem"
        self._log = folder / "log"
        self._world = World()
        for number in range(APPS):
            lists = {"requestdomain": [f"https://app-{number}.example.com"]}
            secret = SECRET.format(number, number)
            self._world.add(
                SimulatedApp(
                    appid=appid(number),
                    name=f"app {number}",
                    appsecret=secret,
                    domains=lists,
                    token_lifetime=330,
                )
            )

    def run(self, seconds: float) -> None:
        """Disturb an exporter for this many seconds, while it is scraped."""
        authority = trustme.CA()
        self._ca_file.write_bytes(authority.cert_pem.bytes())
        self._clock.write_text("0")
        with SimulatorServer(self._world) as simulator:
            self.gateway = Gateway(simulator.url, self._random)
            with SocketServer(self.gateway.serve, _context(authority)) as server:
                self._configure(server.url)
                with self._exporter() as (url, process), self._prometheus(url) as real:
                    disturbers = (
                        self._client,
                        self._faults,
                        self._clocks,
                        lambda _: self._authorities(server, authority),
                    )
                    threads = [threading.Thread(target=one, args=(url,)) for one in disturbers]
                    threads.append(threading.Thread(target=self._scrape, args=(url, process.pid)))
                    for thread in threads:
                        thread.start()
                    self._stop.wait(seconds)
                    wait_until(lambda: self.counts["scrapes"] >= MIN_SCRAPES, "the exporter was scraped")
                    self._ask_prometheus(real, seconds)
                    self._stop.set()
                    for thread in threads:
                        thread.join()
                    self._check_secrets("a page", request(f"{url}/?state=failing").text)
                    process.terminate()
                    if process.wait(60) != 0:
                        self.problems.append(f"exit status {process.returncode}")
        self._check_secrets("the log", self._log.read_text())

    def _configure(self, url: str) -> None:
        apps = [
            {"appid": one, "name": app.name, "token": {"type": "stable_token", "appsecret": app.appsecret}}
            for one, app in self._world.apps.items()
        ]
        wechat = {"base_url": url, "timeout": "1s", "ca_file": str(self._ca_file)}
        (self._folder / "config.yml").write_text(as_json({"wechat": wechat, "apps": apps}))

    @contextlib.contextmanager
    def _exporter(self) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
        """Run the exporter with a clock that a file sets, and a log that is read half of the time."""
        address = f"127.0.0.1:{free_port()}"
        python_path = self._folder / "clock"
        python_path.mkdir()
        (python_path / "sitecustomize.py").write_text(CHANGED_CLOCK.format(file=str(self._clock)))
        environment = {**os.environ, "PYTHONPATH": f"{python_path}:{os.environ.get('PYTHONPATH', '')}"}
        command = [sys.executable, "-P", "-m", "wx_domain_exporter", f"--web.listen-address={address}"]
        command += [f"--config.file={self._folder / 'config.yml'}", "--log.level=debug"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as process:
            reader = threading.Thread(target=self._read_log, args=(process,))
            reader.start()
            url = f"http://{address}"

            def healthy() -> bool:
                with contextlib.suppress(OSError):
                    return request(f"{url}/-/healthy").status == 200
                return False

            try:
                wait_until(healthy, "the exporter answers")
                yield url, process
            finally:
                self._stop.set()
                process.kill()
                reader.join()

    def _read_log(self, process: subprocess.Popen[bytes]) -> None:
        if process.stderr is None:
            raise AssertionError
        begin = time.monotonic()
        with self._log.open("wb") as log:
            while data := os.read(process.stderr.fileno(), 1 << 16):
                log.write(data)
                if time.monotonic() - begin > self._pace * LOG_PAUSE:
                    self.counts["pauses of the log"] += 1
                    self._stop.wait(self._pace * LOG_PAUSE)
                    begin = time.monotonic()

    def _prometheus(self, url: str) -> contextlib.AbstractContextManager[Prometheus]:
        job = {
            "job_name": "wx",
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "scrape_timeout": f"{SCRAPE_SECONDS}s",
            "static_configs": [{"targets": [url.removeprefix("http://")]}],
        }
        return prometheus(self._folder / "prometheus", [job])

    def _ask_prometheus(self, real: Prometheus, seconds: float) -> None:
        """Check that no scrape failed, and that no app was lost in any.

        A scrape that timed out is no failure: the exporter may use nearly all of the time, and a slow machine
        the rest.
        """
        real.wait_for("up == 1")
        failed = f"(up == 0) and on (job, instance) (scrape_duration_seconds < {SCRAPE_SECONDS})"
        span = f"{int(seconds) - 10}s"
        queries = {
            "failed scrapes": f"count_over_time(({failed})[{span}:1s])",
            "lost apps": f"min_over_time(count(wx_domain_up)[{span}:5s]) < {APPS}",
        }
        for problem, expression in queries.items():
            if found := real.query(expression):
                self.problems.append(f"Prometheus: {problem}: {found}")
        self.counts["scrapes by Prometheus"] = int(
            float(real.query(f"count_over_time(up[{span}])")[0]["value"][1])
        )

    def _scrape(self, url: str, pid: int) -> None:
        while not self._stop.wait(2 * self._random.random()):
            begin = time.monotonic()
            text = request(f"{url}/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "5"}).text
            self.longest = max(self.longest, time.monotonic() - begin)
            self.counts["scrapes"] += 1
            self.resident.append(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096)
            states = series(text, "wx_domain_up", "appid")
            if len(states) != APPS:
                self.problems.append(f"{APPS - len(states)} apps lost")
            self.counts["failing apps, all scrapes together"] += sum(value == 0 for value in states.values())
            self._check_secrets("a scrape", text)
            for name, labels in samples(text):
                shown = dict(labels)
                if name == "wx_domain_info":
                    own = f"https://app-{int(shown['appid'].removeprefix('wx'), 16)}.example.com"
                    if shown["domain"] != own:
                        self.foreign[begin] += 1

    def _client(self, url: str) -> None:
        while not self._stop.is_set():
            for path in PATHS:
                with contextlib.suppress(OSError):
                    status = request(url + path).status
                    self.counts[f"{path} status {status}"] += 1

    def _faults(self, _: str) -> None:
        broken: list[str] = []
        while not self._stop.wait(1):
            for one in broken:
                self._world.patch(one, HEALTHY)
            broken = self._random.sample([appid(number) for number in range(APPS)], APPS // 20)
            for one in broken:
                self._world.patch(one, self._random.choice(FAULTS))
                self.counts["faults"] += 1

    def _clocks(self, _: str) -> None:
        for number in range(1 << 30):
            if self._stop.wait(self._pace * CLOCK_PAUSE):
                return
            self._clock.write_text(str(CLOCKS[number % len(CLOCKS)]))
            self.counts["clock jumps"] += 1

    def _authorities(self, server: SocketServer, old: trustme.CA) -> None:
        """Add a new authority to the file as operators do, beside the old one; use it a scrape later."""
        while not self._stop.wait(self._pace * CA_PAUSE):
            new = trustme.CA()
            self._ca_file.write_bytes(new.cert_pem.bytes() + old.cert_pem.bytes())
            if self._stop.wait(self._pace * CA_OVERLAP):
                return
            server.context = _context(new)
            old = new
            self.counts["new authorities"] += 1

    def _check_secrets(self, where: str, text: str) -> None:
        for form in list(self.gateway.echoed):
            if form in text:
                self.problems.append(f"{where} has the secret {form}")


def _context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority.issue_cert("localhost", "127.0.0.1"))
