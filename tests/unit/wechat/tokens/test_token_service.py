from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.simulated_client import APPID, OTHER
from helpers.token_setup import Stage, http_token, together

from wx_domain_exporter.wechat.errors import BrokenConnectionError, TokenOrigin
from wx_domain_exporter.wechat.tokens.token_service import TokenServiceSource

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.clocks import Clock

NO_OTHER = "http: WeChat refuses the token, and there is no other"


def asked(stage: Stage) -> int:
    return stage.calls_of("token_service")


class TestRequest:
    def test_the_appid_goes_into_the_url_and_the_token_is_kept(self, stage: Stage) -> None:
        source = stage.token_service()
        results = {source.get(stage.caller()) for _ in range(3)}
        token = stage.world.find_token(results.pop())
        assert token is not None
        assert token.appid == APPID
        assert not results
        assert asked(stage) == 1
        assert stage.recorder.refreshed == ["http"]
        assert stage.fetch(source)["errcode"] == 0

    def test_a_refusal_names_the_source_and_the_host(self, stage: Stage) -> None:
        stage.world.patch_token_service({"status": 503})
        settings = http_token(stage.server.url)
        settings.set_name("center")
        source = TokenServiceSource(APPID, settings, stage.clock)
        host = stage.server.url.removeprefix("http://")
        assert stage.refusal(source).origin == TokenOrigin("http", "center", host)

    def test_its_calls_are_counted_by_its_type(self, stage: Stage) -> None:
        stage.world.patch_token_service({"next_statuses": [503]})
        source = stage.token_service()
        stage.refusal(source)
        source.resume()
        source.get(stage.caller())
        assert stage.recorder.noted == [("http", "http"), ("http", 0)]
        assert stage.api_errors == {}

    def test_headers_are_secrets_and_a_rotated_one_needs_no_restart(
        self, stage: Stage, tmp_path: Path, clock: Clock
    ) -> None:
        key = tmp_path / "key"
        stage.world.token_service_key = "canary-one"
        key.write_text("Bearer canary-one\n")
        source = stage.token_service(headers={"Authorization": {"file": str(key)}})
        assert source.get(stage.caller())
        stage.world.token_service_key = "canary-two"
        key.write_text("Bearer canary-two\n")
        clock.ahead = 7200
        assert source.get(stage.caller())
        assert asked(stage) == 2

    @pytest.mark.parametrize("content", [None, "", "Bearer é"], ids=["missing", "empty", "not ASCII"])
    def test_a_header_that_cannot_be_read_costs_no_call_and_no_pause(
        self, stage: Stage, tmp_path: Path, content: str | None
    ) -> None:
        key = tmp_path / "key"
        if content is not None:
            key.write_text(content)
        source = stage.token_service(headers={"Authorization": {"file": str(key)}})
        assert f"http: no token: the secret file {key}" in str(stage.refusal(source))
        assert asked(stage) == 0
        key.write_text("Bearer good")
        assert source.get(stage.caller())

    def test_many_tasks_at_once_share_one_call(self, stage: Stage) -> None:
        stage.world.patch_token_service({"latency": 0.1})
        source = stage.token_service()
        results = together(lambda: source.get(stage.caller()))
        assert asked(stage) == 1
        assert len(set(results)) == 1

    def test_many_tasks_at_once_share_one_refusal(self, stage: Stage) -> None:
        stage.world.patch_token_service({"latency": 0.1, "status": 500})
        source = stage.token_service()
        results = together(lambda: source.get(stage.caller()))
        assert asked(stage) == 1
        assert {str(error) for error in results} == {"http: no token: HTTP status 500"}

    def test_a_ca_file_that_is_gone_is_named(self, stage: Stage, tmp_path: Path) -> None:
        error = stage.refusal(stage.token_service(ca_file=str(tmp_path / "gone.pem")))
        assert str(error) == "http: no token: ca_file can't be read: No such file or directory"
        assert isinstance(error.cause, BrokenConnectionError)

    def test_an_invalid_url_is_not_reported_as_an_error_of_the_ca_file(self, stage: Stage) -> None:
        error = stage.refusal(stage.token_service(url="http://*.example.com/{appid}", allow_http=True))
        assert "ca_file" not in str(error)
        assert "invalid" in str(error)


