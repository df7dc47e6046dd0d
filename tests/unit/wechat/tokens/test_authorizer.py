from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.simulated_client import APPID, COMPONENT
from helpers.token_setup import Stage, credential_of, together
from structlog.testing import capture_logs

from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.simulator.apis import components
from wx_domain_exporter.wechat.errors import NoSecretError
from wx_domain_exporter.wechat.tokens.source import refresh_after

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.clocks import Clock
    from helpers.platform_setup import PlatformStage


class TestToken:
    def test_it_is_requested_with_the_refresh_token_and_cached(
        self, stage: Stage, third_party: PlatformStage
    ) -> None:
        member = third_party.member(third_party.platform())
        for _ in range(3):
            assert member.fetch()["errcode"] == 0
        assert (third_party.component_calls, third_party.authorizer_calls()) == (1, 1)
        assert stage.recorder.refreshed == ["component", "authorizer"]
        token = stage.world.find_token(member.source.get(member.caller()))
        assert token is not None
        assert (token.appid, token.series.kind) == (APPID, "authorizer")

    def test_it_is_sent_as_any_access_token(self, third_party: PlatformStage) -> None:
        member = third_party.member(third_party.platform())
        credential = credential_of(member.source, member.caller())
        assert (credential.parameter, credential.base_url) == ("access_token", None)

    def test_many_tasks_at_once_share_one_call(self, third_party: PlatformStage) -> None:
        third_party.patch(latency=0.05)
        member = third_party.member(third_party.platform())
        assert len(set(together(lambda: member.source.get(member.caller())))) == 1
        assert (third_party.component_calls, third_party.authorizer_calls()) == (1, 1)

    def test_it_is_requested_again_before_it_expires(self, third_party: PlatformStage, clock: Clock) -> None:
        member = third_party.member(third_party.platform())
        member.fetch()
        clock.ahead = refresh_after(7200, APPID) - 10
        member.fetch()
        assert third_party.authorizer_calls() == 1
        clock.ahead += 11
        member.fetch()
        assert third_party.authorizer_calls() == 2

    def test_an_invalid_one_is_requested_again_once(self, third_party: PlatformStage) -> None:
        member = third_party.member(third_party.platform())
        member.fetch()
        third_party.patch(invalidate_authorizer_tokens=True)
        assert member.fetch()["errcode"] == 0
        assert (third_party.component_calls, third_party.authorizer_calls()) == (1, 2)

    @pytest.mark.parametrize(
        ("answer", "missing"),
        [({"expires_in": 7200}, "authorizer_access_token"), ({"authorizer_access_token": "a"}, "expires_in")],
    )
    def test_an_answer_without_it_is_a_refusal(
        self,
        third_party: PlatformStage,
        monkeypatch: pytest.MonkeyPatch,
        answer: dict[str, Any],
        missing: str,
    ) -> None:
        member = third_party.member(platform := third_party.platform())
        platform.component_token.get(member.caller())
        monkeypatch.setattr(components, "_with_optional_errcode", lambda *_: answer)
        for _ in range(3):
            assert str(member.fetch_error()) == f"authorizer: no token: the answer has no {missing}"
        assert third_party.authorizer_calls() == 1


class TestRefusal:
    @pytest.mark.parametrize("errcode", [61003, 61007, 61023, 48001])
    def test_it_is_reported_and_not_tried_again_for_a_while(
        self, third_party: PlatformStage, clock: Clock, errcode: int
    ) -> None:
        third_party.authorization.errcode = errcode
        member = third_party.member(third_party.platform())
        for _ in range(3):
            sentence = f"authorizer: no token: api_authorizer_token answered errcode {errcode}"
            assert str(member.fetch_error()).startswith(sentence)
            assert member.api_errors == {"api_authorizer_token": errcode}
        assert (third_party.component_calls, third_party.authorizer_calls()) == (1, 1)
        third_party.authorization.errcode = 0
        clock.ahead = 37
        assert member.fetch()["errcode"] == 0
        assert member.api_errors == {}

    def test_it_leaves_the_other_apps_alone(self, third_party: PlatformStage) -> None:
        third_party.authorization.errcode = 61003
        member = third_party.member(platform := third_party.platform())
        (other,) = third_party.members(platform, 1)
        member.fetch_error()
        assert other.fetch()["errcode"] == 0
        assert other.api_errors == {}
        assert third_party.component_calls == 1

    def test_a_revoked_authorization_ends_a_token_in_use(
        self, stage: Stage, third_party: PlatformStage
    ) -> None:
        member = third_party.member(third_party.platform())
        member.fetch()
        stage.world.revoke(COMPONENT, APPID)
        with pytest.raises(Exception, match="getwxadevinfo answered errcode 61003"):
            member.fetch()
        assert third_party.authorizer_calls() == 1


