from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from helpers.page_setup import (
    HOUR,
    NO_PERMISSION,
    NOT_LISTED,
    NOW,
    SLOW,
    answer,
    appid,
    bad,
    every_kind,
    fail,
    good,
    hosts,
    names,
    pending,
)

from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS, DOCUMENTED_CATEGORIES
from wx_domain_exporter.web.pages.app_state import AppStatus
from wx_domain_exporter.web.pages.overview import CategoryCount, Overview, OverviewRow, overview
from wx_domain_exporter.web.pages.query import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wx_domain_exporter.apps.monitored_app import MonitoredApp


def shown(apps: Sequence[MonitoredApp], **parameters: str) -> Overview:
    return overview(apps, DEFAULT_LIMITS, Query.of(parameters), NOW)


def row(app: MonitoredApp) -> OverviewRow:
    (found,) = shown([app]).rows
    return found


class TestRow:
    def test_one_that_answers_has_its_counts_and_limits(self) -> None:
        found = row(good("shop", 7, requestdomain=hosts(3), bizdomain=hosts(1)))
        assert (found.name, found.appid, found.kind, found.failure) == ("shop", appid(7), AppStatus.OK, None)
        numbers = [(count.category, count.number, count.limit) for count in found.counts]
        expected = {"requestdomain": 3, "bizdomain": 1}
        assert numbers == [(one, expected.get(one, 0), DEFAULT_LIMITS[one]) for one in DOCUMENTED_CATEGORIES]
        assert found.others == []
        assert found.fetched is not None
        assert found.fetched.ago.en == "10 s ago"

    def test_an_undocumented_category_is_among_the_others(self) -> None:
        app = good("x", tcpdomain=["tcp://a.cn"], prefetchdnsdomain=["https://a.cn"])
        expected = [CategoryCount("prefetchdnsdomain", 1, None), CategoryCount("tcpdomain", 1, 200)]
        assert sorted(row(app).others, key=lambda count: count.category) == expected

    def test_a_category_that_was_not_asked_for_has_no_number(self) -> None:
        app = good("x", requestdomain=hosts(1))
        assert app.last_result is not None
        assert app.last_result.categories is not None
        del app.last_result.categories["bizdomain"]  # type: ignore[attr-defined]
        assert [count.number for count in row(app).counts if count.category == "bizdomain"] == [None]

    @pytest.mark.parametrize(
        ("number", "limit", "nearly"),
        [(179, 200, False), (180, 200, True), (200, 200, True), (250, 200, True), (9, None, False)],
    )
    def test_from_nine_tenths_on_it_is_nearly_full(
        self, number: int, limit: int | None, *, nearly: bool
    ) -> None:
        assert CategoryCount("requestdomain", number, limit).nearly_full is nearly

    def test_one_that_was_never_fetched_is_pending(self) -> None:
        found = row(pending("new"))
        assert (found.kind, found.fetched, found.last_success) == (AppStatus.PENDING, None, None)
        assert {count.number for count in found.counts} == {None}

    def test_one_that_fails_says_why_and_shows_no_old_counts(self) -> None:
        app = good("lapsed", requestdomain=hosts(3), age=2 * HOUR)
        fail(app, SLOW, NOW - 5)
        found = row(app)
        assert (found.kind, found.others) == (AppStatus.FAILING, [])
        assert {count.number for count in found.counts} == {None}
        assert found.failure is not None
        assert (found.failure.reason, found.failure.errcode) == ("timeout", 0)
        assert found.last_success is not None
        assert found.last_success.ago.en == "2 h ago"

    def test_the_errcode_is_that_of_the_api_that_refused(self) -> None:
        failure = row(bad("x", NOT_LISTED, 9)).failure
        assert failure is not None
        assert (failure.reason, failure.api, failure.errcode) == ("token", "stable_token", 40164)
        assert failure.remedy.en.startswith(f"Add 203.0.113.7 to the IP whitelist of {appid(9)}: ")
        assert failure.remedy.zh.startswith("请将 203.0.113.7 加入")

    def test_a_change_is_recent_for_a_day(self) -> None:
        for age, kind in ((24 * HOUR - 1, AppStatus.CHANGED), (24 * HOUR, AppStatus.OK)):
            app = good("x", requestdomain=hosts(1), age=30 * HOUR)
            answer(app, NOW - age, requestdomain=hosts(2))
            assert row(app).kind is kind
            assert (row(app).changed is not None) is (kind is AppStatus.CHANGED)

    def test_one_that_got_another_ones_token_fails_and_hides_its_lists(self) -> None:
        one, other = good("one", 1, requestdomain=hosts(3)), good("other", 2)
        other._token_usage = one._token_usage
        for app in (one, other):
            one._token_usage.claim(app.settings.appid, "the same", app.forget_lists)
        found = shown([one], q="host-000")
        assert found.failing == 1
        assert found.rows == []


