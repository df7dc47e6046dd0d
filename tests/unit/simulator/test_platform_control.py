from __future__ import annotations

import json

import pytest
from helpers.simulated_client import APPID, COMPONENT, COMPONENT_SECRET, OTHER, TICKET, PlatformClient
from pydantic import ValidationError

from wx_domain_exporter.simulator.apis.api_call import ApiCall
from wx_domain_exporter.simulator.apis.dispatch import answer_api_call
from wx_domain_exporter.simulator.world import Authorization, SimulatedApp, SimulatedPlatform, World

PLATFORM = f"/_simulator/platforms/{COMPONENT}"
AUTHORIZATION = f"{PLATFORM}/authorizations/{APPID}"


class TestControl:
    def test_settings_of_a_platform_are_changed(
        self, platform_client: PlatformClient, platform: SimulatedPlatform
    ) -> None:
        settings = {"list_errcode": 48001, "page_cap": 10, "component_verify_ticket": "ticket@@@newer"}
        assert platform_client.post(PLATFORM, settings).status_code == 204
        assert (platform.list_errcode, platform.page_cap) == (48001, 10)
        assert platform_client.component()["errcode"] == 61005

    def test_actions_are_done(self, platform_client: PlatformClient) -> None:
        token = platform_client.component_token()
        assert platform_client.post(PLATFORM, {"invalidate_component_tokens": True}).status_code == 204
        assert platform_client.page(token)["errcode"] == 40001

    def test_settings_of_an_authorization_are_changed_and_it_is_revoked(
        self, platform_client: PlatformClient, authorization: Authorization
    ) -> None:
        assert platform_client.post(AUTHORIZATION, {"permissions": [17], "errcode": 61003}).status_code == 204
        assert (authorization.permissions, authorization.errcode) == ([17], 61003)
        assert platform_client.post(AUTHORIZATION, {"revoke": True}).status_code == 204
        assert authorization.revoked
        assert platform_client.post(AUTHORIZATION, {"revoke": True}).status_code == 404

    @pytest.mark.parametrize(
        ("path", "settings"),
        [
            (PLATFORM, {"component_appid": OTHER}),
            (PLATFORM, {"page_cap": 0}),
            (PLATFORM, {"rotate_refresh_tokens": 1}),
            (PLATFORM, {"ticket": TICKET}),
            (AUTHORIZATION, {"appid": OTHER}),
            (AUTHORIZATION, {"revoked": True}),
            (AUTHORIZATION, {"revoke": False}),
        ],
    )
    def test_what_is_not_allowed_changes_nothing(
        self,
        platform_client: PlatformClient,
        platform: SimulatedPlatform,
        authorization: Authorization,
        path: str,
        settings: dict[str, object],
    ) -> None:
        before = platform.model_dump(), authorization.model_dump()
        response = platform_client.post(path, {"latency": 1.0, **settings})
        assert response.status_code == 400
        assert TICKET not in response.text
        assert (platform.model_dump(), authorization.model_dump()) == before

    @pytest.mark.parametrize(
        "path",
        [
            f"/_simulator/platforms/{OTHER}",
            f"{PLATFORM}/authorizations/{OTHER}",
            f"{PLATFORM}/none",
            "/_simulator/token_service/none",
        ],
    )
    def test_what_is_unknown_is_not_found(self, platform_client: PlatformClient, path: str) -> None:
        assert platform_client.post(path, {}).status_code == 404


class TestPlatforms:
    def test_an_appid_can_be_added_only_once(
        self, world: World, platform: SimulatedPlatform, app: SimulatedApp
    ) -> None:
        for appid in (platform.component_appid, app.appid):
            with pytest.raises(ValueError, match="already in use"):
                world.add_platform(SimulatedPlatform(component_appid=appid))

    def test_an_app_authorizes_a_platform_only_once(self, world: World, authorization: Authorization) -> None:
        with pytest.raises(ValueError, match="already"):
            world.authorize(authorization.component_appid, authorization.appid)
        with pytest.raises(KeyError):
            world.authorize(authorization.component_appid, OTHER)

    def test_no_secret_is_in_the_representation(self, platform: SimulatedPlatform) -> None:
        assert platform.component_appid in repr(platform)
        assert COMPONENT_SECRET not in repr(platform)
        assert TICKET not in repr(platform)

    def test_a_wrong_setting_is_refused_at_once(self, platform: SimulatedPlatform) -> None:
        with pytest.raises(ValidationError):
            platform.latency = -1
        with pytest.raises(ValidationError):
            platform.component_verify_ticket = 1  # type: ignore[assignment]
        assert platform.ticket_errcode(TICKET) == 0

    def test_latencies_add_up(
        self, world: World, platform: SimulatedPlatform, authorization: Authorization
    ) -> None:
        platform.latency, authorization.latency = 0.5, 0.25
        call = ApiCall(
            path="/cgi-bin/component/api_get_authorizer_info",
            method="POST",
            query={"access_token": world.component_token(platform).value},
            body=json.dumps({"component_appid": COMPONENT, "authorizer_appid": APPID}).encode(),
            content_length=True,
        )
        assert answer_api_call(world, call).delay == 0.75
