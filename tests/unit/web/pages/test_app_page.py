from __future__ import annotations

from typing import TYPE_CHECKING

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
    find,
    good,
    hosts,
    pending,
)

from wx_domain_exporter.apps.results import ExtraResult
from wx_domain_exporter.domains.baseline import Expected
from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS, DOCUMENTED_CATEGORIES
from wx_domain_exporter.web.pages.app_page import MOST_DOMAINS, AppPage, CategoryDetails, app_page
from wx_domain_exporter.wechat.quota import Quota

if TYPE_CHECKING:
    from wx_domain_exporter.apps.monitored_app import MonitoredApp


def page(app: MonitoredApp) -> AppPage:
    return app_page(app, DEFAULT_LIMITS, NOW)


def categories(app: MonitoredApp) -> dict[str, CategoryDetails]:
    return {category.count.category: category for category in page(app).categories or ()}


def test_the_lists_stand_in_the_order_of_wechats_page_and_the_undocumented_ones_after_them() -> None:
    found = categories(good("x", tcpdomain=["tcp://a.cn"], requestdomain=hosts(2)))
    assert list(found) == [*DOCUMENTED_CATEGORIES, "tcpdomain"]
    assert found["requestdomain"].domains.domains == tuple(hosts(2))
    assert (found["requestdomain"].count.number, found["requestdomain"].count.limit) == (2, 200)
    assert (found["requestdomain"].effective, found["requestdomain"].differs) == (None, False)


def test_one_that_fails_shows_the_last_lists_that_are_known() -> None:
    app = good("x", requestdomain=hosts(2), age=2 * HOUR)
    find(app, requestdomain=hosts(1))
    fail(app, SLOW, NOW)
    assert categories(app)["requestdomain"].domains.domains == tuple(hosts(2))
    assert categories(app)["requestdomain"].effective is None, "of another time than the lists"
    found = page(app)
    assert found.failure is not None
    assert found.last_success is not None
    assert (found.failure.reason, found.last_success.ago.en, found.seconds) == ("timeout", "2 h ago", 0.5)


def test_one_that_fails_differs_from_nothing() -> None:
    app = drifted("x")
    assert [one.category for one in page(app).differences] == ["requestdomain"]
    fail(app, SLOW, NOW)
    assert page(app).differences == []


def test_a_long_difference_is_cut() -> None:
    app = pending("x", baseline={"requestdomain": Expected(frozenset(), frozenset())})
    answer(app, NOW, requestdomain=hosts(MOST_DOMAINS + 2))
    (found,) = page(app).differences
    assert (len(found.unexpected.domains), found.unexpected.more) == (MOST_DOMAINS, 2)


def test_before_a_good_answer_no_list_is_known() -> None:
    for app in (pending("x"), bad("x", NO_PERMISSION)):
        assert page(app).categories is None
        assert page(app).last_success is None


def test_what_is_in_force_is_compared() -> None:
    app = good("x", requestdomain=hosts(2), bizdomain=hosts(1))
    find(app, requestdomain=["https://old.cn", *hosts(1)], bizdomain=hosts(1), tcpdomain=["tcp://a.cn"])
    found = categories(app)
    request = found["requestdomain"]
    assert (request.effective, request.differs) == (2, True)
    assert (request.waiting.domains, request.leaving.domains) == ([hosts(2)[1]], ["https://old.cn"])
    assert (found["bizdomain"].effective, found["bizdomain"].differs) == (1, False)
    assert (found["tcpdomain"].count.number, found["tcpdomain"].leaving.domains) == (0, ["tcp://a.cn"])
    assert found["udpdomain"].effective is None


def test_lists_in_force_that_wechat_withholds_are_told() -> None:
    app = good("x", requestdomain=hosts(1))
    assert not page(app).withheld
    app.extra_result = ExtraResult({}, None, {}, withheld=True)
    assert page(app).withheld
    fail(app, SLOW, NOW)
    assert not page(app).withheld


def test_a_permission_set_that_was_not_granted_is_told_until_a_good_answer() -> None:
    for app, told in ((pending("x"), True), (bad("x", NO_PERMISSION), True), (good("x"), False)):
        assert app_page(app, DEFAULT_LIMITS, NOW, ungranted=True).ungranted is told
        assert not page(app).ungranted


def test_a_very_long_list_is_cut() -> None:
    found = categories(good("x", requestdomain=hosts(1010)))["requestdomain"]
    assert (found.count.number, len(found.domains.domains), found.domains.more) == (1010, 1000, 10)


def test_changes_stand_newest_first() -> None:
    app = good("x", requestdomain=hosts(1), age=HOUR)
    answer(app, NOW - 120, requestdomain=hosts(2))
    answer(app, NOW - 60, requestdomain=hosts(60))
    newest, oldest = page(app).changes
    assert (newest.when.ago.en, oldest.when.ago.en) == ("1 min ago", "2 min ago")
    assert (oldest.added.domains, oldest.removed.domains, oldest.left_out) == ((hosts(2)[1],), (), 0)
    assert (len(newest.added.domains), newest.added.more) == (50, 8)


def test_another_apps_changes_are_not_shown() -> None:
    app = good("x", 1, requestdomain=hosts(1), age=HOUR)
    answer(app, NOW - 60, requestdomain=hosts(2))
    for appid in (app.settings.appid, "another"):
        app._token_usage.claim(appid, "the same", app.forget_lists)
    found = page(app)
    assert (found.changes, found.categories) == ([], None)
    assert found.failure is not None
    assert found.failure.reason == "token"


def test_errcodes_of_other_calls_are_explained_and_that_of_the_failure_is_not_told_twice() -> None:
    app = bad("x", NOT_LISTED)
    fail(app, NOT_LISTED, NOW, stable_token=40164, getwxadevinfo=48001)
    find(app, Quota(1000, 10, 990), {"get_effective_domain": 48001})
    found = page(app)
    assert [(one.api, one.errcode) for one in found.errcodes] == [
        ("getwxadevinfo", 48001),
        ("get_effective_domain", 48001),
    ]
    assert all(one.meaning.zh != one.meaning.en and one.remedy.en for one in found.errcodes)
    assert found.quota == Quota(1000, 10, 990)
    assert found.token == "access_token"
