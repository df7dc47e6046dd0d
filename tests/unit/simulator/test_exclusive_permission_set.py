"""Permission set 18 belongs to one platform, and prevents changes of domains at mp.weixin.qq.com."""

from __future__ import annotations

import pytest
from helpers.simulated_client import APPID, COMPONENT, OTHER, PlatformClient

from wx_domain_exporter.simulator.platform_settings import DEVELOPMENT_PERMISSION
from wx_domain_exporter.simulator.world import Authorization, SimulatedPlatform, World

DOMAINS = {"requestdomain": ["https://new.example.com"]}
AT_MP = f"/_simulator/apps/{APPID}/domains-at-mp"


@pytest.fixture
def other(world: World) -> SimulatedPlatform:
    return world.add_platform(SimulatedPlatform(component_appid=OTHER))


def authorizer_token(client: PlatformClient, authorization: Authorization) -> str:
    payload = client.authorizer(client.component_token(), authorization.refresh_token)
    token = payload["authorizer_access_token"]
    assert isinstance(token, str)
    return token


def test_granting_it_to_another_platform_revokes_it(
    platform_client: PlatformClient, authorization: Authorization, other: SimulatedPlatform, world: World
) -> None:
    token = authorizer_token(platform_client, authorization)
    assert platform_client.info(token)["errcode"] == 0
    second = world.authorize(other.component_appid, APPID)
    assert (authorization.permissions, second.permissions) == ([17, 25], [17, DEVELOPMENT_PERMISSION, 25])
    assert platform_client.info(token)["errcode"] == 61007


def test_granting_other_sets_revokes_nothing(
    authorization: Authorization, other: SimulatedPlatform, world: World
) -> None:
    world.authorize(other.component_appid, APPID, permissions=[17])
    assert DEVELOPMENT_PERMISSION in authorization.permissions


def test_granting_it_later_revokes_it_too(
    platform_client: PlatformClient, authorization: Authorization, other: SimulatedPlatform, world: World
) -> None:
    second = world.authorize(other.component_appid, APPID)
    path = f"/_simulator/platforms/{COMPONENT}/authorizations/{APPID}"
    assert platform_client.post(path, {"nick_name": "x"}).status_code == 204
    assert DEVELOPMENT_PERMISSION in second.permissions
    assert platform_client.post(path, {"permissions": [DEVELOPMENT_PERMISSION]}).status_code == 204
    assert (authorization.permissions, second.permissions) == ([DEVELOPMENT_PERMISSION], [17, 25])


def test_while_a_platform_holds_it_no_domains_are_set_at_mp(
    platform_client: PlatformClient, authorization: Authorization, world: World
) -> None:
    before = world.domains(world.apps[APPID])
    refused = platform_client.post(AT_MP, DOMAINS)
    assert (refused.status_code, "permission set 18" in refused.text) == (400, True)
    assert world.domains(world.apps[APPID]) == before
    world.patch_authorization(authorization.component_appid, APPID, {"permissions": [17]})
    assert platform_client.post(AT_MP, DOMAINS).status_code == 204
    assert world.domains(world.apps[APPID])["requestdomain"] == DOMAINS["requestdomain"]


def test_after_the_revocation_domains_can_be_set_at_mp_again(
    platform_client: PlatformClient, authorization: Authorization, world: World
) -> None:
    world.revoke(authorization.component_appid, APPID)
    assert platform_client.post(AT_MP, DOMAINS).status_code == 204


def test_invalid_lists_change_nothing(
    platform_client: PlatformClient, authorization: Authorization, world: World
) -> None:
    world.revoke(authorization.component_appid, APPID)
    before = world.domains(world.apps[APPID])
    assert platform_client.post(AT_MP, {"requestdomain": "https://new.example.com"}).status_code == 400
    assert platform_client.post(f"/_simulator/apps/{OTHER}/domains-at-mp", DOMAINS).status_code == 404
    assert world.domains(world.apps[APPID]) == before
