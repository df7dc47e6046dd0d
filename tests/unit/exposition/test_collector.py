from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from helpers.collector_setup import (
    BAD,
    COUNTED,
    GOOD,
    SECRET,
    apps_of,
    scrape,
    serving,
    small_world,
    text_of,
)
from helpers.samples import samples, series, value
from helpers.waiting import wait_until
from structlog.testing import capture_logs

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.metrics.definitions import (
    ACCOUNT_STATUS,
    EFFECTIVE_DOMAINS,
    EFFECTIVE_HASH,
    GAUGES,
    QUOTA_LIMIT,
    QUOTA_REMAINING,
    QUOTA_USED,
)
from wx_domain_exporter.simulator.demo import demo_config, demo_world
from wx_domain_exporter.simulator.invented_credentials import appid_of
from wx_domain_exporter.simulator.world import CATEGORIES

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.world import World

EXTRAS = (EFFECTIVE_DOMAINS, EFFECTIVE_HASH, QUOTA_LIMIT, QUOTA_USED, QUOTA_REMAINING, ACCOUNT_STATUS)
ALWAYS = [gauge for gauge in GAUGES if gauge not in EXTRAS]
"""The families that do not depend on `collect`."""


@pytest.fixture
def world() -> World:
    return small_world()


class TestApps:
    def test_a_good_app_has_counts_hashes_and_domains_of_normal_forms(self, world: World) -> None:
        with serving(world) as service:
            text = scrape(service)
        assert value(text, "wx_domain_up", appid=GOOD) == 1
        assert value(text, "wx_domain_domains", appid=GOOD, category="requestdomain") == 1
        assert value(text, "wx_domain_hash", appid=GOOD, category="requestdomain") == 226176610978315
        domain = {"category": "requestdomain", "domain": "https://www.example.com"}
        assert value(text, "wx_domain_info", appid=GOOD, **domain) == 1
        assert value(text, "wx_domain_domains", appid=GOOD, category="udpdomain") == 0
        assert value(text, "wx_domain_hash", appid=GOOD, category="udpdomain") == 250348346448124
        assert set(series(text, "wx_domain_domains", "category")) == set(CATEGORIES)
        assert value(text, "wx_domain_fetch_error", appid=GOOD, reason="api") is None

    def test_a_failed_app_has_its_error_and_no_counts(self, world: World) -> None:
        with serving(world) as service:
            text = scrape(service)
        assert value(text, "wx_domain_up", appid=BAD) == 0
        assert value(text, "wx_domain_fetch_error", appid=BAD, reason="api") == 1
        assert value(text, "wx_domain_api_error", appid=BAD, api="getwxadevinfo", errcode="61007") == 1
        for name in COUNTED:
            assert apps_of(text, name) == {GOOD}

    def test_an_app_that_fails_loses_the_counts_it_had(self, world: World) -> None:
        with serving(world) as service:
            good = value(scrape(service), "wx_domain_last_success_timestamp_seconds", appid=GOOD)
            world.apps[GOOD].errcode = 61007
            text = scrape(service)
        for name in COUNTED:
            assert apps_of(text, name) == set()
        assert good is not None
        assert value(text, "wx_domain_last_success_timestamp_seconds", appid=GOOD) == good
        assert value(text, "wx_domain_last_success_timestamp_seconds", appid=BAD) is None

    def test_times_are_those_of_the_fetch(self, world: World) -> None:
        world.apps[GOOD].latency = 0.2
        before = time.time()
        with serving(world) as service:
            text = scrape(service)
        for appid in (GOOD, BAD):
            when = value(text, "wx_domain_fetch_timestamp_seconds", appid=appid)
            assert when is not None
            assert before <= when <= time.time()
        assert series(text, "wx_domain_fetch_duration_seconds", "appid")[GOOD] >= 0.2
        whole = value(text, "wx_domain_scrape_duration_seconds")
        assert whole is not None
        assert 0.2 <= whole <= time.time() - before

    def test_an_app_without_an_answer_by_the_deadline_fails_alone(self, world: World) -> None:
        world.apps[BAD].hang = True
        with serving(world) as service:
            jobs = service.start_scrape(service.fleet, Deadline.after(20.0))
            begun = time.monotonic()
            wait_until(lambda: service.scheduler.finished_jobs == 1, "the good app is fetched")
            waited = time.monotonic() - begun
            text = text_of(service, jobs)
        assert series(text, "wx_domain_up", "appid") == {GOOD: 1, BAD: 0}
        assert value(text, "wx_domain_fetch_error", appid=BAD, reason="deadline") == 1
        assert series(text, "wx_domain_fetch_duration_seconds", "appid")[BAD] >= waited


