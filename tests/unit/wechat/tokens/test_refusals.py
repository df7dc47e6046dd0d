from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.simulated_client import APPID, SECRET
from helpers.token_setup import Stage, together

from wx_domain_exporter.simulator.apis import app_tokens as apis
from wx_domain_exporter.wechat.errors import TokenError

if TYPE_CHECKING:
    from helpers.clocks import Clock


class TestRefusedSource:
    def test_a_refused_source_rests_and_its_errcode_stays(self, stage: Stage) -> None:
        stage.appsecret.write_text("wrong")
        source = stage.source()
        first = stage.refused(source)
        assert "stable_token answered errcode 40125" in str(first)
        again = stage.refused(source)
        assert str(again) == str(first)
        assert again.occurred_at == first.occurred_at
        assert not again.timed_out
        assert stage.asked == 1
        assert stage.api_errors == {"stable_token": 40125}

    def test_it_is_asked_again_after_30_seconds_and_then_after_twice_the_time(
        self, stage: Stage, clock: Clock
    ) -> None:
        stage.app.whitelisted = False
        source = stage.source()
        for ahead, asked in [(0, 1), (23, 1), (37, 2), (84, 2), (110, 3)]:
            clock.ahead = ahead
            stage.refused(source)
            assert stage.asked == asked
        stage.app.whitelisted = True
        clock.ahead = 1000
        assert source.get(stage.caller())
        assert stage.api_errors == {}

    @pytest.mark.parametrize(
        ("errcode", "later"), [(45009, 1800), (45011, 60)], ids=["of a day", "of a minute"]
    )
    def test_a_used_up_quota_gives_the_source_a_longer_rest(
        self, stage: Stage, clock: Clock, errcode: int, later: int
    ) -> None:
        stage.app.token_errcode = errcode
        source = stage.source()
        for ahead, asked in [(0, 1), (50, 1), (61, 2), (61 + later - 10, 2), (61 + later + 1, 3)]:
            clock.ahead = ahead
            stage.refused(source)
            assert stage.asked == asked
            assert stage.api_errors == {"stable_token": errcode}

    def test_a_changed_secret_file_ends_the_rest(self, stage: Stage) -> None:
        stage.appsecret.write_text("wrong")
        source = stage.source()
        stage.refused(source)
        stage.appsecret.write_text(SECRET)
        assert source.get(stage.caller())
        assert stage.api_errors == {}

    def test_resuming_ends_the_rest(self, stage: Stage) -> None:
        stage.app.whitelisted = False
        source = stage.source()
        stage.refused(source)
        stage.app.whitelisted = True
        source.resume()
        assert source.get(stage.caller())

    def test_a_secret_that_cannot_be_read_costs_no_call_and_no_rest(self, stage: Stage) -> None:
        stage.appsecret.unlink()
        source = stage.source()
        assert str(stage.appsecret) in str(stage.refused(source))
        assert stage.asked == 0
        stage.appsecret.write_text(SECRET)
        assert source.get(stage.caller())

    def test_a_secret_that_vanishes_during_the_call_is_told_at_the_next_one(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def vanish(*_: object) -> dict[str, object]:
            stage.appsecret.unlink()
            return {}

        monkeypatch.setattr(apis, "_token_payload", vanish)
        source = stage.source()
        assert "no access_token" in str(stage.refused(source))
        assert "can't be read" in str(stage.refused(source))

    def test_an_unreachable_source_holds_its_app_up_also_while_it_rests(self, stage: Stage) -> None:
        stage.server.stop()
        source = stage.source()
        assert stage.refused(source).timed_out
        assert stage.refused(source).timed_out


class TestRenewal:
    def test_a_dead_token_is_replaced_by_another_and_that_one_kept(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        stage.world.invalidate_tokens(APPID)
        fresh = source.refresh(dead, stage.caller())
        assert fresh != dead
        assert source.get(stage.caller()) == fresh
        assert stage.asked == 2

    def test_all_who_report_the_same_dead_token_share_one_refresh(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        stage.world.invalidate_tokens(APPID)
        stage.app.token_latency = 0.1
        found = together(lambda: source.refresh(dead, stage.caller()))
        assert stage.asked == 2
        assert len(set(found)) == 1
        assert dead not in found

    def test_all_who_report_it_share_one_refusal(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        stage.app.token_errcode = 40164
        stage.app.token_latency = 0.1
        found = together(lambda: source.refresh(dead, stage.caller()))
        assert stage.asked == 2
        assert all(isinstance(error, TokenError) and "40164" in str(error) for error in found)

    def test_the_same_token_again_is_a_refusal(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        with pytest.raises(TokenError, match="stable_token: WeChat refuses the token, and there is no other"):
            source.refresh(dead, stage.caller())
        assert stage.asked == 2

    def test_the_same_token_again_is_handed_out_no_more_while_the_source_rests(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        with pytest.raises(TokenError):
            source.refresh(dead, stage.caller())
        stage.refused(source)
        assert stage.asked == 2

    def test_a_rejected_token_is_forgotten_and_the_source_rests(self, stage: Stage) -> None:
        source = stage.source()
        token = source.get(stage.caller())
        assert str(source.reject(token, "it is of no use")) == "stable_token: it is of no use"
        assert str(stage.refused(source)) == "stable_token: it is of no use"
        assert stage.asked == 1

    def test_all_who_reject_the_same_token_begin_one_rest(self, stage: Stage, clock: Clock) -> None:
        source = stage.source()
        token = source.get(stage.caller())
        for _ in range(5):
            source.reject(token, "it is of no use")
        clock.ahead = 37
        assert source.get(stage.caller())

    def test_a_rejected_token_that_is_not_in_force_takes_none_away(self, stage: Stage) -> None:
        source = stage.source()
        token = source.get(stage.caller())
        source.reject("an older one", "it is of no use")
        assert source.get(stage.caller()) == token
