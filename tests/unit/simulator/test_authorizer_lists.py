from __future__ import annotations

from typing import Any

import pytest
from helpers.fleets import platform_fleet
from helpers.simulated_client import APPID, COMPONENT, NOW, OTHER, Client, Clock, PlatformClient, decoded

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import Authorization, SimulatedApp, SimulatedPlatform, World


def appid_number(number: int) -> str:
    return f"wx{number:016x}"


@pytest.fixture
def many(world: World, authorization: Authorization) -> list[str]:
    """Ten authorizers."""
    appids = [appid_number(number) for number in range(1, 10)]
    for appid in appids:
        world.add(SimulatedApp(appid=appid))
        world.authorize(authorization.component_appid, appid)
    return [APPID, *appids]


def listed(page: dict[str, list[dict[str, object]]]) -> list[object]:
    return [entry["authorizer_appid"] for entry in page["list"]]


class TestAuthorizerList:
    def test_an_entry_is_as_documented(
        self, platform_client: PlatformClient, authorization: Authorization, world: World
    ) -> None:
        assert platform_client.page(platform_client.component_token()) == {
            "total_count": 1,
            "list": [
                {
                    "authorizer_appid": APPID,
                    "refresh_token": authorization.refresh_token,
                    "auth_time": int(NOW),
                }
            ],
        }
        assert world.calls["api_get_authorizer_list", COMPONENT] == 1

    def test_pages_follow_each_other(self, platform_client: PlatformClient, many: list[str]) -> None:
        token = platform_client.component_token()
        pages = [platform_client.page(token, offset, 4) for offset in (0, 4, 8, 12)]
        assert [listed(page) for page in pages] == [many[:4], many[4:8], many[8:], []]
        assert {page["total_count"] for page in pages} == {10}

    @pytest.mark.parametrize(
        ("offset", "count", "errcode"),
        [
            (0, 501, 40170),
            (0, 0, 40097),
            (-1, 10, 40097),
            ("0", 10, 47001),
            (0, None, 47001),
            (0, True, 47001),
        ],
    )
    def test_a_wrong_page_is_refused(
        self, platform_client: PlatformClient, offset: object, count: object, errcode: int
    ) -> None:
        assert platform_client.page(platform_client.component_token(), offset, count)["errcode"] == errcode

    def test_the_next_errcodes_pass_and_a_forced_one_stays(
        self, platform_client: PlatformClient, platform: SimulatedPlatform
    ) -> None:
        platform.next_list_errcodes = [-1, 0]
        platform.list_errcode = 48001
        token = platform_client.component_token()
        pages = [platform_client.page(token) for _ in range(4)]
        assert [page.get("errcode") for page in pages] == [-1, None, 48001, 48001]

    def test_a_page_can_be_cut_short(
        self, platform_client: PlatformClient, platform: SimulatedPlatform, many: list[str]
    ) -> None:
        platform.page_cut = 3
        page = platform_client.page(platform_client.component_token())
        assert listed(page) == many[:3]
        assert page["total_count"] == 10


class TestRevokedBetweenPages:
    def test_later_authorizations_move_up(
        self, platform_client: PlatformClient, platform: SimulatedPlatform, many: list[str]
    ) -> None:
        platform.revoked_after_pages = [many[0]]
        token = platform_client.component_token()
        first, second = platform_client.page(token, 0, 5), platform_client.page(token, 5, 5)
        assert listed(first) == many[:5]
        assert listed(second) == many[6:]
        assert (first["total_count"], second["total_count"]) == (10, 9)
        assert platform.revoked_after_pages == []

    def test_or_their_positions_stay_empty(
        self, platform_client: PlatformClient, platform: SimulatedPlatform, many: list[str]
    ) -> None:
        platform.list_counts_revoked = True
        platform.revoked_after_pages = [many[0]]
        token = platform_client.component_token()
        pages = [platform_client.page(token, offset, 5) for offset in (0, 5, 0)]
        assert [listed(page) for page in pages] == [many[:5], many[5:], many[1:5]]
        assert [page["total_count"] for page in pages] == [10, 10, 10]


class TestAuthorizerInfo:
    def test_a_mini_program_has_a_network(
        self, platform_client: PlatformClient, authorization: Authorization, world: World
    ) -> None:
        answer = platform_client.account(platform_client.component_token())
        account = answer["authorizer_info"]
        assert account["nick_name"] == "示例小程序"
        network = account["MiniProgramInfo"]["network"]
        assert network["RequestDomain"] == ["https://www.example.com", "https://a.example.com:8080/Path"]
        assert network["BizDomain"] == []
        assert answer["authorization_info"]["authorizer_refresh_token"] == authorization.refresh_token
        granted = [entry["funcscope_category"]["id"] for entry in answer["authorization_info"]["func_info"]]
        assert granted == authorization.permissions
        assert world.calls["api_get_authorizer_info", APPID] == 1

    def test_an_official_account_has_none(self, platform_client: PlatformClient, world: World) -> None:
        world.add(SimulatedApp(appid=OTHER, name="公众号"))
        world.authorize(COMPONENT, OTHER, mini_program=False)
        account = platform_client.account(platform_client.component_token(), OTHER)["authorizer_info"]
        assert "MiniProgramInfo" not in account
        assert account["nick_name"] == "公众号"

    def test_it_fails_for_one_account_or_for_all(
        self, platform_client: PlatformClient, authorization: Authorization, platform: SimulatedPlatform
    ) -> None:
        token = platform_client.component_token()
        platform.info_errcode = 48001
        assert platform_client.account(token)["errcode"] == 48001
        authorization.info_errcode = 61007
        assert platform_client.account(token)["errcode"] == 61007

    def test_an_account_that_is_not_named_is_refused(self, platform_client: PlatformClient) -> None:
        assert platform_client.account(platform_client.component_token(), "")["errcode"] == 40013


class TestQuirks:
    @pytest.fixture
    def world(self, clock: Clock) -> World:
        return platform_fleet(20, clock=clock, quirks=True)

    def test_numbers_are_strings_and_empty_pages_have_no_lists(self, world: World) -> None:
        (platform,) = world.platforms.values()
        token = world.component_token(platform).value
        pages: list[dict[str, Any]] = []
        with SimulatorServer(world) as server, Client(server) as client:
            for offset in (0, 20) * 20:
                body = {"component_appid": platform.component_appid, "offset": offset, "count": 20}
                path = "/cgi-bin/component/api_get_authorizer_list"
                pages.append(decoded(client.post(path, body, access_token=token)))
        assert {repr(page["total_count"]) for page in pages} == {"20", "'20'"}
        assert {len(page["list"]) for page in pages if "list" in page} == {0, 20}
        assert any("list" not in page for page in pages)
        assert {type(entry["auth_time"]) for page in pages for entry in page.get("list", ())} == {int, str}