class TestRefreshToken:
    def test_a_changed_one_is_kept_and_used(self, third_party: PlatformStage, clock: Clock) -> None:
        member = third_party.member(third_party.platform())
        first = third_party.authorization.refresh_token
        third_party.patch(rotate_refresh_tokens=True)
        with capture_logs() as logs:
            for clock.ahead in (0, 7200, 14400, 21600):
                assert member.fetch()["errcode"] == 0
        assert third_party.authorization.refresh_token != first
        assert not third_party.authorization.use(first), (
            "the old one would still be valid if the new one had not been used"
        )
        assert logs == [
            {
                "event": "WeChat changed the authorizer_refresh_token: "
                "the new one is kept until the exporter exits",
                "log_level": "warning",
                "appid": APPID,
                "platform": "main",
            }
        ]

    def test_one_that_changes_again_is_kept_too(self, third_party: PlatformStage, clock: Clock) -> None:
        member = third_party.member(third_party.platform())
        for clock.ahead in (0, 7200, 14400, 21600):
            third_party.patch(rotate_refresh_tokens=True)
            assert member.fetch()["errcode"] == 0
        assert third_party.authorization.refresh_token.endswith("#4")

    def test_it_is_inherited_when_the_source_of_the_platforms_token_changes(
        self, third_party: PlatformStage, clock: Clock
    ) -> None:
        member = third_party.member(third_party.platform())
        third_party.patch(rotate_refresh_tokens=True)
        member.fetch()
        clock.ahead = 7200
        member.fetch()  # from now on the configured one is refused
        heir = third_party.member(third_party.platform())
        heir.source.inherit(member.source)
        assert heir.fetch()["errcode"] == 0

    def test_one_that_is_refused_is_replaced_by_the_configured_one(
        self, third_party: PlatformStage, clock: Clock
    ) -> None:
        member = third_party.member(third_party.platform())
        configured = third_party.authorization.refresh_token
        third_party.patch(rotate_refresh_tokens=True)
        member.fetch()
        third_party.authorization.refresh_token = configured  # as after a new authorization
        clock.ahead = 7200
        assert "errcode 61023" in str(member.fetch_error())
        clock.ahead += 60
        assert member.fetch()["errcode"] == 0

    def test_a_new_one_in_its_file_is_used(
        self, third_party: PlatformStage, tmp_path: Path, clock: Clock
    ) -> None:
        file = tmp_path / "refresh_token"
        file.write_text(third_party.authorization.refresh_token)
        member = third_party.member(third_party.platform(), Secret("file", str(file)))
        third_party.patch(rotate_refresh_tokens=True)
        member.fetch()
        file.write_text("refreshtoken@@@canary")
        clock.ahead = 7200
        error = member.fetch_error()
        assert "errcode 61023" in str(error)
        assert "canary" not in str(error)
        file.write_text(third_party.authorization.refresh_token)
        assert member.fetch()["errcode"] == 0

    def test_one_that_cannot_be_read_is_named(self, third_party: PlatformStage, tmp_path: Path) -> None:
        gone = Secret("file", str(tmp_path / "gone"))
        error = third_party.member(third_party.platform(), gone).fetch_error()
        assert isinstance(error, NoSecretError)
        assert str(error).startswith(f"authorizer: no token: the secret file {tmp_path / 'gone'} can't be")
        assert (third_party.component_calls, third_party.authorizer_calls()) == (0, 0)


class TestDiscoveredRefreshToken:
    def test_a_missing_discovery_is_reported(self, third_party: PlatformStage) -> None:
        member = third_party.discovered_member(third_party.platform())
        sentence = "authorizer: no token: the mini programs of platform main are not discovered yet"
        assert str(member.fetch_error()) == sentence

    def test_an_app_that_has_not_authorized_is_reported(self, third_party: PlatformStage) -> None:
        member = third_party.discovered_member(platform := third_party.platform())
        platform.refresh_tokens = {}
        sentence = "the mini program has not authorized platform main, or no longer does"
        assert str(member.fetch_error()) == f"authorizer: no token: {sentence}"
        assert third_party.component_calls == 0

    def test_a_new_one_ends_a_pause(self, third_party: PlatformStage) -> None:
        member = third_party.discovered_member(platform := third_party.platform())
        platform.refresh_tokens = {APPID: "refreshtoken@@@old"}
        for _ in range(3):
            assert "errcode 61023" in str(member.fetch_error())
        assert third_party.authorizer_calls() == 1
        platform.refresh_tokens = {APPID: third_party.authorization.refresh_token}
        assert member.fetch()["errcode"] == 0


class TestRefusedPlatform:
    def test_every_app_shows_it_while_it_lasts_and_none_after_it(self, third_party: PlatformStage) -> None:
        platform = third_party.platform()
        members = third_party.members(platform, 3)
        third_party.patch(whitelisted=False)
        for member in members * 2:
            assert "component: no token: api_component_token answered errcode 61004" in str(
                member.fetch_error()
            )
            assert member.api_errors == {"api_component_token": 61004}
        assert third_party.component_calls == 1
        assert all(member.source.pause_seconds > 20 for member in members), "the pause is the platform's"
        third_party.patch(whitelisted=True)
        platform.component_token.resume()
        for member in members:  # they have no pauses of their own
            assert member.fetch()["errcode"] == 0
            assert member.api_errors == {}
        assert third_party.component_calls == 2

    def test_an_errcode_goes_when_the_platforms_last_call_ended_without_one(
        self, stage: Stage, third_party: PlatformStage
    ) -> None:
        platform = third_party.platform()
        members = third_party.members(platform, 2)
        third_party.patch(whitelisted=False)
        for member in members:
            member.fetch_error()
        stage.server.stop()
        platform.component_token.resume()
        for member in members:
            assert member.fetch_error().timed_out
            assert member.api_errors == {}

    def test_a_platform_whose_new_token_is_refused_too_is_not_called_again(
        self, third_party: PlatformStage
    ) -> None:
        third_party.authorization.errcode = 40001
        member = third_party.member(third_party.platform())
        for _ in range(3):
            assert "component: WeChat refuses the new token too: api_authorizer_token" in str(
                member.fetch_error()
            )
            assert member.api_errors == {"api_authorizer_token": 40001}
        assert (third_party.component_calls, third_party.authorizer_calls()) == (2, 2)
