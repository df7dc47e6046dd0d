from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.page_setup import (
    HOUR,
    NO_PERMISSION,
    NOT_LISTED,
    NOW,
    SLOW,
    answer,
    bad,
    drifted,
    fail,
    good,
    hosts,
    pending,
    set_extra_result,
)

from wx_domain_exporter.apps.results import ExtraResult
from wx_domain_exporter.domains.baseline import Expected
from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS, DOCUMENTED_CATEGORIES
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.pages.app_page import MAX_DOMAINS, AppPage, CategoryDetails, app_page
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.errors import QuotaError
from wx_domain_exporter.wechat.quota import Quota

if TYPE_CHECKING:
    from wx_domain_exporter.apps.monitored_app import MonitoredApp


def page(app: MonitoredApp) -> AppPage:
    return app_page(app, DEFAULT_LIMITS, NOW)


def categories(app: MonitoredApp) -> dict[str, CategoryDetails]:
    return {category.count.category: category for category in page(app).categories or ()}


def test_documented_categories_come_first_in_the_order_of_wechats_documentation() -> None:
    lists = categories(good("x", tcpdomain=["tcp://a.cn"], requestdomain=hosts(2)))
    assert list(lists) == [*DOCUMENTED_CATEGORIES, "tcpdomain"]
    assert lists["requestdomain"].domains.shown == tuple(hosts(2))
    assert (lists["requestdomain"].count.number, lists["requestdomain"].count.limit) == (2, 200)
    assert (lists["requestdomain"].effective, lists["requestdomain"].differs) == (None, False)


def test_a_failing_app_shows_its_last_lists() -> None:
    app = good("x", requestdomain=hosts(2), age=2 * HOUR)
    set_extra_result(app, requestdomain=hosts(1))
    fail(app, SLOW, NOW)
    assert categories(app)["requestdomain"].domains.shown == tuple(hosts(2))
    assert categories(app)["requestdomain"].effective is None, "it belongs to other lists"
    content = page(app)
    assert content.failure is not None
    assert content.last_success is not None
    assert (content.failure.reason, content.last_success.ago.en, content.seconds) == (
        "timeout",
        "2 h ago",
        0.5,
    )


def test_a_failing_app_shows_since_when_and_its_last_fetches() -> None:
    app = good("x", age=2 * HOUR)
    for age in (600, 300):
        fail(app, SLOW, NOW - age)
    content = page(app)
    assert content.failing_since is not None
    assert content.failing_since.ago.en == "10 min ago"
    assert (content.next_trial, content.ticks.numbers) == (None, {"ok": 1, "failing": 2})
    answer(app, NOW)
    assert page(app).failing_since is None


def test_the_end_of_the_quotas_day_is_shown_if_the_quota_is_known_or_used_up() -> None:
    known = good("x")
    set_extra_result(known, Quota(1000, 10, 990))
    for app in (known, bad("x", QuotaError("getwxadevinfo", 45009, ""))):
        assert page(app).quota_day_left == BilingualText("53 min", "53 分钟")
    assert page(good("x")).quota_day_left is None


def test_a_failing_app_shows_no_differences() -> None:
    app = drifted("x")
    assert [difference.category for difference in page(app).differences] == ["requestdomain"]
    fail(app, SLOW, NOW)
    assert page(app).differences == []


def test_a_long_difference_is_cut() -> None:
    app = pending("x", baseline={"requestdomain": Expected(frozenset(), frozenset())})
    answer(app, NOW, requestdomain=hosts(MAX_DOMAINS + 2))
    (difference,) = page(app).differences
    assert (len(difference.unexpected.shown), difference.unexpected.more) == (MAX_DOMAINS, 2)


def test_before_the_first_success_no_lists_are_known() -> None:
    for app in (pending("x"), bad("x", NO_PERMISSION)):
        assert page(app).categories is None
        assert page(app).last_success is None


