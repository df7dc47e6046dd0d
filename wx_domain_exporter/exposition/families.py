"""The metric families of one scrape. A new metric of the apps is added here, and in `metrics/definitions.py`.

`SAMPLES`, at the end, lists the function of each metric. It yields the metric's samples: the values of the
labels, in the order of `metrics/definitions.py`, and the sample's value.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from prometheus_client.metrics_core import GaugeMetricFamily

from wx_domain_exporter.exposition.results import ScrapeResults
from wx_domain_exporter.metrics import definitions as metrics
from wx_domain_exporter.metrics.definitions import Gauge
from wx_domain_exporter.wechat.apis import GETWXADEVINFO

Samples = Iterator[tuple[Sequence[str], float]]
"""The label values and the value of each sample."""


def families_of(results: ScrapeResults) -> Iterator[GaugeMetricFamily]:
    """Yield the families of a scrape that have samples, in the order of `SAMPLES`."""
    for gauge, samples_of in SAMPLES.items():
        family = gauge.family(*configured_labels(gauge, results.label_keys))
        for labels, value in samples_of(results):
            family.add_metric(labels, value)
        if family.samples:
            yield family


def configured_labels(gauge: Gauge, label_keys: Sequence[str]) -> Sequence[str]:
    """Return the labels of a gauge that come from the configuration: only `app_info` has any."""
    return label_keys if gauge is metrics.APP_INFO else ()


def _up(results: ScrapeResults) -> Samples:
    for app in results.apps:
        yield (app.appid,), 0 if app.lists is None else 1


def _app_info(results: ScrapeResults) -> Samples:
    for app in results.apps:
        settings = app.app.settings
        labels = [settings.labels.get(key, "") for key in results.label_keys]
        yield (app.appid, settings.name, *labels), 1


def _domains(results: ScrapeResults) -> Samples:
    for app, lists in results.apps_with_lists:
        for category, domains in lists.items():
            yield (app.appid, category), domains.count


def _list_hash(results: ScrapeResults) -> Samples:
    for app, lists in results.apps_with_lists:
        for category, domains in lists.items():
            yield (app.appid, category), domains.hash


def _info(results: ScrapeResults) -> Samples:
    if not results.collect.domains:
        return
    for app, lists in results.apps_with_lists:
        count = sum(domains.count for domains in lists.values())
        if app.app.check_max_domains(count, results.collect.max_domains):
            continue
        for category, domains in lists.items():
            for domain in domains.domains:
                yield (app.appid, category, domain), 1


def _domains_limit(results: ScrapeResults) -> Samples:
    for category, limit in results.limits.items():
        yield (category,), limit


def _api_error(results: ScrapeResults) -> Samples:
    for app in results.apps:
        for api_errors in (app.result.api_errors, app.extra_result.api_errors):
            for api, errcode in api_errors.items():
                yield (app.appid, api, str(errcode)), 1


def _fetch_error(results: ScrapeResults) -> Samples:
    for app in results.apps:
        if app.result.reason is not None:
            yield (app.appid, app.result.reason.value), 1


def _fetch_duration(results: ScrapeResults) -> Samples:
    for app in results.apps:
        yield (app.appid,), app.result.seconds


def _fetch_timestamp(results: ScrapeResults) -> Samples:
    for app in results.apps:
        yield (app.appid,), app.result.timestamp


def _last_success(results: ScrapeResults) -> Samples:
    for app in results.apps:
        if app.result.last_success is not None:
            yield (app.appid,), app.result.last_success


def _baseline_match(results: ScrapeResults) -> Samples:
    for app, lists in results.apps_with_lists:
        for category, drift in app.app.drifts(lists).items():
            yield (app.appid, category), 1 if drift.matches else 0


def _missing_domain(results: ScrapeResults) -> Samples:
    for app, lists in results.apps_with_lists:
        for category, drift in app.app.drifts(lists).items():
            for domain in drift.missing:  # bounded by the configuration
                yield (app.appid, category, domain), 1


def _unexpected_domain(results: ScrapeResults) -> Samples:
    for app, lists in results.apps_with_lists:
        drifts = app.app.drifts(lists)
        unexpected = ((category, domain) for category in drifts for domain in drifts[category].unexpected)
        for category, domain in islice(unexpected, results.collect.max_domains):
            yield (app.appid, category, domain), 1


def _effective_domains(results: ScrapeResults) -> Samples:
    for app, _ in results.apps_with_lists:
        for category, domains in app.extra_result.effective.items():
            yield (app.appid, category), domains.count


def _effective_hash(results: ScrapeResults) -> Samples:
    for app, _ in results.apps_with_lists:
        for category, domains in app.extra_result.effective.items():
            yield (app.appid, category), domains.hash


def _quota_limit(results: ScrapeResults) -> Samples:
    for app in results.apps:
        if app.extra_result.quota is not None:
            yield (app.appid, GETWXADEVINFO.name), app.extra_result.quota.limit


def _quota_used(results: ScrapeResults) -> Samples:
    for app in results.apps:
        if app.extra_result.quota is not None:
            yield (app.appid, GETWXADEVINFO.name), app.extra_result.quota.used


def _quota_remaining(results: ScrapeResults) -> Samples:
    for app in results.apps:
        if app.extra_result.quota is not None:
            yield (app.appid, GETWXADEVINFO.name), app.extra_result.quota.remaining


def _account_status(results: ScrapeResults) -> Samples:
    for app in results.apps:
        status = results.account_status(app.appid)
        if status is not None:
            yield (app.appid, status), 1


def _scrape_duration(results: ScrapeResults) -> Samples:
    yield (), results.seconds


SAMPLES: Mapping[Gauge, Callable[[ScrapeResults], Samples]] = {
    metrics.UP: _up,
    metrics.APP_INFO: _app_info,
    metrics.DOMAINS: _domains,
    metrics.HASH: _list_hash,
    metrics.INFO: _info,
    metrics.DOMAINS_LIMIT: _domains_limit,
    metrics.API_ERROR: _api_error,
    metrics.FETCH_ERROR: _fetch_error,
    metrics.FETCH_DURATION: _fetch_duration,
    metrics.FETCH_TIMESTAMP: _fetch_timestamp,
    metrics.LAST_SUCCESS: _last_success,
    metrics.BASELINE_MATCH: _baseline_match,
    metrics.MISSING: _missing_domain,
    metrics.UNEXPECTED: _unexpected_domain,
    metrics.EFFECTIVE_DOMAINS: _effective_domains,
    metrics.EFFECTIVE_HASH: _effective_hash,
    metrics.QUOTA_LIMIT: _quota_limit,
    metrics.QUOTA_USED: _quota_used,
    metrics.QUOTA_REMAINING: _quota_remaining,
    metrics.ACCOUNT_STATUS: _account_status,
    metrics.SCRAPE_DURATION: _scrape_duration,
}
"""The function that yields the samples of each gauge, in the order of the exposition."""
