"""Scrapes the fleet of `--demo`, so that its pages show something without a Prometheus."""

import contextlib
import threading
from collections.abc import Iterator

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scrape_timeout import seconds_for_scrape
from wx_domain_exporter.service import Service

INTERVAL_SECONDS = 15.0
"""Time between two scrapes."""
_DISCOVERY_SECONDS = 0.5
"""The same until the platform is discovered, so that its mini programs are fetched at once too."""


@contextlib.contextmanager
def demo_scrapes(service: Service) -> Iterator[None]:
    """Scrape all apps at the start of the block and every `INTERVAL_SECONDS` until its end."""
    ended = threading.Event()
    thread = threading.Thread(target=_scrape_until, args=(ended, service), name="demo-scrapes", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _scrape_until(ended: threading.Event, service: Service) -> None:
    while not ended.is_set():
        knows_all_apps = service.discovered
        fleet = service.fleet
        seconds = seconds_for_scrape(None, fleet.settings.scrape, 0.0)
        service.start_scrape(fleet, Deadline.after(seconds, service.clock))
        ended.wait(INTERVAL_SECONDS if knows_all_apps else _DISCOVERY_SECONDS)
