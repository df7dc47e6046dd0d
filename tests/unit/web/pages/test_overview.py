from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.clocks import StoppedClock
from helpers.page_setup import (
    HOUR,
    NO_PERMISSION,
    NOT_LISTED,
    NOW,
    SLOW,
    answer,
    appid,
    bad,
    every_status,
    fail,
    good,
    hosts,
    names,
    pending,
    shown,
)

from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS, DOCUMENTED_CATEGORIES
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.pages.app_state import AppStatus
from wx_domain_exporter.web.pages.overview import CategoryCount, OverviewRow
from wx_domain_exporter.wechat.errors import ApiError
from wx_domain_exporter.wechat.tokens.factory import make_source

if TYPE_CHECKING:
    from wx_domain_exporter.apps.monitored_app import MonitoredApp


def row(app: MonitoredApp) -> OverviewRow:
    (only,) = shown([app]).rows
    return only


class TestRow:
    def test_an_app_that_answers_has_its_counts_and_limits(self) -> None:
        content = row(good("shop", 7, requestdomain=hosts(3), bizdomain=hosts(1)))
        assert (content.name, content.appid, content.status, content.cause) == (
            "shop",
            appid(7),
            AppStatus.OK,
            None,
        )
        numbers = [(count.category, count.number, count.limit) for count in content.counts]
        expected = {"requestdomain": 3, "bizdomain": 1}
        assert numbers == [
            (name, expected.get(name, 0), DEFAULT_LIMITS[name]) for name in DOCUMENTED_CATEGORIES
        ]
        assert content.others == []
        assert content.fetched is not None
        assert content.fetched.ago.en == "10 s ago"

    def test_an_undocumented_category_is_among_the_others(self) -> None:
        app = good("x", tcpdomain=["tcp://a.cn"], prefetchdnsdomain=["https://a.cn"])
        expected = [CategoryCount("prefetchdnsdomain", 1, None), CategoryCount("tcpdomain", 1, 200)]
        assert sorted(row(app).others, key=lambda count: count.category) == expected

    def test_a_category_that_was_not_requested_has_no_number(self) -> None:
        app = good("x", requestdomain=hosts(1))
        assert app.last_result is not None
        assert app.last_result.categories is not None
        del app.last_result.categories["bizdomain"]  # type: ignore[attr-defined]
        assert [count.number for count in row(app).counts if count.category == "bizdomain"] == [None]

    @pytest.mark.parametrize(
        ("number", "limit", "nearly"),
        [(179, 200, False), (180, 200, True), (200, 200, True), (250, 200, True), (9, None, False)],
    )
    def test_a_list_is_nearly_full_from_nine_tenths_of_its_limit_on(
        self, number: int, limit: int | None, *, nearly: bool
    ) -> None:
        assert CategoryCount("requestdomain", number, limit).nearly_full is nearly

    def test_an_app_that_was_never_fetched_is_pending(self) -> None:
        content = row(pending("new"))
        assert (content.status, content.fetched, content.last_success) == (AppStatus.PENDING, None, None)
        assert {count.number for count in content.counts} == {None}

    def test_a_failing_app_has_its_cause_and_no_old_counts(self) -> None:
        app = good("lapsed", requestdomain=hosts(3), age=2 * HOUR)
        fail(app, SLOW, NOW - 300)
        fail(app, SLOW, NOW - 5)
        content = row(app)
        assert (content.status, content.others) == (AppStatus.FAILING, [])
        assert {count.number for count in content.counts} == {None}
        assert content.cause is not None
        assert content.cause.code == "timeout"
        assert content.failing_for == BilingualText("5 min", "5 分钟")
        assert content.next_trial is None
        assert content.ticks.numbers == {"ok": 1, "failing": 2}
        assert content.last_success is not None
        assert content.last_success.ago.en == "2 h ago"

    def test_no_call_is_made_in_the_pause_of_a_refused_token_source(self) -> None:
        clock = StoppedClock(NOW)
        app = bad("x", NOT_LISTED)
        app.source = make_source(app.settings.appid, app.settings.token, {}, clock)
        assert row(app).next_trial is None
        app.source.reject("canary-0", "refused")
        content = row(app)
        assert content.next_trial is not None
        assert content.next_trial.en.endswith(" s")
        clock.now += 60
        assert row(app).next_trial is None

    def test_a_change_is_recent_for_a_day(self) -> None:
        for age, status in ((24 * HOUR - 1, AppStatus.CHANGED), (24 * HOUR, AppStatus.OK)):
            app = good("x", requestdomain=hosts(1), age=30 * HOUR)
            answer(app, NOW - age, requestdomain=hosts(2))
            assert row(app).status is status
            assert (row(app).changed is not None) is (status is AppStatus.CHANGED)

    def test_an_app_that_got_another_apps_token_fails_and_hides_its_lists(self) -> None:
        one, other = good("one", 1, requestdomain=hosts(3)), good("other", 2)
        other._token_usage = one._token_usage
        for app in (one, other):
            one._token_usage.claim(app.settings.appid, "the same", app.forget_answers)
        content = shown([one], q="host-000")
        assert content.failing == 1
        assert content.rows == []


