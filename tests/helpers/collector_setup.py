"""The setup for tests of the collector: a small simulated world, a service that monitors it, and a scrape."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.json_text import as_json
from helpers.samples import series
from prometheus_client import CollectorRegistry, generate_latest

from wx_domain_exporter.config import loader
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition.collector import DomainCollector
from wx_domain_exporter.exposition.results import results_of
from wx_domain_exporter.service import Service
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wx_domain_exporter.scheduler.jobs import ScrapeJobs

GOOD = "wx0123456789abcdef"
BAD = "wxfedcba9876543210"
SECRET = "5ec4e7" + "0" * 26
FILE = Path("config.yml")
COUNTED = ("wx_domain_domains", "wx_domain_hash", "wx_domain_info")


def small_world() -> World:
    """Two apps, of which the bad one fails."""
    world = World(quirks=False)
    domains = {"requestdomain": ["https://WWW.example.com/", "https://www.example.com"]}
    for appid in (GOOD, BAD):
        world.add(SimulatedApp(appid=appid, appsecret=SECRET, domains=domains))
    world.apps[BAD].errcode = 61007
    return world


@contextmanager
def serving(world: World, content: bytes | None = None, **sections: Any) -> Iterator[Service]:
    """A service that monitors all apps of a world."""
    with SimulatorServer(world) as server:
        token = {"type": "stable_token", "appsecret": SECRET}
        apps = [{"appid": appid, "token": token} for appid in world.apps]
        tree = {"wechat": {"base_url": server.url}, "apps": apps, **sections}
        text = (content or b"").replace(b"http://simulator", server.url.encode()) or as_json(tree).encode()
        service = Service(loader.ConfigLoader(FILE, text))
        try:
            yield service
        finally:
            service.close()


def scrape(service: Service, seconds: float = 20.0) -> str:
    jobs = service.start_scrape(service.fleet, Deadline.after(seconds))
    jobs.wait(seconds)
    return text_of(service, jobs)


def text_of(service: Service, jobs: ScrapeJobs) -> str:
    """The text of a scrape whose caller waits no longer."""
    registry = CollectorRegistry()
    registry.register(DomainCollector(lambda: results_of(service.fleet, jobs)))
    return generate_latest(registry).decode()


def apps_of(text: str, name: str) -> set[str]:
    return set(series(text, name, "appid"))
