from __future__ import annotations

import pytest
from helpers.simulated_client import APPID, COMPONENT, NOW, OTHER, Clock, PlatformClient

from wx_domain_exporter.simulator.world import Authorization, SimulatedApp, SimulatedPlatform, World


class TestAuthorizerToken:
    def test_a_token_works_as_the_apps_own(
        self, platform_client: PlatformClient, authorization: Authorization, world: World
    ) -> None:
        payload = platform_client.authorizer(platform_client.component_token(), authorization.refresh_token)
        assert set(payload) == {"authorizer_access_token", "expires_in", "authorizer_refresh_token"}
        assert payload["expires_in"] == 7200
        assert payload["authorizer_refresh_token"] == authorization.refresh_token
        answer = platform_client.info(payload["authorizer_access_token"])
        assert answer["requestdomain"][0] == "https://www.example.com"
        assert world.calls["api_authorizer_token", APPID] == 1
        assert world.calls["getwxadevinfo", APPID] == 1

    def test_the_previous_token_stays_valid_for_five_minutes(
        self, platform_client: PlatformClient, authorization: Authorization, clock: Clock
    ) -> None:
        component = platform_client.component_token()
        first, second = (
            platform_client.authorizer(component, authorization.refresh_token)["authorizer_access_token"]
            for _ in range(2)
        )
        clock.now += 299
        assert platform_client.info(first)["errcode"] == 0
        clock.now += 1
        assert platform_client.info(first)["errcode"] == 42001
        assert platform_client.info(second)["errcode"] == 0

    def test_a_revoked_authorization_is_refused_and_its_tokens_too(
        self, platform_client: PlatformClient, authorization: Authorization, world: World, clock: Clock
    ) -> None:
        component = platform_client.component_token()
        token = platform_client.authorizer(component, authorization.refresh_token)["authorizer_access_token"]
        world.revoke(COMPONENT, APPID)
        assert platform_client.info(token)["errcode"] == 61003
        assert platform_client.authorizer(component, authorization.refresh_token)["errcode"] == 61003
        assert platform_client.account(component)["errcode"] == 61003
        again = world.authorize(COMPONENT, APPID)
        assert again.refresh_token != authorization.refresh_token
        assert platform_client.info(token)["errcode"] == 61003
        clock.now += 7200
        assert platform_client.info(token)["errcode"] == 42001

    @pytest.mark.parametrize("appid", [OTHER, "wx0000000000000000"])
    def test_an_account_that_never_authorized_is_refused(
        self, platform_client: PlatformClient, world: World, appid: str
    ) -> None:
        world.add(SimulatedApp(appid=OTHER))
        answer = platform_client.authorizer(platform_client.component_token(), "any", appid)
        assert answer["errcode"] == 61003
        assert world.calls["api_authorizer_token", appid if appid == OTHER else ""] == 1

    def test_an_unknown_refresh_token_is_refused(self, platform_client: PlatformClient) -> None:
        assert platform_client.authorizer(platform_client.component_token(), "unknown")["errcode"] == 61023

    def test_a_call_with_an_invalid_component_token_counts_for_the_account(
        self, platform_client: PlatformClient, authorization: Authorization, world: World
    ) -> None:
        component = platform_client.component_token()
        world.patch_platform(COMPONENT, {"invalidate_component_tokens": True})
        assert platform_client.authorizer(component, authorization.refresh_token)["errcode"] == 40001
        assert world.calls["api_authorizer_token", APPID] == 1

    def test_a_forced_errcode_stays(
        self, platform_client: PlatformClient, authorization: Authorization
    ) -> None:
        authorization.errcode = 61023
        component = platform_client.component_token()
        assert platform_client.authorizer(component, authorization.refresh_token)["errcode"] == 61023

    def test_tokens_expire_and_become_invalid_on_demand(
        self, platform_client: PlatformClient, authorization: Authorization, world: World
    ) -> None:
        own = platform_client.token()
        component = platform_client.component_token()
        for action, errcode in (("expire_authorizer_tokens", 42001), ("invalidate_authorizer_tokens", 40001)):
            payload = platform_client.authorizer(component, authorization.refresh_token)
            world.patch_platform(COMPONENT, {action: True})
            assert platform_client.info(payload["authorizer_access_token"])["errcode"] == errcode
        assert platform_client.info(own)["errcode"] == 0
        assert "authorizer_access_token" in platform_client.authorizer(component, authorization.refresh_token)

    def test_a_lifetime_is_as_set(
        self, platform_client: PlatformClient, authorization: Authorization, platform: SimulatedPlatform
    ) -> None:
        platform.authorizer_token_lifetime = 600
        component = platform_client.component_token()
        assert platform_client.authorizer(component, authorization.refresh_token)["expires_in"] == 600

    def test_without_permission_set_18_the_domain_apis_are_refused(
        self, platform_client: PlatformClient, authorization: Authorization
    ) -> None:
        authorization.permissions = [17]
        component = platform_client.component_token()
        token = platform_client.authorizer(component, authorization.refresh_token)["authorizer_access_token"]
        assert platform_client.info(token)["errcode"] == 61007
        assert platform_client.info()["errcode"] == 0

    def test_an_official_account_has_no_domains(self, platform_client: PlatformClient, world: World) -> None:
        world.add(SimulatedApp(appid=OTHER))
        account = world.authorize(COMPONENT, OTHER, mini_program=False)
        payload = platform_client.authorizer(
            platform_client.component_token(), account.refresh_token, account.appid
        )
        assert platform_client.info(payload["authorizer_access_token"])["errcode"] == 85015


class TestRefreshTokens:
    def test_a_rotated_refresh_token_replaces_the_old_one_once_it_was_used(
        self, platform_client: PlatformClient, authorization: Authorization, world: World
    ) -> None:
        component, old = platform_client.component_token(), authorization.refresh_token
        world.patch_platform(COMPONENT, {"rotate_refresh_tokens": True})
        new = platform_client.authorizer(component, old)["authorizer_refresh_token"]
        assert new != old
        assert platform_client.authorizer(component, old)["authorizer_refresh_token"] == new
        assert platform_client.page(component)["list"][0]["refresh_token"] == new
        assert platform_client.authorizer(component, new)["authorizer_refresh_token"] == new
        assert platform_client.authorizer(component, old)["errcode"] == 61023

    def test_it_is_as_given(self, world: World, platform: SimulatedPlatform, app: SimulatedApp) -> None:
        authorization = world.authorize(platform.component_appid, app.appid, refresh_token="canary")
        assert authorization.refresh_token == "canary"
        assert authorization.auth_time == NOW
        assert "canary" not in repr(authorization)
