from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.app_setup import Stage, fetch
from helpers.clocks import StoppedClock
from helpers.simulated_client import APPID

from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.clocks import Clock

NEW_TOKEN_AFTER = 7000.0
"""Seconds after which stable_token returns a new token, although the previous one is still valid."""


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
class TestInvalidToken:
    def test_it_is_renewed_once_and_the_call_repeated(self, stage: Stage, errcode: int) -> None:
        app = stage.make_app()
        fetch(app)
        stage.wechat_clock.ahead = NEW_TOKEN_AFTER
        stage.app.next_errcodes = [errcode, 0]
        result = fetch(app)
        assert result.reason is None
        assert result.api_errors == {}
        assert stage.calls() == (3, 2)

    def test_the_same_token_is_not_tried_again(self, stage: Stage, errcode: int) -> None:
        app = stage.make_app()
        stage.app.errcode = errcode
        result = fetch(app)
        assert result.reason is Reason.TOKEN
        assert "there is no other" in str(result.error)
        assert result.api_errors == {"getwxadevinfo": errcode}
        assert stage.calls() == (1, 2)

    def test_the_same_token_begins_a_cooldown_of_the_source(self, stage: Stage, errcode: int) -> None:
        app = stage.make_app()
        stage.app.errcode = errcode
        fetch(app)
        results = [fetch(app) for _ in range(3)]
        assert stage.calls() == (1, 2)
        assert {result.reason for result in results} == {Reason.TOKEN}
        assert results[-1].api_errors == {"getwxadevinfo": errcode}

    def test_a_new_token_that_is_refused_too_begins_a_cooldown_of_the_source(
        self, stage: Stage, errcode: int
    ) -> None:
        app = stage.make_app()
        fetch(app)
        stage.wechat_clock.ahead = NEW_TOKEN_AFTER
        stage.app.errcode = errcode
        results = [fetch(app) for _ in range(3)]
        assert stage.calls() == (3, 2)
        for result in results:
            assert result.reason is Reason.TOKEN
            assert f"the new token too: getwxadevinfo answered errcode {errcode}" in str(result.error)
            assert result.api_errors == {"getwxadevinfo": errcode}

    def test_another_errcode_with_the_new_token_is_a_failure_of_the_app(
        self, stage: Stage, errcode: int
    ) -> None:
        app = stage.make_app()
        fetch(app)
        stage.wechat_clock.ahead = NEW_TOKEN_AFTER
        stage.app.next_errcodes = [errcode, 61007]
        result = fetch(app)
        assert result.reason is Reason.API
        assert result.api_errors == {"getwxadevinfo": 61007}

    def test_a_token_from_a_file_is_read_again(self, stage: Stage, tmp_path: Path, errcode: int) -> None:
        file = tmp_path / "token"
        file.write_text("one")
        stage.world.patch(APPID, {"access_tokens": ["one", "two"]})
        app = stage.make_app(file=str(file))
        stage.app.next_errcodes = [errcode]
        assert fetch(app).reason is Reason.TOKEN
        assert fetch(app).reason is Reason.TOKEN
        file.write_text("two")
        assert fetch(app).reason is None
        assert stage.calls() == (2, 0)


class TestQuota:
    @pytest.mark.parametrize(
        ("errcode", "later"), [(45009, 1800), (45011, 60)], ids=["of a day", "of a minute"]
    )
    def test_calls_resume_after_a_minute_and_later_after_longer_cooldowns(
        self, stage: Stage, clock: Clock, errcode: int, later: int
    ) -> None:
        app = stage.make_app()
        stage.app.errcode = errcode
        first = fetch(app)
        assert first.reason is Reason.QUOTA
        clock.ahead = 40
        assert fetch(app) is first
        assert first.api_errors == {"getwxadevinfo": errcode}
        assert stage.calls() == (1, 1)
        clock.ahead = 61
        assert fetch(app).reason is Reason.QUOTA
        assert stage.calls() == (2, 1)
        clock.ahead = 61 + later - 20
        fetch(app)
        assert stage.calls() == (2, 1)
        stage.app.errcode = 0
        clock.ahead = 61 + later + 1
        assert fetch(app).reason is None
        assert fetch(app).reason is None
        assert stage.calls() == (4, 1)

    def test_another_failure_in_between_keeps_the_longer_cooldown(self, stage: Stage, clock: Clock) -> None:
        app = stage.make_app()
        stage.app.next_errcodes = [45009, 61007, 45009]
        for ahead in (0, 61, 62):
            clock.ahead = ahead
            fetch(app)
        clock.ahead = 130
        assert fetch(app).reason is Reason.QUOTA

    @pytest.mark.parametrize("end", ["success", "reload"])
    def test_the_next_cooldown_is_a_first_one_again(self, stage: Stage, clock: Clock, end: str) -> None:
        app = stage.make_app()
        stage.app.next_errcodes = [45009, 45009, *([0] if end == "success" else []), 45009, 0]
        fetch(app)
        clock.ahead = 61
        assert fetch(app).reason is Reason.QUOTA
        if end == "success":
            clock.ahead = 61 + 1801
            assert fetch(app).reason is None
        else:
            app.resume()
        assert fetch(app).reason is Reason.QUOTA
        clock.ahead += 61
        assert fetch(app).reason is None

    def test_resume_ends_the_cooldown(self, stage: Stage) -> None:
        app = stage.make_app()
        stage.app.next_errcodes = [45009]
        assert [fetch(app).reason, fetch(app).reason] == [Reason.QUOTA, Reason.QUOTA]
        app.resume()
        assert fetch(app).reason is None


@pytest.mark.parametrize("errcode", [-1, -1000, 85113])
class TestBusy:
    def test_the_call_is_repeated_once(self, stage: Stage, errcode: int) -> None:
        stage.app.next_errcodes = [errcode]
        result = fetch(stage.make_app())
        assert result.reason is None
        assert result.api_errors == {}
        assert stage.calls() == (2, 1)

    def test_it_is_not_repeated_more_than_once(self, stage: Stage, errcode: int) -> None:
        stage.app.errcode = errcode
        result = fetch(stage.make_app())
        assert result.reason is Reason.API
        assert result.api_errors == {"getwxadevinfo": errcode}
        assert stage.calls() == (2, 1)

    def test_it_is_not_repeated_if_the_deadline_is_too_near(self, stage: Stage, errcode: int) -> None:
        app = stage.make_app()
        fetch(app)
        stage.app.errcode = errcode
        deadline = Deadline.after(0.19, StoppedClock())
        assert app.fetch(SharedDeadline(deadline)).reason is Reason.API
        assert stage.calls() == (2, 1)