@pytest.fixture(scope="module", name="text")
def demo_text() -> str:
    with serving(demo_world(), demo_config("http://simulator").encode()) as service:
        return scrape(service)


class TestDemoFleet:
    def test_every_app_has_up_info_duration_and_timestamp(self, text: str) -> None:
        appids = apps_of(text, "wx_domain_up")
        assert len(appids) == 10
        for name in ("app_info", "fetch_duration_seconds", "fetch_timestamp_seconds"):
            assert apps_of(text, f"wx_domain_{name}") == appids

    def test_exactly_the_failing_apps_have_one_reason_each(self, text: str) -> None:
        failing = {appid for appid, up in series(text, "wx_domain_up", "appid").items() if not up}
        reasons = [dict(labels)["appid"] for name, labels in samples(text) if name == "wx_domain_fetch_error"]
        assert len(failing) == 4
        assert sorted(reasons) == sorted(failing)
        for name in COUNTED:
            assert not apps_of(text, name) & failing

    @pytest.mark.parametrize(
        ("name", "reason", "api", "errcode"),
        [
            ("门店扫码", "token", "stable_token", "40125"),
            ("客服助手", "token", "stable_token", "40164"),
            ("partner-booking", "api", "getwxadevinfo", "61007"),
            ("busy-quiz", "quota", "getwxadevinfo", "45009"),
        ],
    )
    def test_each_failure_names_its_reason_and_its_errcode(
        self, text: str, name: str, reason: str, api: str, errcode: str
    ) -> None:
        appid = appid_of(name)
        assert value(text, "wx_domain_fetch_error", appid=appid, reason=reason) == 1
        assert value(text, "wx_domain_api_error", appid=appid, api=api, errcode=errcode) == 1

    def test_all_families_are_gauges_with_their_help(self, text: str) -> None:
        types = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        shown = [gauge for gauge in GAUGES if gauge is not ACCOUNT_STATUS]  # the demo does not collect it
        assert types == [(gauge.name, "gauge") for gauge in shown]
        for gauge in shown:
            assert f"# HELP {gauge.name} {gauge.help}\n" in text

    def test_each_difference_from_a_baseline_has_a_series(self, text: str) -> None:
        assert series(text, "wx_domain_missing_domain", "domain") == {"https://h5-61.gov.example.cn": 1}
        assert series(text, "wx_domain_unexpected_domain", "domain") == {"https://127.0.0.1": 1}

    def test_one_list_differs_from_the_one_in_force(self, text: str) -> None:
        configured, effective = (
            {labels: number for (found, labels), number in samples(text).items() if found == name}
            for name in ("wx_domain_hash", "wx_domain_effective_hash")
        )
        differing = {
            labels for labels in configured.keys() & effective if configured[labels] != effective[labels]
        }
        may_change = (("appid", appid_of("限时抢购")), ("category", "requestdomain"))
        assert differing - {may_change} == {(("appid", appid_of("会员中心")), ("category", "requestdomain"))}

    def test_one_quota_is_nearly_used_up_and_one_is_used_up(self, text: str) -> None:
        limits, remaining = (
            series(text, f"wx_domain_api_quota_{name}", "appid") for name in ("limit", "remaining")
        )
        assert remaining[appid_of("busy-quiz")] == 0
        nearly = [app for app, limit in limits.items() if 0 < remaining[app] < limit / 10]
        assert nearly == [appid_of("city-services")]

    def test_odd_domains_are_shown_as_they_are(self, text: str) -> None:
        odd = {"category": "wsrequestdomain", "domain": "wss://https://chat.example.com"}
        assert value(text, "wx_domain_info", appid=appid_of("legacy-chat"), **odd) == 1
        assert value(text, "wx_domain_domains", appid=appid_of("legacy-chat"), category="tcpdomain") == 1


class TestLabels:
    def test_each_app_has_the_keys_of_all_apps(self, world: World) -> None:
        token = {"type": "stable_token", "appsecret": SECRET}
        apps = [
            {"appid": GOOD, "token": token, "name": "商店", "labels": {"team": "growth"}},
            {"appid": BAD, "token": token, "labels": {"env": "prod"}},
        ]
        with serving(world, apps=apps, defaults={"labels": {"team": "all"}}) as service:
            text = scrape(service)
        app_info = [dict(labels) for name, labels in samples(text) if name == "wx_domain_app_info"]
        assert app_info == [
            {"appid": GOOD, "name": "商店", "team": "growth", "env": ""},
            {"appid": BAD, "name": BAD, "team": "all", "env": "prod"},
        ]


