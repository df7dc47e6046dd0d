from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.clocks import StoppedClock
from helpers.simulated_client import APPID
from helpers.token_setup import Stage, access_token, together

from wx_domain_exporter.simulator.apis import app_tokens as apis
from wx_domain_exporter.wechat.errors import DeadlineError, TokenError
from wx_domain_exporter.wechat.tokens.source import refresh_after

if TYPE_CHECKING:
    from helpers.clocks import Clock


class TestUsableSeconds:
    def test_a_token_is_used_until_5_to_10_minutes_before_its_end(self) -> None:
        lives = [refresh_after(7200, f"wx{number:016x}") for number in range(1000)]
        assert all(6600 < life <= 6900 for life in lives)
        assert min(lives) < 6615
        assert max(lives) > 6885

    def test_the_spread_hangs_on_the_appid_alone(self) -> None:
        assert refresh_after(7200, APPID) == refresh_after(7200, APPID)
        assert refresh_after(7200, APPID) != refresh_after(7200, "wxfedcba9876543210")

    @pytest.mark.parametrize("life", [1.0, 300.0, 599.0])
    def test_a_token_with_less_than_10_minutes_is_used_for_half_of_them(self, life: float) -> None:
        assert refresh_after(life, APPID) == life / 2

    def test_a_token_is_never_used_to_its_end(self) -> None:
        for number in range(100):
            assert 0 < refresh_after(600, f"wx{number:016x}") <= 300


class TestStableToken:
    def test_a_token_is_asked_for_once_and_kept(self, stage: Stage) -> None:
        source = stage.source()
        found = {source.get(stage.caller()) for _ in range(3)}
        assert len(found) == 1
        assert stage.world.find_token(found.pop()) is not None
        assert stage.asked == 1
        assert stage.recorder.refreshed == ["stable_token"]

    def test_many_who_ask_at_once_share_one_call(self, stage: Stage) -> None:
        stage.app.token_latency = 0.1
        source = stage.source()
        found = together(lambda: source.get(stage.caller()))
        assert stage.asked == 1
        assert len(set(found)) == 1

    @pytest.mark.parametrize("life", [7200.0, 400.0])
    def test_a_token_is_fetched_again_before_its_end(self, stage: Stage, clock: Clock, life: float) -> None:
        stage.app.token_lifetime = life
        source = stage.source()
        source.get(stage.caller())
        usable = refresh_after(life, APPID)
        clock.ahead = usable - 30
        source.get(stage.caller())
        assert stage.asked == 1
        clock.ahead = usable + 1
        source.get(stage.caller())
        assert stage.asked == 2

    @pytest.mark.parametrize(
        ("expires_in", "usable"),
        [("7200", refresh_after(7200, APPID)), (10**15, refresh_after(30 * 86400, APPID)), (0.5, 0.25)],
        ids=["as a string", "30 days at most", "half a second"],
    )
    def test_the_life_of_a_token_is_read_as_it_comes(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, expires_in: object, usable: float
    ) -> None:
        payload = {"access_token": "made", "expires_in": expires_in}
        monkeypatch.setattr(apis, "_token_payload", lambda *_: payload)
        stage.clock = clock = StoppedClock(0.0)
        source = stage.source()
        assert source.get(stage.caller()) == "made"
        clock.now = usable * 0.99
        source.get(stage.caller())
        assert stage.asked == 1
        clock.now = usable
        source.get(stage.caller())
        assert stage.asked == 2

    @pytest.mark.parametrize(
        ("payload", "missing"),
        [
            ({"expires_in": 7200}, "access_token"),
            ({"access_token": "", "expires_in": 7200}, "access_token"),
            ({"access_token": 5, "expires_in": 7200}, "access_token"),
            ({"access_token": "a\nb", "expires_in": 7200}, "access_token"),
            ({"access_token": "é", "expires_in": 7200}, "access_token"),
            ({"access_token": "made"}, "expires_in"),
            ({"access_token": "made", "expires_in": 0}, "expires_in"),
            ({"access_token": "made", "expires_in": True}, "expires_in"),
            ({"access_token": "made", "expires_in": "soon"}, "expires_in"),
            ({"access_token": "made", "expires_in": None}, "expires_in"),
        ],
        ids=lambda value: None if isinstance(value, str) else str(sorted(value.items())),
    )
    def test_an_answer_without_token_or_life_is_a_refusal(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any], missing: str
    ) -> None:
        monkeypatch.setattr(apis, "_token_payload", lambda *_: payload)
        source = stage.source()
        assert f"the answer has no {missing}" in str(stage.refused(source))
        stage.refused(source)
        assert stage.asked == 1
        assert not stage.recorder.refreshed

    def test_a_deadline_is_no_refusal(self, stage: Stage) -> None:
        source = stage.source()
        with pytest.raises(DeadlineError):
            source.get(stage.caller(seconds=-1))
        assert stage.asked == 0
        assert source.get(stage.caller())

    def test_a_busy_wechat_is_asked_once_more(self, stage: Stage) -> None:
        stage.app.token_errcode = -1
        stage.refused(stage.source())
        assert stage.asked == 2


class TestAccessToken:
    def test_it_is_handed_out_as_it_is_now_and_never_asked_for(self, stage: Stage) -> None:
        stage.appsecret.write_text("one")
        source = access_token({"file": str(stage.appsecret)})
        assert source.get(stage.caller()) == "one"
        stage.appsecret.write_text("two")
        assert source.get(stage.caller()) == "two"
        assert not stage.world.calls
        assert not stage.recorder.refreshed

    def test_only_its_owner_can_replace_a_dead_one(self, stage: Stage) -> None:
        stage.appsecret.write_text("dead")
        source = access_token({"file": str(stage.appsecret)})
        with pytest.raises(TokenError, match="access_token: WeChat refuses the token, and there is no other"):
            source.refresh("dead", stage.caller())
        assert "there is no other" in str(stage.refused(source))
        stage.appsecret.write_text("fresh")
        assert source.get(stage.caller()) == "fresh"

    def test_one_that_was_replaced_meanwhile_is_renewed(self, stage: Stage) -> None:
        assert access_token("fresh").refresh("dead", stage.caller()) == "fresh"

    def test_a_missing_variable_is_named(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SHOP_TOKEN", raising=False)
        source = access_token({"env": "SHOP_TOKEN"})
        assert (
            str(stage.refused(source))
            == "access_token: no token: the environment variable SHOP_TOKEN is not set"
        )