class TestTotals:
    def test_they_count_the_whole_fleet_whatever_is_asked_for(self) -> None:
        found = shown(every_kind(), q="shop")
        assert found.apps == 8
        assert found.kinds == {
            AppStatus.FAILING: 3,
            AppStatus.DRIFTED: 1,
            AppStatus.CHANGED: 1,
            AppStatus.PENDING: 1,
            AppStatus.OK: 2,
        }
        assert found.reasons == {"api": 1, "timeout": 1, "token": 1}
        assert (found.nearly_full, found.matching, found.failing, found.drifted) == (1, 1, 3, 1)

    def test_the_most_frequent_reason_comes_first(self) -> None:
        apps = [
            bad(str(number), error, number)
            for number, error in enumerate([SLOW, NO_PERMISSION, NO_PERMISSION])
        ]
        assert list(shown(apps).reasons.items()) == [("api", 2), ("timeout", 1)]

    def test_an_empty_fleet_has_an_empty_page(self) -> None:
        found = shown([])
        assert (found.apps, found.first, found.pages, found.rows) == (0, 0, 1, [])


class TestOrder:
    def test_failing_ones_come_first_then_those_off_their_baseline_then_changed_ones(self) -> None:
        expected = ["lapsed", "partner", "unlisted", "stray", "changing", "new", "full", "shop"]
        assert names(every_kind()) == expected

    def test_the_last_change_comes_first(self) -> None:
        apps = []
        for number, age in enumerate([300, 100, 200]):
            app = good(f"changed {1000 - age}", number, age=HOUR)
            answer(app, NOW - age, requestdomain=hosts(1))
            apps.append(app)
        assert names(apps) == ["changed 900", "changed 800", "changed 700"]
        assert names([*apps, good("still", 9)], sort="changed")[-1] == "still"

    def test_by_name_case_does_not_count(self) -> None:
        apps = [good(name, number) for number, name in enumerate(["b", "C", "a", "会员"])]
        assert names(apps, sort="name") == ["a", "b", "C", "会员"]

    def test_by_age_the_oldest_comes_first_and_what_was_never_fetched_before_it(self) -> None:
        apps = [good("new", 1, age=1), good("old", 2, age=100), pending("never", 3)]
        assert names(apps, sort="age") == ["never", "old", "new"]

    def test_by_category_the_longest_list_comes_first(self) -> None:
        apps = [good("two", 1, udpdomain=hosts(2)), good("many", 2, udpdomain=hosts(9)), bad("none", SLOW, 3)]
        assert names(apps, sort="udpdomain") == ["many", "two", "none"]

    def test_the_fullest_is_so_by_its_limit(self) -> None:
        apps = [good("web-view", 1, bizdomain=hosts(150)), good("request", 2, requestdomain=hosts(120))]
        assert names(apps, sort="fullest") == ["request", "web-view"]


class TestFilter:
    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            ("failing", ["lapsed", "partner", "unlisted"]),
            ("changed", ["changing"]),
            ("pending", ["new"]),
            ("ok", ["full", "shop"]),
            ("nearly_full", ["full"]),
            ("token", ["unlisted"]),
            ("deadline", []),
        ],
    )
    def test_by_state(self, state: str, expected: list[str]) -> None:
        assert names(every_kind(), state=state) == expected

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("SHOP", ["shop"]),
            (appid(4), ["partner"]),
            ("40164", ["unlisted"]),
            ("timeout", ["lapsed"]),
            ("new.example", ["changing"]),
            ("old.example", []),
            ("last.example.com", ["lapsed"]),
            ("api.example.com shop", ["shop"]),
            ("api.example.com partner", []),
            ("tcp://", ["full"]),
        ],
    )
    def test_by_words(self, words: str, expected: list[str]) -> None:
        assert names(every_kind(), q=words) == expected

    def test_by_labels(self) -> None:
        apps = [pending("a", 1, {"team": "Growth"}), pending("b", 2)]
        assert names(apps, q="team=growth") == ["a"]

    def test_the_domains_that_were_found_are_told(self) -> None:
        (found,) = shown([good("x", requestdomain=hosts(9), udpdomain=["udp://b.cn"])], q="host-00 x").rows
        assert found.hits == hosts(3)
        (found,) = shown([good("host", requestdomain=hosts(9))], q="host").rows
        assert found.hits == []


class TestPages:
    def test_a_hundred_apps_stand_on_one(self) -> None:
        apps = [good(f"{number:03}", number) for number in range(250)]
        first, last = shown(apps), shown(apps, page="3")
        assert (first.first, first.pages, first.matching, len(first.rows)) == (1, 3, 250, 100)
        assert (last.first, len(last.rows), last.rows[-1].name) == (201, 50, "249")

    def test_one_behind_the_last_is_the_last(self) -> None:
        apps = [good(f"{number:03}", number) for number in range(101)]
        assert shown(apps, page="99").query.page == 2

    def test_ten_thousand_apps_take_no_time_to_speak_of(self) -> None:
        apps = [good(f"app-{number}", number, requestdomain=hosts(8)) for number in range(10_000)]
        begin = time.process_time()
        found = shown(apps, q="host-007 example", sort="requestdomain", page="50")
        assert found.matching == 10_000
        assert time.process_time() - begin < 1  # 0.1 s on one slow core