class TestBaselines:
    def test_each_difference_is_one_series_and_only_categories_with_a_baseline_are_compared(
        self, world: World
    ) -> None:
        world.apps[GOOD].domains["uploaddomain"] = ["https://up.example.com"]
        baseline: dict[str, Any] = {
            "requestdomain": {"exact": ["https://api.example.com", "HTTPS://www.example.com/"]},
            "uploaddomain": {"required": ["https://up.example.com"]},
            "tcpdomain": {"exact": []},
        }
        with serving(world, baselines={"all": baseline}, defaults={"baseline": "all"}) as service:
            text = scrape(service)
        assert series(text, "wx_domain_baseline_match", "category") == {
            "requestdomain": 0,
            "uploaddomain": 1,
            "tcpdomain": 1,
        }
        assert apps_of(text, "wx_domain_baseline_match") == {GOOD}
        where = {"appid": GOOD, "category": "requestdomain", "domain": "https://api.example.com"}
        assert value(text, "wx_domain_missing_domain", **where) == 1
        assert series(text, "wx_domain_missing_domain", "domain") == {where["domain"]: 1}
        assert apps_of(text, "wx_domain_unexpected_domain") == set()

    def test_they_are_compared_without_the_domains_series_too(self, world: World) -> None:
        baselines = {"all": {"requestdomain": {"exact": list[str]()}}}
        with serving(
            world, baselines=baselines, defaults={"baseline": "all"}, collect={"domains": False}
        ) as service:
            text = scrape(service)
        assert series(text, "wx_domain_unexpected_domain", "domain") == {"https://www.example.com": 1}
        assert apps_of(text, "wx_domain_unexpected_domain") == {GOOD}

    def test_one_app_has_at_most_max_domains_unexpected_domains(self, world: World) -> None:
        hosts = [f"https://{number}.example.com" for number in range(5)]
        world.apps[GOOD].domains = {"requestdomain": hosts, "uploaddomain": hosts}
        baseline = {"requestdomain": {"allowed": [hosts[0]]}, "uploaddomain": {"exact": []}}
        with serving(
            world, baselines={"all": baseline}, defaults={"baseline": "all"}, collect={"max_domains": 6}
        ) as service:
            text = scrape(service)
        labels = [dict(pairs) for name, pairs in samples(text) if name == "wx_domain_unexpected_domain"]
        assert [(one["category"], one["domain"]) for one in labels] == [
            *(("requestdomain", host) for host in hosts[1:]),
            *(("uploaddomain", host) for host in hosts[:2]),
        ]
        assert set(series(text, "wx_domain_baseline_match", "category").values()) == {0}


class TestLimits:
    def test_they_are_those_of_wechat_unless_configured(self, world: World) -> None:
        with serving(world, limits={"requestdomain": 50, "tcpdomain": 10}) as service:
            limits = series(scrape(service), "wx_domain_domains_limit", "category")
        assert limits == {
            "requestdomain": 50,
            "wsrequestdomain": 200,
            "uploaddomain": 200,
            "downloaddomain": 200,
            "udpdomain": 200,
            "bizdomain": 300,
            "tcpdomain": 10,
        }


class TestDomains:
    def test_they_can_be_left_out(self, world: World) -> None:
        with serving(world, collect={"domains": False, "max_domains": 0}) as service, capture_logs() as logs:
            text = scrape(service)
        assert "wx_domain_info" not in text
        assert value(text, "wx_domain_domains", appid=GOOD, category="requestdomain") == 1
        assert "too many" not in str(logs)

    def test_an_app_with_too_many_has_none_and_one_log_line(self, world: World) -> None:
        world.apps[BAD].errcode = 0
        world.apps[GOOD].domains = {"requestdomain": ["https://a.cn", "https://b.cn"], "bizdomain": ["c.cn"]}
        with serving(world, collect={"max_domains": 2}) as service, capture_logs() as logs:
            texts = [scrape(service) for _ in range(3)]
        for text in texts:
            assert apps_of(text, "wx_domain_info") == {BAD}
            assert value(text, "wx_domain_domains", appid=GOOD, category="requestdomain") == 2
            assert apps_of(text, "wx_domain_hash") == {GOOD, BAD}
        assert [(log["appid"], log["domains"], log["max_domains"]) for log in logs] == [(GOOD, 3, 2)]


def families(text: str) -> list[str]:
    return re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)


def test_a_family_without_samples_is_absent(world: World) -> None:
    with serving(world) as service:
        baselines = ("wx_domain_baseline_match", "wx_domain_missing_domain", "wx_domain_unexpected_domain")
        without = [gauge.name for gauge in ALWAYS if gauge.name not in baselines]
        assert families(scrape(service)) == without
        world.apps[BAD].errcode = 0
        names = set(families(scrape(service)))
    errors = {"wx_domain_api_error", "wx_domain_fetch_error"}
    assert names == set(without) - errors
