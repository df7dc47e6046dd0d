from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from wx_domain_exporter.platforms.account_statuses import (
    MIN_AGE_SECONDS,
    MOST_REFRESHED,
    REFRESH_INTERVAL_SECONDS,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.clocks import Clock
    from helpers.discovery_setup import DiscoveryStage

    from wx_domain_exporter.platforms.discovery import PlatformDiscovery


def collecting(stage: DiscoveryStage) -> PlatformDiscovery:
    discovery = stage.discovery()
    discovery.collects_account = True
    discovery.discover()
    return discovery


def test_the_lookup_of_an_account_tells_its_status(stage: DiscoveryStage) -> None:
    frozen, normal, *_ = stage.appids
    stage.patch_account(frozen, account_status=19)
    discovery = collecting(stage)
    assert (discovery.account_status(frozen), discovery.account_status(normal)) == ("frozen", "normal")
    assert discovery.account_status("wx0000000000000000") is None


def test_a_change_is_seen_after_an_hour(stage: DiscoveryStage, clock: Clock) -> None:
    discovery = collecting(stage)
    appid = stage.appids[0]
    stage.patch_account(appid, account_status=16)
    clock.ahead += MIN_AGE_SECONDS / 2
    discovery.discover()
    assert discovery.account_status(appid) == "normal"
    assert set(stage.lookups.values()) == {1}
    clock.ahead += MIN_AGE_SECONDS / 2
    discovery.discover()
    assert discovery.account_status(appid) == "banned"
    assert set(stage.lookups.values()) == {2}


def test_nothing_is_asked_again_unless_statuses_are_collected(stage: DiscoveryStage, clock: Clock) -> None:
    discovery = stage.discovery()
    discovery.discover()
    clock.ahead += 2 * MIN_AGE_SECONDS
    discovery.discover()
    assert set(stage.lookups.values()) == {1}


def test_the_calls_are_bounded_and_the_oldest_comes_first(
    staged: Callable[..., DiscoveryStage], clock: Clock
) -> None:
    stage = staged(MOST_REFRESHED + 10)
    discovery = collecting(stage)
    before = sum(stage.lookups.values())
    clock.ahead += MIN_AGE_SECONDS
    discovery.discover()
    discovery.discover()
    assert sum(stage.lookups.values()) == before + MOST_REFRESHED
    clock.ahead += REFRESH_INTERVAL_SECONDS
    discovery.discover()
    assert set(stage.lookups.values()) == {2}


def test_official_accounts_are_not_asked_about_again(
    staged: Callable[..., DiscoveryStage], clock: Clock
) -> None:
    stage = staged(4, official_accounts=4)
    discovery = collecting(stage)
    clock.ahead += MIN_AGE_SECONDS
    discovery.discover()
    assert set(stage.lookups.values()) == {1}


def test_a_failed_call_keeps_the_status_and_the_app_and_is_logged_once(
    stage: DiscoveryStage, clock: Clock
) -> None:
    discovery = collecting(stage)
    stage.patch(info_errcode=50002)
    clock.ahead += MIN_AGE_SECONDS
    with capture_logs() as logs:
        discovery.discover()
    assert {discovery.account_status(appid) for appid in stage.appids} == {"normal"}
    assert len(discovery.apps) == 6
    assert stage.account_errors() == 0
    (log,) = logs
    assert (log["log_level"], log["platform"], log["accounts"]) == ("warning", "main", 6)
    assert "50002" in log["error"]


def test_a_status_that_is_not_documented_replaces_the_known_one(stage: DiscoveryStage, clock: Clock) -> None:
    discovery = collecting(stage)
    appid = stage.appids[0]
    stage.patch_account(appid, account_status=77)
    clock.ahead += MIN_AGE_SECONDS
    discovery.discover()
    assert discovery.account_status(appid) is None


def test_a_revoked_account_has_none(stage: DiscoveryStage) -> None:
    discovery = collecting(stage)
    appid = stage.appids[0]
    stage.revoke(appid)
    discovery.discover()
    assert discovery.account_status(appid) is None


def test_a_status_that_may_be_of_another_account_is_forgotten_and_asked_for_first(
    stage: DiscoveryStage, clock: Clock
) -> None:
    discovery = collecting(stage)
    clock.ahead += MIN_AGE_SECONDS
    begin = clock.monotonic()
    discovery.discover()
    stage.client.desyncs.note(begin)
    clock.ahead += 1
    discovery.discover()
    assert {discovery.account_status(appid) for appid in stage.appids} == {None}
    assert len(discovery.apps) == 6
    clock.ahead += REFRESH_INTERVAL_SECONDS
    discovery.discover()
    assert {discovery.account_status(appid) for appid in stage.appids} == {"normal"}
    assert set(stage.lookups.values()) == {3}


def test_a_successor_takes_them_over(stage: DiscoveryStage) -> None:
    stage.patch_account(stage.appids[0], account_status=18)
    discovery = collecting(stage)
    successor = stage.discovery()
    successor.inherit(discovery)
    assert successor.account_status(stage.appids[0]) == "warned"


@pytest.mark.parametrize("again", [False, True])
def test_a_reload_changes_nothing_about_the_bound(
    stage: DiscoveryStage, clock: Clock, *, again: bool
) -> None:
    discovery = collecting(stage)
    clock.ahead += MIN_AGE_SECONDS
    if again:
        discovery.discover()
    successor = stage.discovery()
    successor.inherit(discovery)
    successor.collects_account = True
    successor.discover()
    assert set(stage.lookups.values()) == {2}
