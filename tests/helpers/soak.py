"""A soak test: two scrapers, random faults, reloads and rotated secrets, for any duration."""

from __future__ import annotations

import random
import secrets
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helpers.exporter_process import Exporter, exporter
from helpers.fleets import APPSECRET, appid
from helpers.json_text import as_json
from helpers.samples import series, value

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    from pathlib import Path

HEALTHY: dict[str, Any] = {
    "errcode": 0,
    "token_errcode": 0,
    "hang": False,
    "latency": 0.01,
    "http_status": 200,
    "raw_body": None,
}
FAULTS: tuple[dict[str, Any], ...] = (
    {"errcode": 61007},
    {"errcode": -1},
    {"token_errcode": 40164},
    {"hang": True},
    {"latency": 0.7},
    {"http_status": 502},
    {"raw_body": "<html>bad gateway</html>"},
    {"expire_tokens": True},
    {"invalidate_tokens": True},
)


MIN_SCRAPES, MIN_RELOADS, MIN_ROTATIONS = 21, 4, 4
"""A soak test goes on until there are as many, because a slow machine does less in the same time."""
GRACE = 300.0
"""Seconds for which it goes on at most."""
LONGEST = 60.0
"""Seconds that a scrape may take. Its timeout is 5, but a slow machine adds to them."""


@dataclass
class Figures:
    """The measurements of a soak test."""

    scrapes: int = 0
    reloads: int = 0
    rotations: int = 0
    faults: int = 0
    longest: float = 0.0
    problems: list[str] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    @property
    def are_enough(self) -> bool:
        """Whether enough has happened."""
        return self.scrapes >= MIN_SCRAPES and self.reloads >= MIN_RELOADS and self.rotations >= MIN_ROTATIONS


class Soak:
    """An exporter and its apps, a tenth of which fail at any time."""

    def __init__(self, folder: Path, apps: int, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        """Only for the disturbances, which are the same in each run."""
        self._pauses = random.Random(seed)
        self._world = World()
        self._apps = [appid(number) for number in range(apps)]
        self._broken: list[str] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.figures = Figures()
        for number, one in enumerate(self._apps):
            lists = {"requestdomain": [f"https://app-{number}.example.com", "https://www.example.com"]}
            self._world.add(SimulatedApp(appid=one, name=f"app {number}", appsecret=APPSECRET, domains=lists))

    def run(self, seconds: float, pause: float = 1.0) -> Figures:
        """Run for this many seconds, with a disturbance every `pause` seconds."""
        with SimulatorServer(self._world) as server:
            self._configure(server.url)
            path = self._folder / "config.yml"
            with exporter(f"--config.file={path}") as program:
                scrapers = [threading.Thread(target=self._scrape, args=(program, pause)) for _ in range(2)]
                for scraper in scrapers:
                    scraper.start()
                end = time.monotonic() + seconds
                while (now := time.monotonic()) < end or (now < end + GRACE and not self.figures.are_enough):
                    self._disturb(program, server.url)
                    self._stop.wait(pause)
                self._stop.set()
                for scraper in scrapers:
                    scraper.join()
                if program.stop() != 0:
                    self.figures.problems.append(f"exit status not 0: {program.log[-500:]}")
        return self.figures

    def _scrape(self, program: Exporter, pause: float) -> None:
        while not self._stop.wait(pause * self._pauses.random()):
            begin = time.monotonic()
            try:
                text = program.scrape(timeout=5)
            except (OSError, AssertionError) as error:
                self.figures.problems.append(repr(error))
                continue
            seconds = time.monotonic() - begin
            states = series(text, "wx_domain_up", "appid")
            with self._lock:
                figures = self.figures
                figures.scrapes += 1
                figures.longest = max(figures.longest, seconds)
                figures.resident.append(program.resident_bytes())
                figures.threads.append(program.threads())
                figures.descriptors.append(int(value(text, "process_open_fds") or 0))
                if set(states) != set(self._apps):
                    figures.problems.append(f"{len(self._apps) - len(states)} apps lost")
                if seconds > LONGEST:
                    figures.problems.append(f"a scrape took {seconds:.2f} s")

    def _disturb(self, program: Exporter, url: str) -> None:
        for one in self._broken:
            self._world.patch(one, HEALTHY)
        self._broken = self._random.sample(self._apps, len(self._apps) // 10)
        for one in self._broken:
            self._world.patch(one, self._random.choice(FAULTS))
            self.figures.faults += 1
        if self._random.random() < 0.2:
            self._rotate()
        if self._random.random() < 0.2:
            self._configure(url)
            program.send(signal.SIGHUP)
            self.figures.reloads += 1

    def _rotate(self) -> None:
        """Change one app's appsecret as an operator does: at WeChat, then in the file."""
        one = self._random.choice(self._apps)
        fresh = secrets.token_hex(16)
        self._world.patch(one, {"appsecret": fresh})
        (self._folder / one).write_text(fresh)
        self.figures.rotations += 1

    def _configure(self, url: str) -> None:
        for one in self._apps:
            path = self._folder / one
            if not path.exists():
                path.write_text(APPSECRET)
        apps = [
            {
                "appid": one,
                "labels": {"round": str(self.figures.reloads % 3)},
                "token": {"type": "stable_token", "appsecret": {"file": one}},
            }
            for one in self._apps
        ]
        wechat = {"base_url": url, "timeout": "1s"}
        (self._folder / "config.yml").write_text(as_json({"wechat": wechat, "apps": apps}))
