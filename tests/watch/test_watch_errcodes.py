from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from simulated_client import APPID
from watch_stages import Stage, fetch

from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from pathlib import Path

    from clocks import Clock

LIVE_TOKEN_ENDS_SOON = 7000.0
"""Seconds after which stable_token hands out another token, though the one before is still good."""


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
        ("errcode", "later"), [(45009, 1800), (45011, 60)], ids=["of a day", "of a minute"]
    )
    def test_a_trial_after_a_minute_then_one_in_a_while_and_the_failure_stays_meanwhile(
        self, stage: Stage, clock: Clock, errcode: int, later: int
    ) -> None:
        watch = stage.watch()
        stage.app.errcode = errcode
        first = fetch(watch)
        assert first.reason is Reason.QUOTA
        clock.ahead = 40
        assert fetch(watch) is first
        assert first.api_errors == {"getwxadevinfo": errcode}
        assert stage.calls() == (1, 1)
        clock.ahead = 61
        assert fetch(watch).reason is Reason.QUOTA
        assert stage.calls() == (2, 1)
        clock.ahead = 61 + later - 20
        fetch(watch)
        assert stage.calls() == (2, 1)
        stage.app.errcode = 0
        clock.ahead = 61 + later + 1
        assert fetch(watch).reason is None
        assert fetch(watch).reason is None
        assert stage.calls() == (4, 1)

    def test_a_trial_that_ends_otherwise_leaves_the_later_rest(self, stage: Stage, clock: Clock) -> None:
        watch = stage.watch()
        stage.app.next_errcodes = [45009, 61007, 45009]
        for ahead in (0, 61, 62):
            clock.ahead = ahead
            fetch(watch)
        clock.ahead = 130
        assert fetch(watch).reason is Reason.QUOTA

    @pytest.mark.parametrize("over", ["success", "reload"])
    def test_the_next_rest_is_a_first_one_again(self, stage: Stage, clock: Clock, over: str) -> None:
        watch = stage.watch()
        stage.app.next_errcodes = [45009, 45009, *([0] if over == "success" else []), 45009, 0]
        fetch(watch)
        clock.ahead = 61
        assert fetch(watch).reason is Reason.QUOTA
        if over == "success":
            clock.ahead = 61 + 1801
            assert fetch(watch).reason is None
        else:
            watch.resume()
        assert fetch(watch).reason is Reason.QUOTA
        clock.ahead += 61
        assert fetch(watch).reason is None

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
