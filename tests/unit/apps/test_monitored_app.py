from __future__ import annotations

import ssl
import time
from typing import NoReturn

import pytest
import trustme
from helpers.app_setup import Stage, fetch
from helpers.simulated_client import APPID
from helpers.token_setup import http_token
from structlog.testing import capture_logs

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import CATEGORIES
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.errors import Reason
from wx_domain_exporter.wechat.responses import DomainListsParser


class TestGoodAnswer:
    def test_it_has_lists_and_a_time_and_no_error(self, stage: Stage) -> None:
        app = stage.watch()
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

    def test_only_what_the_action_covers_is_asked_for(self, stage: Stage) -> None:
        result = fetch(stage.watch(action="getbizdomain"))
        assert result.categories is not None
        assert tuple(result.categories) == ("bizdomain",)

    def test_its_duration_holds_the_token_too(self, stage: Stage) -> None:
        stage.app.token_latency = 0.15
        stage.app.latency = 0.15
        assert fetch(stage.watch()).seconds >= 0.3

    def test_an_undocumented_category_seen_once_counts_as_empty_later(self, stage: Stage) -> None:
        app = stage.watch()
        stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
        fetch(app)
        stage.app.domains = {}
        result = fetch(app)
        assert result.categories is not None
        assert result.categories["tcpdomain"].domains == ()
        assert "tcpdomain" not in (fetch(stage.watch()).categories or {})

    def test_a_peer_that_makes_up_categories_makes_32_of_them_at_most(self, stage: Stage) -> None:
        app = stage.watch(action="getbizdomain")
        for first in ("a", "b", "c"):
            names = [f"{first}{second}domain" for second in "abcdefghijklmnopqrst"]
            stage.app.raw_body = "{" + ",".join(f'"{name}":[]' for name in names) + "}"
            fetch(app)
        assert len(app.parser.seen) == 32


