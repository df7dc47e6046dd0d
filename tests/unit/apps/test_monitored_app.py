from __future__ import annotations

import json
import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest
import trustme
from helpers.app_setup import Stage, fetch
from helpers.clocks import StoppedClock
from helpers.simulated_client import APPID, OTHER
from helpers.token_setup import http_token
from structlog.testing import capture_logs

from wx_domain_exporter.apps.status_history import FetchStatus
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.domains.baseline import Expected
from wx_domain_exporter.domains.domain_list import domain_list
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import CATEGORIES
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.errors import Reason
from wx_domain_exporter.wechat.responses import DomainListsParser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpers.clocks import Clock

    from wx_domain_exporter.domains.domain_list import DomainList
    from wx_domain_exporter.wechat.responses import JsonObject

SHORT = 1.0
"""Seconds for a call that should time out."""


class TestSuccess:
    def test_it_has_lists_and_a_timestamp_and_no_error(self, stage: Stage) -> None:
        app = stage.make_app()
        before = time.time()
        result = fetch(app)
        assert result.categories is not None
        assert tuple(result.categories) == CATEGORIES
        assert result.categories["requestdomain"].domains == ("https://a.cn",)
        assert (result.error, result.reason, result.api_errors) == (None, None, {})
        assert before <= result.timestamp <= time.time()
        assert result.last_success == result.timestamp
        assert app.last_result is result
        assert app.consecutive_timeouts == 0

    def test_a_clock_that_is_set_back_does_not_change_the_order_of_the_last_runs(
        self, stage: Stage, clock: Clock
    ) -> None:
        first, second = stage.make_app(), stage.make_app(appid=OTHER)
        fetch(first)
        clock.set_back = 86400.0
        fetch(second)
        assert first.last_run is not None
        assert second.last_run is not None
        assert first.last_run < second.last_run

    def test_only_the_lists_of_the_action_are_fetched(self, stage: Stage) -> None:
        result = fetch(stage.make_app(action="getbizdomain"))
        assert result.categories is not None
        assert tuple(result.categories) == ("bizdomain",)

    def test_its_duration_includes_the_token(self, stage: Stage) -> None:
        stage.app.token_latency = 0.15
        stage.app.latency = 0.15
        assert fetch(stage.make_app()).seconds >= 0.3

    def test_its_duration_is_measured_with_the_apps_clock(self, stage: Stage) -> None:
        stage.clock = clock = StoppedClock(1.0)

        class Slow(DomainListsParser):
            def read(self, answer: JsonObject) -> Mapping[str, DomainList]:
                clock.now += 1.5
                return super().read(answer)

        app = stage.make_app()
        app.parser = Slow(None)
        assert fetch(app).seconds == 1.5
        assert app.last_run == clock.now

    def test_an_undocumented_category_seen_once_counts_as_empty_later(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
        fetch(app)
        stage.app.domains = {}
        result = fetch(app)
        assert result.categories is not None
        assert result.categories["tcpdomain"].domains == ()
        assert "tcpdomain" not in (fetch(stage.make_app()).categories or {})

    def test_at_most_32_undocumented_categories_are_remembered(self, stage: Stage) -> None:
        app = stage.make_app(action="getbizdomain")
        for first in ("a", "b", "c"):
            names = [f"{first}{second}domain" for second in "abcdefghijklmnopqrst"]
            stage.app.raw_body = "{" + ",".join(f'"{name}":[]' for name in names) + "}"
            fetch(app)
        assert len(app.parser.seen) == 32


class TestFailure:
    def test_the_lists_of_an_answer_with_an_errcode_are_ignored(self, stage: Stage) -> None:
        stage.app.raw_body = '{"errcode": "61007", "errmsg": "no", "requestdomain": [], "bizdomain": []}'
        result = fetch(stage.make_app())
        assert result.categories is None
        assert result.reason is Reason.API
        assert result.api_errors == {"getwxadevinfo": 61007}
        assert stage.calls() == (1, 1)

    @pytest.mark.parametrize(
        ("settings", "reason", "timed_out"),
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
    def test_each_failure_has_one_reason(
        self, stage: Stage, settings: dict[str, object], reason: Reason, *, timed_out: bool
    ) -> None:
        app = stage.make_app()
        if "hang" in settings:
            fetch(app)  # has a token then
        stage.world.patch(APPID, settings)
        if timed_out:
            stage.let_calls_take(SHORT)
        result = fetch(app)
        assert result.reason is reason
        assert result.categories is None
        assert app.consecutive_timeouts == timed_out

    @pytest.mark.parametrize("stage", ["1s"], indirect=True)
    def test_a_token_service_that_hangs_is_a_token_failure_with_a_timeout(self, stage: Stage) -> None:
        stage.world.patch_token_service({"hang": True})
        app = stage.make_app_with(http_token(stage.server.url))
        for timeouts in (1, 2):
            assert fetch(app).reason is Reason.TOKEN
            assert app.consecutive_timeouts == timeouts
        assert stage.calls() == (0, 0)

    def test_a_huge_changed_response_counts_as_one(self, stage: Stage) -> None:
        app = stage.make_app()
        huge = [f"https://{number}.{'x' * 60}.example.com" for number in range(5000)]
        for lists, expected in (([], 0), (huge, 1), (huge[1:], 2), (huge[1:], 0)):
            stage.world.patch(APPID, {"raw_body": json.dumps({"errcode": 0, "requestdomain": lists})})
            assert fetch(app).reason is None
            assert app.consecutive_timeouts == expected

    def test_consecutive_timeouts_are_counted_until_a_fetch_ends_in_time(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.hang = True
        stage.let_calls_take(SHORT)
        fetch(app)
        fetch(app)
        assert app.consecutive_timeouts == 2
        stage.let_calls_take(30)
        stage.world.patch(APPID, {"hang": False, "errcode": 61007})
        fetch(app)
        assert app.consecutive_timeouts == 0

    def test_a_closed_port_is_a_connection_failure(self, stage: Stage) -> None:
        app = stage.make_app()
        fetch(app)
        stage.server.stop()
        assert fetch(app).reason is Reason.CONNECTION
        assert app.consecutive_timeouts == 1

    def test_a_certificate_of_an_unknown_authority_is_a_tls_failure(self, stage: Stage) -> None:
        issued = trustme.CA().issue_cert("127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        stage.app.access_tokens = ["made elsewhere"]
        stage.world.patch(APPID, {})
        with SimulatorServer(stage.world, ssl_context=context) as server:
            client = ApiClient(Wechat(base_url=server.url), SelfMetrics())
            stage.client = client
            app = stage.make_app(env="WX_TEST_TOKEN")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("WX_TEST_TOKEN", "made elsewhere")
                assert fetch(app).reason is Reason.TLS
            client.close()
        assert app.consecutive_timeouts == 0

    def test_after_the_deadline_there_is_no_call(self, stage: Stage) -> None:
        result = fetch(stage.make_app(), seconds=-1)
        assert result.reason is Reason.DEADLINE
        assert not stage.world.calls

    def test_an_unexpected_error_costs_only_its_app(self, stage: Stage) -> None:
        class Broken(DomainListsParser):
            def read(self, answer: object) -> NoReturn:  # noqa: ARG002 - as the real one
                raise KeyError("an odd answer")

        app = stage.make_app()
        app.parser = Broken(None)
        with capture_logs() as logs:
            result = fetch(app)
        assert result.reason is Reason.DECODE
        assert str(result.error) == "internal error: KeyError"
        assert logs[0]["event"] == "unexpected error in a fetch"
        assert logs[0]["appid"] == APPID

    def test_the_last_success_stays_while_the_app_fails(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.errcode = 61007
        assert fetch(app).last_success is None
        stage.app.errcode = 0
        good = fetch(app).last_success
        stage.app.errcode = 61007
        failed = fetch(app)
        assert good is not None
        assert failed.last_success == good < failed.timestamp

    def test_a_deadline_result_is_a_failure_that_changes_nothing(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.errcode = 61007
        last = fetch(app)
        result = app.deadline_result(1.5)
        assert result.reason is Reason.DEADLINE
        assert (result.categories, result.seconds) == (None, 1.5)
        assert result.api_errors == {"getwxadevinfo": 61007}
        assert result.timestamp >= last.timestamp
        assert app.last_result is last
        assert app.consecutive_timeouts == 0


class TestApiErrors:
    def test_an_errcode_is_dropped_after_a_success(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.next_errcodes = [61007]
        assert fetch(app).api_errors == {"getwxadevinfo": 61007}
        assert fetch(app).api_errors == {}

    @pytest.mark.parametrize(
        "later", [{"http_status": 502}, {"raw_body": "{"}, {"hang": True}], ids=["http", "decode", "timeout"]
    )
    def test_an_errcode_is_dropped_after_another_failure(
        self, stage: Stage, later: dict[str, object]
    ) -> None:
        app = stage.make_app()
        stage.app.errcode = 61007
        fetch(app)
        stage.world.patch(APPID, later)
        if "hang" in later:
            stage.let_calls_take(SHORT)
        result = fetch(app)
        assert result.reason is not Reason.API
        assert result.api_errors == {}

    def test_that_of_the_token_stays_during_the_cooldown_until_a_success(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.whitelisted = False
        first, second = fetch(app), fetch(app)
        assert first.api_errors == second.api_errors == {"stable_token": 40164}
        assert first.timestamp == second.timestamp
        assert stage.calls() == (0, 1)
        stage.app.whitelisted = True
        app.resume()
        assert fetch(app).api_errors == {}

    def test_a_result_does_not_change_later(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.next_errcodes = [61007]
        failed = fetch(app)
        fetch(app)
        assert failed.api_errors == {"getwxadevinfo": 61007}


class TestLog:
    def test_only_a_change_of_state_is_logged(self, stage: Stage) -> None:
        app = stage.make_app()
        names = {"appid": APPID, "name": "shop"}
        with capture_logs() as logs:
            fetch(app)
            assert logs == []
            stage.app.errcode = 61007
            fetch(app)
            fetch(app)
            assert [(log["event"], log["log_level"], log["reason"]) for log in logs] == [
                ("app fails", "warning", "api")
            ]
            assert "61007" in logs[0]["error"]
            assert names.items() <= logs[0].items()
            stage.app.http_status = 500
            fetch(app)
            assert [log.get("reason") for log in logs] == ["api", "http"]
            stage.world.patch(APPID, {"errcode": 0, "http_status": 200})
            fetch(app)
            fetch(app)
            assert logs[2:] == [{"event": "app recovered", "log_level": "info", **names}]

    def test_there_is_one_line_for_each_changed_category(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.domains = {"requestdomain": ["https://a", "https://b"], "bizdomain": ["https://c"]}
        fetch(app)
        stage.app.domains = {"requestdomain": ["https://b", "https://d"], "bizdomain": []}
        with capture_logs() as logs:
            fetch(app)
            fetch(app)
        names = {
            "event": "domains changed",
            "log_level": "info",
            "appid": APPID,
            "name": "shop",
            "left_out": 0,
        }
        assert logs == [
            {**names, "category": "requestdomain", "added": "https://d", "removed": "https://a"},
            {**names, "category": "bizdomain", "added": "", "removed": "https://c"},
        ]
        assert [change.category for change in app.history.changes] == ["requestdomain", "bizdomain"]

    def test_a_failure_between_two_successes_hides_no_change(self, stage: Stage) -> None:
        app = stage.make_app()
        fetch(app)
        stage.app.errcode = 61007
        fetch(app)
        stage.world.patch(APPID, {"errcode": 0, "domains": {"requestdomain": ["https://new"]}})
        fetch(app)
        assert app.history.changes[0].added == ("https://new",)
        other_source, same_source = stage.make_app(), stage.make_app()
        same_source.source = app.source
        same_source.inherit(app)
        assert same_source.history.changes == app.history.changes
        other_source.inherit(app)
        assert other_source.history.changes == ()
        assert other_source.known_lists is None

    def test_a_first_failure_is_logged(self, stage: Stage) -> None:
        stage.app.errcode = 61007
        with capture_logs() as logs:
            fetch(stage.make_app())
        assert [log["event"] for log in logs] == ["app fails"]

    def test_too_many_domains_are_logged_when_it_begins_and_ends(self, stage: Stage) -> None:
        app = stage.make_app()
        with capture_logs() as logs:
            exceeds = [app.check_max_domains(domains, 5) for domains in (5, 6, 7, 5, 4)]
        assert exceeds == [False, True, True, False, False]
        names = {"appid": APPID, "name": "shop", "max_domains": 5, "log_level": "warning"}
        assert logs == [
            {"event": "too many domains: wx_domain_info is left out", "domains": 6, **names},
            {"event": "domains are exported again", "domains": 5, **names},
        ]


def test_it_is_remembered_how_each_fetch_ended(stage: Stage) -> None:
    app = stage.make_app()
    stage.app.domains = {"requestdomain": ["https://b.cn"]}
    fetch(app)
    app.settings = replace(
        app.settings, baseline={"requestdomain": Expected(frozenset({"https://a.cn"}), frozenset())}
    )
    stage.app.domains = {"requestdomain": ["https://c.cn"]}
    fetch(app)
    stage.app.errcode = 45009
    failed = fetch(app)
    assert fetch(app) is failed, "in the pause no call is made, but the app still fails"
    assert app.status_history.statuses(4) == [
        FetchStatus.OK,
        FetchStatus.DRIFTED,
        FetchStatus.FAILING,
        FetchStatus.FAILING,
    ]
    assert app.status_history.failing_since == failed.timestamp
    assert 50 < app.seconds_until_trial <= 60


def test_changed_lists_are_compared_with_the_baseline_again(stage: Stage) -> None:
    app = stage.make_app()
    app.settings = replace(
        app.settings, baseline={"requestdomain": Expected(frozenset({"https://a.cn"}), frozenset())}
    )
    first, second = ({"requestdomain": domain_list([domain])} for domain in ("https://a.cn", "https://b.cn"))
    assert app.drifts(first)["requestdomain"].matches
    assert app.drifts(first) is app.drifts(first)
    assert app.drifts(second)["requestdomain"].missing == ("https://a.cn",)
