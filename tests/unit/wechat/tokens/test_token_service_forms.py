"""The requests and the responses of token services as people run them."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from helpers.clocks import StoppedClock
from helpers.faults import Peer, Request, SocketServer
from helpers.simulated_client import APPID

from wx_domain_exporter.config.schema_tokens import HttpToken
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.tokens.token_service import TokenServiceSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.token_setup import Stage

    from wx_domain_exporter.wechat.tokens.issued_token import IssuedToken

NOW = 1_800_000_000.0
DAY = 86400
TOKEN = "68_abc-DEF_123"


class TokenService:
    """Answers every request with the same body, and keeps the requests."""

    def __init__(self) -> None:
        self.body = json.dumps({"access_token": TOKEN, "expires_in": 7200}).encode()
        self.requests: list[Request] = []

    async def serve(self, peer: Peer) -> None:
        while (request := await peer.read_request()) is not None:
            self.requests.append(request)
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.body), self.body)


@pytest.fixture
def service() -> TokenService:
    return TokenService()


@contextlib.contextmanager
def source_of(service: TokenService, **settings: Any) -> Iterator[TokenServiceSource]:
    with SocketServer(service.serve) as server:
        url = f"{server.url}/token"
        token = HttpToken.model_validate({"type": "http", "url": url, **settings})
        yield TokenServiceSource(APPID, token, StoppedClock(NOW))


def issued(stage: Stage, service: TokenService, **settings: Any) -> IssuedToken:
    with source_of(service, **settings) as source:
        return source._request("", stage.caller())


class TestRequest:
    def test_without_a_body_it_is_a_get(self, stage: Stage, service: TokenService) -> None:
        assert issued(stage, service).token == TOKEN
        (request,) = service.requests
        assert (request.method, request.body) == ("GET", b"")

    def test_a_body_is_posted_as_json(self, stage: Stage, service: TokenService) -> None:
        body = {"appId": "{appid}", "key": "canary/+&="}
        assert issued(stage, service, body=body).token == TOKEN
        (request,) = service.requests
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.body) == {"appId": APPID, "key": "canary/+&="}

    def test_or_as_a_form(self, stage: Stage, service: TokenService) -> None:
        body = {"appId": "{appid}", "key": "canary/+&="}
        assert issued(stage, service, body=body, body_format="form").token == TOKEN
        (request,) = service.requests
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert parse_qs(request.body.decode()) == {"appId": [APPID], "key": ["canary/+&="]}

    def test_a_changed_secret_in_the_body_ends_the_pause(self, service: TokenService) -> None:
        with (
            source_of(service, body={"key": "one"}) as first,
            source_of(service, body={"key": "two"}) as other,
        ):
            assert first._secret() != other._secret()

    def test_what_the_service_echoes_is_masked(self, stage: Stage, service: TokenService) -> None:
        service.body = json.dumps({"bad key: canary-of-the-body": 1}).encode()
        with pytest.raises(DecodeError) as raised:
            issued(stage, service, body={"key": "canary-of-the-body"})
        assert "bad key" in str(raised.value)
        assert "canary" not in str(raised.value)


class TestText:
    @pytest.mark.parametrize("body", [TOKEN, f"{TOKEN}\n", f"\ufeff {TOKEN} "])
    def test_the_whole_answer_is_the_token(self, stage: Stage, service: TokenService, body: str) -> None:
        service.body = body.encode()
        found = issued(stage, service, response_format="text", ttl="20m")
        assert (found.token, found.expires_in) == (TOKEN, 1200)

    @pytest.mark.parametrize("body", ["", "<html>sorry</html>", '{"token":"canary"}', "not found", "é" * 40])
    def test_anything_else_is_malformed(self, stage: Stage, service: TokenService, body: str) -> None:
        service.body = body.encode()
        with pytest.raises(DecodeError, match="the answer is no token"):
            issued(stage, service, response_format="text")


class TestTimeOfExpiry:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            (int(NOW) + 3600, 3600),
            (str(int(NOW) + 3600), 3600),
            ((int(NOW) + 3600) * 1000, 3600),
            ("2027-01-15T09:00:00Z", 3600),
            ("2027-01-15T17:00:00.000+08:00", 3600),
            (int(NOW) + 90 * DAY, 30 * DAY),
        ],
    )
    def test_a_time_becomes_a_lifetime(
        self, stage: Stage, service: TokenService, value: object, seconds: float
    ) -> None:
        service.body = json.dumps({"access_token": TOKEN, "expires_at": value, "expires_in": 7200}).encode()
        assert issued(stage, service, expires_at_pointer="/expires_at").expires_in == seconds

    @pytest.mark.parametrize(
        "value", [int(NOW) - 1, "2027-01-15T07:00:00Z", "2027-01-15T17:00:00", "soon", 5, {}]
    )
    def test_what_has_passed_or_is_no_time_is_an_error(
        self, stage: Stage, service: TokenService, value: object
    ) -> None:
        service.body = json.dumps({"access_token": TOKEN, "expires_at": value}).encode()
        with pytest.raises(
            DecodeError, match="expires_at_pointer /expires_at leads to no time in the future"
        ):
            issued(stage, service, expires_at_pointer="/expires_at")

    def test_without_it_the_lifetime_counts(self, stage: Stage, service: TokenService) -> None:
        assert issued(stage, service, expires_at_pointer="/expires_at").expires_in == 7200

    @pytest.mark.parametrize("factor", [1, 1000])
    def test_a_lifetime_that_is_a_time_is_recognized(
        self, stage: Stage, service: TokenService, factor: int
    ) -> None:
        at = (int(NOW) + 600) * factor
        service.body = json.dumps({"access_token": TOKEN, "expires_in": at}).encode()
        assert issued(stage, service).expires_in == 600
