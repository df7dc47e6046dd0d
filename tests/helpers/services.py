"""Services for the tests, which monitor a small fleet or the mini programs of simulated platforms."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from helpers.fleets import appid
from helpers.json_text import as_json
from helpers.samples import series
from prometheus_client import generate_latest

from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition.fast_writer import FastWriter
from wx_domain_exporter.exposition.results import results_of
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.endpoints.exposition_text import exposition_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.fleets import SmallFleet

    from wx_domain_exporter.scheduler.jobs import ScrapeJobs

LONG = 20.0


@contextlib.contextmanager
def running_service(path: Path) -> Iterator[Service]:
    """A service with the configuration of a file; its threads end with it."""
    before = set(threading.enumerate())
    service = Service(ConfigLoader(path))
    try:
        yield service
    finally:
        service.close()
        for thread in set(threading.enumerate()) - before:
            thread.join(LONG)
            assert not thread.is_alive()


@contextlib.contextmanager
def serving(fleet: SmallFleet) -> Iterator[Service]:
    """The service of a small fleet; its first app stops hanging when the service ends."""
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(running_service(fleet.path))
        stack.callback(fleet.world.patch, appid(0), {"hang": False, "latency": 0.0})
        yield service


def token_requests(fleet: SmallFleet) -> int:
    return fleet.calls("stable_token")


def scrape(service: Service, seconds: float = LONG) -> str:
    jobs = service.start_scrape(service.fleet, Deadline.after(seconds))
    jobs.wait(seconds)
    return text_of(service, jobs)


def text_of(service: Service, jobs: ScrapeJobs) -> str:
    """The text of a scrape whose caller waits no longer."""
    results = results_of(service.fleet, jobs)
    return b"".join(exposition_text(generate_latest, results, FastWriter(), [service.self_metrics])).decode()


def up(text: str) -> dict[str, float]:
    return series(text, "wx_domain_up", "appid")


def configure(path: Path, **sections: Any) -> None:
    path.write_text(as_json(sections))
