from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from helpers.extra_calls_setup import HANG, SERVER, WEBVIEW, Stage, run
from helpers.simulated_client import APPID
from structlog.testing import capture_logs

from wx_domain_exporter.wechat.effective_domains import DOCUMENTED_EFFECTIVE

if TYPE_CHECKING:
    from helpers.clocks import Clock

BOTH = (*DOCUMENTED_EFFECTIVE, "bizdomain")


class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("action", "asked", "categories"),
        [
            (None, (1, 1), BOTH),
            ("getserverdomain", (1, 0), DOCUMENTED_EFFECTIVE),
            ("getbizdomain", (0, 1), ("bizdomain",)),
        ],
    )
    def test_both_halves_or_that_of_the_action(
        self, stage: Stage, action: str | None, asked: tuple[int, int], categories: tuple[str, ...]
    ) -> None:
        found = run(stage.watch(action=action, quota=False))
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == asked
        assert tuple(found.effective) == categories
        assert {request.body for request in stage.api.requests} == {b"{}"}

    def test_the_lists_are_those_in_force(self, stage: Stage) -> None:
        found = run(stage.watch())
        assert found.effective["requestdomain"].domains == ("https://b.cn",)
        assert found.effective["bizdomain"].domains == ("https://m.cn",)
        assert found.api_errors == {}

    def test_nothing_unless_it_is_collected(self, stage: Stage) -> None:
        app = stage.watch(effective=False, quota=False)
        assert not app.extra_calls.due(lists=True)
        assert run(app).effective == {}
        assert stage.api.requests == []

    def test_nothing_while_the_app_has_no_lists_of_its_own(self, stage: Stage) -> None:
        app = stage.watch(quota=False)
        assert not app.extra_calls.due(lists=False)
        assert run(app, lists=False).effective == {}
        assert stage.api.requests == []

    def test_it_is_asked_in_every_run(self, stage: Stage) -> None:
        app = stage.watch()
        run(app)
        assert app.extra_calls.due(lists=True)
        run(app)
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (2, 2)

    def test_what_is_known_without_asking_holds_no_list(self, stage: Stage) -> None:
        app = stage.watch()
        run(app)
        assert app.extra_calls.known().effective == {}

    def test_an_undocumented_category_counts_as_empty_later(self, stage: Stage) -> None:
        app = stage.watch()
        good = stage.answers[SERVER]
        stage.answers[SERVER] = {"effective_domain": {"prefetchdnsdomain": ["https://a.cn"]}}
        run(app)
        stage.answers[SERVER] = good
        assert run(app).effective["prefetchdnsdomain"].domains == ()
        assert "prefetchdnsdomain" not in run(stage.watch()).effective


class TestFailedHalf:
    @pytest.mark.parametrize("answer", [HANG, {"errcode": 0}, b"<html>", {"errcode": 48001}])
    @pytest.mark.parametrize(
        ("path", "left"),
        [(SERVER, ("bizdomain",)), (WEBVIEW, DOCUMENTED_EFFECTIVE)],
        ids=["server", "webview"],
    )
    def test_it_leaves_the_other_half(
        self, stage: Stage, path: str, left: tuple[str, ...], answer: Any
    ) -> None:
        stage.answers[path] = answer
        found = run(stage.watch())
        assert tuple(found.effective) == left
        assert found.quota is not None
        errors = {path.removeprefix("/wxa/"): 48001} if answer == {"errcode": 48001} else {}
        assert found.api_errors == errors

    def test_one_that_hung_is_asked_last_the_next_time(self, stage: Stage) -> None:
        app = stage.watch(quota=False)
        stage.answers[SERVER] = HANG
        run(app)
        run(app)
        assert [request.path for request in stage.api.requests] == [SERVER, WEBVIEW, WEBVIEW, SERVER]
        stage.answers = {**stage.answers, SERVER: {"errcode": 48001}}
        run(app)
        run(app)
        assert [request.path for request in stage.api.requests[4:]] == [WEBVIEW, SERVER, SERVER, WEBVIEW]

    def test_no_call_begins_when_nobody_waits_any_more(self, stage: Stage) -> None:
        stage.answers[SERVER] = HANG
        found = run(stage.watch(quota=False), seconds=0.1)
        assert [request.path for request in stage.api.requests] == [SERVER]
        assert found.effective == {}


def blank(**more: Any) -> dict[str, dict[str, Any]]:
    """The answers of both APIs to a token that they tell nothing."""
    origins = ("mp", "third", "direct", "effective")
    return {
        SERVER: {**more, **{f"{origin}_domain": {"requestdomain": []} for origin in origins}},
        WEBVIEW: {**more, **{f"{origin}_webviewdomain": [] for origin in origins}},
    }


