from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.simulated_client import APPID, SECRET
from helpers.token_setup import Stage, together

from wx_domain_exporter.simulator.apis import app_tokens as apis
from wx_domain_exporter.wechat.errors import SecretFlaw, TokenError, TokenOrigin

if TYPE_CHECKING:
    from helpers.clocks import Clock


class TestRefusedSource:
    def test_a_refused_source_pauses_and_its_errcode_stays(self, stage: Stage) -> None:
        stage.appsecret.write_text("wrong")
        source = stage.source()
        first = stage.refusal(source)
        assert "stable_token answered errcode 40125" in str(first)
        again = stage.refusal(source)
        assert str(again) == str(first)
        assert again.occurred_at == first.occurred_at
        assert 20 < source.pause_seconds <= 36
        assert not again.timed_out
        assert stage.token_calls == 1
        assert stage.api_errors == {"stable_token": 40125}

    @pytest.mark.parametrize(
        ("secret", "flaw"), [("$SHOP_APPSECRET", SecretFlaw.VARIABLE), (f"{SECRET[:-1]}9", None)]
    )
    def test_the_error_says_what_is_visibly_wrong_with_the_appsecret(
        self, stage: Stage, secret: str, flaw: SecretFlaw | None
    ) -> None:
        stage.appsecret.write_text(secret)
        source = stage.source()
        for _ in range(2):
            assert stage.refusal(source).origin == TokenOrigin("stable_token", flaw=flaw)

    def test_it_is_called_again_after_30_seconds_and_then_after_twice_the_time(
        self, stage: Stage, clock: Clock
    ) -> None:
        stage.app.whitelisted = False
        source = stage.source()
        for ahead, asked in [(0, 1), (23, 1), (37, 2), (84, 2), (110, 3)]:
            clock.ahead = ahead
            stage.refusal(source)
            assert stage.token_calls == asked
        stage.app.whitelisted = True
        clock.ahead = 1000
        assert source.get(stage.caller())
        assert stage.api_errors == {}

    @pytest.mark.parametrize(
        ("errcode", "later"), [(45009, 1800), (45011, 60)], ids=["of a day", "of a minute"]
    )
    def test_a_used_up_quota_pauses_the_source_for_longer(
        self, stage: Stage, clock: Clock, errcode: int, later: int
    ) -> None:
        stage.app.token_errcode = errcode
        source = stage.source()
        for ahead, asked in [(0, 1), (50, 1), (61, 2), (61 + later - 10, 2), (61 + later + 1, 3)]:
            clock.ahead = ahead
            stage.refusal(source)
            assert stage.token_calls == asked
            assert stage.api_errors == {"stable_token": errcode}

    def test_a_changed_secret_file_ends_the_pause(self, stage: Stage) -> None:
        stage.appsecret.write_text("wrong")
        source = stage.source()
        stage.refusal(source)
        stage.appsecret.write_text(SECRET)
        assert source.get(stage.caller())
        assert stage.api_errors == {}

    def test_resuming_ends_the_pause(self, stage: Stage) -> None:
        stage.app.whitelisted = False
        source = stage.source()
        stage.refusal(source)
        stage.app.whitelisted = True
        assert source.pause_seconds > 0
        source.resume()
        assert source.pause_seconds == 0
        assert source.get(stage.caller())

    def test_a_secret_that_cannot_be_read_costs_no_call_and_no_pause(self, stage: Stage) -> None:
        stage.appsecret.unlink()
        source = stage.source()
        assert str(stage.appsecret) in str(stage.refusal(source))
        assert stage.token_calls == 0
        stage.appsecret.write_text(SECRET)
        assert source.get(stage.caller())

    def test_a_secret_that_vanishes_during_the_call_is_reported_at_the_next_one(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def vanish(*_: object) -> dict[str, object]:
            stage.appsecret.unlink()
            return {}

        monkeypatch.setattr(apis, "_token_payload", vanish)
        source = stage.source()
        assert "no access_token" in str(stage.refusal(source))
        assert "can't be read" in str(stage.refusal(source))

    def test_an_unreachable_source_times_out_also_while_it_pauses(self, stage: Stage) -> None:
        stage.server.stop()
        source = stage.source()
        assert stage.refusal(source).timed_out
        assert stage.refusal(source).timed_out


class TestRefresh:
    def test_an_invalid_token_is_replaced_and_the_new_one_is_cached(self, stage: Stage) -> None:
        source = stage.source()
        rejected = source.get(stage.caller())
        stage.world.invalidate_tokens(APPID)
        new = source.refresh(rejected, stage.caller())
        assert new != rejected
        assert source.get(stage.caller()) == new
        assert stage.token_calls == 2

    def test_all_tasks_that_report_the_same_invalid_token_share_one_refresh(self, stage: Stage) -> None:
        source = stage.source()
        rejected = source.get(stage.caller())
        stage.world.invalidate_tokens(APPID)
        stage.app.token_latency = 0.1
        results = together(lambda: source.refresh(rejected, stage.caller()))
        assert stage.token_calls == 2
        assert len(set(results)) == 1
        assert rejected not in results

    def test_all_tasks_that_report_it_share_one_refusal(self, stage: Stage) -> None:
        source = stage.source()
        rejected = source.get(stage.caller())
        stage.app.token_errcode = 40164
        stage.app.token_latency = 0.1
        results = together(lambda: source.refresh(rejected, stage.caller()))
        assert stage.token_calls == 2
        assert all(isinstance(error, TokenError) and "40164" in str(error) for error in results)

    def test_the_same_token_again_is_a_refusal(self, stage: Stage) -> None:
        source = stage.source()
        rejected = source.get(stage.caller())
        with pytest.raises(TokenError, match="stable_token: WeChat refuses the token, and there is no other"):
            source.refresh(rejected, stage.caller())
        assert stage.token_calls == 2

    def test_the_same_token_again_is_not_used_while_the_source_pauses(self, stage: Stage) -> None:
        source = stage.source()
        rejected = source.get(stage.caller())
        with pytest.raises(TokenError):
            source.refresh(rejected, stage.caller())
        stage.refusal(source)
        assert stage.token_calls == 2

    def test_a_rejected_token_is_discarded_and_the_source_pauses(self, stage: Stage) -> None:
        source = stage.source()
        token = source.get(stage.caller())
        assert str(source.reject(token, "it is of no use")) == "stable_token: it is of no use"
        assert str(stage.refusal(source)) == "stable_token: it is of no use"
        assert stage.token_calls == 1

    def test_all_tasks_that_reject_the_same_token_begin_one_pause(self, stage: Stage, clock: Clock) -> None:
        source = stage.source()
        token = source.get(stage.caller())
        for _ in range(5):
            source.reject(token, "it is of no use")
        clock.ahead = 37
        assert source.get(stage.caller())

    def test_rejecting_an_older_token_keeps_the_current_one(self, stage: Stage) -> None:
        source = stage.source()
        token = source.get(stage.caller())
        source.reject("an older one", "it is of no use")
        assert source.get(stage.caller()) == token


def test_a_refusal_ends_with_the_next_token(stage: Stage, clock: Clock) -> None:
    source = stage.source()
    stage.app.token_errcode = 40164
    stage.refusal(source)
    assert source._last_refusal.error is not None
    stage.app.token_errcode = 0
    clock.ahead += 60
    assert source.get(stage.caller())
    assert source._last_refusal.error is None  # else a task that finds the lock taken would get it
