from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest
from helpers.api_clients import time_left
from helpers.app_setup import fetch
from helpers.clocks import Clock
from helpers.extra_calls_setup import HANG, QUOTA, SERVER, WEBVIEW, Stage, run, stage_of
from helpers.faults import token_for
from helpers.samples import value
from helpers.simulated_client import APPID, OTHER
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.wechat.quota import Quota
from wx_domain_exporter.wechat.responses import JsonParser

if TYPE_CHECKING:
    from pathlib import Path

OTHER_TOKEN = "fault-it.another"


class TestInvalidToken:
    def test_it_is_renewed_once_for_all_calls(self, stage: Stage, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text(token_for("it"))
        app = stage.make_app(token={"file": str(file)})
        fetch(app)
        stage.invalid_tokens = {token_for("it")}
        file.write_text(OTHER_TOKEN)
        result = run(app)
        assert result.quota is not None
        assert len(result.effective) == 7
        assert result.api_errors == {}

    def test_the_same_token_again_fails_the_call_and_its_errcode_stays(self, stage: Stage) -> None:
        stage.invalid_tokens = {token_for("it")}
        app = stage.make_app()
        result = run(app)
        assert (result.quota, result.effective) == (None, {})
        # None of them may discard the token of the app's fetches, or begin a cooldown of its source.
        apis = ("quota/get", "get_effective_domain", "get_effective_webviewdomain")
        assert result.api_errors == dict.fromkeys(apis, 42001)
        assert len(stage.api.requests) == 3
        stage.invalid_tokens = set()
        assert run(app).api_errors == {"quota/get": 42001}


class TestSharedToken:
    def test_another_apps_answers_are_never_shown(self, stage: Stage) -> None:
        app, other = stage.make_app(), stage.make_app(appid=OTHER)
        result = run(app)
        assert app.checked_extra_result(result) is result
        others_result = run(other)
        assert (others_result.effective, others_result.quota) == ({}, None)
        assert app.checked_extra_result(result).effective == {}
        assert app.checked_extra_result(result).quota is None

    def test_errcodes_of_the_app_are_still_shown(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.answers[SERVER] = {"errcode": 48001}
        result = run(app)
        stage.token_usage.claim(OTHER, token_for("it"), lambda: None)
        assert app.checked_extra_result(result).api_errors == {"get_effective_domain": 48001}


def test_a_clock_that_is_set_back_does_not_change_the_order_of_the_last_runs() -> None:
    clock = Clock()
    with stage_of(clock) as stage:
        first, second = stage.make_app(), stage.make_app(appid=OTHER, token=OTHER_TOKEN)
        run(first)
        clock.set_back = 86400.0
        run(second)
    assert first.extra_calls.last_run is not None
    assert second.extra_calls.last_run is not None
    assert first.extra_calls.last_run < second.extra_calls.last_run


class TestTimeouts:
    def test_runs_with_a_timeout_are_counted(self, stage: Stage) -> None:
        app = stage.make_app(quota=False)
        assert (app.extra_calls.consecutive_timeouts, app.extra_calls.last_run) == (0, None)
        stage.answers[WEBVIEW] = HANG
        run(app)
        run(app)
        assert app.extra_calls.consecutive_timeouts == 2
        assert app.extra_calls.last_run is not None
        assert app.consecutive_timeouts == 0
        stage.answers[WEBVIEW] = {"errcode": 48001}
        run(app)
        assert app.extra_calls.consecutive_timeouts == 0

    def test_a_timeout_of_the_quota_query_counts_too(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.answers[QUOTA] = HANG
        run(app)
        assert app.extra_calls.consecutive_timeouts == 1
        run(app)
        assert app.extra_calls.consecutive_timeouts == 0


class TestLog:
    def test_there_is_one_line_when_a_call_begins_to_fail_and_one_when_it_recovers(
        self, stage: Stage
    ) -> None:
        app = stage.make_app()
        names = {"appid": APPID, "name": "shop", "api": "get_effective_domain"}
        with capture_logs() as logs:
            run(app)
            assert logs == []
            good = stage.answers[SERVER]
            for answer in ({"errcode": 0}, HANG, {"errcode": 48001}):
                stage.answers[SERVER] = answer
                run(app)
            stage.answers[SERVER] = good
            run(app)
            run(app)
        assert logs == [
            {
                "event": "extra call fails",
                "log_level": "warning",
                "reason": "decode",
                "error": "effective_domain is not an object",
                **names,
            },
            {"event": "extra call recovered", "log_level": "info", **names},
        ]

    def test_a_missed_deadline_is_not_logged(self, stage: Stage) -> None:
        [extra_call] = stage.make_app(quota=False, action="getserverdomain").extra_calls.all()
        with capture_logs() as logs:
            assert extra_call.call(SharedDeadline()) is None
        assert logs == []
        assert stage.api.requests == []
        assert extra_call.call(time_left()) is not None

    def test_an_unexpected_error_costs_only_the_series_of_that_api(self, stage: Stage) -> None:
        app = stage.make_app()

        def broken(_: object) -> NoReturn:
            raise KeyError("an odd answer")

        app.extra_calls.all()[0].parser = JsonParser(broken)
        with capture_logs() as logs:
            result = run(app)
        assert tuple(result.effective) == ("bizdomain",)
        assert [log["event"] for log in logs] == ["unexpected error in an extra call", "extra call fails"]
        assert logs[1]["error"] == "internal error: KeyError"


def test_failures_without_an_errcode_are_counted(stage: Stage) -> None:
    stage.answers |= {SERVER: {"errcode": 0}, WEBVIEW: HANG, QUOTA: {"quota": []}}
    run(stage.make_app())
    registry = CollectorRegistry()
    registry.register(stage.self_metrics)
    text = generate_latest(registry).decode()
    counted = "wx_domain_exporter_api_request_failures_total"
    assert value(text, counted, api="get_effective_domain", reason="decode") == 1
    assert value(text, counted, api="get_effective_webviewdomain", reason="timeout") == 1
    assert value(text, counted, api="quota/get", reason="decode") == 1


class TestToken:
    @pytest.mark.parametrize(
        ("answer", "has_token"),
        [
            ({"errcode": 45009}, True),
            ({"errcode": 61007}, True),
            (b"<html>", False),
            ({"errcode": 42001}, False),
        ],
    )
    def test_an_errcode_of_the_fetch_shows_that_there_is_one(
        self, stage: Stage, answer: object, *, has_token: bool
    ) -> None:
        stage.answers["/wxa/getwxadevinfo"] = answer
        assert fetch(stage.make_app()).has_token is has_token


class TestInheritance:
    def successor(self, old: MonitoredApp, stage: Stage, **collect: bool) -> MonitoredApp:
        collected = Collect.model_validate({"effective": True, "quota": True, **collect})
        return MonitoredApp(old.settings, old.client, old.source, stage.token_usage, None, collect=collected)

    def test_the_same_client_and_source_keep_what_is_known(self, stage: Stage) -> None:
        old = stage.make_app()
        stage.answers[SERVER] = {"effective_domain": {"prefetchdnsdomain": []}}
        run(old)
        stage.answers |= {SERVER: {"errcode": 48001}, WEBVIEW: HANG}
        old.extra_result = run(old)
        new = self.successor(old, stage)
        new.inherit(old)
        assert new.extra_result is old.extra_result
        assert new.extra_calls.known() == old.extra_calls.known()
        assert (new.extra_calls.consecutive_timeouts, new.extra_calls.last_run) == (
            1,
            old.extra_calls.last_run,
        )
        with capture_logs() as logs:
            result = run(new)
        assert logs == []
        assert stage.asked(QUOTA) == 1
        assert result.quota == Quota(1000, 10, 990)
        assert old.extra_calls.seen_categories == new.extra_calls.seen_categories == ("prefetchdnsdomain",)

    def test_what_is_no_longer_collected_is_dropped(self, stage: Stage) -> None:
        old = stage.make_app()
        stage.answers[SERVER] = {"errcode": 48001}
        old.extra_result = run(old)
        new = self.successor(old, stage, effective=False, quota=False)
        new.inherit(old)
        assert new.extra_result == new.extra_calls.known()
        assert (new.extra_result.effective, new.extra_result.quota, new.extra_result.api_errors) == (
            {},
            None,
            {},
        )

    def test_another_source_keeps_no_answer(self, stage: Stage) -> None:
        old = stage.make_app()
        stage.answers[SERVER] = {"errcode": 48001}
        old.extra_result = run(old)
        new = stage.make_app()
        new.inherit(old)
        assert (new.extra_result.effective, new.extra_result.quota, new.extra_result.api_errors) == (
            {},
            None,
            {},
        )
        assert new.extra_calls.due(lists=False)
