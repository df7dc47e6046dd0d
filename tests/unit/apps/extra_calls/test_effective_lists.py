from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from helpers.clocks import StoppedClock
from helpers.extra_calls_setup import HANG, SERVER, WEBVIEW, Stage, run
from helpers.simulated_client import APPID
from structlog.testing import capture_logs

from wx_domain_exporter.apps.extra_call import ExtraCall
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.wechat.effective_domains import DOCUMENTED_EFFECTIVE

if TYPE_CHECKING:
    from helpers.clocks import Clock

BOTH = (*DOCUMENTED_EFFECTIVE, "bizdomain")


class TestCalls:
    @pytest.mark.parametrize(
        ("action", "calls", "categories"),
        [
            (None, (1, 1), BOTH),
            ("getserverdomain", (1, 0), DOCUMENTED_EFFECTIVE),
            ("getbizdomain", (0, 1), ("bizdomain",)),
        ],
    )
    def test_both_apis_are_called_or_that_of_the_action(
        self, stage: Stage, action: str | None, calls: tuple[int, int], categories: tuple[str, ...]
    ) -> None:
        result = run(stage.make_app(action=action, quota=False))
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == calls
        assert tuple(result.effective) == categories
        assert {request.body for request in stage.api.requests} == {b"{}"}

    def test_the_lists_are_those_in_force(self, stage: Stage) -> None:
        result = run(stage.make_app())
        assert result.effective["requestdomain"].domains == ("https://b.cn",)
        assert result.effective["bizdomain"].domains == ("https://m.cn",)
        assert result.api_errors == {}

    def test_none_is_called_unless_the_configuration_says_so(self, stage: Stage) -> None:
        app = stage.make_app(effective=False, quota=False)
        assert not app.extra_calls.due(lists=True)
        assert run(app).effective == {}
        assert stage.api.requests == []
        assert run(stage.make_app(quota=False)).effective

    def test_none_is_called_without_the_configured_lists(self, stage: Stage) -> None:
        app = stage.make_app(quota=False)
        assert not app.extra_calls.due(lists=False)
        assert run(app, lists=False).effective == {}
        assert stage.api.requests == []
        assert run(app, lists=True).effective

    def test_they_are_called_in_every_run(self, stage: Stage) -> None:
        app = stage.make_app()
        run(app)
        assert app.extra_calls.due(lists=True)
        run(app)
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (2, 2)

    def test_known_holds_no_lists(self, stage: Stage) -> None:
        app = stage.make_app()
        assert run(app).effective
        assert app.extra_calls.known().effective == {}

    def test_an_undocumented_category_counts_as_empty_later(self, stage: Stage) -> None:
        app = stage.make_app()
        good = stage.answers[SERVER]
        stage.answers[SERVER] = {"effective_domain": {"prefetchdnsdomain": ["https://a.cn"]}}
        run(app)
        stage.answers[SERVER] = good
        assert run(app).effective["prefetchdnsdomain"].domains == ()
        assert "prefetchdnsdomain" not in run(stage.make_app()).effective


