from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from wx_domain_exporter.config import WatchedApp
from wx_domain_exporter.fetch import Flight
from wx_domain_exporter.schema import AccessToken, StableToken, Wechat
from wx_domain_exporter.simulator import apis
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World
from wx_domain_exporter.watch import TokenLedger, Watch
from wx_domain_exporter.wechat import pause, tokens
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import DeadlineError, TokenError
from wx_domain_exporter.wechat.tokens import (
    AccessTokenSource,
    StableTokenSource,
    TokenSource,
    make_source,
    usable_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APPID = "wx0123456789abcdef"
SECRET = "5ec4e7" + "0" * 26
CALLERS = 8


class Clock:
    """The real clock, and what a test lets pass beyond."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


@dataclass
class Recorder:
    refreshed: list[str] = field(default_factory=list)

    def answered(self, api: str, errcode: int, seconds: float) -> None:
        pass

    def failed(self, api: str, reason: str, seconds: float) -> None:
        pass

    def token_refreshed(self, source: str) -> None:
        self.refreshed.append(source)


@dataclass
class Stage:
    """One app of a simulated WeChat, and who asks for its tokens."""

    world: World
    server: SimulatorServer
    client: ApiClient
    recorder: Recorder
    appsecret: Path
    api_errors: dict[str, int] = field(default_factory=dict)

    @property
    def app(self) -> SimulatedApp:
        return self.world.apps[APPID]

    @property
    def asked(self) -> int:
        return self.world.calls["stable_token", APPID]

    def source(self) -> StableTokenSource:
        settings = {"type": "stable_token", "appsecret": {"file": str(self.appsecret)}}
        return StableTokenSource(APPID, StableToken.model_validate(settings))

    def caller(self, seconds: float = 30.0) -> Caller:
        source = access_token("unused")
        app = WatchedApp(
            APPID, "shop", {}, AccessToken.model_validate({"type": "access_token", "access_token": "unused"})
        )
        flight = Flight(Watch(app, self.client, source, TokenLedger(), None))
        flight.wanted_until = time.monotonic() + seconds
        return Caller(self.client, flight, self.api_errors)

    def refused(self, source: TokenSource) -> TokenError:
        with pytest.raises(TokenError) as raised:
            source.get(self.caller())
        assert SECRET not in str(raised.value)
        return raised.value


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(tokens, "time", clock)
    monkeypatch.setattr(pause, "time", clock)
    monkeypatch.setattr(pause, "random", SimpleNamespace(uniform=lambda low, high: (low + high) / 2))
    return clock


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    world = World(quirks=False)
    world.add(SimulatedApp(appid=APPID, appsecret=SECRET))
    appsecret = tmp_path / "appsecret"
    appsecret.write_text(f"{SECRET}\n")
    recorder = Recorder()
    with SimulatorServer(world) as server:
        client = ApiClient(Wechat(base_url=server.url), recorder)
        try:
            yield Stage(world, server, client, recorder, appsecret)
        finally:
            client.close()
        assert not world.calls["token", APPID], "/cgi-bin/token takes the token of the app's backend away"
        assert not world.calls["stable_token_force_refresh", APPID]


def access_token(value: str | dict[str, str]) -> AccessTokenSource:
    return AccessTokenSource(AccessToken.model_validate({"type": "access_token", "access_token": value}))


def together(work: Callable[[], str]) -> list[str | TokenError]:
    """Let many threads do the same at the same time."""
    barrier = threading.Barrier(CALLERS)
    results: list[str | TokenError] = []

    def run() -> None:
        barrier.wait(10)
        try:
            results.append(work())
        except TokenError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == CALLERS
    return results


class TestUsableSeconds:
    def test_a_token_is_used_until_5_to_10_minutes_before_its_end(self) -> None:
        lives = [usable_seconds(7200, f"wx{number:016x}") for number in range(1000)]
        assert all(6600 < life <= 6900 for life in lives)
        assert min(lives) < 6615
        assert max(lives) > 6885

    def test_the_spread_hangs_on_the_appid_alone(self) -> None:
        assert usable_seconds(7200, APPID) == usable_seconds(7200, APPID)
        assert usable_seconds(7200, APPID) != usable_seconds(7200, "wxfedcba9876543210")

    @pytest.mark.parametrize("life", [1.0, 300.0, 599.0])
    def test_a_token_with_less_than_10_minutes_is_used_for_half_of_them(self, life: float) -> None:
        assert usable_seconds(life, APPID) == life / 2

    def test_a_token_is_never_used_to_its_end(self) -> None:
        for number in range(100):
            assert 0 < usable_seconds(600, f"wx{number:016x}") <= 300


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
        usable = usable_seconds(life, APPID)
        clock.ahead = usable - 30
        source.get(stage.caller())
        assert stage.asked == 1
        clock.ahead = usable + 1
        source.get(stage.caller())
        assert stage.asked == 2

    @pytest.mark.parametrize(
        ("expires_in", "usable"),
        [("7200", usable_seconds(7200, APPID)), (10**15, usable_seconds(30 * 86400, APPID)), (0.5, 0.25)],
        ids=["as a string", "30 days at most", "half a second"],
    )
    def test_the_life_of_a_token_is_read_as_it_comes(
        self, stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch, expires_in: object, usable: float
    ) -> None:
        payload = {"access_token": "made", "expires_in": expires_in}
        monkeypatch.setattr(apis, "_token_payload", lambda *_: payload)
        monkeypatch.setattr(clock, "monotonic", lambda: clock.ahead)
        source = stage.source()
        assert source.get(stage.caller()) == "made"
        clock.ahead = usable * 0.99
        source.get(stage.caller())
        assert stage.asked == 1
        clock.ahead = usable
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
        assert f"the answer holds no {missing}" in str(stage.refused(source))
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


class TestRefusedSource:
    def test_a_refused_source_rests_and_its_errcode_stays(self, stage: Stage) -> None:
        stage.appsecret.write_text("wrong")
        source = stage.source()
        first = stage.refused(source)
        assert "stable_token answered errcode 40125" in str(first)
        again = stage.refused(source)
        assert str(again) == str(first)
        assert again.at == first.at
        assert not again.holds_up
        assert stage.asked == 1
        assert stage.api_errors == {"stable_token": 40125}

    def test_it_is_asked_again_after_30_seconds_and_then_after_twice_the_time(
        self, stage: Stage, clock: Clock
    ) -> None:
        stage.app.whitelisted = False
        source = stage.source()
        for ahead, asked in [(0, 1), (25, 1), (31, 2), (85, 2), (95, 3)]:
            clock.ahead = ahead
            stage.refused(source)
            assert stage.asked == asked
        stage.app.whitelisted = True
        clock.ahead = 1000
        assert source.get(stage.caller())
        assert stage.api_errors == {}

    @pytest.mark.parametrize(
        ("errcode", "seconds"), [(45009, 1800), (45011, 60)], ids=["of a day", "of a minute"]
    )
    def test_a_used_up_quota_gives_the_source_a_longer_rest(
        self, stage: Stage, clock: Clock, errcode: int, seconds: int
    ) -> None:
        stage.app.token_errcode = errcode
        source = stage.source()
        stage.refused(source)
        clock.ahead = seconds - 10
        stage.refused(source)
        assert stage.asked == 1
        assert stage.api_errors == {"stable_token": errcode}
        clock.ahead = seconds + 1
        stage.refused(source)
        assert stage.asked == 2

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
        assert stage.refused(source).holds_up
        assert stage.refused(source).holds_up


class TestRenewal:
    def test_a_dead_token_is_replaced_by_another_and_that_one_kept(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        stage.world.invalidate_tokens(APPID)
        fresh = source.renew(dead, stage.caller())
        assert fresh != dead
        assert source.get(stage.caller()) == fresh
        assert stage.asked == 2

    def test_all_who_report_the_same_dead_token_share_one_refresh(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        stage.world.invalidate_tokens(APPID)
        stage.app.token_latency = 0.1
        found = together(lambda: source.renew(dead, stage.caller()))
        assert stage.asked == 2
        assert len(set(found)) == 1
        assert dead not in found

    def test_all_who_report_it_share_one_refusal(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        stage.app.token_errcode = 40164
        stage.app.token_latency = 0.1
        found = together(lambda: source.renew(dead, stage.caller()))
        assert stage.asked == 2
        assert all(isinstance(error, TokenError) and "40164" in str(error) for error in found)

    def test_the_same_token_again_is_a_refusal(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        with pytest.raises(TokenError, match="stable_token: WeChat refuses the token, and there is no other"):
            source.renew(dead, stage.caller())
        assert stage.asked == 2

    def test_the_same_token_again_is_handed_out_no_more_while_the_source_rests(self, stage: Stage) -> None:
        source = stage.source()
        dead = source.get(stage.caller())
        with pytest.raises(TokenError):
            source.renew(dead, stage.caller())
        stage.refused(source)
        assert stage.asked == 2

    def test_a_rejected_token_is_forgotten_and_the_source_rests(self, stage: Stage) -> None:
        source = stage.source()
        token = source.get(stage.caller())
        assert str(source.reject(token, "it is of no use")) == "stable_token: it is of no use"
        assert str(stage.refused(source)) == "stable_token: it is of no use"
        assert stage.asked == 1

    def test_a_rejected_token_that_is_not_in_force_takes_none_away(self, stage: Stage) -> None:
        source = stage.source()
        token = source.get(stage.caller())
        source.reject("an older one", "it is of no use")
        assert source.get(stage.caller()) == token


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
            source.renew("dead", stage.caller())
        assert "there is no other" in str(stage.refused(source))
        stage.appsecret.write_text("fresh")
        assert source.get(stage.caller()) == "fresh"

    def test_one_that_was_replaced_meanwhile_is_renewed(self, stage: Stage) -> None:
        assert access_token("fresh").renew("dead", stage.caller()) == "fresh"

    def test_a_missing_variable_is_named(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SHOP_TOKEN", raising=False)
        source = access_token({"env": "SHOP_TOKEN"})
        assert str(stage.refused(source)) == "no token: the environment variable SHOP_TOKEN is not set"


def test_each_type_of_the_configuration_has_its_source() -> None:
    stable = StableToken.model_validate({"type": "stable_token", "appsecret": SECRET})
    made_elsewhere = AccessToken.model_validate({"type": "access_token", "access_token": "one"})
    assert isinstance(make_source(APPID, stable), StableTokenSource)
    assert isinstance(make_source(APPID, made_elsewhere), AccessTokenSource)
