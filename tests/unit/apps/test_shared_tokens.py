from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.app_setup import Stage, fetch
from helpers.simulated_client import APPID, OTHER
from helpers.token_setup import http_token

from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from pathlib import Path

    from wx_domain_exporter.apps.monitored_app import MonitoredApp


class TestSharedToken:
    @pytest.fixture(autouse=True)
    def tokens(self, stage: Stage) -> None:
        stage.world.patch(APPID, {"access_tokens": ["one", "two"]})

    def pair(self, stage: Stage, tmp_path: Path) -> tuple[MonitoredApp, MonitoredApp, Path]:
        for name in ("mine", "theirs"):
            (tmp_path / name).write_text("one")
        theirs = tmp_path / "theirs"
        return (
            stage.make_app(file=str(tmp_path / "mine")),
            stage.make_app(appid=OTHER, file=str(theirs)),
            theirs,
        )

    def test_both_apps_fail_in_the_same_scrape(self, stage: Stage, tmp_path: Path) -> None:
        one, other, _ = self.pair(stage, tmp_path)
        first, second = fetch(one), fetch(other)
        for app, result in ((one, first), (other, second)):
            shown = app.checked_result(result)
            assert shown.reason is Reason.TOKEN
            assert shown.categories is None
            assert "access_token: another app received the same token" in str(shown.error)
            assert app.known_lists is None
        assert stage.calls() == (1, 0)

    def test_a_failure_keeps_its_reason(self, stage: Stage, tmp_path: Path) -> None:
        one, other, _ = self.pair(stage, tmp_path)
        stage.app.errcode = 61007
        result = fetch(one)
        fetch(other)
        assert one.checked_result(result) is result

    def test_they_recover_when_their_tokens_differ(self, stage: Stage, tmp_path: Path) -> None:
        one, other, theirs = self.pair(stage, tmp_path)
        result = fetch(one)
        fetch(other)
        theirs.write_text("two")
        assert other.checked_result(fetch(other)).reason is None
        # It is unknown whose token that was: the app that still has it fails, and its lists are forgotten.
        assert one.checked_result(result).reason is Reason.TOKEN
        assert one.checked_result(fetch(one)).reason is Reason.TOKEN
        assert one.known_lists is None
        stage.world.patch(APPID, {"access_tokens": ["one", "two", "three"]})
        (tmp_path / "mine").write_text("three")
        assert one.checked_result(fetch(one)).reason is None
        assert one.checked_result(result).reason is Reason.TOKEN

    def test_a_late_answer_is_not_shown_after_the_source_was_changed(
        self, stage: Stage, tmp_path: Path
    ) -> None:
        one, other, _ = self.pair(stage, tmp_path)
        result = fetch(one)
        assert result.categories is not None
        fetch(other)
        stage.token_usage.forget(APPID)
        stage.token_usage.claim(APPID, "a new token", lambda: None)
        assert one.checked_result(result).reason is Reason.TOKEN

    def test_an_earlier_answer_is_not_shown_while_the_current_token_is_shared(
        self, stage: Stage, tmp_path: Path
    ) -> None:
        one, other, _ = self.pair(stage, tmp_path)
        result = fetch(one)
        stage.token_usage.claim(APPID, "two", one.forget_answers)
        assert one.checked_result(result) is result
        stage.token_usage.claim(OTHER, "two", other.forget_answers)
        assert one.checked_result(result).reason is Reason.TOKEN

    def test_two_apps_that_get_the_same_token_from_a_token_service_fail(self, stage: Stage) -> None:
        stage.world.patch_token_service({"fixed_token": "one"})
        settings = http_token(stage.server.url)
        one, other = stage.make_app_with(settings), stage.make_app_with(settings, OTHER)
        results = fetch(one), fetch(other)
        for app, result in zip((one, other), results, strict=True):
            shown = app.checked_result(result)
            assert shown.reason is Reason.TOKEN
            assert "http: another app received the same token" in str(shown.error)
        assert {fetch(app).reason for app in (one, other)} == {Reason.TOKEN}
        assert stage.calls() == (1, 0)
        stage.world.patch_token_service({"fixed_token": None})
        one.resume()
        other.resume()
        for app in (one, other):
            assert app.checked_result(fetch(app)).reason is None
