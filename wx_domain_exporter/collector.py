"""The custom collector: the outcomes of one scrape's fetches become metric families."""

import time
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from wx_domain_exporter import metrics
from wx_domain_exporter.config import Settings
from wx_domain_exporter.domains import DomainList
from wx_domain_exporter.extras import Findings
from wx_domain_exporter.flights import Batch
from wx_domain_exporter.watch import Outcome, Watch
from wx_domain_exporter.wechat.client import GETWXADEVINFO


class DomainCollector:
    """Made anew for each scrape, whose deadline its batch knows; nothing of it outlives the scrape."""

    def __init__(self, settings: Settings, label_keys: Sequence[str], batch: Batch, begin: float) -> None:
        """Make a collector.

        Args:
            settings: what is exported, and the limits.
            label_keys: every key that any app of the fleet has in its `labels`.
            batch: the scrape's apps; whoever collects has waited for it.
            begin: when the scrape began, in seconds of `time.monotonic()`.
        """
        self._settings = settings
        self._batch = batch
        self._begin = begin
        self._label_keys = label_keys

    def describe(self) -> Iterator[Metric]:
        """Name the families, so that `name[]` picks without collecting."""
        return (gauge.family() for gauge in metrics.GAUGES)

    def collect(self) -> Iterator[Metric]:
        """Yield the families, as the apps stand now."""
        families = {gauge: gauge.family() for gauge in metrics.GAUGES}
        families[metrics.APP_INFO] = metrics.APP_INFO.family(*self._label_keys)
        batch = self._batch
        # The outcomes are looked at first: nothing is found of an app whose outcome is not there yet.
        outcomes, findings = batch.outcomes, batch.findings
        for watch, outcome, found in zip(batch.watches, outcomes, findings, strict=True):
            self._add_app(families, watch, outcome)
            self._add_errors(families, watch, outcome, found)
            self._add_quota(families, watch, found)
            if outcome.categories is not None:
                self._add_lists(families, watch, outcome.categories)
                self._add_drifts(families, watch, outcome.categories)
                self._add_effective(families, watch, found)
        for category, limit in self._settings.limits.items():
            families[metrics.DOMAINS_LIMIT].add_metric((category,), limit)
        families[metrics.SCRAPE_DURATION].add_metric((), time.monotonic() - self._begin)
        return (family for family in families.values() if family.samples)

    def _add_app(
        self, families: Mapping[metrics.Gauge, GaugeMetricFamily], watch: Watch, outcome: Outcome
    ) -> None:
        app = watch.app
        key = (app.appid,)
        families[metrics.UP].add_metric(key, 0 if outcome.categories is None else 1)
        values = (app.appid, app.name, *(app.labels.get(label, "") for label in self._label_keys))
        families[metrics.APP_INFO].add_metric(values, 1)
        families[metrics.FETCH_DURATION].add_metric(key, outcome.seconds)
        families[metrics.FETCH_TIMESTAMP].add_metric(key, outcome.timestamp)
        if outcome.last_success is not None:
            families[metrics.LAST_SUCCESS].add_metric(key, outcome.last_success)

    def _add_errors(
        self,
        families: Mapping[metrics.Gauge, GaugeMetricFamily],
        watch: Watch,
        outcome: Outcome,
        found: Findings,
    ) -> None:
        appid = watch.app.appid
        for api, errcode in (*outcome.api_errors.items(), *found.api_errors.items()):
            families[metrics.API_ERROR].add_metric((appid, api, str(errcode)), 1)
        if outcome.reason is not None:
            families[metrics.FETCH_ERROR].add_metric((appid, outcome.reason.value), 1)

    def _add_quota(
        self, families: Mapping[metrics.Gauge, GaugeMetricFamily], watch: Watch, found: Findings
    ) -> None:
        if found.quota is not None:
            key = (watch.app.appid, GETWXADEVINFO.name)
            families[metrics.QUOTA_LIMIT].add_metric(key, found.quota.limit)
            families[metrics.QUOTA_USED].add_metric(key, found.quota.used)
            families[metrics.QUOTA_REMAINING].add_metric(key, found.quota.remaining)

    def _add_effective(
        self, families: Mapping[metrics.Gauge, GaugeMetricFamily], watch: Watch, found: Findings
    ) -> None:
        for category, listed in found.effective.items():
            key = (watch.app.appid, category)
            families[metrics.EFFECTIVE_DOMAINS].add_metric(key, len(listed.domains))
            families[metrics.EFFECTIVE_HASH].add_metric(key, listed.hash)

    def _add_lists(
        self,
        families: Mapping[metrics.Gauge, GaugeMetricFamily],
        watch: Watch,
        categories: Mapping[str, DomainList],
    ) -> None:
        appid = watch.app.appid
        collect = self._settings.collect
        for category, listed in categories.items():
            families[metrics.DOMAINS].add_metric((appid, category), len(listed.domains))
            families[metrics.HASH].add_metric((appid, category), listed.hash)
        total = sum(len(listed.domains) for listed in categories.values())
        if not collect.domains or watch.too_many(total, collect.max_domains):
            return
        info = families[metrics.INFO]
        for category, listed in categories.items():
            for domain in listed.domains:
                info.add_metric((appid, category, domain), 1)

    def _add_drifts(
        self,
        families: Mapping[metrics.Gauge, GaugeMetricFamily],
        watch: Watch,
        categories: Mapping[str, DomainList],
    ) -> None:
        appid, room = watch.app.appid, self._settings.collect.max_domains
        for category, drift in watch.drifts(categories).items():
            families[metrics.BASELINE_MATCH].add_metric((appid, category), 1 if drift.matches else 0)
            for domain in drift.missing:  # no more than the configuration names
                families[metrics.MISSING].add_metric((appid, category, domain), 1)
            for domain in drift.unexpected[:room]:
                families[metrics.UNEXPECTED].add_metric((appid, category, domain), 1)
            room -= min(room, len(drift.unexpected))
