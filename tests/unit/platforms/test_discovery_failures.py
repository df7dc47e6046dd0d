from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from helpers.discovery_setup import LONG, DiscoveryStage, appids_of
from helpers.waiting import Trap
from structlog.testing import capture_logs

from wx_domain_exporter.platforms import account_lookup
from wx_domain_exporter.platforms import discovery as discovery_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.clocks import Clock

    from wx_domain_exporter.tasks import Tasks


class TestFailingList:
    def test_the_apps_stay_and_the_error_is_logged_and_counted(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        assert stage.last_successful() is None
        discovery.discover()
        assert stage.last_successful() == 1
        stage.patch(list_errcode=61004)
        with capture_logs() as logs:
            discovery.discover()
        assert appids_of(discovery) == tuple(sorted(stage.appids))
        assert len(discovery.platform.refresh_tokens or {}) == 6
        assert len(stage.changes) == 1
        assert (stage.discovered(), stage.errors(), stage.last_successful()) == (6, 1, 0)
        (log,) = logs
        assert (log["event"], log["log_level"], log["platform"]) == ("discovery failed", "warning", "main")
        assert log["error"].startswith("api_get_authorizer_list answered errcode 61004")
        stage.patch(list_errcode=0)
        discovery.discover()
        assert discovery.failure is None
        assert (stage.errors(), stage.last_successful()) == (1, 1)

    def test_a_page_that_fails_drops_no_app(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery.discover()
        stage.patch(page_cut=2, next_list_errcodes=[0, 50002])
        discovery.discover()
        assert len(discovery.apps) == 6
        assert stage.errors() == 1

    def test_a_first_round_that_fails_keeps_what_it_found(self, stage: DiscoveryStage) -> None:
        stage.patch(page_cut=2, next_list_errcodes=[0, 50002])
        discovery = stage.discovery()
        discovery.discover()
        assert (len(discovery.apps), discovery.complete, stage.discovered()) == (2, False, None)
        discovery.discover()
        assert (len(discovery.apps), discovery.complete, stage.discovered()) == (6, True, 6)
        assert set(stage.lookups.values()) == {1}

    def test_a_list_that_does_not_end_is_an_error(
        self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(discovery_module, "_MAX_PAGES", 3)
        stage.patch(page_cut=1)
        discovery = stage.discovery()
        discovery.discover()
        assert (stage.list_calls, stage.errors()) == (3, 1)
        assert "goes on after 3 pages" in str(discovery.failure)

    @pytest.mark.parametrize("limit", ["_MAX_ACCOUNTS", "_MAX_LIST_BYTES"])
    def test_a_list_that_is_too_long_is_an_error(
        self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch, limit: str
    ) -> None:
        monkeypatch.setattr(discovery_module, limit, 5)
        discovery = stage.discovery()
        discovery.discover()
        assert "the list is too long" in str(discovery.failure)
        assert stage.errors() == 1

    def test_the_delays_double_up_to_the_interval_and_are_reset_by_a_success(
        self, stage: DiscoveryStage
    ) -> None:
        stage.patch(list_errcode=50002)
        discovery = stage.discovery(discover_interval="10m")
        assert [discovery.discover() for _ in range(7)] == [30, 60, 120, 240, 480, 600, 600]
        assert stage.list_calls == 7
        stage.patch(list_errcode=0)
        assert discovery.discover() == 600
        stage.patch(list_errcode=50002)
        assert discovery.discover() == 30

    def test_no_delay_is_longer_than_the_interval(self, stage: DiscoveryStage) -> None:
        stage.patch(list_errcode=50002)
        assert stage.discovery(discover_interval="10s").discover() == 10

    def test_a_call_is_repeated_once_if_wechat_is_busy(self, stage: DiscoveryStage) -> None:
        stage.patch(next_list_errcodes=[-1])
        discovery = stage.discovery()
        assert discovery.discover() == 600
        assert (stage.list_calls, len(discovery.apps)) == (2, 6)

    @pytest.mark.parametrize(("errcode", "delays"), [(45009, [60, 1800, 1800]), (45011, [60, 60, 120])])
    def test_a_used_up_quota_begins_a_cooldown(
        self, stage: DiscoveryStage, errcode: int, delays: list[int]
    ) -> None:
        stage.patch(list_errcode=errcode)
        discovery = stage.discovery()
        assert [discovery.discover() for _ in delays] == delays
        discovery.resume()
        assert discovery.discover() < 1800
        stage.patch(list_errcode=0)
        discovery.discover()
        stage.patch(list_errcode=errcode)
        assert discovery.discover() == 60

    def test_without_a_token_no_list_is_read(self, stage: DiscoveryStage) -> None:
        stage.patch(component_errcode=61006)
        discovery = stage.discovery()
        for _ in range(3):
            discovery.discover()
        assert "errcode 61006" in str(discovery.failure)
        assert stage.list_calls == 0
        assert stage.errors() == 3
        assert stage.world.calls["api_component_token", stage.simulated.component_appid] == 1


class TestFailingAccounts:
    def test_the_others_are_found_and_these_are_looked_up_in_the_next_round(
        self, stage: DiscoveryStage, clock: Clock
    ) -> None:
        failing = stage.appids[:2]
        for appid in failing:
            stage.patch_account(appid, info_errcode=61007)
        discovery = stage.discovery()
        with capture_logs() as logs:
            assert discovery.discover() == 30
        assert appids_of(discovery) == tuple(sorted(stage.appids[2:]))
        (log,) = [log for log in logs if log["log_level"] == "warning"]
        assert (log["event"], log["platform"]) == (
            "accounts can't be looked up; they are not monitored",
            "main",
        )
        assert log["appids"].split() == failing
        assert log["error"].startswith("api_get_authorizer_info answered errcode 61007")
        assert (stage.discovered(), stage.errors(), stage.last_successful()) == (4, 0, 1)
        assert stage.account_errors() == len(discovery.failed_accounts) == 2
        for appid in failing:
            stage.patch_account(appid, info_errcode=0)
        clock.ahead = 31
        assert discovery.discover() == 600
        assert stage.account_errors() == len(discovery.failed_accounts) == 0
        assert len(discovery.apps) == 6
        assert {appid for appid, number in stage.lookups.items() if number == 2} == set(failing)

    def test_accounts_that_always_fail_do_not_delay_the_others(
        self, stage: DiscoveryStage, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(account_lookup, "_MAX_FAILURES", 2)
        monkeypatch.setattr(account_lookup, "_CHUNK", 2)
        for appid in stage.appids[:3]:
            stage.patch_account(appid, info_errcode=61003)
        discovery = stage.discovery()
        for _ in range(3):
            discovery.discover()
            clock.ahead += 86_400
        assert appids_of(discovery) == tuple(sorted(stage.appids[3:]))
        assert sum(stage.lookups.values()) > 6

    def test_one_that_always_fails_is_named_once_and_tried_after_longer_and_longer_waits(
        self, stage: DiscoveryStage, clock: Clock
    ) -> None:
        dead = stage.appids[0]
        stage.patch_account(dead, info_errcode=50002)
        discovery, days = stage.discovery(), 10
        with capture_logs() as logs:
            while clock.ahead < days * 86_400:
                clock.ahead += discovery.discover()
                assert (stage.last_successful(), stage.account_errors()) == (1, 1)
        assert discovery.failure is None
        assert days <= stage.lookups[dead] < days + 15
        assert [log["appids"] for log in logs if log["log_level"] == "warning"] == [dead]

    def test_each_is_looked_up_once_per_round(self, stage: DiscoveryStage) -> None:
        stage.patch(page_cut=1)
        stage.patch_account(stage.appids[0], info_errcode=61007)
        discovery = stage.discovery()
        discovery.discover()
        assert stage.lookups == dict.fromkeys(stage.appids, 1)
        assert stage.account_errors() == 1

    def test_the_lookups_of_a_round_end_after_some_failures(
        self, staged: Callable[..., DiscoveryStage]
    ) -> None:
        stage = staged(60)
        stage.patch(info_errcode=48001, page_cut=10)
        discovery = stage.discovery()
        discovery.discover()
        assert sum(stage.lookups.values()) == 20
        assert stage.account_errors() == 60
        assert stage.list_calls == 6
        assert discovery.complete

    def test_at_most_one_chunk_exceeds_that_number(self, staged: Callable[..., DiscoveryStage]) -> None:
        stage = staged(120)
        stage.patch(info_errcode=48001)
        stage.discovery().discover()
        assert sum(stage.lookups.values()) == 50


class TestStop:
    def test_between_two_pages_it_ends_calls_and_reports(self, stage: DiscoveryStage) -> None:
        stage.patch(page_cut=2)
        discovery = stage.discovery()
        discovery._on_change = discovery.stop
        discovery.discover()
        assert stage.list_calls == 1
        assert len(discovery.apps) == 2
        assert (stage.discovered(), stage.errors()) == (None, 0)
        assert discovery.failure is None

    def test_after_the_last_page_no_metric_is_set(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()

        def replace() -> None:
            discovery.stop()
            stage.self_metrics.set_discovering_platforms([])

        discovery._on_change = replace
        discovery.discover()
        assert len(discovery.apps) == 6
        assert 'platform="main"' not in stage.exposition()

    def test_a_lookup_that_ends_later_has_no_effect(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery._accounts._ask_about = lambda _: discovery.stop()  # type: ignore[method-assign,assignment]
        discovery.discover()
        assert stage.list_calls == 1
        assert discovery.platform.refresh_tokens is None
        assert stage.changes == []

    def test_afterwards_no_call_begins(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery.stop()
        discovery.discover()
        assert not stage.world.calls
        stage.discovery().discover()
        assert stage.list_calls == 1


class TestRun:
    @pytest.fixture
    def failed(self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        """Is set by each failure."""
        failed = threading.Event()
        monkeypatch.setattr(stage.self_metrics, "discovery_failed", lambda _: failed.set())
        return failed

    def test_a_round_that_failed_is_repeated_at_once_by_resume(
        self, stage: DiscoveryStage, tasks: Tasks, failed: threading.Event
    ) -> None:
        stage.patch(next_list_errcodes=[50002])
        discovery, found = stage.discovery(), threading.Event()
        discovery._on_change = found.set
        tasks.submit(discovery.run)
        assert failed.wait(LONG)
        assert not found.is_set()
        tasks.submit(discovery.resume)
        assert found.wait(LONG)

    def test_a_round_that_succeeded_is_not_repeated_by_resume(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery.discover()
        discovery.resume()
        assert not discovery._wake.is_set()
        stage.patch(list_errcode=50002)
        discovery.discover()
        discovery.resume()
        assert discovery._wake.is_set()

    def test_an_unexpected_error_is_logged_and_does_not_end_it(
        self, stage: DiscoveryStage, tasks: Tasks, failed: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trap, discovery = Trap(ValueError()), stage.discovery()
        monkeypatch.setattr(discovery_module, "list_page", trap)
        with capture_logs() as logs:
            tasks.submit(discovery.run)
            assert failed.wait(LONG)
            tasks.submit(discovery._wake.set)
            assert trap.again.wait(LONG)
        assert logs[0]["event"] == "unexpected error in a discovery"
        assert stage.last_successful() == 0
