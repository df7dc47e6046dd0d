from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.simulated_client import COMPONENT, COMPONENT_SECRET, TICKET
from helpers.token_setup import Stage, credential_of, http_token, together

from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.wechat.apis import API_AUTHORIZER_TOKEN
from wx_domain_exporter.wechat.errors import SecretFlaw, TokenError, TokenOrigin
from wx_domain_exporter.wechat.tokens.access_token import AccessTokenSource
from wx_domain_exporter.wechat.tokens.component import ComponentSource
from wx_domain_exporter.wechat.tokens.source import refresh_after
from wx_domain_exporter.wechat.tokens.token_service import TokenServiceSource

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.clocks import Clock
    from helpers.platform_setup import PlatformStage


class TestOwnToken:
    def test_it_is_requested_once_for_all(self, stage: Stage, third_party: PlatformStage) -> None:
        third_party.patch(latency=0.1)
        source = third_party.platform().component_token
        assert isinstance(source, ComponentSource)
        results = together(lambda: source.get(stage.caller()))
        assert len(set(results)) == 1
        assert third_party.component_calls == 1
        assert stage.recorder.refreshed == ["component"]

    def test_it_is_sent_under_its_own_name(self, stage: Stage, third_party: PlatformStage) -> None:
        credential = credential_of(third_party.platform().component_token, stage.caller())
        assert credential.parameter == "component_access_token"
        assert credential.base_url is None
        token = stage.world.find_token(credential.token)
        assert token is not None
        assert token.appid == COMPONENT

    def test_it_is_requested_again_before_it_expires(
        self, stage: Stage, third_party: PlatformStage, clock: Clock
    ) -> None:
        source = third_party.platform().component_token
        source.get(stage.caller())
        clock.ahead = refresh_after(7200, COMPONENT) - 10
        source.get(stage.caller())
        assert third_party.component_calls == 1
        clock.ahead += 11
        source.get(stage.caller())
        assert third_party.component_calls == 2

    def test_it_needs_its_two_secrets(self, stage: Stage, third_party: PlatformStage) -> None:
        third_party.ticket.unlink()
        source = third_party.platform().component_token
        error = stage.refusal(source)
        assert str(error).startswith(f"component: no token: the secret file {third_party.ticket} can't be")
        assert third_party.component_calls == 0
        third_party.ticket.write_text(TICKET)
        assert source.get(stage.caller())


class TestRefusedOwnToken:
    @pytest.mark.parametrize(
        ("ticket", "errcode"), [("ticket@@@older", 61005), ("ticket@@@never-seen", 61006)]
    )
    def test_an_invalid_ticket_costs_one_call_until_the_next_ticket(
        self, stage: Stage, third_party: PlatformStage, ticket: str, errcode: int
    ) -> None:
        third_party.patch(component_verify_ticket="ticket@@@older")
        third_party.patch(component_verify_ticket=TICKET)
        third_party.ticket.write_text(ticket)
        source = third_party.platform().component_token
        for _ in range(3):
            error = stage.refusal(source)
            assert f"component: no token: api_component_token answered errcode {errcode}" in str(error)
            assert ticket not in str(error)
        assert stage.api_errors == {"api_component_token": errcode}
        assert third_party.component_calls == 1
        third_party.ticket.write_text(TICKET)
        assert source.get(stage.caller())
        assert stage.api_errors == {}

    def test_a_changed_appsecret_ends_the_pause_too(self, stage: Stage, third_party: PlatformStage) -> None:
        third_party.appsecret.write_text("canary")
        source = third_party.platform().component_token
        for _ in range(3):
            error = stage.refusal(source)
            assert "errcode 40125" in str(error)
            assert error.origin == TokenOrigin("component", flaw=SecretFlaw.NOT_HEXADECIMAL)
        assert third_party.component_calls == 1
        third_party.appsecret.write_text(COMPONENT_SECRET)
        assert source.get(stage.caller())

    def test_an_ip_that_is_not_whitelisted_causes_longer_and_longer_pauses(
        self, stage: Stage, third_party: PlatformStage, clock: Clock
    ) -> None:
        third_party.patch(whitelisted=False)
        source = third_party.platform().component_token
        for ahead, made in [(0, 1), (23, 1), (37, 2), (84, 2), (110, 3)]:
            clock.ahead = ahead
            assert "errcode 61004" in str(stage.refusal(source))
            assert third_party.component_calls == made

    def test_other_tasks_get_the_refusal_at_once_during_a_trial(
        self, stage: Stage, third_party: PlatformStage
    ) -> None:
        third_party.patch(whitelisted=False)
        source = third_party.platform().component_token
        stage.refusal(source)
        with source._lock:  # as a task that requests a token does
            assert "errcode 61004" in str(stage.refusal(source))

    def test_all_tasks_wait_for_the_first_token(self, stage: Stage, third_party: PlatformStage) -> None:
        third_party.patch(latency=0.1, whitelisted=False)
        source = third_party.platform().component_token
        results = together(lambda: source.get(stage.caller()))
        assert all(isinstance(error, TokenError) and "61004" in str(error) for error in results)
        assert third_party.component_calls == 1