class TestTotals:
    def test_they_count_all_apps_whatever_the_query_is(self) -> None:
        content = shown(every_status(), q="shop")
        assert content.apps == 8
        assert content.by_status == {
            AppStatus.FAILING: 3,
            AppStatus.DRIFTED: 1,
            AppStatus.CHANGED: 1,
            AppStatus.PENDING: 1,
            AppStatus.OK: 2,
        }
        assert {group.cause.code for group in content.causes} == {
            "getwxadevinfo 61007",
            "stable_token 40164",
            "timeout",
        }
        assert (content.nearly_full, content.matching, content.failing, content.drifted) == (1, 1, 3, 1)

    def test_the_most_frequent_cause_comes_first(self) -> None:
        errors = [SLOW, NO_PERMISSION, NO_PERMISSION]
        content = shown([bad(str(number), error, number) for number, error in enumerate(errors)])
        causes = [(group.cause.code, group.apps) for group in content.causes]
        assert causes == [("getwxadevinfo 61007", 2), ("timeout", 1)]

    def test_the_twenty_most_frequent_causes_are_shown(self) -> None:
        apps = [bad(str(code), ApiError("getwxadevinfo", code, ""), code) for code in range(1, 24)]
        content = shown(apps)
        assert (len(content.causes), content.more_causes) == (20, 3)

    def test_an_empty_fleet_has_an_empty_page(self) -> None:
        content = shown([])
        assert (content.apps, content.first, content.pages, content.rows) == (0, 0, 1, [])


class TestOrder:
    def test_failing_apps_come_first_then_drifted_ones_then_changed_ones(self) -> None:
        expected = ["lapsed", "partner", "unlisted", "stray", "changing", "new", "full", "shop"]
        assert names(every_status()) == expected

    def test_the_latest_change_comes_first(self) -> None:
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

    def test_by_age_apps_never_fetched_come_first_then_the_oldest_result(self) -> None:
        apps = [good("new", 1, age=1), good("old", 2, age=100), pending("never", 3)]
        assert names(apps, sort="age") == ["never", "old", "new"]

    def test_by_category_the_longest_list_comes_first(self) -> None:
        apps = [good("two", 1, udpdomain=hosts(2)), good("many", 2, udpdomain=hosts(9)), bad("none", SLOW, 3)]
        assert names(apps, sort="udpdomain") == ["many", "two", "none"]

    def test_by_fullness_the_share_of_the_limit_counts(self) -> None:
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
            ("40164", ["unlisted"]),
            ("stable_token 40164", ["unlisted"]),
            ("getwxadevinfo 40164", []),
            ("40125", []),
            ("timeout", ["lapsed"]),
            ("broken", []),
        ],
    )
    def test_by_state(self, state: str, expected: list[str]) -> None:
        assert names(every_status(), state=state) == expected

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("SHOP", ["shop"]),
            (appid(4), ["partner"]),
            ("40164", ["unlisted"]),
            ("stable_token 40164", ["unlisted"]),
            ("timeout", ["lapsed"]),
            ("failing", ["lapsed", "partner", "unlisted"]),
            ("异常", ["lapsed", "partner", "unlisted"]),
            ("pending", ["new"]),
            ("not fetched yet", ["new"]),
            ("new.example", ["changing"]),
            ("old.example", []),
            ("last.example.com", ["lapsed"]),
            ("api.example.com shop", ["shop"]),
            ("api.example.com partner", []),
            ("tcp://", ["full"]),
        ],
    )
    def test_by_words(self, words: str, expected: list[str]) -> None:
        assert names(every_status(), q=words) == expected

    def test_by_labels(self) -> None:
        apps = [pending("a", 1, {"team": "Growth"}), pending("b", 2)]
        assert names(apps, q="team=growth") == ["a"]

    def test_the_domains_that_match_are_shown(self) -> None:
        (content,) = shown([good("x", requestdomain=hosts(9), udpdomain=["udp://b.cn"])], q="host-00 x").rows
        assert content.hits == hosts(3)
        (content,) = shown([good("host", requestdomain=hosts(9))], q="host").rows
        assert content.hits == []


class TestTimeline:
    def test_it_has_the_last_changes_of_all_apps(self) -> None:
        apps = []
        for number in range(12):
            app = good(f"app {number}", number, age=2 * HOUR, requestdomain=hosts(1))
            for age in (HOUR + number, 600 + number):
                answer(app, NOW - age, requestdomain=hosts(1), bizdomain=[f"https://{number}-{age}.cn"])
            apps.append(app)
        changes = shown(apps).timeline.changes
        assert [change.name for change in changes] == [f"app {number}" for number in range(10)]
        assert (changes[0].category, changes[0].added.shown) == ("bizdomain", ("https://0-600.cn",))
        assert changes[0].removed.shown == ("https://0-3600.0.cn",)

    def test_two_changes_of_one_app_are_both_there(self) -> None:
        app = good("x", 1, age=HOUR, requestdomain=hosts(1))
        for number in (2, 3):
            answer(app, NOW - 100 + number, requestdomain=hosts(number))
        found = shown([app, good("y", 2)]).timeline
        assert [change.added.shown for change in found.changes] == [(hosts(3)[2],), (hosts(3)[1],)]
        assert len(found.marks) == 2


class TestPages:
    def test_a_page_has_a_hundred_apps(self) -> None:
        apps = [good(f"{number:03}", number) for number in range(250)]
        first, last = shown(apps), shown(apps, page="3")
        assert (first.first, first.pages, first.matching, len(first.rows)) == (1, 3, 250, 100)
        assert (last.first, len(last.rows), last.rows[-1].name) == (201, 50, "249")

    def test_a_page_after_the_last_one_is_the_last_one(self) -> None:
        apps = [good(f"{number:03}", number) for number in range(101)]
        assert shown(apps, page="99").query.page == 2
