"""`DomainCollector`: the domain metrics as a collector of prometheus_client."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.loader import ConfigLoader, with_a_readable_secret
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition.families import SAMPLES, families_of
from wx_domain_exporter.exposition.platform_families import PlatformDomainsCollector, Platforms
from wx_domain_exporter.exposition.results import ScrapeResults, results_of
from wx_domain_exporter.scrape_timeout import seconds_for_scrape
from wx_domain_exporter.service import Service


class DomainCollector(Collector):
    """Makes one scrape for each `collect` and yields its metric families; can be registered in any registry.

    In another program, next to that program's own metrics::

        REGISTRY.register(DomainCollector.from_file("my.yml"))

    It may be used by several threads at once: scrapes that overlap share their calls to WeChat.
    """

    def __init__(
        self,
        scrape: Callable[[], ScrapeResults],
        end: Callable[[], None] = lambda: None,
        platforms: Callable[[], Platforms] = tuple,
    ) -> None:
        """Make a collector.

        Args:
            scrape: returns the results of a scrape; called once for each `collect`.
            end: called once by `close`.
            platforms: returns the platforms whose own lists are read.
        """
        self._scrape = scrape
        self._end = end
        self._platforms = PlatformDomainsCollector(platforms)
        self._closed = threading.Event()

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Make a collector from a configuration file; each `collect` fetches all its apps from WeChat.

        A scrape takes at most the file's `scrape.timeout` minus `scrape.timeout_offset`. Until `close`,
        threads of the collector discover the mini programs of third-party platforms, and reload changed app
        files.

        Raises:
            ConfigError: the file can't be read or is invalid; the exception holds all errors.
            RuntimeError: the system has no thread for it.
        """
        service = Service(ConfigLoader(Path(path)))
        try:
            with_a_readable_secret(service.fleet.settings)
            service.start()
        except (ConfigError, RuntimeError):  # RuntimeError: the system has no thread for it
            service.close()
            raise
        return cls(lambda: scrape_all(service), service.close, lambda: service.platform_domains)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield all families without samples, so that registering the collector makes no scrape."""
        for gauge in SAMPLES:
            yield gauge.family()
        yield from self._platforms.describe()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Make a scrape and yield the families that have samples; after `close`, yield nothing."""
        if not self._closed.is_set():
            yield from families_of(self._scrape())
            yield from self._platforms.collect()

    def close(self) -> None:
        """End all calls to WeChat. May be called more than once."""
        if not self._closed.is_set():
            self._closed.set()
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def scrape_all(service: Service) -> ScrapeResults:
    """Scrape all apps of a service, with the timeout of its configuration."""
    fleet = service.fleet
    deadline = Deadline.after(seconds_for_scrape(None, fleet.settings.scrape, 0), service.clock)
    jobs = service.start_scrape(fleet, deadline)
    jobs.wait(deadline.remaining())
    return results_of(fleet, jobs)