class TestConfiguredToken:
    def test_one_of_a_token_service_is_used_and_none_is_requested_from_wechat(
        self, stage: Stage, third_party: PlatformStage
    ) -> None:
        platform = third_party.platform(http_token(stage.server.url))
        assert isinstance(platform.component_token, TokenServiceSource)
        assert third_party.member(platform).fetch()["errcode"] == 0
        assert credential_of(platform.component_token, stage.caller()).parameter == "component_access_token"
        assert stage.calls_of("token_service", COMPONENT) == 1
        assert third_party.component_calls == 0
        assert stage.recorder.refreshed == ["http", "authorizer"]

    def test_a_configured_one_is_used_and_none_is_requested_from_wechat(
        self, stage: Stage, third_party: PlatformStage, tmp_path: Path
    ) -> None:
        platform = third_party.platform(configured_token(tmp_path))
        (tmp_path / "token").write_text(stage.world.component_token(third_party.simulated).value)
        assert isinstance(platform.component_token, AccessTokenSource)
        assert third_party.member(platform).fetch()["errcode"] == 0
        assert credential_of(platform.component_token, stage.caller()).parameter == "component_access_token"
        assert third_party.component_calls == 0

    def test_an_invalid_one_is_used_again_when_it_was_replaced(
        self, stage: Stage, third_party: PlatformStage, tmp_path: Path
    ) -> None:
        member = third_party.member(third_party.platform(configured_token(tmp_path)))
        (tmp_path / "token").write_text("canary")
        for _ in range(3):
            error = member.fetch_error()
            assert str(error).startswith(
                "access_token: WeChat refuses the token, and there is no other: api_"
            )
        assert third_party.authorizer_calls() == 1
        assert member.api_errors == {"api_authorizer_token": 40014}
        (tmp_path / "token").write_text(stage.world.component_token(third_party.simulated).value)
        assert member.fetch()["errcode"] == 0
        assert member.api_errors == {}
        assert third_party.component_calls == 0

    def test_an_invalid_one_of_a_token_service_is_requested_again(
        self, stage: Stage, third_party: PlatformStage
    ) -> None:
        member = third_party.member(third_party.platform(http_token(stage.server.url)))
        member.fetch()
        third_party.patch(invalidate_component_tokens=True, expire_authorizer_tokens=True)
        assert member.fetch()["errcode"] == 0
        assert stage.calls_of("token_service", COMPONENT) == 2
        assert third_party.component_calls == 0


class TestInvalidToken:
    @pytest.mark.parametrize("end", ["invalidate_component_tokens", "expire_component_tokens"])
    def test_it_is_requested_again_once_and_the_call_repeated_once(
        self, stage: Stage, third_party: PlatformStage, end: str
    ) -> None:
        member = third_party.member(platform := third_party.platform())
        platform.component_token.get(stage.caller())
        third_party.patch(**{end: True})
        assert member.fetch()["errcode"] == 0
        assert third_party.component_calls == 2
        assert stage.recorder.noted.count((API_AUTHORIZER_TOKEN.name, 0)) == 1
        assert len([api for api, _ in stage.recorder.noted if api == API_AUTHORIZER_TOKEN.name]) == 2
        assert member.api_errors == {}

    def test_many_tasks_that_find_it_invalid_share_one_new_one(
        self, stage: Stage, third_party: PlatformStage
    ) -> None:
        platform = third_party.platform()
        members = third_party.members(platform, 8)
        platform.component_token.get(stage.caller())
        third_party.patch(invalidate_component_tokens=True, latency=0.05)
        remaining = list(members)
        together(lambda: str(remaining.pop().fetch()["errcode"]))
        assert third_party.component_calls == 2
        assert [member.fetch()["errcode"] for member in members] == [0] * 8


def configured_token(folder: Path) -> AccessToken:
    (folder / "token").touch()
    return AccessToken.model_validate(
        {"type": "access_token", "access_token": {"file": str(folder / "token")}}
    )
