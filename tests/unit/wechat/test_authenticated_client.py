from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from helpers.api_clients import GOOD_ANSWER, client_of, time_left

from wx_domain_exporter.wechat.apis import GETWXADEVINFO
from wx_domain_exporter.wechat.authenticated_client import SHARED_TOKEN, AuthenticatedClient
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import ApiError, TokenError
from wx_domain_exporter.wechat.responses import AS_JSON
from wx_domain_exporter.wechat.tokens.source import CachedToken, TokenSource

if TYPE_CHECKING:
    from helpers.faults import FaultyApi

FIRST = "fault-it.first"
SECOND = "fault-it.second"
INVALID = {"errcode": 40001, "errmsg": "invalid credential"}
OTHER = {"errcode": 61003, "errmsg": "not authorized"}


class TwoTokens(TokenSource):
    """Issues two tokens, the second one when the first one is rejected."""

    type_name = "test"

    def __init__(self) -> None:
        super().__init__()
        self._left = [FIRST, SECOND]

    def _secret(self) -> str:
        return "unused"

    def _obtain(self, secret: str, caller: Caller) -> str:  # noqa: ARG002 - the signature of the base class
        token = self._left.pop(0)
        self._cache = CachedToken(token, self._clock.monotonic(), math.inf)
        return token


def call(client: AuthenticatedClient) -> Any:
    return client.call(GETWXADEVINFO, {}, time_left(), AS_JSON)


def call_with_current_token(client: AuthenticatedClient, api_errors: dict[str, int]) -> Any:
    return client.call_with_current_token(GETWXADEVINFO, {}, time_left(), AS_JSON, api_errors)


def tokens(api: FaultyApi) -> list[str]:
    return [request.token for request in api.requests]


class TestInvalidToken:
    def test_a_token_that_wechat_rejects_is_replaced(self) -> None:
        with client_of(INVALID, GOOD_ANSWER) as (client, api):
            wechat = AuthenticatedClient(client, TwoTokens(), {})
            assert call(wechat) == GOOD_ANSWER
        assert tokens(api) == [FIRST, SECOND]
        assert wechat.token == SECOND

    def test_it_is_replaced_once(self) -> None:
        with client_of(INVALID) as (client, api):
            with pytest.raises(TokenError, match=r"^test: WeChat refuses the new token too: ") as caught:
                call(AuthenticatedClient(client, TwoTokens(), {}))
            assert caught.value.__suppress_context__
            assert "errcode 40001" in str(caught.value)
        assert tokens(api) == [FIRST, SECOND]

    def test_with_another_errcode_it_is_not_replaced(self) -> None:
        with client_of(OTHER) as (client, api):
            wechat = AuthenticatedClient(client, TwoTokens(), {})
            with pytest.raises(ApiError, match="errcode 61003"):
                call(wechat)
        assert tokens(api) == [FIRST]
        assert wechat.token == FIRST

    def test_another_errcode_after_it_was_replaced_is_no_failure_of_the_token(self) -> None:
        with client_of(INVALID, OTHER) as (client, api), pytest.raises(ApiError, match="errcode 61003"):
            call(AuthenticatedClient(client, TwoTokens(), {}))
        assert tokens(api) == [FIRST, SECOND]

    def test_a_call_with_the_current_token_does_not_replace_it(self) -> None:
        own: dict[str, int] = {}
        extra: dict[str, int] = {}
        with client_of(INVALID) as (client, api), pytest.raises(ApiError, match="errcode 40001"):
            call_with_current_token(AuthenticatedClient(client, TwoTokens(), own), extra)
        assert tokens(api) == [FIRST]
        assert (own, extra) == ({}, {"getwxadevinfo": 40001})


class TestSharedToken:
    @pytest.mark.parametrize("is_current", [False, True])
    def test_a_token_of_another_app_is_not_sent(self, *, is_current: bool) -> None:
        checked: list[str] = []

        def is_shared(token: str) -> bool:
            checked.append(token)
            return True

        with client_of(GOOD_ANSWER) as (client, api):
            wechat = AuthenticatedClient(client, TwoTokens(), {}, is_shared)
            with pytest.raises(TokenError, match=f"^test: {SHARED_TOKEN}$"):
                call_with_current_token(wechat, {}) if is_current else call(wechat)
        assert checked == [FIRST]
        assert not api.requests

    def test_a_new_token_is_checked_too(self) -> None:
        with client_of(INVALID, GOOD_ANSWER) as (client, api):
            wechat = AuthenticatedClient(client, TwoTokens(), {}, SECOND.__eq__)
            with pytest.raises(TokenError, match=SHARED_TOKEN):
                call(wechat)
        assert tokens(api) == [FIRST]

    def test_a_token_of_this_app_alone_is_sent(self) -> None:
        with client_of(GOOD_ANSWER) as (client, api):
            assert call(AuthenticatedClient(client, TwoTokens(), {}, lambda _: False)) == GOOD_ANSWER
        assert tokens(api) == [FIRST]


class TestDoubt:
    def is_doubtful(self, wechat: AuthenticatedClient, client: ApiClient) -> bool:
        return wechat.token_is_doubtful(Caller(client, time_left(), {}))

    def test_before_a_call_there_is_no_token_to_doubt(self) -> None:
        with client_of(GOOD_ANSWER) as (client, _):
            client.desyncs.note(-math.inf)
            assert self.is_doubtful(AuthenticatedClient(client, TwoTokens(), {}), client) is False

    def test_a_token_is_doubtful_that_was_received_among_responses_to_other_requests(self) -> None:
        with client_of(GOOD_ANSWER) as (client, _):
            wechat = AuthenticatedClient(client, TwoTokens(), {})
            call(wechat)
            assert self.is_doubtful(wechat, client) is False
            client.desyncs.note(-math.inf)
            assert self.is_doubtful(wechat, client) is True
