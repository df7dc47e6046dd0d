"""What was received while a server sent responses to other requests is not used again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wx_domain_exporter.wechat.apis import GETWXADEVINFO
from wx_domain_exporter.wechat.authenticated_client import AuthenticatedClient
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.responses import AS_JSON, JsonObject, JsonParser

if TYPE_CHECKING:
    from helpers.clocks import Clock
    from helpers.token_setup import Stage


def test_a_token_is_requested_again_once(stage: Stage, clock: Clock) -> None:
    source = stage.source()
    begin = clock.monotonic()
    first = source.get(stage.caller())
    stage.client.desyncs.note(begin)
    assert source.get(stage.caller()) == source.get(stage.caller()) == first  # the same: it was its own
    assert stage.token_calls == 2


def test_a_token_that_was_received_before_is_used(stage: Stage, clock: Clock) -> None:
    source = stage.source()
    source.get(stage.caller())
    stage.client.desyncs.note(clock.monotonic())
    source.get(stage.caller())
    assert stage.token_calls == 1


def test_the_lists_of_a_doubtful_token_are_not_used(stage: Stage, clock: Clock) -> None:
    begin = clock.monotonic()

    def notice(answer: JsonObject) -> JsonObject:  # while the call is under way
        if stage.token_calls == 1:
            stage.client.desyncs.note(begin)
        return answer

    wechat = AuthenticatedClient(stage.client, stage.source(), {})
    with pytest.raises(TokenError, match="may be another app's"):
        wechat.call(GETWXADEVINFO, {}, stage.caller().deadline, JsonParser(notice))
    assert wechat.call(GETWXADEVINFO, {}, stage.caller().deadline, AS_JSON)["errcode"] == 0
    assert stage.token_calls == 2


def test_a_refusal_of_that_time_ends(stage: Stage, clock: Clock) -> None:
    begin, source = clock.monotonic(), stage.source()
    source.conflict(source.get(stage.caller()), "another app received the same token")
    stage.refusal(source)
    stage.client.desyncs.note(begin)
    assert source.get(stage.caller())
    assert stage.token_calls == 2
