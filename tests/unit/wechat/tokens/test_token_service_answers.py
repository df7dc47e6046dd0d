from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.json_text import as_json
from helpers.simulated_client import APPID
from structlog.testing import capture_logs

from wx_domain_exporter.config.schema_tokens import HttpToken
from wx_domain_exporter.simulator.apis.token_service import PATH
from wx_domain_exporter.wechat.tokens.issued_token import IssuedToken
from wx_domain_exporter.wechat.tokens.source import refresh_after
from wx_domain_exporter.wechat.tokens.token_service import TokenServiceSource

if TYPE_CHECKING:
    from helpers.clocks import Clock
    from helpers.token_setup import Stage

DAY = 86400


def issued_token(stage: Stage, answer: dict[str, Any], **settings: Any) -> IssuedToken:
    stage.world.patch_token_service({"raw_body": as_json(answer)})
    return stage.token_service(**settings)._request("", stage.caller())


class TestPointers:
    @pytest.mark.parametrize(
        ("pointer", "answer"),
        [
            ("/token", {"token": "made"}),
            ("/a/b/c", {"a": {"b": {"c": "made"}}}),
            ("/list/1/t", {"list": [{}, {"t": "made"}]}),
            ("/a~1b/~0", {"a/b": {"~": "made"}}),
            ("/", {"": "made"}),
        ],
    )
    def test_they_can_point_anywhere(self, stage: Stage, pointer: str, answer: dict[str, Any]) -> None:
        assert issued_token(stage, answer, token_pointer=pointer).token == "made"

    @pytest.mark.parametrize(
        ("pointer", "answer", "sentence"),
        [
            ("/token", {"token": "x" * 4097}, "/token leads to no token"),
            (
                "/data/token",
                {"code": 0, "data": {"access_token": "canary"}},
                "/data/token leads to nothing; the answer has the keys code, data",
            ),
            ("/data/token", {"data": None}, "/data/token leads to nothing; the answer has the keys data"),
            ("/0/token", {"data": ["canary"]}, "/0/token leads to nothing; the answer has the keys data"),
            ("/data/token", {}, "/data/token leads to nothing; the answer is an empty object"),
            ("/data/x", {"data": ["canary"]}, "/data/x leads to nothing; the answer has the keys data"),
            ("/data/-", {"data": ["canary"]}, "/data/- leads to no token"),
            ("/token", {"token": 5}, "/token leads to no token"),
            ("/token", {"token": {"canary": 1}}, "/token leads to no token"),
            ("/token", {"token": "canary\n"}, "/token leads to no token"),
            ("/token", {"token": "canary é"}, "/token leads to no token"),
            ("/token", {"token": ""}, "/token leads to an empty text"),
            ("", {"token": "canary"}, " leads to no token"),
        ],
    )
    def test_a_wrong_one_is_named_with_the_answers_keys_and_no_value(
        self, stage: Stage, pointer: str, answer: dict[str, Any], sentence: str
    ) -> None:
        stage.world.patch_token_service({"raw_body": as_json(answer)})
        error = stage.refusal(stage.token_service(token_pointer=pointer))
        assert str(error) == f"http: no token: token_pointer {sentence}"

    def test_of_many_keys_some_are_named_and_none_that_looks_like_a_secret(self, stage: Stage) -> None:
        answer = {"c4n4ry" * 8: 1, "a\nb": 1, **{f"key-{number}": 1 for number in range(30)}}
        stage.world.patch_token_service({"raw_body": as_json(answer)})
        error = str(stage.refusal(stage.token_service()))
        assert "c4n4ry" not in error
        assert "\n" not in error
        assert error.endswith("keys <secret>, a b, " + ", ".join(f"key-{number}" for number in range(8)))


class TestLifetime:
    @pytest.mark.parametrize(
        ("expires_in", "seconds"), [(7200, 7200), ("7200", 7200), (90.0, 90), ("90.0", 90)]
    )
    def test_it_may_be_a_number_or_a_string(self, stage: Stage, expires_in: object, seconds: float) -> None:
        answer = {"token": "made", "data": {"expires_in": expires_in}}
        assert issued_token(stage, answer, token_pointer="/token") == IssuedToken("made", seconds)

    def test_it_is_at_most_30_days(self, stage: Stage) -> None:
        answer = {"token": "made", "data": {"expires_in": 10**15}}
        assert issued_token(stage, answer, token_pointer="/token") == IssuedToken("made", 30 * DAY)

    @pytest.mark.parametrize("expires_in", [0, -1, 0.5, 1e30, True, "soon", "", {}, "1e3", "0.5"], ids=repr)
    def test_a_bad_one_is_a_refusal(self, stage: Stage, expires_in: object) -> None:
        stage.world.patch_token_service({"raw_body": as_json({"token": "made", "expires_in": expires_in})})
        source = stage.token_service(token_pointer="/token", expires_in_pointer="/expires_in")
        sentence = (
            "http: no token: expires_in_pointer /expires_in leads to no whole number of seconds above 0"
        )
        assert str(stage.refusal(source)) == sentence

    def test_without_a_pointer_ttl_is_used_without_a_warning(self, stage: Stage, clock: Clock) -> None:
        stage.world.patch_token_service({"raw_body": as_json({"access_token": "made"})})
        token = {"type": "http", "url": f"{stage.server.url}{PATH}?appId={{appid}}", "ttl": "100s"}
        source = TokenServiceSource(APPID, HttpToken.model_validate(token), clock)
        with capture_logs() as logs:
            source.get(stage.caller())
        assert logs == []
        clock.ahead = refresh_after(100, APPID) - 5
        source.get(stage.caller())
        assert stage.calls_of("token_service") == 1
        clock.ahead = refresh_after(100, APPID) + 1
        source.get(stage.caller())
        assert stage.calls_of("token_service") == 2

    def test_where_a_pointer_matches_nothing_ttl_is_used_with_one_warning(
        self, stage: Stage, clock: Clock
    ) -> None:
        stage.world.patch_token_service({"no_lifetime": True})
        source = stage.token_service()
        with capture_logs() as logs:
            for clock.ahead in (0, 31, 62):
                source.get(stage.caller())
        assert stage.calls_of("token_service") == 3
        assert logs == [
            {
                "event": "expires_in_pointer leads to nothing: ttl is used instead",
                "log_level": "warning",
                "appid": APPID,
                "pointer": "/data/expires_in",
                "ttl": 60.0,
                "answer": "the answer has the keys code, data",
            }
        ]