def test_configured_and_effective_lists_are_compared() -> None:
    app = good("x", requestdomain=hosts(2), bizdomain=hosts(1))
    set_extra_result(
        app, requestdomain=["https://old.cn", *hosts(1)], bizdomain=hosts(1), tcpdomain=["tcp://a.cn"]
    )
    lists = categories(app)
    request = lists["requestdomain"]
    assert (request.effective, request.differs) == (2, True)
    assert (request.waiting.shown, request.leaving.shown) == ([hosts(2)[1]], ["https://old.cn"])
    assert (lists["bizdomain"].effective, lists["bizdomain"].differs) == (1, False)
    assert (lists["tcpdomain"].count.number, lists["tcpdomain"].leaving.shown) == (0, ["tcp://a.cn"])
    assert lists["udpdomain"].effective is None


def test_withheld_effective_lists_are_mentioned_unless_the_app_fails() -> None:
    app = good("x", requestdomain=hosts(1))
    assert not page(app).withheld
    app.extra_result = ExtraResult({}, None, {}, withheld=True)
    assert page(app).withheld
    fail(app, SLOW, NOW)
    assert not page(app).withheld


def test_an_ungranted_permission_set_is_mentioned_until_a_fetch_succeeds() -> None:
    for app, expected in ((pending("x"), True), (bad("x", NO_PERMISSION), True), (good("x"), False)):
        assert app_page(app, DEFAULT_LIMITS, NOW, ungranted=True).ungranted is expected
        assert not page(app).ungranted


@pytest.mark.parametrize("status", AccountStatus)
def test_a_restricted_account_is_mentioned_with_what_to_do(status: AccountStatus) -> None:
    restricted = app_page(bad("x", NO_PERMISSION), DEFAULT_LIMITS, NOW, account_status=status).restricted
    assert (restricted is None) == (status is AccountStatus.NORMAL)
    assert restricted is None or f"{status}" in restricted.en


def test_a_very_long_list_is_cut() -> None:
    lists = categories(good("x", requestdomain=hosts(1010)))["requestdomain"]
    assert (lists.count.number, len(lists.domains.shown), lists.domains.more) == (1010, 1000, 10)


def test_the_newest_change_comes_first() -> None:
    app = good("x", requestdomain=hosts(1), age=HOUR)
    answer(app, NOW - 120, requestdomain=hosts(2))
    answer(app, NOW - 60, requestdomain=hosts(60))
    newest, oldest = page(app).timeline.changes
    assert (newest.time.ago.en, oldest.time.ago.en) == ("1 min ago", "2 min ago")
    assert (oldest.added.shown, oldest.removed.shown, oldest.left_out) == ((hosts(2)[1],), (), 0)
    assert (len(newest.added.shown), newest.added.more) == (50, 8)


def test_another_apps_changes_are_not_shown() -> None:
    app = good("x", 1, requestdomain=hosts(1), age=HOUR)
    answer(app, NOW - 60, requestdomain=hosts(2))
    for appid in (app.settings.appid, "another"):
        app._token_usage.claim(appid, "the same", app.forget_answers)
    content = page(app)
    assert (content.timeline.changes, content.categories) == ([], None)
    assert content.failure is not None
    assert content.failure.reason == "token"


def test_errcodes_of_other_calls_are_explained_but_not_the_one_of_the_failure_again() -> None:
    app = bad("x", NOT_LISTED)
    fail(app, NOT_LISTED, NOW, stable_token=40164, getwxadevinfo=48001)
    set_extra_result(app, Quota(1000, 10, 990), {"get_effective_domain": 48001})
    content = page(app)
    assert [(error.api, error.errcode) for error in content.errcodes] == [
        ("getwxadevinfo", 48001),
        ("get_effective_domain", 48001),
    ]
    assert all(error.meaning.zh != error.meaning.en and error.remedy.en for error in content.errcodes)
    assert content.quota == Quota(1000, 10, 990)
    assert content.token == "access_token"
