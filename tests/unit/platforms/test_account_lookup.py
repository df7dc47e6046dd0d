from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.clocks import StoppedClock

from wx_domain_exporter.platforms import account_lookup
from wx_domain_exporter.platforms.account_calls import ask_about_all
from wx_domain_exporter.platforms.account_lookup import FailedAccount
from wx_domain_exporter.wechat.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import pytest
    from helpers.discovery_setup import DiscoveryStage


def test_a_failed_account_is_due_after_30_seconds_then_twice_as_many_and_at_last_after_a_day() -> None:
    clock = StoppedClock()
    account, error = FailedAccount(clock), HttpError("500")
    assert account.is_due()
    for seconds in (30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 30720, 61440, 86400, 86400):
        account.failed(error)
        assert account.error is error
        clock.now += seconds - 0.5
        assert not account.is_due()
        clock.now += 0.5
        assert account.is_due()


def test_after_20_failures_a_round_looks_up_no_further_account(
    staged: Callable[..., DiscoveryStage],
) -> None:
    stage = staged(22)
    stage.client.clock = StoppedClock()
    stage.patch(info_errcode=48001, page_cut=1)
    discovery = stage.discovery()
    discovery.discover()
    assert list(stage.lookups.values()) == [1] * 20
    discovery.discover()
    assert list(stage.lookups.values()) == [1] * 22


def test_one_that_failed_and_is_gone_from_the_list_is_not_looked_up_again(stage: DiscoveryStage) -> None:
    clock = stage.client.clock = StoppedClock()
    gone, failing, *_ = stage.appids
    for appid in (gone, failing):
        stage.patch_account(appid, info_errcode=61007)
    discovery = stage.discovery()
    discovery.discover()
    stage.revoke(gone)
    clock.now += 31
    discovery.discover()
    assert (stage.lookups[gone], stage.lookups[failing]) == (1, 2)


def test_one_that_fails_in_a_long_round_is_looked_up_again_only_in_the_next_one(
    stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = stage.client.clock = StoppedClock()

    def slowly(*accounts: Any) -> list[Any]:
        clock.now += 31
        return ask_about_all(*accounts)

    monkeypatch.setattr(account_lookup, "ask_about_all", slowly)
    stage.patch(page_cut=1)
    failing, *others = stage.appids
    stage.patch_account(failing, info_errcode=61007)
    discovery = stage.discovery()
    discovery.discover()
    assert stage.lookups == dict.fromkeys(stage.appids, 1)
    discovery.discover()
    assert stage.lookups == {failing: 2, **dict.fromkeys(others, 1)}


def test_only_accounts_whose_answers_may_be_about_others_are_looked_up_again(stage: DiscoveryStage) -> None:
    clock = stage.client.clock = stage.client.desyncs.clock = StoppedClock()
    discovery = stage.discovery()
    discovery.discover()
    late, *others = stage.appids
    stage.revoke(late)
    discovery.discover()
    stage.world.authorize(stage.simulated.component_appid, late)
    clock.now += 100
    discovery.discover()
    stage.client.desyncs.note(clock.now - 50)
    clock.now += 1
    for _ in range(2):
        discovery.discover()
    assert stage.lookups == {late: 3, **dict.fromkeys(others, 1)}


def test_one_that_failed_still_waits_when_other_answers_are_in_doubt(stage: DiscoveryStage) -> None:
    clock = stage.client.clock = stage.client.desyncs.clock = StoppedClock()
    failing, *others = stage.appids
    stage.patch_account(failing, info_errcode=61007)
    discovery = stage.discovery()
    discovery.discover()
    stage.client.desyncs.note(clock.now - 1)
    clock.now += 1
    discovery.discover()
    assert stage.lookups == {failing: 1, **dict.fromkeys(others, 2)}
