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


class TestRefreshAfter:
    def test_a_token_is_used_until_5_to_10_minutes_before_it_expires(self) -> None:
        delays = {refresh_after(7200, f"wx{number:016x}") for number in range(5000)}
        assert delays == set(range(6601, 6901))

    def test_the_spread_depends_on_the_appid_alone(self) -> None:
        assert refresh_after(7200, APPID) == refresh_after(7200, APPID)
        assert refresh_after(7200, APPID) != refresh_after(7200, "wxfedcba9876543210")

    @pytest.mark.parametrize("expires_in", [1.0, 300.0, 599.0])
    def test_a_token_that_expires_in_less_than_10_minutes_is_used_for_half_of_it(
        self, expires_in: float
    ) -> None:
        assert refresh_after(expires_in, APPID) == expires_in / 2

    def test_a_token_is_never_used_until_it_expires(self) -> None:
        for number in range(100):
            assert 0 < refresh_after(600, f"wx{number:016x}") <= 300


class TestStableToken:
    def test_a_token_is_requested_once_and_cached(self, stage: Stage) -> None:
        source = stage.source()
        tokens = {source.get(stage.caller()) for _ in range(3)}
        assert len(tokens) == 1
        assert stage.world.find_token(tokens.pop()) is not None
        assert stage.token_calls == 1
        assert stage.recorder.refreshed == ["stable_token"]

    def test_many_tasks_at_once_share_one_call(self, stage: Stage) -> None:
        stage.app.token_latency = 0.1
        source = stage.source()
        tokens = together(lambda: source.get(stage.caller()))
        assert stage.token_calls == 1
        assert len(set(tokens)) == 1

    @pytest.mark.parametrize("expires_in", [7200.0, 400.0])
    def test_a_token_is_requested_again_before_it_expires(
        self, stage: Stage, clock: Clock, expires_in: float
    ) -> None:
        stage.app.token_lifetime = expires_in
        source = stage.source()
        source.get(stage.caller())
        usable = refresh_after(expires_in, APPID)
        clock.ahead = usable - 30
        source.get(stage.caller())
        assert stage.token_calls == 1
        clock.ahead = usable + 1
        source.get(stage.caller())
        assert stage.token_calls == 2

    @pytest.mark.parametrize(
        ("expires_in", "usable"),
        [
            ("7200", refresh_after(7200, APPID)),
            ("7200.0", refresh_after(7200, APPID)),
            (7200.0, refresh_after(7200, APPID)),
            (10**15, refresh_after(30 * 86400, APPID)),
            (1, 0.5),
        ],
        ids=["as a string", "as a string of a float", "as a float", "30 days at most", "a second"],
    )
    def test_the_lifetime_may_be_a_number_or_a_string(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, expires_in: object, usable: float
    ) -> None:
        payload = {"access_token": "made", "expires_in": expires_in}
        monkeypatch.setattr(apis, "_token_payload", lambda *_: payload)
        stage.clock = clock = StoppedClock(0.0)
        source = stage.source()
        assert source.get(stage.caller()) == "made"
        clock.now = usable * 0.99
        source.get(stage.caller())
        assert stage.token_calls == 1
        clock.now = usable
        source.get(stage.caller())
        assert stage.token_calls == 2

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
            ({"access_token": "made", "expires_in": 0.5}, "expires_in"),
            ({"access_token": "made", "expires_in": 10**30}, "expires_in"),
            ({"access_token": "made", "expires_in": "soon"}, "expires_in"),
            ({"access_token": "made", "expires_in": None}, "expires_in"),
        ],
        ids=lambda value: None if isinstance(value, str) else str(sorted(value.items())),
    )
    def test_an_answer_without_token_or_lifetime_is_a_refusal(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any], missing: str
    ) -> None:
        monkeypatch.setattr(apis, "_token_payload", lambda *_: payload)
        source = stage.source()
        assert f"the answer has no {missing}" in str(stage.refusal(source))
        stage.refusal(source)
        assert stage.token_calls == 1
        assert not stage.recorder.refreshed

    def test_a_deadline_is_not_a_refusal(self, stage: Stage) -> None:
        source = stage.source()
        with pytest.raises(DeadlineError):
            source.get(stage.caller(seconds=-1))
        assert stage.token_calls == 0
        assert source.get(stage.caller())

    def test_a_busy_wechat_is_called_again_once(self, stage: Stage) -> None:
        stage.app.token_errcode = -1
        stage.refusal(stage.source())
        assert stage.token_calls == 2


class TestAccessToken:
    def test_it_is_read_for_each_use_and_never_requested(self, stage: Stage) -> None:
        stage.appsecret.write_text("one")
        source = access_token({"file": str(stage.appsecret)})
        assert source.get(stage.caller()) == "one"
        stage.appsecret.write_text("two")
        assert source.get(stage.caller()) == "two"
        assert not stage.world.calls
        assert not stage.recorder.refreshed

    def test_an_invalid_one_is_not_used_until_it_was_replaced(self, stage: Stage) -> None:
        stage.appsecret.write_text("invalid")
        source = access_token({"file": str(stage.appsecret)})
        with pytest.raises(TokenError, match="access_token: WeChat refuses the token, and there is no other"):
            source.refresh("invalid", stage.caller())
        assert "there is no other" in str(stage.refusal(source))
        stage.appsecret.write_text("new")
        assert source.get(stage.caller()) == "new"

    def test_one_that_was_replaced_meanwhile_is_used(self, stage: Stage) -> None:
        assert access_token("new").refresh("invalid", stage.caller()) == "new"

    def test_a_missing_variable_is_named(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SHOP_TOKEN", raising=False)
        source = access_token({"env": "SHOP_TOKEN"})
        assert (
            str(stage.refusal(source))
            == "access_token: no token: the environment variable SHOP_TOKEN is not set"
        )