class TestFailure:
    @pytest.mark.parametrize("answer", [HANG, {"errcode": 0}, b"<html>", {"errcode": 48001}])
    @pytest.mark.parametrize(
        ("path", "categories"),
        [(SERVER, ("bizdomain",)), (WEBVIEW, DOCUMENTED_EFFECTIVE)],
        ids=["server", "webview"],
    )
    def test_it_costs_only_the_lists_of_its_api(
        self, stage: Stage, path: str, categories: tuple[str, ...], answer: Any
    ) -> None:
        stage.answers[path] = answer
        result = run(stage.make_app())
        assert tuple(result.effective) == categories
        assert result.quota is not None
        errors = {path.removeprefix("/wxa/"): 48001} if answer == {"errcode": 48001} else {}
        assert result.api_errors == errors

    def test_an_api_that_timed_out_is_called_last_in_the_next_run(self, stage: Stage) -> None:
        app = stage.make_app(quota=False)
        stage.answers[SERVER] = HANG
        run(app)
        run(app)
        assert [request.path for request in stage.api.requests] == [SERVER, WEBVIEW, WEBVIEW, SERVER]
        stage.answers = {**stage.answers, SERVER: {"errcode": 48001}}
        run(app)
        run(app)
        assert [request.path for request in stage.api.requests[4:]] == [WEBVIEW, SERVER, SERVER, WEBVIEW]

    def test_no_call_begins_after_the_deadline(
        self, stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call = ExtraCall.call

        def call_until_the_deadline(extra_call: ExtraCall[Any], deadline: SharedDeadline) -> Any:
            answer = call(extra_call, deadline)
            clock.ahead = 301
            return answer

        monkeypatch.setattr(ExtraCall, "call", call_until_the_deadline)
        deadline = SharedDeadline(Deadline.after(300, clock))
        result = stage.make_app(quota=False).extra_calls.run(deadline, {})
        assert [request.path for request in stage.api.requests] == [SERVER]
        assert tuple(result.effective) == DOCUMENTED_EFFECTIVE

    @pytest.mark.parametrize(("seconds", "calls"), [(1.0, 2), (0.5, 2), (0.0, 0), (-0.5, 0)])
    def test_calls_begin_while_any_time_is_left(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, seconds: float, calls: int
    ) -> None:
        begun: list[str] = []
        monkeypatch.setattr(ExtraCall, "call", lambda extra_call, _: begun.append(extra_call.api.name))
        deadline = SharedDeadline(Deadline.after(seconds, StoppedClock()))
        stage.make_app(quota=False).extra_calls.run(deadline, {})
        assert len(begun) == calls


def blank(**more: Any) -> dict[str, dict[str, Any]]:
    """The answers of both APIs to a token for which they withhold the lists."""
    origins = ("mp", "third", "direct", "effective")
    return {
        SERVER: {**more, **{f"{origin}_domain": {"requestdomain": []} for origin in origins}},
        WEBVIEW: {**more, **{f"{origin}_webviewdomain": [] for origin in origins}},
    }


class TestWithheld:
    CONFIGURED: ClassVar[dict[str, list[str]]] = {"requestdomain": ["https://a.cn"], "bizdomain": []}

    @pytest.mark.parametrize("more", [{"errcode": 0, "errmsg": "ok"}, {}], ids=["errcode", "none"])
    def test_empty_lists_that_contradict_the_configured_ones_are_not_shown(
        self, stage: Stage, more: dict[str, Any]
    ) -> None:
        stage.answers |= blank(**more)
        app = stage.make_app()
        with capture_logs() as logs:
            results = [run(app, configured=self.CONFIGURED) for _ in range(2)]
        for result in results:
            assert (result.effective, result.withheld, result.api_errors) == ({}, True, {})
        assert results[0].quota is not None
        (log,) = logs
        assert log["event"].startswith("WeChat withholds the domains in force")
        assert (log["appid"], log["name"]) == (APPID, "shop")

    def test_an_answer_that_names_a_domain_is_shown(self, stage: Stage) -> None:
        stage.answers[SERVER] = blank()[SERVER]
        result = run(stage.make_app(), configured=self.CONFIGURED)
        assert (tuple(result.effective), result.withheld) == (("bizdomain",), True)

    def test_empty_lists_of_an_app_that_has_configured_none_are_shown(self, stage: Stage) -> None:
        stage.answers |= blank()
        result = run(stage.make_app(), configured={"requestdomain": [], "bizdomain": []})
        assert ({domains.count for domains in result.effective.values()}, result.withheld) == ({0}, False)
        assert tuple(result.effective) == BOTH

    def test_lists_that_are_no_longer_withheld_are_shown(self, stage: Stage) -> None:
        app, good = stage.make_app(), dict(stage.answers)
        stage.answers |= blank()
        run(app, configured=self.CONFIGURED)
        stage.answers = good
        result = run(app, configured=self.CONFIGURED)
        assert (tuple(result.effective), result.withheld) == (BOTH, False)

    def test_after_a_reload_it_is_not_logged_again(self, stage: Stage) -> None:
        stage.answers |= blank()
        old = stage.make_app()
        run(old, configured=self.CONFIGURED)
        new = stage.make_app()
        new.extra_calls.inherit(old=old.extra_calls, keep_answers=True)
        with capture_logs() as logs:
            assert run(new, configured=self.CONFIGURED).withheld
        assert logs == []

    def test_when_the_answers_are_forgotten_it_is_logged_again(self, stage: Stage) -> None:
        stage.answers |= blank()
        app = stage.make_app()
        run(app, configured=self.CONFIGURED)
        app.forget_answers()
        with capture_logs() as logs:
            assert run(app, configured=self.CONFIGURED).withheld
        (log,) = logs
        assert log["event"].startswith("WeChat withholds the domains in force")


class TestErrcodes:
    def test_an_errcode_stays_until_the_next_call(self, stage: Stage) -> None:
        app = stage.make_app()
        good = stage.answers[SERVER]
        stage.answers[SERVER] = {"errcode": "48001", "effective_domain": {"requestdomain": []}}
        assert run(app).api_errors == {"get_effective_domain": 48001}
        assert app.extra_calls.known().api_errors == {"get_effective_domain": 48001}
        assert app.api_errors == {}
        stage.answers[SERVER] = good
        assert run(app).api_errors == app.extra_calls.known().api_errors == {}

    @pytest.mark.parametrize(("errcode", "later"), [(45009, 1800), (45011, 60)])
    def test_a_used_up_quota_begins_a_cooldown_of_that_api_only(
        self, stage: Stage, clock: Clock, errcode: int, later: int
    ) -> None:
        app = stage.make_app(quota=False)
        good = stage.answers[SERVER]
        stage.answers[SERVER] = {"errcode": errcode}
        run(app)
        clock.ahead = 61
        run(app)
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (2, 2)
        clock.ahead = 61 + later - 20
        stage.answers[SERVER] = good
        result = run(app)
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (2, 3)
        assert result.api_errors == {"get_effective_domain": errcode}
        assert tuple(result.effective) == ("bizdomain",)
        clock.ahead = 61 + later + 1
        result = run(app)
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (3, 4)
        assert result.api_errors == {}
        assert tuple(result.effective) == BOTH

    def test_after_a_successful_call_the_next_cooldown_is_a_first_one_again(
        self, stage: Stage, clock: Clock
    ) -> None:
        app = stage.make_app(quota=False)
        good = stage.answers[SERVER]
        for ahead, answer in enumerate(({"errcode": 45009}, good, {"errcode": 45009}, good)):
            clock.ahead = 61 * ahead
            stage.answers[SERVER] = answer
            result = run(app)
        assert stage.asked(SERVER) == 4
        assert result.api_errors == {}

    def test_nothing_is_due_during_all_cooldowns_which_a_reload_ends(self, stage: Stage) -> None:
        app = stage.make_app(quota=False, action="getbizdomain")
        stage.answers[WEBVIEW] = {"errcode": 45009}
        run(app)
        assert not app.extra_calls.due(lists=True)
        app.resume()
        assert app.extra_calls.due(lists=True)

    def test_a_busy_api_is_called_once_more(self, stage: Stage) -> None:
        stage.answers[SERVER] = {"errcode": -1}
        assert run(stage.make_app()).api_errors == {"get_effective_domain": -1}
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (2, 1)
