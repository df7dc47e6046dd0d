from __future__ import annotations

from typing import TYPE_CHECKING

from page_stages import (
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

from wx_domain_exporter.apps.extras import Findings
from wx_domain_exporter.lists.baseline import Expected
from wx_domain_exporter.lists.domains import DEFAULT_LIMITS, DOCUMENTED_CATEGORIES
from wx_domain_exporter.web.pages.app_page import MOST_DOMAINS, AppPage, Category, app_page
from wx_domain_exporter.wechat.quota import Quota

if TYPE_CHECKING:
    from wx_domain_exporter.apps.watch import Watch


def page(watch: Watch) -> AppPage:
    return app_page(watch, DEFAULT_LIMITS, NOW)


def categories(watch: Watch) -> dict[str, Category]:
    return {category.count.category: category for category in page(watch).categories or ()}


def test_the_lists_stand_in_the_order_of_wechats_page_and_the_undocumented_ones_after_them() -> None:
    found = categories(good("x", tcpdomain=["tcp://a.cn"], requestdomain=hosts(2)))
    assert list(found) == [*DOCUMENTED_CATEGORIES, "tcpdomain"]
    assert found["requestdomain"].domains.domains == tuple(hosts(2))
    assert (found["requestdomain"].count.number, found["requestdomain"].count.limit) == (2, 200)
    assert (found["requestdomain"].effective, found["requestdomain"].differs) == (None, False)


def test_one_that_fails_shows_the_last_lists_that_are_known() -> None:
    watch = good("x", requestdomain=hosts(2), age=2 * HOUR)
    find(watch, requestdomain=hosts(1))
    fail(watch, SLOW, NOW)
    assert categories(watch)["requestdomain"].domains.domains == tuple(hosts(2))
    assert categories(watch)["requestdomain"].effective is None, "of another time than the lists"
    found = page(watch)
    assert found.failure is not None
    assert found.last_success is not None
    assert (found.failure.reason, found.last_success.ago.en, found.seconds) == ("timeout", "2 h ago", 0.5)


def test_one_that_fails_differs_from_nothing() -> None:
    watch = drifted("x")
    assert [one.category for one in page(watch).differences] == ["requestdomain"]
    fail(watch, SLOW, NOW)
    assert page(watch).differences == []


def test_a_long_difference_is_cut() -> None:
    watch = pending("x", baseline={"requestdomain": Expected(frozenset(), frozenset())})
    answer(watch, NOW, requestdomain=hosts(MOST_DOMAINS + 2))
    (found,) = page(watch).differences
    assert (len(found.unexpected.domains), found.unexpected.more) == (MOST_DOMAINS, 2)


def test_before_a_good_answer_no_list_is_known() -> None:
    for watch in (pending("x"), bad("x", NO_PERMISSION)):
        assert page(watch).categories is None
        assert page(watch).last_success is None


def test_what_is_in_force_is_compared() -> None:
    watch = good("x", requestdomain=hosts(2), bizdomain=hosts(1))
    find(watch, requestdomain=["https://old.cn", *hosts(1)], bizdomain=hosts(1), tcpdomain=["tcp://a.cn"])
    found = categories(watch)
    request = found["requestdomain"]
    assert (request.effective, request.differs) == (2, True)
    assert (request.waiting.domains, request.leaving.domains) == ([hosts(2)[1]], ["https://old.cn"])
    assert (found["bizdomain"].effective, found["bizdomain"].differs) == (1, False)
    assert (found["tcpdomain"].count.number, found["tcpdomain"].leaving.domains) == (0, ["tcp://a.cn"])
    assert found["udpdomain"].effective is None


def test_lists_in_force_that_wechat_withholds_are_told() -> None:
    watch = good("x", requestdomain=hosts(1))
    assert not page(watch).withheld
    watch.findings = Findings({}, None, {}, withheld=True)
    assert page(watch).withheld
    fail(watch, SLOW, NOW)
    assert not page(watch).withheld


def test_a_permission_set_that_was_not_granted_is_told_until_a_good_answer() -> None:
    for watch, told in ((pending("x"), True), (bad("x", NO_PERMISSION), True), (good("x"), False)):
        assert app_page(watch, DEFAULT_LIMITS, NOW, ungranted=True).ungranted is told
        assert not page(watch).ungranted


def test_a_very_long_list_is_cut() -> None:
    found = categories(good("x", requestdomain=hosts(1010)))["requestdomain"]
    assert (found.count.number, len(found.domains.domains), found.domains.more) == (1010, 1000, 10)


def test_changes_stand_newest_first() -> None:
    watch = good("x", requestdomain=hosts(1), age=HOUR)
    answer(watch, NOW - 120, requestdomain=hosts(2))
    answer(watch, NOW - 60, requestdomain=hosts(60))
    newest, oldest = page(watch).changes
    assert (newest.when.ago.en, oldest.when.ago.en) == ("1 min ago", "2 min ago")
    assert (oldest.added.domains, oldest.removed.domains, oldest.left_out) == ((hosts(2)[1],), (), 0)
    assert (len(newest.added.domains), newest.added.more) == (50, 8)


def test_another_apps_changes_are_not_shown() -> None:
    watch = good("x", 1, requestdomain=hosts(1), age=HOUR)
    answer(watch, NOW - 60, requestdomain=hosts(2))
    for appid in (watch.app.appid, "another"):
        watch._ledger.claim(appid, "the same", watch.forget)
    found = page(watch)
    assert (found.changes, found.categories) == ([], None)
    assert found.failure is not None
    assert found.failure.reason == "token"


def test_errcodes_of_other_calls_are_explained_and_that_of_the_failure_is_not_told_twice() -> None:
    watch = bad("x", NOT_LISTED)
    fail(watch, NOT_LISTED, NOW, stable_token=40164, getwxadevinfo=48001)
    find(watch, Quota(1000, 10, 990), {"get_effective_domain": 48001})
    found = page(watch)
    assert [(one.api, one.errcode) for one in found.errcodes] == [
        ("getwxadevinfo", 48001),
        ("get_effective_domain", 48001),
    ]
    assert all(one.meaning.zh != one.meaning.en and one.remedy.en for one in found.errcodes)
    assert found.quota == Quota(1000, 10, 990)
    assert found.token == "access_token"
