from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from helpers.clocks import StoppedClock
from helpers.extra_calls_setup import HANG, QUOTA, SERVER, WEBVIEW, Stage, run

from wx_domain_exporter.wechat.quota import Quota

if TYPE_CHECKING:
    from helpers.clocks import Clock

    from wx_domain_exporter.apps.monitored_app import MonitoredApp

GOOD = Quota(1000, 10, 990)


@pytest.fixture
def app(stage: Stage) -> MonitoredApp:
    return stage.make_app(effective=False)


def test_it_is_that_of_getwxadevinfo(stage: Stage, app: MonitoredApp) -> None:
    assert run(app).quota == GOOD
    assert json.loads(stage.api.requests[0].body) == {"cgi_path": "/wxa/getwxadevinfo"}


def test_it_is_queried_without_lists_too(stage: Stage, app: MonitoredApp) -> None:
    assert app.extra_calls.due(lists=False)
    assert run(app, lists=False).quota == GOOD
    assert stage.asked(QUOTA) == 1


def test_it_is_not_queried_unless_it_is_collected(stage: Stage) -> None:
    assert run(stage.make_app(quota=False)).quota is None
    assert (stage.asked(QUOTA), stage.asked(SERVER)) == (0, 1)


def test_it_is_queried_once_in_ten_minutes_and_shown_until_then(
    stage: Stage, app: MonitoredApp, clock: Clock
) -> None:
    run(app)
    clock.ahead = 580
    assert not app.extra_calls.due(lists=True)
    assert app.extra_calls.known().quota == run(app).quota == GOOD
    assert stage.asked(QUOTA) == 1
    clock.ahead = 601
    assert app.extra_calls.due(lists=True)
    assert app.extra_calls.known().quota is None
    stage.answers[QUOTA] = {"quota": {"daily_limit": 1000, "used": 20, "remain": 980}}
    assert run(app).quota == Quota(1000, 20, 980)
    assert stage.asked(QUOTA) == 2


@pytest.mark.parametrize("answer", [HANG, {"errcode": 76021}, {"errcode": 0}, b""])
class TestFailure:
    def test_it_drops_the_figures_and_waits_equally_long(
        self, stage: Stage, app: MonitoredApp, clock: Clock, answer: Any
    ) -> None:
        run(app)
        good = stage.answers[QUOTA]
        stage.answers[QUOTA] = answer
        clock.ahead = 601
        assert run(app).quota is None
        assert app.extra_calls.known().quota is None
        stage.answers[QUOTA] = good
        clock.ahead = 1180
        assert run(app).quota is None
        assert stage.asked(QUOTA) == 2
        clock.ahead = 1210
        assert run(app).quota == GOOD
        assert app.extra_calls.known().api_errors == {}

    def test_a_reload_ends_the_wait(self, stage: Stage, app: MonitoredApp, answer: Any) -> None:
        good = stage.answers[QUOTA]
        stage.answers[QUOTA] = answer
        run(app)
        assert not app.extra_calls.due(lists=True)
        stage.answers[QUOTA] = good
        app.resume()
        assert run(app).quota == GOOD


def test_a_reload_does_not_query_valid_figures_again(stage: Stage, app: MonitoredApp) -> None:
    run(app)
    app.resume()
    assert run(app).quota == GOOD
    assert stage.asked(QUOTA) == 1


def test_if_its_own_quota_is_used_up_it_waits_longer(stage: Stage, app: MonitoredApp, clock: Clock) -> None:
    stage.answers[QUOTA] = {"errcode": 45009}
    run(app)
    clock.ahead = 601
    run(app)
    clock.ahead = 601 + 1780
    assert not app.extra_calls.due(lists=True)
    assert app.extra_calls.known().api_errors == {"quota/get": 45009}
    clock.ahead = 601 + 1801
    run(app)
    assert stage.asked(QUOTA) == 3


def test_it_comes_before_the_lists_in_force(stage: Stage) -> None:
    app = stage.make_app()
    run(app)
    assert [request.path for request in stage.api.requests] == [QUOTA, SERVER, WEBVIEW]


class TestAnotherAppsAnswer:
    def test_the_quota_is_queried_again_if_the_answer_may_be_another_apps(self, stage: Stage) -> None:
        begin = stage.clock.monotonic()
        app = stage.make_app(effective=False)
        assert run(app).quota is not None
        stage.client.desyncs.note(begin)
        assert app.extra_calls.known().quota is None
        assert run(app).quota is not None
        assert run(app).quota is not None
        assert stage.asked(QUOTA) == 2

    def test_it_is_forgotten_with_the_lists(self, stage: Stage) -> None:
        stage.answers[SERVER] = {"errcode": 0, "effective_domain": {"odd_domain": []}}
        app = stage.make_app()
        run(app)
        assert list(app.extra_calls.seen_categories) == ["odd_domain"]
        app.forget_answers()
        assert app.extra_calls.known().quota is None
        assert list(app.extra_calls.seen_categories) == []
        assert run(app).quota is not None
        assert stage.asked(QUOTA) == 2


def test_it_is_queried_once_in_ten_minutes(stage: Stage) -> None:
    stage.clock = clock = StoppedClock()
    app = stage.make_app(effective=False)
    for clock.now, calls in ((0, 1), (599.5, 1), (600, 2)):
        assert run(app).quota == GOOD
        assert stage.asked(QUOTA) == calls
