"""What an app takes over from the same app of the previous configuration."""

from __future__ import annotations

import pytest
from helpers.app_setup import Stage, fetch
from helpers.equal_text import equal_text

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.status_history import FetchStatus
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.wechat.client import ApiClient


def successor(
    old: MonitoredApp, stage: Stage, client: ApiClient | None = None, action: str | None = None
) -> MonitoredApp:
    """The same app with the same source, and with the same client unless another one is given."""
    return MonitoredApp(old.settings, client or old.client, old.source, stage.token_usage, action=action)


def app_with_a_history(stage: Stage) -> MonitoredApp:
    """An app that was fetched, then failed, and whose last two fetches count as timed out."""
    app = stage.make_app()
    stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
    fetch(app)
    stage.app.errcode = 61007
    fetch(app)
    app.consecutive_timeouts = 2
    return app


def test_the_same_source_and_client_keep_what_is_known(stage: Stage) -> None:
    old = app_with_a_history(stage)
    new = successor(old, stage)
    new.inherit(old)
    assert new.last_result is old.last_result
    assert new.last_success == old.last_success
    assert new.api_errors == {"getwxadevinfo": 61007}
    assert new.api_errors is not old.api_errors
    assert new.parser.seen == ("tcpdomain",)
    assert new.consecutive_timeouts == 2
    assert not new.extras_pending
    assert new.status_history.statuses(2) == [FetchStatus.OK, FetchStatus.FAILING]
    assert new.status_history is not old.status_history


def test_another_source_keeps_no_answer(stage: Stage) -> None:
    old = app_with_a_history(stage)
    new = stage.make_app()
    new.inherit(old)
    assert (new.last_result, new.api_errors, new.last_success, new.history.lists) == (
        None,
        {},
        None,
        None,
    )
    assert (new.parser.seen, new.consecutive_timeouts) == ((), 2)


@pytest.mark.parametrize(("action", "seen"), [(None, ("tcpdomain",)), ("getbizdomain", ())])
def test_undocumented_categories_are_kept_for_the_same_action(
    stage: Stage, action: str | None, seen: tuple[str, ...]
) -> None:
    old = stage.make_app()
    stage.app.domains = {"tcpdomain": ["tcp://a.cn"]}
    fetch(old)
    new = successor(old, stage, action=action)
    new.inherit(old)
    assert (new.parser.seen, new.last_success) == (seen, old.last_success)


def test_a_late_fetch_of_the_previous_app_does_not_change_its_successor(stage: Stage) -> None:
    old = stage.make_app()
    stage.app.domains = {"requestdomain": ["https://old.cn"]}
    fetch(old)
    new = successor(old, stage)
    new.inherit(old)
    before = new.history.lists
    stage.app.domains = {"requestdomain": ["https://new.cn"]}
    fetch(old)
    assert len(old.history.changes) == 1
    assert (new.history.lists, new.history.changes) == (before, ())


def test_another_client_keeps_the_lists_but_no_result(stage: Stage) -> None:
    old = stage.make_app()
    fetch(old)
    client = ApiClient(Wechat(base_url=stage.server.url), SelfMetrics())
    try:
        new = successor(old, stage, client)
        new.inherit(old)
    finally:
        client.close()
    assert (new.last_result, new.last_run) == (None, None)
    assert new.last_success == old.last_success is not None
    assert new.history.lists == old.history.lists is not None


def test_an_equal_text_is_the_same_action(stage: Stage) -> None:
    old = stage.make_app(action="getbizdomain")
    stage.app.raw_body = '{"errcode": 0, "bizdomain": [], "odddomain": []}'
    fetch(old)
    new = successor(old, stage, action=equal_text("getbizdomain"))
    new.inherit(old)
    assert new.parser.seen == ("odddomain",)
