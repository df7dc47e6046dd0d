from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from structlog.testing import capture_logs

from wx_domain_exporter import watch as watch_module
from wx_domain_exporter.config import WatchedApp
from wx_domain_exporter.fetch import Flight
from wx_domain_exporter.own_metrics import OwnMetrics
from wx_domain_exporter.schema import AccessToken, StableToken, Wechat
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import CATEGORIES, SimulatedApp, World
from wx_domain_exporter.watch import Outcome, TokenLedger, Watch
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.errors import Reason
from wx_domain_exporter.wechat.tokens import make_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPID = "wx0123456789abcdef"
OTHER = "wxfedcba9876543210"
SECRET = "5ec4e7" + "0" * 26
LIVE_TOKEN_ENDS_SOON = 7000.0
"""Seconds after which stable_token hands out another token, though the one before is still good."""


class Clock:
    """The real clock, and what a test lets pass beyond."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return self.time()

    def time(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


@dataclass
class Stage:
    world: World
    wechat_clock: Clock
    server: SimulatorServer
    client: ApiClient
    ledger: TokenLedger = field(default_factory=TokenLedger)

    @property
    def app(self) -> SimulatedApp:
        return self.world.apps[APPID]

    def watch(self, appid: str = APPID, action: str | None = None, **token: Any) -> Watch:
        settings: StableToken | AccessToken = StableToken.model_validate(
            {"type": "stable_token", "appsecret": SECRET}
        )
        if token:
            settings = AccessToken.model_validate({"type": "access_token", "access_token": token})
        app = WatchedApp(appid, "shop", {}, settings)
        return Watch(app, self.client, make_source(appid, settings), self.ledger, action)

    def calls(self) -> tuple[int, int]:
        """How often getwxadevinfo and stable_token were called for the app."""
        return self.world.calls["getwxadevinfo", APPID], self.world.calls["stable_token", APPID]


@pytest.fixture
def stage() -> Iterator[Stage]:
    clock = Clock()
    world = World(clock=clock, quirks=False)
    for appid in (APPID, OTHER):
        world.add(SimulatedApp(appid=appid, appsecret=SECRET, domains={"requestdomain": ["https://a.cn"]}))
    with SimulatorServer(world) as server:
        client = ApiClient(Wechat(base_url=server.url, timeout="600ms"), OwnMetrics())  # type: ignore[arg-type]
        try:
            yield Stage(world, clock, server, client)
        finally:
            client.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watch_module, "time", clock)
    return clock


def fetch(watch: Watch, seconds: float = 30.0) -> Outcome:
    flight = Flight(watch)
    flight.wanted_until = time.monotonic() + seconds
    return watch.fetch(flight)


class TestGoodAnswer:
    def test_it_has_lists_and_a_time_and_no_error(self, stage: Stage) -> None:
        watch = stage.watch()
        before = time.time()
        outcome = fetch(watch)
        assert outcome.categories is not None
        assert tuple(outcome.categories) == CATEGORIES
        assert outcome.categories["requestdomain"].domains == ("https://a.cn",)
        assert (outcome.error, outcome.reason, outcome.api_errors) == (None, None, {})
        assert before <= outcome.timestamp <= time.time()
        assert outcome.last_success == outcome.timestamp
        assert watch.last is outcome
        assert watch.strikes == 0

    def test_only_what_the_action_covers_is_asked_for(self, stage: Stage) -> None:
        outcome = fetch(stage.watch(action="getbizdomain"))
        assert outcome.categories is not None
        assert tuple(outcome.categories) == ("bizdomain",)

    def test_its_duration_holds_the_token_too(self, stage: Stage) -> None:
        stage.app.token_latency = 0.15
        stage.app.latency = 0.15
        assert fetch(stage.watch()).seconds >= 0.3

    def test_an_undocumented_category_seen_once_counts_as_empty_later(self, stage: Stage) -> None:
        watch = stage.watch()
        stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
        fetch(watch)
        stage.app.domains = {}
        outcome = fetch(watch)
        assert outcome.categories is not None
        assert outcome.categories["tcpdomain"].domains == ()
        assert "tcpdomain" not in (fetch(stage.watch()).categories or {})

    def test_a_peer_that_makes_up_categories_makes_32_of_them_at_most(self, stage: Stage) -> None:
        watch = stage.watch(action="getbizdomain")
        for first in ("a", "b", "c"):
            names = [f"{first}{second}domain" for second in "abcdefghijklmnopqrst"]
            stage.app.raw_body = "{" + ",".join(f'"{name}":[]' for name in names) + "}"
            fetch(watch)
        assert len(watch.seen) == 32


class TestFailure:
    def test_an_errcode_is_told_and_its_lists_are_never_counted(self, stage: Stage) -> None:
        stage.app.raw_body = '{"errcode": "61007", "errmsg": "no", "requestdomain": [], "bizdomain": []}'
        outcome = fetch(stage.watch())
        assert outcome.categories is None
        assert outcome.reason is Reason.API
        assert outcome.api_errors == {"getwxadevinfo": 61007}
        assert stage.calls() == (1, 1)

    @pytest.mark.parametrize(
        ("settings", "reason", "held_up"),
        [
            ({"http_status": 500}, Reason.HTTP, False),
            ({"raw_body": "<html>"}, Reason.DECODE, False),
            ({"raw_body": '{"errcode": 0}'}, Reason.DECODE, False),
            ({"errcode": 48001}, Reason.API, False),
            ({"errcode": 45009}, Reason.QUOTA, False),
            ({"token_errcode": 40164}, Reason.TOKEN, False),
            ({"token_hang": True}, Reason.TOKEN, True),
            ({"hang": True}, Reason.TIMEOUT, True),
        ],
        ids=["http", "no JSON", "no lists", "api", "quota", "token", "token hangs", "timeout"],
    )
    def test_each_way_to_fail_has_one_reason(
        self, stage: Stage, settings: dict[str, object], reason: Reason, *, held_up: bool
    ) -> None:
        stage.world.patch(APPID, settings)
        watch = stage.watch()
        outcome = fetch(watch)
        assert outcome.reason is reason
        assert outcome.categories is None
        assert watch.strikes == held_up

    def test_strikes_are_counted_until_a_fetch_ends_in_time(self, stage: Stage) -> None:
        watch = stage.watch()
        stage.app.hang = True
        fetch(watch)
        fetch(watch)
        assert watch.strikes == 2
        stage.world.patch(APPID, {"hang": False, "errcode": 61007})
        fetch(watch)
        assert watch.strikes == 0

    def test_a_closed_port_is_a_failed_connection(self, stage: Stage) -> None:
        watch = stage.watch()
        fetch(watch)
        stage.server.stop()
        assert fetch(watch).reason is Reason.CONNECTION
        assert watch.strikes == 1

    def test_a_certificate_of_nobody_known_is_a_failure_of_tls(self, stage: Stage) -> None:
        issued = trustme.CA().issue_cert("127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        stage.app.access_tokens = ["made elsewhere"]
        stage.world.patch(APPID, {})
        with SimulatorServer(stage.world, ssl_context=context) as server:
            client = ApiClient(Wechat(base_url=server.url), OwnMetrics())
            watch = stage.watch(env="WX_TEST_TOKEN")
            watch.client = client
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("WX_TEST_TOKEN", "made elsewhere")
                assert fetch(watch).reason is Reason.TLS
            client.close()
        assert watch.strikes == 0

    def test_nobody_waits_means_no_call(self, stage: Stage) -> None:
        outcome = fetch(stage.watch(), seconds=-1)
        assert outcome.reason is Reason.DEADLINE
        assert not stage.world.calls

    def test_a_bug_of_ours_costs_its_own_app_only(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise KeyError("an odd answer")

        monkeypatch.setattr(watch_module, "read_categories", broken)
        with capture_logs() as logs:
            outcome = fetch(stage.watch())
        assert outcome.reason is Reason.DECODE
        assert str(outcome.error) == "internal error: KeyError"
        assert logs[0]["event"] == "a fetch broke"
        assert logs[0]["appid"] == APPID

    def test_the_last_success_stays_while_it_fails(self, stage: Stage) -> None:
        watch = stage.watch()
        stage.app.errcode = 61007
        assert fetch(watch).last_success is None
        stage.app.errcode = 0
        good = fetch(watch).last_success
        stage.app.errcode = 61007
        failed = fetch(watch)
        assert good is not None
        assert failed.last_success == good < failed.timestamp

    def test_a_scrape_that_cannot_wait_gets_a_failure_that_changes_nothing(self, stage: Stage) -> None:
        watch = stage.watch()
        stage.app.errcode = 61007
        last = fetch(watch)
        outcome = watch.missed(1.5)
        assert outcome.reason is Reason.DEADLINE
        assert (outcome.categories, outcome.seconds) == (None, 1.5)
        assert outcome.api_errors == {"getwxadevinfo": 61007}
        assert outcome.timestamp >= last.timestamp
        assert watch.last is last
        assert watch.strikes == 0


class TestApiErrors:
    def test_an_errcode_goes_with_the_next_good_answer(self, stage: Stage) -> None:
        watch = stage.watch()
        stage.app.next_errcodes = [61007]
        fetch(watch)
        assert fetch(watch).api_errors == {}

    @pytest.mark.parametrize(
        "later", [{"http_status": 502}, {"raw_body": "{"}, {"hang": True}], ids=["http", "decode", "timeout"]
    )
    def test_an_errcode_goes_with_a_call_that_ends_otherwise(
        self, stage: Stage, later: dict[str, object]
    ) -> None:
        watch = stage.watch()
        stage.app.errcode = 61007
        fetch(watch)
        stage.world.patch(APPID, later)
        outcome = fetch(watch)
        assert outcome.reason is not Reason.API
        assert outcome.api_errors == {}

    def test_that_of_the_token_stays_while_the_source_rests_and_goes_when_it_is_good(
        self, stage: Stage
    ) -> None:
        watch = stage.watch()
        stage.app.whitelisted = False
        first, second = fetch(watch), fetch(watch)
        assert first.api_errors == second.api_errors == {"stable_token": 40164}
        assert first.timestamp == second.timestamp
        assert stage.calls() == (0, 1)
        stage.app.whitelisted = True
        watch.resume()
        assert fetch(watch).api_errors == {}

    def test_outcomes_keep_what_they_had(self, stage: Stage) -> None:
        watch = stage.watch()
        stage.app.next_errcodes = [61007]
        failed = fetch(watch)
        fetch(watch)
        assert failed.api_errors == {"getwxadevinfo": 61007}


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
class TestDeadToken:
    def test_it_is_renewed_once_and_the_call_repeated(self, stage: Stage, errcode: int) -> None:
        watch = stage.watch()
        fetch(watch)
        stage.wechat_clock.ahead = LIVE_TOKEN_ENDS_SOON
        stage.app.next_errcodes = [errcode, 0]
        outcome = fetch(watch)
        assert outcome.reason is None
        assert outcome.api_errors == {}
        assert stage.calls() == (3, 2)

    def test_the_same_token_again_is_not_tried_again(self, stage: Stage, errcode: int) -> None:
        watch = stage.watch()
        stage.app.errcode = errcode
        outcome = fetch(watch)
        assert outcome.reason is Reason.TOKEN
        assert "there is no other" in str(outcome.error)
        assert outcome.api_errors == {"getwxadevinfo": errcode}
        assert stage.calls() == (1, 2)

    def test_the_same_token_again_lets_the_source_rest(self, stage: Stage, errcode: int) -> None:
        watch = stage.watch()
        stage.app.errcode = errcode
        fetch(watch)
        outcomes = [fetch(watch) for _ in range(3)]
        assert stage.calls() == (1, 2)
        assert {outcome.reason for outcome in outcomes} == {Reason.TOKEN}
        assert outcomes[-1].api_errors == {"getwxadevinfo": errcode}

    def test_a_fresh_one_that_is_refused_too_lets_the_source_rest(self, stage: Stage, errcode: int) -> None:
        watch = stage.watch()
        fetch(watch)
        stage.wechat_clock.ahead = LIVE_TOKEN_ENDS_SOON
        stage.app.errcode = errcode
        outcomes = [fetch(watch) for _ in range(3)]
        assert stage.calls() == (3, 2)
        for outcome in outcomes:
            assert outcome.reason is Reason.TOKEN
            assert f"a fresh token too: getwxadevinfo answered errcode {errcode}" in str(outcome.error)
            assert outcome.api_errors == {"getwxadevinfo": errcode}

    def test_any_other_errcode_after_that_is_the_apps_own(self, stage: Stage, errcode: int) -> None:
        watch = stage.watch()
        fetch(watch)
        stage.wechat_clock.ahead = LIVE_TOKEN_ENDS_SOON
        stage.app.next_errcodes = [errcode, 61007]
        outcome = fetch(watch)
        assert outcome.reason is Reason.API
        assert outcome.api_errors == {"getwxadevinfo": 61007}

    def test_one_that_was_made_elsewhere_is_read_again(
        self, stage: Stage, tmp_path: Path, errcode: int
    ) -> None:
        file = tmp_path / "token"
        file.write_text("one")
        stage.world.patch(APPID, {"access_tokens": ["one", "two"]})
        watch = stage.watch(file=str(file))
        stage.app.next_errcodes = [errcode]
        assert fetch(watch).reason is Reason.TOKEN
        assert fetch(watch).reason is Reason.TOKEN
        file.write_text("two")
        assert fetch(watch).reason is None
        assert stage.calls() == (2, 0)


class TestQuota:
    @pytest.mark.parametrize(
        ("errcode", "seconds"), [(45009, 1800), (45011, 60)], ids=["of a day", "of a minute"]
    )
    def test_one_trial_in_a_while_and_the_failure_stays_meanwhile(
        self, stage: Stage, clock: Clock, errcode: int, seconds: int
    ) -> None:
        watch = stage.watch()
        stage.app.errcode = errcode
        first = fetch(watch)
        assert first.reason is Reason.QUOTA
        clock.ahead = seconds - 20
        assert fetch(watch) is first
        assert first.api_errors == {"getwxadevinfo": errcode}
        assert stage.calls() == (1, 1)
        clock.ahead = seconds + 1
        assert fetch(watch).reason is Reason.QUOTA
        assert stage.calls() == (2, 1)
        clock.ahead = 2 * seconds - 20
        fetch(watch)
        assert stage.calls() == (2, 1)
        stage.app.errcode = 0
        clock.ahead = 2 * seconds + 2
        assert fetch(watch).reason is None
        assert fetch(watch).reason is None
        assert stage.calls() == (4, 1)

    def test_resuming_gives_it_a_trial_at_once(self, stage: Stage) -> None:
        watch = stage.watch()
        stage.app.next_errcodes = [45009]
        fetch(watch)
        watch.resume()
        assert fetch(watch).reason is None


@pytest.mark.parametrize("errcode", [-1, -1000, 85113])
class TestBusy:
    def test_it_is_tried_once_more(self, stage: Stage, errcode: int) -> None:
        stage.app.next_errcodes = [errcode]
        outcome = fetch(stage.watch())
        assert outcome.reason is None
        assert outcome.api_errors == {}
        assert stage.calls() == (2, 1)

    def test_and_no_more_than_once(self, stage: Stage, errcode: int) -> None:
        stage.app.errcode = errcode
        outcome = fetch(stage.watch())
        assert outcome.reason is Reason.API
        assert outcome.api_errors == {"getwxadevinfo": errcode}
        assert stage.calls() == (2, 1)

    def test_not_when_nobody_would_wait_for_it(self, stage: Stage, errcode: int) -> None:
        watch = stage.watch()
        fetch(watch)
        stage.app.errcode = errcode
        stage.app.latency = 0.1
        assert fetch(watch, seconds=0.19).reason is Reason.API
        assert stage.calls() == (2, 1)


class TestLog:
    def test_only_a_turn_is_logged(self, stage: Stage) -> None:
        watch = stage.watch()
        names = {"appid": APPID, "name": "shop"}
        with capture_logs() as logs:
            fetch(watch)
            assert logs == []
            stage.app.errcode = 61007
            fetch(watch)
            fetch(watch)
            assert [(log["event"], log["log_level"], log["reason"]) for log in logs] == [
                ("app fails", "warning", "api")
            ]
            assert "61007" in logs[0]["error"]
            assert names.items() <= logs[0].items()
            stage.app.http_status = 500
            fetch(watch)
            assert [log.get("reason") for log in logs] == ["api", "http"]
            stage.world.patch(APPID, {"errcode": 0, "http_status": 200})
            fetch(watch)
            fetch(watch)
            assert logs[2:] == [{"event": "app answers again", "log_level": "info", **names}]

    def test_a_first_failure_is_logged(self, stage: Stage) -> None:
        stage.app.errcode = 61007
        with capture_logs() as logs:
            fetch(stage.watch())
        assert [log["event"] for log in logs] == ["app fails"]

    def test_too_many_domains_are_logged_when_it_begins_and_ends(self, stage: Stage) -> None:
        watch = stage.watch()
        with capture_logs() as logs:
            found = [watch.too_many(domains, 5) for domains in (5, 6, 7, 5, 4)]
        assert found == [False, True, True, False, False]
        names = {"appid": APPID, "name": "shop", "max_domains": 5, "log_level": "warning"}
        assert logs == [
            {"event": "too many domains: wx_domain_info is left out", "domains": 6, **names},
            {"event": "domains are exported again", "domains": 5, **names},
        ]


class TestSharedToken:
    @pytest.fixture(autouse=True)
    def tokens(self, stage: Stage) -> None:
        stage.world.patch(APPID, {"access_tokens": ["one", "two"]})

    def pair(self, stage: Stage, tmp_path: Path) -> tuple[Watch, Watch, Path]:
        for name in ("mine", "theirs"):
            (tmp_path / name).write_text("one")
        theirs = tmp_path / "theirs"
        return (
            stage.watch(file=str(tmp_path / "mine")),
            stage.watch(appid=OTHER, file=str(theirs)),
            theirs,
        )

    def test_both_apps_fail_in_the_same_scrape(self, stage: Stage, tmp_path: Path) -> None:
        one, other, _ = self.pair(stage, tmp_path)
        first, second = fetch(one), fetch(other)
        for watch, outcome in ((one, first), (other, second)):
            shown = watch.mixed_up(outcome)
            assert shown.reason is Reason.TOKEN
            assert shown.categories is None
            assert "access_token: another app received the same token" in str(shown.error)
        assert stage.calls() == (1, 0)

    def test_what_is_no_success_anyway_keeps_its_own_reason(self, stage: Stage, tmp_path: Path) -> None:
        one, other, _ = self.pair(stage, tmp_path)
        stage.app.errcode = 61007
        outcome = fetch(one)
        fetch(other)
        assert one.mixed_up(outcome) is outcome

    def test_they_recover_once_their_tokens_differ(self, stage: Stage, tmp_path: Path) -> None:
        one, other, theirs = self.pair(stage, tmp_path)
        outcome = fetch(one)
        fetch(other)
        theirs.write_text("two")
        assert other.mixed_up(fetch(other)).reason is None
        assert one.mixed_up(outcome) is outcome


class TestTokenLedger:
    def test_a_token_of_one_app_is_not_shared(self) -> None:
        ledger = TokenLedger()
        ledger.claim(APPID, "one")
        ledger.claim(APPID, "one")
        ledger.claim(OTHER, "two")
        assert not ledger.shared(APPID)
        assert not ledger.shared(OTHER)
        assert not ledger.shared("wx0000000000000000")

    def test_a_token_of_two_apps_is_shared_until_one_has_another(self) -> None:
        ledger = TokenLedger()
        ledger.claim(APPID, "one")
        ledger.claim(OTHER, "one")
        assert ledger.shared(APPID)
        assert ledger.shared(OTHER)
        ledger.claim(OTHER, "two")
        assert not ledger.shared(APPID)
        assert not ledger.shared(OTHER)

    def test_an_app_that_is_watched_no_longer_shares_nothing(self) -> None:
        ledger = TokenLedger()
        ledger.claim(APPID, "one")
        ledger.claim(OTHER, "one")
        ledger.keep_only({APPID})
        assert not ledger.shared(APPID)
        assert not ledger.shared(OTHER)

    def test_no_token_is_kept_that_nobody_uses(self) -> None:
        ledger = TokenLedger()
        for number in range(10):
            ledger.claim(APPID, str(number))
        ledger.keep_only(set())
        assert ledger._users == {}
        assert ledger._token_of == {}


class TestInheritance:
    def test_the_same_source_and_client_hand_on_what_is_known(self, stage: Stage) -> None:
        old = stage.watch()
        stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
        fetch(old)
        stage.app.errcode = 61007
        fetch(old)
        old.strikes = 2
        new = Watch(old.app, old.client, old.source, stage.ledger, None)
        new.inherit(old)
        assert new.last is old.last
        assert new.last_success == old.last_success
        assert new.api_errors == {"getwxadevinfo": 61007}
        assert new.api_errors is not old.api_errors
        assert new.seen == {"tcpdomain"}
        assert new.strikes == 2

    def test_another_source_hands_on_the_last_success_alone(self, stage: Stage) -> None:
        old = stage.watch()
        fetch(old)
        stage.app.errcode = 61007
        fetch(old)
        new = stage.watch()
        new.inherit(old)
        assert new.last_success == old.last_success
        assert (new.last, new.api_errors, new.strikes) == (None, {}, 0)
