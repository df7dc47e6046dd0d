from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from helpers.discovery_setup import DiscoveryStage, appids_of
from helpers.waiting import Trap
from structlog.testing import capture_logs

from wx_domain_exporter.platforms import discovery as discovery_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wx_domain_exporter.platforms.discovery import PlatformDiscovery


class TestFailingList:
    def test_the_fleet_stays_and_the_error_is_told(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        assert stage.went_well() is None
        discovery.discover()
        assert stage.went_well() == 1
        stage.patch(list_errcode=61004)
        with capture_logs() as logs:
            discovery.discover()
        assert appids_of(discovery) == tuple(sorted(stage.appids))
        assert len(discovery.platform.refresh_tokens or {}) == 6
        assert len(stage.published) == 1
        assert (stage.discovered(), stage.errors(), stage.went_well()) == (6, 1, 0)
        (log,) = logs
        assert (log["event"], log["log_level"], log["platform"]) == ("discovery failed", "warning", "main")
        assert log["error"].startswith("api_get_authorizer_list answered errcode 61004")
        stage.patch(list_errcode=0)
        discovery.discover()
        assert discovery.failure is None
        assert (stage.errors(), stage.went_well()) == (1, 1)

    def test_a_page_in_the_middle_that_fails_drops_nobody(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery.discover()
        stage.patch(page_cut=2, next_list_errcodes=[0, 50002])
        discovery.discover()
        assert len(discovery.apps) == 6
        assert stage.errors() == 1

    def test_during_the_first_discovery_what_is_found_is_there(self, stage: DiscoveryStage) -> None:
        stage.patch(page_cut=2, next_list_errcodes=[0, 50002])
        discovery = stage.discovery()
        discovery.discover()
        assert (len(discovery.apps), discovery.complete, stage.discovered()) == (2, False, None)
        discovery.discover()
        assert (len(discovery.apps), discovery.complete, stage.discovered()) == (6, True, 6)
        assert set(stage.asked.values()) == {1}

    def test_a_list_that_does_not_end_is_given_up(
        self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(discovery_module, "_MOST_PAGES", 3)
        stage.patch(page_cut=1)
        discovery = stage.discovery()
        discovery.discover()
        assert (stage.lists, stage.errors()) == (3, 1)
        assert "goes on after 3 pages" in str(discovery.failure)

    def test_its_waits_double_up_to_the_interval_and_begin_anew(self, stage: DiscoveryStage) -> None:
        stage.patch(list_errcode=50002)
        discovery = stage.discovery(discover_interval="10m")
        assert [discovery.discover() for _ in range(7)] == [30, 60, 120, 240, 480, 600, 600]
        assert stage.lists == 7
        stage.patch(list_errcode=0)
        assert discovery.discover() == 600
        stage.patch(list_errcode=50002)
        assert discovery.discover() == 30

    def test_no_wait_is_longer_than_the_interval(self, stage: DiscoveryStage) -> None:
        stage.patch(list_errcode=50002)
        assert stage.discovery(discover_interval="10s").discover() == 10

    def test_a_busy_wechat_is_asked_once_more(self, stage: DiscoveryStage) -> None:
        stage.patch(next_list_errcodes=[-1])
        discovery = stage.discovery()
        assert discovery.discover() == 600
        assert (stage.lists, len(discovery.apps)) == (2, 6)

    @pytest.mark.parametrize(("errcode", "waits"), [(45009, [60, 1800, 1800]), (45011, [60, 60, 120])])
    def test_a_quota_that_is_used_up_makes_it_rest(
        self, stage: DiscoveryStage, errcode: int, waits: list[int]
    ) -> None:
        stage.patch(list_errcode=errcode)
        discovery = stage.discovery()
        assert [discovery.discover() for _ in waits] == waits
        discovery.resume()
        assert discovery.discover() < 1800
        stage.patch(list_errcode=0)
        discovery.discover()
        stage.patch(list_errcode=errcode)
        assert discovery.discover() == 60

    def test_a_platform_without_a_token_asks_for_no_list(self, stage: DiscoveryStage) -> None:
        stage.patch(component_errcode=61006)
        discovery = stage.discovery()
        for _ in range(3):
            discovery.discover()
        assert "errcode 61006" in str(discovery.failure)
        assert stage.lists == 0
        assert stage.errors() == 3
        assert stage.world.calls["api_component_token", stage.simulated.component_appid] == 1


class TestFailingAccounts:
    def test_the_others_are_found_and_these_asked_about_next_time(self, stage: DiscoveryStage) -> None:
        failing = stage.appids[:2]
        for appid in failing:
            stage.patch_account(appid, info_errcode=61007)
        discovery = stage.discovery()
        with capture_logs() as logs:
            assert discovery.discover() == 30
        assert appids_of(discovery) == tuple(sorted(stage.appids[2:]))
        assert [log["event"] for log in logs if log["log_level"] == "warning"] == ["discovery failed"]
        assert logs[-1]["failures"] == 2
        assert (stage.discovered(), stage.errors(), stage.went_well()) == (4, 2, 0)
        for appid in failing:
            stage.patch_account(appid, info_errcode=0)
        assert discovery.discover() == 600
        assert len(discovery.apps) == 6
        assert {appid for appid, number in stage.asked.items() if number == 2} == set(failing)

    def test_those_that_always_fail_take_nobody_elses_turn(
        self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(discovery_module, "_MOST_FAILURES", 2)
        monkeypatch.setattr(discovery_module, "_CHUNK", 2)
        for appid in stage.appids[:3]:
            stage.patch_account(appid, info_errcode=61003)
        discovery = stage.discovery()
        for _ in range(3):
            discovery.discover()
        assert appids_of(discovery) == tuple(sorted(stage.appids[3:]))

    def test_each_is_asked_about_once_a_round(self, stage: DiscoveryStage) -> None:
        stage.patch(page_cut=1)
        stage.patch_account(stage.appids[0], info_errcode=61007)
        discovery = stage.discovery()
        discovery.discover()
        assert stage.asked == dict.fromkeys(stage.appids, 1)
        assert stage.errors() == 1

    def test_a_round_ends_after_some_failures(self, staged: Callable[..., DiscoveryStage]) -> None:
        stage = staged(60)
        stage.patch(info_errcode=48001, page_cut=10)
        discovery = stage.discovery()
        discovery.discover()
        assert sum(stage.asked.values()) == 20
        assert stage.lists == 6
        assert discovery.complete

    def test_one_chunk_at_most_goes_beyond_them(self, staged: Callable[..., DiscoveryStage]) -> None:
        stage = staged(120)
        stage.patch(info_errcode=48001)
        stage.discovery().discover()
        assert sum(stage.asked.values()) == 50


class TestStop:
    def test_in_the_middle_nothing_more_is_called_or_told(self, stage: DiscoveryStage) -> None:
        stage.patch(page_cut=2)
        discovery = stage.discovery()
        discovery._publish = discovery.stop
        discovery.discover()
        assert stage.lists == 1
        assert len(discovery.apps) == 2
        assert (stage.discovered(), stage.errors()) == (None, 0)
        assert discovery.failure is None

    def test_with_the_last_page_its_metrics_stay_another_ones(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()

        def replace() -> None:
            discovery.stop()
            stage.own.set_discovering_platforms([])

        discovery._publish = replace
        discovery.discover()
        assert 'platform="main"' not in stage.exposition()

    def test_what_a_stopped_one_has_found_since_changes_nothing(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery._ask_about = lambda _: discovery.stop()  # type: ignore[method-assign,assignment]
        discovery.discover()
        assert discovery.platform.refresh_tokens is None
        assert stage.published == []

    def test_after_it_nothing_is_called(self, stage: DiscoveryStage) -> None:
        discovery = stage.discovery()
        discovery.stop()
        discovery.discover()
        assert not stage.world.calls


class TestThread:
    @pytest.fixture
    def failed(self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        failed = threading.Event()
        monkeypatch.setattr(stage.own, "discovery_failed", lambda _: failed.set())
        return failed

    @pytest.fixture
    def running(self, stage: DiscoveryStage) -> Iterator[PlatformDiscovery]:
        before = set(threading.enumerate())
        discovery = stage.discovery()
        yield discovery
        discovery.stop()
        for thread in set(threading.enumerate()) - before:
            if thread.name == "discovery-main":
                thread.join(10)
                assert not thread.is_alive()

    def test_a_failed_one_is_resumed_at_once(
        self, stage: DiscoveryStage, running: PlatformDiscovery, failed: threading.Event
    ) -> None:
        stage.patch(next_list_errcodes=[50002])
        found = threading.Event()
        running._publish = found.set
        running.start()
        assert failed.wait(10)
        assert not found.is_set()
        running.resume()
        assert found.wait(10)

    def test_one_that_went_well_is_left_alone_by_a_resumption(self, running: PlatformDiscovery) -> None:
        running.discover()
        running.resume()
        assert not running._wake.is_set()

    def test_a_bug_of_ours_is_told_and_does_not_end_it(
        self, running: PlatformDiscovery, failed: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trap = Trap(ValueError())
        monkeypatch.setattr(discovery_module, "list_page", trap)
        with capture_logs() as logs:
            running.start()
            assert failed.wait(10)
            running._wake.set()
            assert trap.again.wait(10)
        assert logs[0]["event"] == "a discovery broke"
