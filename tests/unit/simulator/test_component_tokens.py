from __future__ import annotations

import json

import pytest
from helpers.simulated_client import (
    APPID,
    COMPONENT,
    COMPONENT_SECRET,
    OTHER,
    TICKET,
    Client,
    Clock,
    PlatformClient,
    decoded,
)

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedPlatform, World


class TestComponentToken:
    def test_each_call_makes_a_new_token_and_the_previous_one_expires_in_five_minutes(
        self, platform_client: PlatformClient, world: World, clock: Clock
    ) -> None:
        first = platform_client.component()
        second = platform_client.component_token()
        assert first["expires_in"] == 7200
        assert set(first) == {"component_access_token", "expires_in"}
        assert second != first["component_access_token"]
        clock.now += 299
        assert platform_client.page(first["component_access_token"])["total_count"] == 1
        clock.now += 1
        assert platform_client.page(first["component_access_token"])["errcode"] == 42001
        assert platform_client.page(second)["total_count"] == 1
        assert world.calls["api_component_token", COMPONENT] == 2

    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"component_appid": ""}, 41018),
            ({"component_appid": OTHER}, 61011),
            ({"component_appid": APPID}, 61011),
            ({"component_appsecret": "0" * 32}, 40125),
            ({"component_verify_ticket": "ticket@@@unknown"}, 61006),
            ({"component_verify_ticket": None}, 61006),
        ],
    )
    def test_a_wrong_request_is_refused(
        self, platform_client: PlatformClient, changes: dict[str, object], errcode: int
    ) -> None:
        answer = platform_client.component(**changes)
        assert answer["errcode"] == errcode
        assert "component_access_token" not in answer

    def test_an_older_ticket_has_expired_and_an_unknown_one_is_not_valid(
        self, platform_client: PlatformClient, world: World
    ) -> None:
        world.patch_platform(COMPONENT, {"component_verify_ticket": "ticket@@@newer"})
        assert platform_client.component()["errcode"] == 61005
        assert "expires_in" in platform_client.component(component_verify_ticket="ticket@@@newer")
        world.patch_platform(COMPONENT, {"component_verify_ticket": TICKET})
        assert "expires_in" in platform_client.component()

    def test_the_current_ticket_can_be_made_expired(
        self, platform_client: PlatformClient, platform: SimulatedPlatform
    ) -> None:
        platform.ticket_expired = True
        assert platform_client.component()["errcode"] == 61005
        assert platform_client.component(component_verify_ticket="unknown")["errcode"] == 61006

    def test_a_forced_errcode_stays(
        self, platform_client: PlatformClient, platform: SimulatedPlatform
    ) -> None:
        platform.component_errcode = 48001
        assert [platform_client.component()["errcode"] for _ in range(2)] == [48001, 48001]

    def test_an_address_that_is_not_whitelisted_is_named_by_all_component_apis(
        self, platform_client: PlatformClient, platform: SimulatedPlatform
    ) -> None:
        token = platform_client.component_token()
        platform.whitelisted = False
        answers = [
            platform_client.component(),
            platform_client.page(token),
            platform_client.account(token),
            platform_client.authorizer(token, "any"),
        ]
        assert [answer["errcode"] for answer in answers] == [61004] * 4
        assert all("requestIP: 203.0.113.7 rid: " in answer["errmsg"] for answer in answers)

    def test_an_app_api_takes_no_component_token(self, platform_client: PlatformClient, world: World) -> None:
        assert platform_client.info(platform_client.component_token())["errcode"] == 61015
        assert world.calls["getwxadevinfo", ""] == 1

    def test_stable_token_knows_a_platforms_appid(self, platform_client: PlatformClient) -> None:
        assert platform_client.stable(appid=COMPONENT)["errcode"] == 61024

    @pytest.mark.parametrize("api", ["api_component_token", "api_get_authorizer_list"])
    def test_get_is_refused(self, platform_client: PlatformClient, api: str) -> None:
        url = f"{platform_client.url}/cgi-bin/component/{api}"
        assert decoded(platform_client.session.get(url, timeout=100))["errcode"] == 43002


class TestComponentTokenInUse:
    @pytest.mark.parametrize("name", ["component_access_token", "access_token"])
    def test_both_names_of_the_parameter_are_taken(self, platform_client: PlatformClient, name: str) -> None:
        body = {"component_appid": COMPONENT, "offset": 0, "count": 10}
        query = {name: platform_client.component_token()}
        assert platform_client.component_call("api_get_authorizer_list", body, **query)["total_count"] == 1

    def test_a_missing_an_unknown_and_an_apps_token_are_refused(
        self, platform_client: PlatformClient
    ) -> None:
        tokens = ["", "unknown", platform_client.token()]
        assert [platform_client.page(token)["errcode"] for token in tokens] == [41001, 40014, 61014]

    def test_a_request_that_names_another_platform_or_none_is_refused(
        self, platform_client: PlatformClient, world: World
    ) -> None:
        world.add_platform(SimulatedPlatform(component_appid=OTHER))
        token = platform_client.component_token()
        errcodes = [
            platform_client.component_call(
                "api_get_authorizer_list",
                {"component_appid": appid, "offset": 0, "count": 1},
                access_token=token,
            )["errcode"]
            for appid in ("", OTHER)
        ]
        assert errcodes == [41018, 61011]

    def test_tokens_expire_and_become_invalid_on_demand(
        self, platform_client: PlatformClient, world: World
    ) -> None:
        token = platform_client.component_token()
        world.patch_platform(COMPONENT, {"expire_component_tokens": True})
        assert platform_client.page(token)["errcode"] == 42001
        token = platform_client.component_token()
        world.patch_platform(COMPONENT, {"invalidate_component_tokens": True})
        assert platform_client.page(token)["errcode"] == 40001
        assert world.calls["api_get_authorizer_list", COMPONENT] == 2

    def test_a_lifetime_is_as_set(
        self, platform_client: PlatformClient, platform: SimulatedPlatform, clock: Clock
    ) -> None:
        platform.component_token_lifetime = 60
        token = platform_client.component_token()
        clock.now += 60
        assert platform_client.page(token)["errcode"] == 42001


class TestQuirks:
    def test_answers_have_quirks_and_failed_ones_name_the_token(self, clock: Clock) -> None:
        world = World(clock=clock, seed=3)
        platform = world.add_platform(
            SimulatedPlatform(
                component_appid=COMPONENT,
                component_appsecret=COMPONENT_SECRET,
                component_verify_ticket=TICKET,
            )
        )
        with SimulatorServer(world) as server, PlatformClient(server) as client:
            good = [client.component() for _ in range(50)]
            assert {answer.get("errcode") for answer in good} == {None, 0}
            token = good[-1]["component_access_token"]
            platform.list_errcode = 48001
            failed = [client.page(token) for _ in range(50)]
        assert {json.dumps(answer["errcode"]) for answer in failed} == {"48001", '"48001"'}
        assert {answer.get("total_count") for answer in failed} == {None, 0}
        assert {f"component_access_token={token}" in answer["errmsg"] for answer in failed} == {True, False}


def test_a_hanging_platform_holds_up_no_other_api(
    client: Client, platform: SimulatedPlatform, world: World
) -> None:
    platform.hang = True
    with pytest.raises(OSError, match="Read timed out"):
        client.session.post(
            f"{client.url}/cgi-bin/component/api_component_token",
            json={"component_appid": COMPONENT},
            timeout=(10, 0.05),
        )
    assert world.wait_until_idle()
    assert client.info()["errcode"] == 0
