"""`DomainCollector`: the metrics of WeChat's domains as a collector of prometheus_client."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition.families import SAMPLES, families_of
from wx_domain_exporter.exposition.results import ScrapeResults, results_of
from wx_domain_exporter.scrape_timeout import seconds_for_scrape
from wx_domain_exporter.service import Service


class DomainCollector(Collector):
    """Yields the metric families of one scrape for each `collect`; can be registered in any registry.

    In another program, beside that program's own metrics::

        REGISTRY.register(DomainCollector.from_file("my.yml"))

    It can be used in several threads at once: scrapes that overlap share their calls of WeChat.
    """

    def __init__(self, scrape: Callable[[], ScrapeResults], end: Callable[[], None] = lambda: None) -> None:
        """Make a collector.

        Args:
            scrape: makes one scrape, or has made it; called once for each `collect`.
            end: called once by `close`.
        """
        self._scrape = scrape
        self._end = end
        self._closed = threading.Event()

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Make the collector of a configuration file; each `collect` fetches all its apps from WeChat.

        A scrape takes no longer than the file's `scrape.timeout` less `scrape.timeout_offset`. Until `close`,
        threads of its own discover the mini programs of third-party platforms, and read app files again that
        changed.

        Raises:
            ConfigError: the file can't be read or holds errors; all of them are in it.
            RuntimeError: the system has no thread for it.
        """
        service = Service(ConfigLoader(Path(path)))
        try:
            service.start()
        except RuntimeError:  # the system has no thread for it
            service.close()
            raise
        return cls(lambda: scrape_all(service), service.close)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield all families without samples, so that registering the collector calls nobody."""
        for gauge in SAMPLES:
            yield gauge.family()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the families of one scrape that have samples; none at all after `close`."""
        if not self._closed.is_set():
            yield from families_of(self._scrape())

    def close(self) -> None:
        """Call WeChat no more. Safe to call twice."""
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
    """Scrape all apps of a service, within the time that its configuration gives a scrape."""
    fleet = service.fleet
    deadline = Deadline.after(seconds_for_scrape(None, fleet.settings.scrape, 0), service.clock)
    batch = service.start_scrape(fleet, deadline)
    batch.wait(deadline.remaining())
    return results_of(fleet, batch)
