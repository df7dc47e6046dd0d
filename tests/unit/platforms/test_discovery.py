from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from helpers.clocks import StoppedClock
from helpers.discovery_setup import LONG, DiscoveryStage, appids_of
from structlog.testing import capture_logs

from wx_domain_exporter.platforms import account_lookup
from wx_domain_exporter.platforms.account_calls import ask_about_all
from wx_domain_exporter.platforms.discovery import DiscoveredApp, LeftOut
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.wechat import authorizers

if TYPE_CHECKING:
    from collections.abc import Callable

    from wx_domain_exporter.tasks import Tasks


class TestList:
    def test_all_accounts_of_several_pages_are_found_and_looked_up_once(
        self, staged: Callable[..., DiscoveryStage]
    ) -> None:
        stage = staged(1200)
        discovery = stage.discovery()
        assert discovery.discover() == 600
        assert appids_of(discovery) == tuple(sorted(stage.appids))
        assert stage.list_calls == 3
        assert stage.lookups == dict.fromkeys(stage.appids, 1)
        assert stage.discovered() == 1200
        discovery.discover()
        assert stage.list_calls == 6
        assert stage.lookups == dict.fromkeys(stage.appids, 1)
        assert stage.errors() == 0

    def test_its_refresh_tokens_are_set_on_the_platform(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery.discover()
        (authorizations,) = stage.world.authorizations.values()
        expected = {appid: one.refresh_token for appid, one in authorizations.items()}
        assert discovery.platform.refresh_tokens == expected

    @pytest.mark.parametrize("cut", [1, 4, 6])
    def test_pages_may_be_shorter_than_requested(self, stage: DiscoveryStage, cut: int) -> None:
        stage.patch(page_cut=cut)
        discovery = stage.discovery()
        discovery.discover()
        assert appids_of(discovery) == tuple(sorted(stage.appids))
        assert stage.list_calls == -(-6 // cut)

    def test_a_platform_without_accounts_is_discovered_too(
        self, staged: Callable[..., DiscoveryStage]
    ) -> None:
        stage = staged(0)
        discovery = stage.discovery()
        discovery.discover()
        assert discovery.complete
        assert discovery.platform.refresh_tokens == {}
        assert (stage.discovered(), stage.list_calls) == (0, 1)

    def test_unusual_answers_are_read_too(self, staged: Callable[..., DiscoveryStage]) -> None:
        stage = staged(30, quirks=True)
        stage.patch(page_cut=4)
        discovery = stage.discovery()
        discovery.discover()
        assert len(discovery.apps) == 30
        assert stage.errors() == 0

    def test_the_first_round_adds_apps_page_by_page(self, stage: DiscoveryStage) -> None:
        stage.patch(page_cut=2)
        discovery = stage.discovery()
        seen: list[tuple[int, bool]] = []
        discovery._on_change = lambda: seen.append((len(discovery.apps), discovery.complete))
        discovery.discover()
        assert seen == [(2, False), (4, False), (6, False)]
        assert discovery.complete

    def test_a_later_round_reports_a_change_only_if_there_is_one(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery.discover()
        discovery.discover()
        assert len(stage.changes) == 1
        gone = stage.appids[0]
        stage.revoke(gone)
        discovery.discover()
        assert len(stage.changes) == 2
        assert gone not in stage.changes[-1]
        assert stage.discovered() == 5

    def test_a_later_round_reports_its_changes_together_at_its_end(self, stage: DiscoveryStage) -> None:
        first, *_, last = stage.appids
        stage.revoke(first, last)
        discovery = stage.discovery()
        discovery.discover()
        stage.patch(page_cut=1)
        for appid in (first, last):
            stage.world.authorize(stage.simulated.component_appid, appid)
        discovery.discover()
        assert stage.changes[1:] == [tuple(sorted(stage.appids))]

    def test_the_last_page_of_a_first_list_is_reported_without_those_that_it_shows_to_be_gone(
        self, stage: DiscoveryStage
    ) -> None:
        stage.patch(page_cut=2, next_list_errcodes=[0, 50002])
        discovery = stage.discovery()
        discovery.discover()
        stage.revoke(stage.appids[0])
        stage.patch(page_cut=6)
        discovery.discover()
        assert stage.changes[1:] == [tuple(sorted(stage.appids))]

    def test_the_progress_of_a_later_round_is_logged_if_it_finds_new_accounts(
        self, stage: DiscoveryStage
    ) -> None:
        appid = stage.appids[0]
        stage.revoke(appid)
        discovery = stage.discovery()
        discovery.discover()
        stage.world.authorize(stage.simulated.component_appid, appid)
        with capture_logs() as logs:
            discovery.discover()
        assert [log["done"] for log in logs if log["event"] == "discovering"] == [6]

    def test_the_progress_of_a_first_list_is_logged_also_where_all_is_known(
        self, stage: DiscoveryStage
    ) -> None:
        stage.patch(page_cut=3, next_list_errcodes=[0, 50002])
        discovery = stage.discovery()
        discovery.discover()
        with capture_logs() as logs:
            discovery.discover()
        assert [log["done"] for log in logs if log["event"] == "discovering"] == [3, 6]

    def test_its_progress_is_logged(self, stage: DiscoveryStage) -> None:
        stage.patch(page_cut=4)
        discovery = stage.discovery()
        with capture_logs() as logs:
            discovery.discover()
        level = {"log_level": "info", "platform": "main"}
        assert logs == [
            {"event": "discovering", "done": 4, "total": 6, **level},
            {"event": "discovering", "done": 6, "total": 6, **level},
            {"event": "platform discovered", "apps": 6, **level},
        ]
        with capture_logs() as logs:
            discovery.discover()
        assert logs == []
        assert discovery.progress is None

    def test_the_progress_of_a_long_lookup_is_shown_and_logged_every_5_seconds(
        self, staged: Callable[..., DiscoveryStage], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage = staged(120)
        discovery = stage.discovery()
        clock = stage.client.clock = StoppedClock()
        seen = []

        def slowly(*accounts: Any) -> list[Any]:
            seen.append(discovery.progress)
            clock.now += 4
            return ask_about_all(*accounts)

        monkeypatch.setattr(account_lookup, "ask_about_all", slowly)  # takes 4 s for 50
        with capture_logs() as logs:
            discovery.discover()
        assert seen == [Progress(0, 120), Progress(50, 120), Progress(100, 120)]
        assert [log["done"] for log in logs if log["event"] == "discovering"] == [100, 120]


class TestAccounts:
    def test_accounts_of_other_kinds_are_left_out_and_looked_up_only_once(
        self, staged: Callable[..., DiscoveryStage]
    ) -> None:
        stage = staged(6, official_accounts=2)
        (authorizations,) = stage.world.authorizations.values()
        mini_programs = sorted(appid for appid, one in authorizations.items() if one.mini_program)
        discovery = stage.discovery()
        for _ in range(3):
            discovery.discover()
        assert appids_of(discovery) == tuple(mini_programs)
        assert stage.lookups == dict.fromkeys(stage.appids, 1)
        assert stage.discovered() == 4

    def test_it_is_said_why_accounts_are_left_out_and_once_until_that_changes(
        self, staged: Callable[..., DiscoveryStage]
    ) -> None:
        stage = staged(6, official_accounts=2)
        (authorizations,) = stage.world.authorizations.values()
        first, second, third, _ = (appid for appid, one in authorizations.items() if one.mini_program)
        stage.patch_account(second, info_errcode=50002)
        discovery = stage.discovery(exclude=[first])
        with capture_logs() as logs:
            discovery.discover()
            discovery.discover()
        assert discovery.left_out == LeftOut(not_mini_programs=2, filtered=1, unknown=1)
        (log,) = (log for log in logs if log["event"] == "platform discovered")
        assert {**log, "not_mini_programs": 2, "filtered": 1, "unknown": 1, "apps": 2} == log
        successor = stage.discovery(exclude=[first, third])
        successor.inherit(discovery)
        with capture_logs() as logs:
            successor.discover()
        (log,) = (log for log in logs if log["event"] == "accounts are left out")
        assert {**log, "filtered": 2, "apps": 1} == log

    def test_apps_without_the_permission_set_are_found_too_and_logged_once(
        self, stage: DiscoveryStage
    ) -> None:
        lacking = sorted(stage.appids[:2])
        for appid in lacking:
            stage.patch_account(appid, permissions=[17, 25])
        discovery = stage.discovery()
        with capture_logs() as logs:
            for _ in range(3):
                discovery.discover()
        assert len(discovery.apps) == 6
        assert discovery.ungranted == set(lacking)
        (log,) = (log for log in logs if log["log_level"] == "warning")
        assert (log["permission_set"], log["appids"]) == (18, " ".join(lacking))
        assert stage.lookups == dict.fromkeys(stage.appids, 1)
        stage.revoke(lacking[0])
        discovery.discover()
        assert discovery.ungranted == {lacking[1]}
        successor = stage.discovery()
        successor.inherit(discovery)
        assert successor.ungranted == {lacking[1]}

    def test_include_leaves_out_all_other_apps(self, stage: DiscoveryStage) -> None:
        wanted = stage.appids[1:3]
        discovery = stage.discovery(include=[*wanted, "wx0000000000000000"])
        discovery.discover()
        assert appids_of(discovery) == tuple(sorted(wanted))
        assert stage.lookups == dict.fromkeys(wanted, 1)
        assert discovery.left_out == LeftOut(not_mini_programs=0, filtered=4, unknown=0)

    def test_exclude_leaves_out_these_apps(self, stage: DiscoveryStage) -> None:
        first, *others = stage.appids
        discovery = stage.discovery(include=stage.appids, exclude=[first])
        discovery.discover()
        assert appids_of(discovery) == tuple(sorted(others))
        assert first not in stage.lookups

    @pytest.mark.parametrize(
        ("nick_name", "name"),
        [
            ("会员中心", "会员中心"),
            ("  shop\n\u202e\x00 ", "shop"),
            ("\u2066\x07 ", None),
            ("x" * 300, "x" * 256),
        ],
        ids=["plain", "control characters", "control characters only", "too long"],
    )
    def test_the_nick_name_is_the_apps_name(
        self, stage: DiscoveryStage, nick_name: str, name: str | None
    ) -> None:
        appid = stage.appids[0]
        stage.patch_account(appid, nick_name=nick_name)
        discovery = stage.discovery(include=[appid])
        discovery.discover()
        assert discovery.apps == (DiscoveredApp(appid, name or appid),)


class TestRevokedAuthorizations:
    def test_a_complete_list_shows_which_accounts_are_gone(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery.discover()
        stage.revoke(*stage.appids[:2])
        with capture_logs() as logs:
            discovery.discover()
        assert appids_of(discovery) == tuple(sorted(stage.appids))
        assert {
            "event": "authorizations ended",
            "log_level": "info",
            "platform": "main",
            "accounts": 2,
        } in logs

    def test_a_list_that_changes_between_two_pages_drops_no_account_by_mistake(
        self, stage: DiscoveryStage
    ) -> None:
        discovery = stage.discovery()
        discovery.discover()
        first = stage.appids[0]
        stage.patch(page_cut=3, revoked_after_pages=[first])
        discovery.discover()  # the fourth account moves to the first page before the second page is read
        assert len(discovery.apps) == 6
        discovery.discover()
        assert appids_of(discovery) == tuple(sorted(stage.appids))
        assert first not in stage.appids
        assert len(discovery.apps) == 5

    def test_if_revoked_accounts_are_still_counted_two_lists_show_which_are_gone(
        self, stage: DiscoveryStage
    ) -> None:
        stage.patch(list_counts_revoked=True, page_cut=2)
        discovery = stage.discovery()
        discovery.discover()
        stage.revoke(stage.appids[2])
        discovery.discover()
        assert len(discovery.apps) == 6
        discovery.discover()
        assert appids_of(discovery) == tuple(sorted(stage.appids))
        assert len(discovery.apps) == 5

    def test_accounts_after_a_page_of_revoked_ones_are_found(
        self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(authorizers, "PAGE_SIZE", 2)
        monkeypatch.setattr("wx_domain_exporter.platforms.discovery.PAGE_SIZE", 2)
        stage.patch(list_counts_revoked=True)
        stage.revoke(*stage.appids[:2])
        discovery = stage.discovery()
        for _ in range(3):
            discovery.discover()
            assert appids_of(discovery) == tuple(sorted(stage.appids))

    def test_a_list_that_is_suddenly_empty_drops_accounts_only_if_the_next_one_is_too(
        self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        discovery = stage.discovery()
        discovery.discover()
        monkeypatch.setattr(stage.world, "authorizers", lambda _: [])
        discovery.discover()
        assert (len(discovery.apps), stage.discovered()) == (6, 6)
        discovery.discover()
        assert (len(discovery.apps), stage.discovered()) == (0, 0)

    def test_an_account_that_authorizes_again_is_looked_up_again(self, stage: DiscoveryStage) -> None:
        appid = stage.appids[0]
        discovery = stage.discovery(include=[appid])
        discovery.discover()
        stage.revoke(appid)
        discovery.discover()
        assert appids_of(discovery) == ()
        stage.world.authorize(stage.simulated.component_appid, appid, nick_name="another name")
        discovery.discover()
        assert discovery.apps == (DiscoveredApp(appid, "another name"),)
        assert stage.lookups == {appid: 2}


class TestInheritance:
    def test_known_accounts_are_not_looked_up_again(self, stage: DiscoveryStage) -> None:
        old = stage.discovery()
        old.discover()
        first, *others = stage.appids
        new = stage.discovery(exclude=[first])
        new.inherit(old)
        assert appids_of(new) == tuple(sorted(others))
        assert new.complete
        assert stage.discovered() == 5
        new.discover()
        assert stage.lookups == dict.fromkeys([first, *others], 1)

    def test_an_incomplete_discovery_stays_incomplete(self, stage: DiscoveryStage) -> None:
        old, new = stage.discovery(), stage.discovery()
        new.inherit(old)
        assert not new.complete
        assert stage.discovered() is None
        old.discover()
        new.inherit(old)
        assert new.complete


class TestRun:
    def test_it_discovers_until_it_is_stopped(self, stage: DiscoveryStage, tasks: Tasks) -> None:
        discovery = stage.discovery()
        found = threading.Event()
        discovery._on_change = found.set
        running = tasks.submit(discovery.run)
        assert found.wait(LONG)
        assert not running.done()
        tasks.submit(discovery.stop)
        running.result(LONG)


def test_accounts_are_looked_up_again_if_the_answers_may_be_about_others(stage: DiscoveryStage) -> None:
    discovery, begin = stage.discovery(), stage.client.clock.monotonic()
    discovery.discover()
    stage.client.desyncs.note(begin)
    for _ in range(2):
        discovery.discover()
        assert appids_of(discovery) == tuple(sorted(stage.appids))
    assert stage.lookups == dict.fromkeys(stage.appids, 2)
