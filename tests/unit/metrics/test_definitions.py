from __future__ import annotations

import re

import pytest
from prometheus_client.metrics_core import GaugeMetricFamily

from wx_domain_exporter.metrics import definitions as metrics
from wx_domain_exporter.metrics.definitions import GAUGES, PLATFORM_GAUGES, SELF_METRICS, Gauge, SelfMetric
from wx_domain_exporter.wechat.errors import Reason

PUBLIC = {
    "wx_domain_up": "appid",
    "wx_domain_app_info": "appid name",
    "wx_domain_domains": "appid category",
    "wx_domain_hash": "appid category",
    "wx_domain_info": "appid category domain",
    "wx_domain_domains_limit": "category",
    "wx_domain_api_error": "appid api errcode",
    "wx_domain_fetch_error": "appid reason",
    "wx_domain_fetch_duration_seconds": "appid",
    "wx_domain_fetch_timestamp_seconds": "appid",
    "wx_domain_last_success_timestamp_seconds": "appid",
    "wx_domain_baseline_match": "appid category",
    "wx_domain_missing_domain": "appid category domain",
    "wx_domain_unexpected_domain": "appid category domain",
    "wx_domain_effective_domains": "appid category",
    "wx_domain_effective_hash": "appid category",
    "wx_domain_api_quota_limit": "appid api",
    "wx_domain_api_quota_used": "appid api",
    "wx_domain_api_quota_remaining": "appid api",
    "wx_domain_account_status": "appid status",
    "wx_domain_scrape_duration_seconds": "",
}
PUBLIC_OF_PLATFORMS = {
    "wx_domain_platform_up": "platform category",
    "wx_domain_platform_domains": "platform category version",
    "wx_domain_platform_hash": "platform category version",
    "wx_domain_platform_invalid_domains": "platform category",
    "wx_domain_platform_domains_limit": "category",
    "wx_domain_platform_baseline_match": "platform category version",
    "wx_domain_platform_missing_domain": "platform category version domain",
    "wx_domain_platform_unexpected_domain": "platform category version domain",
    "wx_domain_platform_api_error": "platform category api errcode",
    "wx_domain_platform_last_success_timestamp_seconds": "platform category",
}
OWN = {
    "wx_domain_exporter_build_info": ("gauge", "version pythonversion"),
    "wx_domain_exporter_apps": ("gauge", ""),
    "wx_domain_exporter_config_last_reload_successful": ("gauge", ""),
    "wx_domain_exporter_config_last_reload_success_timestamp_seconds": ("gauge", ""),
    "wx_domain_exporter_config_hash": ("gauge", ""),
    "wx_domain_exporter_api_requests_total": ("counter", "api errcode"),
    "wx_domain_exporter_api_request_failures_total": ("counter", "api reason"),
    "wx_domain_exporter_api_request_duration_seconds": ("histogram", "api"),
    "wx_domain_exporter_token_refreshes_total": ("counter", "source"),
    "wx_domain_exporter_discovered_apps": ("gauge", "platform"),
    "wx_domain_exporter_discovery_errors_total": ("counter", "platform"),
    "wx_domain_exporter_discovery_last_successful": ("gauge", "platform"),
    "wx_domain_exporter_discovery_account_errors": ("gauge", "platform"),
    "wx_domain_exporter_app_file_errors": ("gauge", "file"),
}


def defined(kind: type[Gauge | SelfMetric]) -> list[Gauge | SelfMetric]:
    return [value for value in vars(metrics).values() if isinstance(value, kind)]


def test_the_fleets_names_and_labels_are_those_that_users_rely_on() -> None:
    assert {gauge.name: " ".join(gauge.labels) for gauge in GAUGES} == PUBLIC


def test_so_are_those_of_platforms() -> None:
    labels = {gauge.name: " ".join(gauge.labels) for gauge in PLATFORM_GAUGES}
    assert labels == PUBLIC_OF_PLATFORMS


def test_so_are_the_exporters_own() -> None:
    assert {metric.name: (metric.kind, " ".join(metric.labels)) for metric in SELF_METRICS} == OWN


@pytest.mark.parametrize(
    ("kind", "table"), [(Gauge, (*GAUGES, *PLATFORM_GAUGES)), (SelfMetric, SELF_METRICS)]
)
def test_each_metric_that_is_defined_is_in_the_table_once(
    kind: type[Gauge | SelfMetric], table: tuple[Gauge | SelfMetric, ...]
) -> None:
    assert list(table) == defined(kind)
    assert len({metric.name for metric in table}) == len(table)


@pytest.mark.parametrize("metric", [*GAUGES, *PLATFORM_GAUGES, *SELF_METRICS], ids=lambda metric: metric.name)
def test_each_help_is_a_sentence_in_one_line(metric: Gauge | SelfMetric) -> None:
    assert re.fullmatch(r"[A-Z0-9][^\n]+[^.]\.", metric.help)


def test_the_help_of_the_reasons_names_them_all() -> None:
    for reason in Reason:
        assert re.search(rf"\b{reason.value}\b", metrics.FETCH_ERROR.help)


def test_a_family_is_a_gauge_with_the_labels_of_the_table_and_more() -> None:
    family = metrics.APP_INFO.family("env", "team")
    assert isinstance(family, GaugeMetricFamily)
    family.add_metric(("wx1", "shop", "prod", "growth"), 1)
    sample = family.samples[0]
    assert sample.name == "wx_domain_app_info"
    assert sample.labels == {"appid": "wx1", "name": "shop", "env": "prod", "team": "growth"}
    assert family.documentation == metrics.APP_INFO.help
    assert metrics.APP_INFO.family().samples == []