class TestWithheld:
    CONFIGURED: ClassVar[dict[str, list[str]]] = {"requestdomain": ["https://a.cn"], "bizdomain": []}

    @pytest.mark.parametrize("more", [{"errcode": 0, "errmsg": "ok"}, {}], ids=["errcode", "none"])
    def test_nothing_is_shown_where_empty_lists_contradict_the_configured_ones(
        self, stage: Stage, more: dict[str, Any]
    ) -> None:
        stage.answers |= blank(**more)
        app = stage.watch()
        with capture_logs() as logs:
            found = [run(app, configured=self.CONFIGURED) for _ in range(2)]
        assert [(one.effective, one.withheld, one.api_errors) for one in found] == [({}, True, {})] * 2
        assert found[0].quota is not None
        (log,) = logs
        assert log["event"].startswith("WeChat does not tell which lists are in force")
        assert (log["appid"], log["name"]) == (APPID, "shop")

    def test_the_half_that_names_a_domain_stays(self, stage: Stage) -> None:
        stage.answers[SERVER] = blank()[SERVER]
        found = run(stage.watch(), configured=self.CONFIGURED)
        assert (tuple(found.effective), found.withheld) == (("bizdomain",), True)

    def test_empty_lists_of_an_app_that_has_configured_none_are_shown(self, stage: Stage) -> None:
        stage.answers |= blank()
        found = run(stage.watch(), configured={"requestdomain": [], "bizdomain": []})
        assert ({one.count for one in found.effective.values()}, found.withheld) == ({0}, False)
        assert tuple(found.effective) == BOTH

    def test_what_is_told_again_is_shown_again(self, stage: Stage) -> None:
        app, good = stage.watch(), dict(stage.answers)
        stage.answers |= blank()
        run(app, configured=self.CONFIGURED)
        stage.answers = good
        found = run(app, configured=self.CONFIGURED)
        assert (tuple(found.effective), found.withheld) == (BOTH, False)

    def test_a_reload_tells_it_no_second_time(self, stage: Stage) -> None:
        stage.answers |= blank()
        old = stage.watch()
        run(old, configured=self.CONFIGURED)
        new = stage.watch()
        new.extra_calls.inherit(old.extra_calls, same_way=True)
        with capture_logs() as logs:
            assert run(new, configured=self.CONFIGURED).withheld
        assert logs == []


class TestErrcodes:
    def test_an_errcode_stays_until_a_call_ends_otherwise(self, stage: Stage) -> None:
        app = stage.watch()
        good = stage.answers[SERVER]
        stage.answers[SERVER] = {"errcode": "48001", "effective_domain": {"requestdomain": []}}
        assert run(app).api_errors == {"get_effective_domain": 48001}
        assert app.extra_calls.known().api_errors == {"get_effective_domain": 48001}
        assert app.api_errors == {}
        stage.answers[SERVER] = good
        assert run(app).api_errors == app.extra_calls.known().api_errors == {}

    @pytest.mark.parametrize(("errcode", "later"), [(45009, 1800), (45011, 60)])
    def test_a_used_up_quota_lets_that_api_rest_and_no_other(
        self, stage: Stage, clock: Clock, errcode: int, later: int
    ) -> None:
        app = stage.watch(quota=False)
        good = stage.answers[SERVER]
        stage.answers[SERVER] = {"errcode": errcode}
        run(app)
        clock.ahead = 61
        run(app)
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (2, 2)
        clock.ahead = 61 + later - 20
        stage.answers[SERVER] = good
        found = run(app)
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (2, 3)
        assert found.api_errors == {"get_effective_domain": errcode}
        assert tuple(found.effective) == ("bizdomain",)
        clock.ahead = 61 + later + 1
        found = run(app)
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (3, 4)
        assert found.api_errors == {}
        assert tuple(found.effective) == BOTH

    def test_after_a_good_call_the_next_rest_is_a_first_one_again(self, stage: Stage, clock: Clock) -> None:
        app = stage.watch(quota=False)
        good = stage.answers[SERVER]
        for ahead, answer in enumerate(({"errcode": 45009}, good, {"errcode": 45009}, good)):
            clock.ahead = 61 * ahead
            stage.answers[SERVER] = answer
            found = run(app)
        assert stage.asked(SERVER) == 4
        assert found.api_errors == {}

    def test_nothing_is_due_while_all_rest_until_the_configuration_is_read_again(self, stage: Stage) -> None:
        app = stage.watch(quota=False, action="getbizdomain")
        stage.answers[WEBVIEW] = {"errcode": 45009}
        run(app)
        assert not app.extra_calls.due(lists=True)
        app.resume()
        assert app.extra_calls.due(lists=True)

    def test_a_busy_one_is_asked_once_more(self, stage: Stage) -> None:
        stage.answers[SERVER] = {"errcode": -1}
        assert run(stage.watch()).api_errors == {"get_effective_domain": -1}
        assert (stage.asked(SERVER), stage.asked(WEBVIEW)) == (2, 1)
