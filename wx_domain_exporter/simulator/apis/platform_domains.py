"""The APIs that read and change the domain lists of a third-party platform itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis.api_call import ResponseSettings, SimulatedApi, SimulatedApiError
from wx_domain_exporter.simulator.apis.authentication import owner_of_component_token

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.apis.api_call import ApiCall
    from wx_domain_exporter.simulator.platform_settings import PlatformHosts, SimulatedPlatform
    from wx_domain_exporter.simulator.world import World

_SERVER, _JUMP = "wxa_server_domain", "wxa_jump_h5_domain"


def modify_wxa_server_domain(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /cgi-bin/component/modify_wxa_server_domain`: 小程序服务器域名."""
    platform = _platform(world, call)
    return _answer(world, call, platform, platform.server_hosts, _SERVER)


def modify_wxa_jump_domain(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /cgi-bin/component/modify_wxa_jump_domain`: 小程序业务域名."""
    platform = _platform(world, call)
    return _answer(world, call, platform, platform.jump_hosts, _JUMP)


def _platform(world: World, call: ApiCall) -> SimulatedPlatform:
    value = call.query.get("access_token")  # component_access_token is not a parameter of these APIs
    if not value:
        raise SimulatedApiError(41001)
    platform = owner_of_component_token(world, call, value)
    call.appid = platform.component_appid
    if not platform.whitelisted:
        raise SimulatedApiError(61004)
    if platform.domains_errcode:
        raise SimulatedApiError(platform.domains_errcode, varied=True)
    return platform


def _answer(
    world: World, call: ApiCall, platform: SimulatedPlatform, hosts: PlatformHosts, category: str
) -> dict[str, object]:
    request = call.json_object()
    if request.get("action") != "get":
        _change(hosts, request, category)
        platform.domain_changes += 1
    payload: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    lists = {"published": hosts.published, "testing": hosts.testing, "invalid": hosts.invalid or None}
    payload |= {f"{key}_{category}": ";".join(one) for key, one in lists.items() if one is not None}
    return quirks.untidy_success(payload, world.random(call.appid)) if world.quirks else payload


def _change(hosts: PlatformHosts, request: dict[str, object], category: str) -> None:
    """Change the lists at once, as WeChat does."""
    named = [host for host in str(request.get(category) or "").split(";") if host]
    together = bool(request.get("is_modify_published_together"))
    for version in ("testing", "published") if together else ("testing",):
        before = getattr(hosts, version) or []
        after = {
            "add": [*before, *(host for host in named if host not in before)],
            "delete": [host for host in before if host not in named],
            "set": named,
        }.get(str(request.get("action")))
        if after is None:
            raise SimulatedApiError(40097)
        setattr(hosts, version, after)


def _response_settings(call: ApiCall) -> ResponseSettings:
    platform = call.platform
    if platform is None:
        return ResponseSettings()
    return ResponseSettings(platform.latency, platform.hang, 200, platform.domains_raw_body)


_PATH = "/cgi-bin/component/"
APIS: dict[str, SimulatedApi] = {
    f"{_PATH}modify_wxa_server_domain": SimulatedApi(
        "modify_wxa_server_domain", "POST", modify_wxa_server_domain, _response_settings
    ),
    f"{_PATH}modify_wxa_jump_domain": SimulatedApi(
        "modify_wxa_jump_domain", "POST", modify_wxa_jump_domain, _response_settings
    ),
}
