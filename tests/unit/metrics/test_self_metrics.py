from __future__ import annotations

import platform
import threading
import time

import pytest
from helpers.samples import samples, series, value
from prometheus_client import CollectorRegistry, generate_latest

from wx_domain_exporter import __version__
from wx_domain_exporter.metrics.definitions import SELF_METRICS
from wx_domain_exporter.metrics.self_metrics import SelfMetrics

PREFIX = "wx_domain_exporter_"


@pytest.fixture
def own() -> SelfMetrics:
    return SelfMetrics()


def text(own: SelfMetrics) -> str:
    registry = CollectorRegistry()
    registry.register(own)
    return generate_latest(registry).decode()


def test_its_families_are_those_of_the_table(own: SelfMetrics) -> None:
    own.answered("getwxadevinfo", 0, 0.1)
    own.failed("getwxadevinfo", "timeout", 5)
    own.token_refreshed("stable_token")
    own.discovered("main", 3)
    own.discovery_failed("main")
    own.discovery_ended("main", well=False)
    own.accounts_unknown("main", 2)
    own.set_app_file_errors({"apps.d/one.yml": True})
    found = {
        f"{family.name}_total" if family.type == "counter" else family.name: (
            family.type,
            family.documentation,
        )
        for family in own.collect()
    }
    assert found == {metric.name: (metric.kind, metric.help) for metric in SELF_METRICS}
    for metric in SELF_METRICS:
        family = next(family for family in own.collect() if metric.name.startswith(family.name))
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        assert labels == set(metric.labels)


def test_it_describes_what_it_collects(own: SelfMetrics) -> None:
    assert [family.name for family in own.describe()] == [family.name for family in own.collect()]


def test_it_says_which_version_it_is(own: SelfMetrics) -> None:
    labels = {"version": __version__, "pythonversion": platform.python_version()}
    assert value(text(own), f"{PREFIX}build_info", **labels) == 1


def test_well_formed_answers_are_counted_by_errcode(own: SelfMetrics) -> None:
    for errcode in (0, 0, 40001):
        own.answered("getwxadevinfo", errcode, 0.1)
    own.answered("stable_token", 0, 0.1)
    found = text(own)
    assert value(found, f"{PREFIX}api_requests_total", api="getwxadevinfo", errcode="0") == 2
    assert value(found, f"{PREFIX}api_requests_total", api="getwxadevinfo", errcode="40001") == 1
    assert value(found, f"{PREFIX}api_requests_total", api="stable_token", errcode="0") == 1
    assert f"{PREFIX}api_request_failures_total{{" not in found


def test_failed_calls_are_counted_by_reason(own: SelfMetrics) -> None:
    own.failed("getwxadevinfo", "timeout", 5)
    found = text(own)
    assert value(found, f"{PREFIX}api_request_failures_total", api="getwxadevinfo", reason="timeout") == 1
    assert f"{PREFIX}api_requests_total{{" not in found


def test_the_time_of_good_and_failed_calls_is_in_the_histogram(own: SelfMetrics) -> None:
    own.answered("getwxadevinfo", 0, 0.03)
    own.failed("getwxadevinfo", "timeout", 60)
    found = text(own)
    name = f"{PREFIX}api_request_duration_seconds"
    assert value(found, f"{name}_count", api="getwxadevinfo") == 2
    assert value(found, f"{name}_sum", api="getwxadevinfo") == pytest.approx(60.03)
    buckets = series(found, f"{name}_bucket", "le")
    assert (buckets["0.025"], buckets["0.05"], buckets["10.0"], buckets["+Inf"]) == (0, 1, 1, 2)


def test_a_peer_that_makes_up_errcodes_makes_no_series_without_end(own: SelfMetrics) -> None:
    for errcode in range(1000):
        own.answered("getwxadevinfo", errcode, 0.1)
    own.answered("getwxadevinfo", 0, 0.1)
    found = series(text(own), f"{PREFIX}api_requests_total", "errcode")
    assert len(found) == 201
    assert found["other"] == 800
    assert found["0"] == 2


def test_tokens_are_counted_by_the_type_of_their_source(own: SelfMetrics) -> None:
    own.token_refreshed("stable_token")
    own.token_refreshed("stable_token")
    assert series(text(own), f"{PREFIX}token_refreshes_total", "source") == {"stable_token": 2}


def test_a_configuration_in_force_is_told(own: SelfMetrics) -> None:
    before = time.time()
    own.reloaded(250348346448124)
    found = text(own)
    assert value(found, f"{PREFIX}config_hash") == 250348346448124
    assert value(found, f"{PREFIX}config_last_reload_successful") == 1
    when = value(found, f"{PREFIX}config_last_reload_success_timestamp_seconds")
    assert when is not None
    assert before <= when <= time.time()


def test_a_refused_configuration_changes_that_one_gauge(own: SelfMetrics) -> None:
    own.reloaded(7)
    before = samples(text(own))
    own.reload_failed()
    successful = (f"{PREFIX}config_last_reload_successful", ())
    assert samples(text(own)) == {**before, successful: 0}
    own.reloaded(7)
    assert samples(text(own))[successful] == 1


def test_no_series_tells_when_a_counter_began(own: SelfMetrics) -> None:
    own.answered("getwxadevinfo", 0, 0.1)
    assert series(text(own), f"{PREFIX}api_requests_total", "errcode") == {"0": 1}
    assert "_created" not in text(own)


def test_calls_of_many_threads_are_all_counted(own: SelfMetrics) -> None:
    def work() -> None:
        for errcode in range(500):
            own.answered("getwxadevinfo", errcode % 5, 0.1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = series(text(own), f"{PREFIX}api_requests_total", "errcode")
    assert found == {str(errcode): 400 for errcode in range(5)}


def test_two_of_them_share_nothing(own: SelfMetrics) -> None:
    own.token_refreshed("stable_token")
    assert series(text(own), f"{PREFIX}token_refreshes_total", "source") == {"stable_token": 1}
    assert series(text(SelfMetrics()), f"{PREFIX}token_refreshes_total", "source") == {}
