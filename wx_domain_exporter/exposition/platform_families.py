"""The metric families of third-party platforms' own domain lists; `SAMPLES` lists the function of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from wx_domain_exporter.domains.baseline import Drift
from wx_domain_exporter.domains.domain_list import PLATFORM_LIMITS, DomainList
from wx_domain_exporter.exposition.families import Samples
from wx_domain_exporter.metrics import definitions as metrics
from wx_domain_exporter.metrics.definitions import Gauge
from wx_domain_exporter.platforms.domain_lists import PlatformDomains, Reading

Platforms = Sequence[PlatformDomains]
"""The platforms whose own lists are read."""


class PlatformDomainsCollector(Collector):
    """Yields what the last readings said; never calls WeChat."""

    def __init__(self, platforms: Callable[[], Platforms]) -> None:
        """Make a collector.

        Args:
            platforms: returns the platforms whose own lists are read.
        """
        self._platforms = platforms

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield all families without samples."""
        for gauge in SAMPLES:
            yield gauge.family()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the families that have samples."""
        platforms = self._platforms()
        for gauge, samples_of in SAMPLES.items():
            family = gauge.family()
            for labels, value in samples_of(platforms):
                family.add_metric(labels, value)
            if family.samples:
                yield family


def _readings(platforms: Platforms) -> Iterator[tuple[str, str, Reading]]:
    """Yield the name of each platform, and its categories that were read."""
    for platform in platforms:
        for category, reading in platform.readings.items():
            yield platform.settings.name, category, reading


def _lists(platforms: Platforms) -> Iterator[tuple[tuple[str, str, str], DomainList]]:
    """Yield the labels of each known list, and the list."""
    for name, category, reading in _readings(platforms):
        for version, listed in () if reading.lists is None else reading.lists.by_version.items():
            yield (name, category, version), listed


def _drifts(platforms: Platforms) -> Iterator[tuple[tuple[str, str, str], Drift]]:
    """Yield the labels of each list that has a baseline, and how the two differ."""
    for platform in platforms:
        for (name, category, version), _ in _lists([platform]):
            drift = platform.drift(category, version)
            if drift is not None:
                yield (name, category, version), drift


def _up(platforms: Platforms) -> Samples:
    for name, category, reading in _readings(platforms):
        yield (name, category), 1 if reading.error is None else 0


def _domains(platforms: Platforms) -> Samples:
    for labels, listed in _lists(platforms):
        yield labels, listed.count


def _list_hash(platforms: Platforms) -> Samples:
    for labels, listed in _lists(platforms):
        yield labels, listed.hash


def _invalid_domains(platforms: Platforms) -> Samples:
    for name, category, reading in _readings(platforms):
        if reading.lists is not None:
            yield (name, category), reading.lists.invalid.count


def _domains_limit(platforms: Platforms) -> Samples:
    if platforms:
        for category, limit in PLATFORM_LIMITS.items():
            yield (category,), limit


def _baseline_match(platforms: Platforms) -> Samples:
    for labels, drift in _drifts(platforms):
        yield labels, 1 if drift.matches else 0


def _missing_domain(platforms: Platforms) -> Samples:
    for labels, drift in _drifts(platforms):
        for domain in drift.missing:
            yield (*labels, domain), 1


def _unexpected_domain(platforms: Platforms) -> Samples:
    for labels, drift in _drifts(platforms):
        for domain in drift.unexpected[: PLATFORM_LIMITS[labels[1]]]:  # an answer could have far more
            yield (*labels, domain), 1


def _api_error(platforms: Platforms) -> Samples:
    for name, category, reading in _readings(platforms):
        error = reading.api_error
        if error is not None:
            yield (name, category, error.api, str(error.errcode)), 1


def _last_success(platforms: Platforms) -> Samples:
    for name, category, reading in _readings(platforms):
        if reading.lists is not None:
            yield (name, category), reading.timestamp


SAMPLES: Mapping[Gauge, Callable[[Platforms], Samples]] = {
    metrics.PLATFORM_UP: _up,
    metrics.PLATFORM_DOMAINS: _domains,
    metrics.PLATFORM_HASH: _list_hash,
    metrics.PLATFORM_INVALID_DOMAINS: _invalid_domains,
    metrics.PLATFORM_DOMAINS_LIMIT: _domains_limit,
    metrics.PLATFORM_BASELINE_MATCH: _baseline_match,
    metrics.PLATFORM_MISSING: _missing_domain,
    metrics.PLATFORM_UNEXPECTED: _unexpected_domain,
    metrics.PLATFORM_API_ERROR: _api_error,
    metrics.PLATFORM_LAST_SUCCESS: _last_success,
}
"""The function that yields the samples of each gauge, in the order of the exposition."""