class TestRefusal:
    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"status": 503}, "HTTP status 503"),
            ({"status": 301}, "HTTP status 301"),
            ({"raw_body": "<html>canary</html>"}, "the answer is not JSON"),
            ({"raw_body": "[1]"}, "the answer is not a JSON object"),
            ({"raw_body": ""}, "the answer is empty"),
            ({"empty_token": True}, "token_pointer /data/access_token leads to an empty text"),
        ],
        ids=["busy", "moved", "a page", "a list", "nothing", "empty token"],
    )
    def test_each_bad_answer_has_its_message_and_causes_a_pause(
        self, stage: Stage, settings: dict[str, Any], sentence: str
    ) -> None:
        stage.world.patch_token_service(settings)
        source = stage.token_service()
        for _ in range(3):
            error = stage.refusal(source)
            assert str(error).startswith(f"http: no token: {sentence}")
            assert "canary" not in str(error)
        assert asked(stage) == 1
        assert not stage.recorder.refreshed

    def test_the_wrong_key_is_reported(self, stage: Stage) -> None:
        stage.world.token_service_key = "right"
        source = stage.token_service(headers={"Authorization": "Bearer canary"})
        assert str(stage.refusal(source)) == "http: no token: HTTP status 401"

    def test_its_pause_grows_to_ten_minutes(self, stage: Stage, clock: Clock) -> None:
        stage.world.patch_token_service({"status": 500})
        source = stage.token_service()
        stage.refusal(source)
        for number, pause in enumerate((30, 60, 120, 240, 480, 600, 600), start=1):
            clock.ahead += 0.8 * pause - 1
            stage.refusal(source)
            assert asked(stage) == number
            clock.ahead += 0.4 * pause + 2
            stage.refusal(source)
            assert asked(stage) == number + 1

    def test_a_changed_header_ends_it(self, stage: Stage, tmp_path: Path) -> None:
        key = tmp_path / "key"
        key.write_text("Bearer wrong")
        stage.world.token_service_key = "right"
        source = stage.token_service(headers={"Authorization": {"file": str(key)}})
        for _ in range(3):
            stage.refusal(source)
        assert asked(stage) == 1
        key.write_text("Bearer right")
        assert source.get(stage.caller())

    def test_an_unreachable_token_service_times_out(self, stage: Stage) -> None:
        source = stage.token_service()
        stage.server.stop()
        assert stage.refusal(source).timed_out
        assert stage.refusal(source).timed_out


class TestInvalidToken:
    def test_another_one_is_requested_once_and_used(self, stage: Stage) -> None:
        source = stage.token_service()
        rejected = source.get(stage.caller())
        stage.world.invalidate_tokens(APPID)
        assert stage.fetch(source)["errcode"] == 0
        assert source.get(stage.caller()) != rejected
        assert asked(stage) == 2
        # The call with the invalid token is not counted for an app.
        assert stage.calls_of("getwxadevinfo") == 1

    def test_the_same_one_again_is_a_refusal_and_never_a_loop(self, stage: Stage, clock: Clock) -> None:
        stage.world.patch_token_service({"fixed_token": "canary-invalid"})
        source = stage.token_service()
        for _ in range(5):
            assert str(stage.fetch_error(source)).startswith(
                f"{NO_OTHER}: getwxadevinfo answered errcode 40001: "
            )
        assert asked(stage) == 2
        assert stage.calls_of("getwxadevinfo", "") == 1
        assert stage.api_errors == {"getwxadevinfo": 40001}
        clock.ahead = 40
        assert str(stage.fetch_error(source)).startswith(
            f"{NO_OTHER}: getwxadevinfo answered errcode 40001: "
        )
        assert asked(stage) == 4
        stage.world.patch_token_service({"fixed_token": None})
        clock.ahead = 200
        assert stage.fetch(source)["errcode"] == 0

    def test_a_new_one_that_is_refused_too_is_a_refusal(self, stage: Stage) -> None:
        stage.app.errcode = 40001
        source = stage.token_service()
        source.get(stage.caller())
        stage.world.stable_token(stage.app, force_refresh=True)  # as a backend can do
        sentence = "http: WeChat refuses the new token too: getwxadevinfo answered errcode 40001"
        for _ in range(3):
            error = stage.fetch_error(source)
            assert str(error).startswith(sentence)
        assert error.cause is not None
        assert asked(stage) == 2
        assert stage.calls_of("getwxadevinfo", "") == stage.calls_of("getwxadevinfo") == 1

    def test_all_tasks_that_find_it_invalid_share_one_refresh(self, stage: Stage) -> None:
        source = stage.token_service()
        rejected = source.get(stage.caller())
        stage.world.invalidate_tokens(APPID)
        stage.world.patch_token_service({"latency": 0.1})
        results = together(lambda: source.refresh(rejected, stage.caller()))
        assert asked(stage) == 2
        assert len(set(results)) == 1


class TestTrialAfterARefusal:
    def test_other_tasks_get_the_refusal_and_do_not_wait(self, stage: Stage, clock: Clock) -> None:
        stage.world.patch_token_service({"status": 500})
        source = stage.token_service()
        stage.refusal(source)
        clock.ahead = 60
        stage.world.patch_token_service({"hang": True})
        with source._lock:  # as a task that requests a token does
            assert str(stage.refusal(source)) == "http: no token: HTTP status 500"
        assert asked(stage) == 1

    def test_the_current_token_is_used_whatever_was_refused_before(self, stage: Stage) -> None:
        source = stage.token_service()
        token = source.get(stage.caller())
        source.reject("an older one", "it is of no use")
        with source._lock:  # as a task that requests a token does
            assert source.get(stage.caller()) == token


class TestAnotherApp:
    def test_each_has_its_own(self, stage: Stage) -> None:
        stage.world.add(stage.app.model_copy(update={"appid": OTHER}))
        results = {stage.token_service(appid).get(stage.caller()) for appid in (APPID, OTHER)}
        assert len(results) == 2
        assert (asked(stage), stage.calls_of("token_service", OTHER)) == (1, 1)
