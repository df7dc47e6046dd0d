"""The exporter's metrics about itself: its calls, configuration, discovery and app files."""

import contextlib
import platform
import threading
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric

from wx_domain_exporter import __version__
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.metrics import definitions as metrics

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MAX_ERRCODES = 200
"""Maximum number of different errcodes that have their own series: a peer could invent any number."""


class SelfMetrics:
    """The exporter's own metrics, as a collector; also the observer of all calls to WeChat.

    It lives as long as the process, and is registered in a new registry for each scrape.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self.apps = _gauge(metrics.APPS)
        self._reload_successful = _gauge(metrics.RELOAD_SUCCESSFUL)
        self._reload_timestamp = _gauge(metrics.RELOAD_TIMESTAMP)
        self._config_hash = _gauge(metrics.CONFIG_HASH)
        self._build_info = _gauge(metrics.BUILD_INFO)
        self._build_info.labels(__version__, platform.python_version()).set(1)
        self._requests = _counter(metrics.API_REQUESTS)
        self._failures = _counter(metrics.API_FAILURES)
        self._refreshes = _counter(metrics.TOKEN_REFRESHES)
        self._discovered = _gauge(metrics.DISCOVERED_APPS)
        self._discovery_errors = _counter(metrics.DISCOVERY_ERRORS)
        self._discovery_successful = _gauge(metrics.DISCOVERY_SUCCESSFUL)
        self._account_errors = _gauge(metrics.DISCOVERY_ACCOUNT_ERRORS)
        self._app_file_errors = _gauge(metrics.APP_FILE_ERRORS)
        spec = metrics.API_DURATION
        self._duration = Histogram(spec.name, spec.help, spec.labels, buckets=_BUCKETS, registry=None)
        # Looking up a series by its labels takes longer than counting, so the series are kept.
        self._requests_of, self._duration_of = cache(self._requests.labels), cache(self._duration.labels)
        self._platforms: set[str] = set()
        self._app_files: set[str] = set()
        self._errcodes: set[int] = set()
        self._lock = threading.Lock()

    def answered(self, api: str, errcode: int, seconds: float) -> None:
        """Count a call with a well-formed answer."""
        known = errcode in self._errcodes or self._may_have_series(errcode)
        self._requests_of(api, str(errcode) if known else "other").inc()
        self._duration_of(api).observe(seconds)

    def failed(self, api: str, reason: str, seconds: float) -> None:
        """Count a call without a well-formed answer."""
        self._failures.labels(api, reason).inc()
        self._duration_of(api).observe(seconds)

    def token_refreshed(self, source: str) -> None:
        """Count a fetched token."""
        self._refreshes.labels(source).inc()

    def reloaded(self, config_hash: int) -> None:
        """Set the metrics after a configuration was loaded."""
        self._reload_successful.set(1)
        self._reload_timestamp.set(self._clock.time())
        self._config_hash.set(config_hash)

    def reload_failed(self) -> None:
        """Set the metrics after a configuration was rejected; the previous one stays in use."""
        self._reload_successful.set(0)

    def set_discovering_platforms(self, platforms: Collection[str]) -> None:
        """Set which platforms have a discovery; the series of others are removed."""
        for gone in self._platforms - set(platforms):
            for metric in (
                self._discovered,
                self._discovery_errors,
                self._discovery_successful,
                self._account_errors,
            ):
                with contextlib.suppress(KeyError):  # nothing was discovered yet
                    metric.remove(gone)
        self._platforms = set(platforms)
        for name in platforms:
            self._discovery_errors.labels(name)  # so that the first increase is visible

    def discovered(self, platform: str, apps: int) -> None:
        """Set the number of a platform's mini programs."""
        self._discovered.labels(platform).set(apps)

    def discovery_failed(self, platform: str) -> None:
        """Count a failure to read a platform's mini programs, or one of them."""
        self._discovery_errors.labels(platform).inc()

    def accounts_unknown(self, platform: str, number: int) -> None:
        """Note how many accounts of a platform's list could not be looked up."""
        self._account_errors.labels(platform).set(number)

    def discovery_ended(self, platform: str, *, well: bool) -> None:
        """Set whether a platform's list and its new mini programs could be read."""
        self._discovery_successful.labels(platform).set(1 if well else 0)

    def set_app_file_errors(self, broken: Mapping[str, bool]) -> None:
        """Set which app files exist, and which of them are invalid."""
        for file, wrong in broken.items():
            self._app_file_errors.labels(file).set(1 if wrong else 0)
        for gone in self._app_files - set(broken):
            self._app_file_errors.remove(gone)
        self._app_files = set(broken)

    def _may_have_series(self, errcode: int) -> bool:
        """Whether an errcode has its own series; a new one gets it unless there are too many already."""
        with self._lock:
            if len(self._errcodes) < _MAX_ERRCODES:
                self._errcodes.add(errcode)
            return errcode in self._errcodes

    def describe(self) -> Iterator[Metric]:
        """Yield the families without samples."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """Yield the families with their samples."""
        for metric in (
            self._build_info,
            self.apps,
            self._reload_successful,
            self._reload_timestamp,
            self._config_hash,
            self._requests,
            self._failures,
            self._duration,
            self._refreshes,
            self._discovered,
            self._discovery_errors,
            self._discovery_successful,
            self._account_errors,
            self._app_file_errors,
        ):
            for family in metric.collect():
                # The `_created` series only repeat process_start_time_seconds. prometheus_client can disable
                # them only for all metrics of a process.
                family.samples = [one for one in family.samples if not one.name.endswith("_created")]
                yield family


def _gauge(spec: metrics.SelfMetric) -> Gauge:
    return Gauge(spec.name, spec.help, spec.labels, registry=None)


def _counter(spec: metrics.SelfMetric) -> Counter:
    return Counter(spec.name, spec.help, spec.labels, registry=None)