class TestFailure:
    def test_an_errcode_is_told_and_its_lists_are_never_counted(self, stage: Stage) -> None:
        stage.app.raw_body = '{"errcode": "61007", "errmsg": "no", "requestdomain": [], "bizdomain": []}'
        result = fetch(stage.watch())
        assert result.categories is None
        assert result.reason is Reason.API
        assert result.api_errors == {"getwxadevinfo": 61007}
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
        app = stage.watch()
        result = fetch(app)
        assert result.reason is reason
        assert result.categories is None
        assert app.consecutive_timeouts == held_up

    def test_a_token_service_that_hangs_is_a_failure_of_the_token_that_holds_up(self, stage: Stage) -> None:
        stage.world.patch_token_service({"hang": True})
        app = stage.watch_with(http_token(stage.server.url))
        for strikes in (1, 2):
            assert fetch(app).reason is Reason.TOKEN
            assert app.consecutive_timeouts == strikes
        assert stage.calls() == (0, 0)

    def test_strikes_are_counted_until_a_fetch_ends_in_time(self, stage: Stage) -> None:
        app = stage.watch()
        stage.app.hang = True
        fetch(app)
        fetch(app)
        assert app.consecutive_timeouts == 2
        stage.world.patch(APPID, {"hang": False, "errcode": 61007})
        fetch(app)
        assert app.consecutive_timeouts == 0

    def test_a_closed_port_is_a_failed_connection(self, stage: Stage) -> None:
        app = stage.watch()
        fetch(app)
        stage.server.stop()
        assert fetch(app).reason is Reason.CONNECTION
        assert app.consecutive_timeouts == 1

    def test_a_certificate_of_nobody_known_is_a_failure_of_tls(self, stage: Stage) -> None:
        issued = trustme.CA().issue_cert("127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        stage.app.access_tokens = ["made elsewhere"]
        stage.world.patch(APPID, {})
        with SimulatorServer(stage.world, ssl_context=context) as server:
            client = ApiClient(Wechat(base_url=server.url), SelfMetrics())
            stage.client = client
            app = stage.watch(env="WX_TEST_TOKEN")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("WX_TEST_TOKEN", "made elsewhere")
                assert fetch(app).reason is Reason.TLS
            client.close()
        assert app.consecutive_timeouts == 0

    def test_nobody_waits_means_no_call(self, stage: Stage) -> None:
        result = fetch(stage.watch(), seconds=-1)
        assert result.reason is Reason.DEADLINE
        assert not stage.world.calls

    def test_a_bug_of_ours_costs_its_own_app_only(self, stage: Stage) -> None:
        class Broken(DomainListsParser):
            def read(self, answer: object) -> NoReturn:  # noqa: ARG002 - as the real one
                raise KeyError("an odd answer")

        app = stage.watch()
        app.parser = Broken(None)
        with capture_logs() as logs:
            result = fetch(app)
        assert result.reason is Reason.DECODE
        assert str(result.error) == "internal error: KeyError"
        assert logs[0]["event"] == "a fetch broke"
        assert logs[0]["appid"] == APPID

    def test_the_last_success_stays_while_it_fails(self, stage: Stage) -> None:
        app = stage.watch()
        stage.app.errcode = 61007
        assert fetch(app).last_success is None
        stage.app.errcode = 0
        good = fetch(app).last_success
        stage.app.errcode = 61007
        failed = fetch(app)
        assert good is not None
        assert failed.last_success == good < failed.timestamp

    def test_a_scrape_that_cannot_wait_gets_a_failure_that_changes_nothing(self, stage: Stage) -> None:
        app = stage.watch()
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
    def test_an_errcode_goes_with_the_next_good_answer(self, stage: Stage) -> None:
        app = stage.watch()
        stage.app.next_errcodes = [61007]
        fetch(app)
        assert fetch(app).api_errors == {}

    @pytest.mark.parametrize(
        "later", [{"http_status": 502}, {"raw_body": "{"}, {"hang": True}], ids=["http", "decode", "timeout"]
    )
    def test_an_errcode_goes_with_a_call_that_ends_otherwise(
        self, stage: Stage, later: dict[str, object]
    ) -> None:
        app = stage.watch()
        stage.app.errcode = 61007
        fetch(app)
        stage.world.patch(APPID, later)
        result = fetch(app)
        assert result.reason is not Reason.API
        assert result.api_errors == {}

    def test_that_of_the_token_stays_while_the_source_rests_and_goes_when_it_is_good(
        self, stage: Stage
    ) -> None:
        app = stage.watch()
        stage.app.whitelisted = False
        first, second = fetch(app), fetch(app)
        assert first.api_errors == second.api_errors == {"stable_token": 40164}
        assert first.timestamp == second.timestamp
        assert stage.calls() == (0, 1)
        stage.app.whitelisted = True
        app.resume()
        assert fetch(app).api_errors == {}

    def test_outcomes_keep_what_they_had(self, stage: Stage) -> None:
        app = stage.watch()
        stage.app.next_errcodes = [61007]
        failed = fetch(app)
        fetch(app)
        assert failed.api_errors == {"getwxadevinfo": 61007}


class TestLog:
    def test_only_a_turn_is_logged(self, stage: Stage) -> None:
        app = stage.watch()
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
            assert logs[2:] == [{"event": "app answers again", "log_level": "info", **names}]

    def test_each_changed_category_is_one_line(self, stage: Stage) -> None:
        app = stage.watch()
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

    def test_a_failure_between_two_answers_hides_no_change(self, stage: Stage) -> None:
        app = stage.watch()
        fetch(app)
        stage.app.errcode = 61007
        fetch(app)
        stage.world.patch(APPID, {"errcode": 0, "domains": {"requestdomain": ["https://new"]}})
        fetch(app)
        assert app.history.changes[0].added == ("https://new",)
        stranger, heir = stage.watch(), stage.watch()
        heir.source = app.source
        heir.inherit(app)
        assert heir.history.changes == app.history.changes
        stranger.inherit(app)  # its token comes from elsewhere
        assert stranger.history.changes == ()
        assert stranger.known_lists is None

    def test_a_first_failure_is_logged(self, stage: Stage) -> None:
        stage.app.errcode = 61007
        with capture_logs() as logs:
            fetch(stage.watch())
        assert [log["event"] for log in logs] == ["app fails"]

    def test_too_many_domains_are_logged_when_it_begins_and_ends(self, stage: Stage) -> None:
        app = stage.watch()
        with capture_logs() as logs:
            found = [app.check_max_domains(domains, 5) for domains in (5, 6, 7, 5, 4)]
        assert found == [False, True, True, False, False]
        names = {"appid": APPID, "name": "shop", "max_domains": 5, "log_level": "warning"}
        assert logs == [
            {"event": "too many domains: wx_domain_info is left out", "domains": 6, **names},
            {"event": "domains are exported again", "domains": 5, **names},
        ]


class TestInheritance:
    def test_the_same_source_and_client_hand_on_what_is_known(self, stage: Stage) -> None:
        old = stage.watch()
        stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
        fetch(old)
        stage.app.errcode = 61007
        fetch(old)
        old.consecutive_timeouts = 2
        new = MonitoredApp(old.settings, old.client, old.source, stage.ledger, None)
        new.inherit(old)
        assert new.last_result is old.last_result
        assert new.last_success == old.last_success
        assert new.api_errors == {"getwxadevinfo": 61007}
        assert new.api_errors is not old.api_errors
        assert new.parser.seen == ("tcpdomain",)
        assert new.consecutive_timeouts == 2

    def test_another_source_hands_on_nothing_that_a_token_showed(self, stage: Stage) -> None:
        old = stage.watch()
        stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
        fetch(old)
        stage.app.errcode = 61007
        fetch(old)
        old.consecutive_timeouts = 2
        new = stage.watch()
        new.inherit(old)
        assert (new.last_result, new.api_errors, new.last_success, new.history.lists) == (
            None,
            {},
            None,
            None,
        )
        assert (new.parser.seen, new.consecutive_timeouts) == ((), 2)

    @pytest.mark.parametrize(("action", "seen"), [(None, ("tcpdomain",)), ("getbizdomain", ())])
    def test_undocumented_categories_are_those_of_one_action(
        self, stage: Stage, action: str | None, seen: tuple[str, ...]
    ) -> None:
        old = stage.watch()
        stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
        fetch(old)
        new = MonitoredApp(old.settings, old.client, old.source, stage.ledger, action)
        new.inherit(old)
        assert (new.parser.seen, new.last_success) == (seen, old.last_success)

    def test_a_fetch_of_the_one_before_is_no_change_of_the_one_in_force(self, stage: Stage) -> None:
        old = stage.watch()
        stage.app.domains = {"requestdomain": ["https://old.cn"]}
        fetch(old)
        new = MonitoredApp(old.settings, old.client, old.source, stage.ledger, None)
        new.inherit(old)
        before = new.history.lists
        stage.app.domains = {"requestdomain": ["https://new.cn"]}
        fetch(old)
        assert len(old.history.changes) == 1
        assert (new.history.lists, new.history.changes) == (before, ())
