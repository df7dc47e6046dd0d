"""The APIs for third-party platforms: their tokens, whom they may act for, and the tokens for those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis.access import platform_called_by
from wx_domain_exporter.simulator.apis.api_call import ApiRefusal, Conduct, SimulatedApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.simulator.apis.api_call import Call
    from wx_domain_exporter.simulator.platforms import Authorization, SimulatedPlatform
    from wx_domain_exporter.simulator.world import World

_NETWORK = {
    "RequestDomain": "requestdomain",
    "WsRequestDomain": "wsrequestdomain",
    "UploadDomain": "uploaddomain",
    "DownloadDomain": "downloaddomain",
    "BizDomain": "bizdomain",
    "UDPDomain": "udpdomain",
}


def api_component_token(world: World, call: Call) -> dict[str, object]:
    """`POST /cgi-bin/component/api_component_token`: always a new component_access_token."""
    request = call.json_object()
    component_appid = str(request.get("component_appid", ""))
    if not component_appid:
        raise ApiRefusal(41018)
    platform = world.platforms.get(component_appid)
    if platform is None:
        raise ApiRefusal(61011)
    call.platform, call.appid = platform, component_appid
    if platform.component_errcode:
        raise ApiRefusal(platform.component_errcode, elaborate=True)
    if not platform.whitelisted:
        raise ApiRefusal(61004)
    if request.get("component_appsecret") != platform.component_appsecret:
        raise ApiRefusal(40125)
    errcode = platform.ticket_errcode(request.get("component_verify_ticket"))
    if errcode:
        raise ApiRefusal(errcode)
    token = world.component_token(platform, renew=True)
    given = {"component_access_token": token.value, "expires_in": int(token.expires_at - world.clock())}
    return _perhaps_ok(world, call, given)


def api_authorizer_token(world: World, call: Call) -> dict[str, object]:
    """`POST /cgi-bin/component/api_authorizer_token`: a new authorizer_access_token."""
    request = call.json_object()
    authorization = _authorization(world, call, request)
    if authorization.errcode:
        raise ApiRefusal(authorization.errcode, elaborate=True)
    if not authorization.use(request.get("authorizer_refresh_token")):
        raise ApiRefusal(61023, elaborate=True)
    token = world.authorizer_token(authorization)
    given = {
        "authorizer_access_token": token.value,
        "expires_in": int(token.expires_at - world.clock()),
        "authorizer_refresh_token": authorization.refresh_token,
    }
    return _perhaps_ok(world, call, given)


def api_get_authorizer_list(world: World, call: Call) -> dict[str, object]:
    """`POST /cgi-bin/component/api_get_authorizer_list`: one page of the authorizations."""
    request = call.json_object()
    component_appid = str(request.get("component_appid", ""))
    call.appid = component_appid if component_appid in world.platforms else ""
    platform = platform_called_by(world, call, request)
    errcode = platform.next_list_errcodes.pop(0) if platform.next_list_errcodes else platform.list_errcode
    if errcode:
        raise ApiRefusal(errcode, elaborate=True)
    start, end = _page(platform, request)
    authorizers = world.authorizers(platform)
    page = [authorizer for authorizer in authorizers[start:end] if not authorizer.revoked]
    if platform.revoked_after_pages:
        world.revoke(platform.component_appid, platform.revoked_after_pages.pop(0))
    entries = [_entry(authorizer) for authorizer in page]
    if not world.quirks:
        return {"total_count": len(authorizers), "list": entries}
    rng = world.random(component_appid)
    given = quirks.perhaps_text({"total_count": len(authorizers)}, rng)
    shown = [quirks.perhaps_text(entry, rng) for entry in entries]
    return given if not shown and quirks.happens(rng, 0.5) else given | {"list": shown}


def api_get_authorizer_info(world: World, call: Call) -> dict[str, object]:
    """`POST /cgi-bin/component/api_get_authorizer_info`: the account, and what it granted."""
    authorization = _authorization(world, call, call.json_object())
    platform = world.platforms[authorization.component_appid]
    errcode = authorization.info_errcode or platform.info_errcode
    if errcode:
        raise ApiRefusal(errcode, elaborate=True)
    given: dict[str, object] = {
        "authorizer_info": _account(world, authorization),
        "authorization_info": {
            "authorizer_appid": authorization.appid,
            "authorizer_refresh_token": authorization.refresh_token,
            "func_info": [{"funcscope_category": {"id": number}} for number in authorization.permissions],
        },
    }
    return _perhaps_ok(world, call, given)


def _conduct(call: Call) -> Conduct:
    if call.platform is None:
        return Conduct()
    extra = call.authorization.latency if call.authorization else 0.0
    return Conduct(call.platform.latency + extra, call.platform.hang)


def _empty_page(_world: World, _call: Call) -> dict[str, object]:
    return {"total_count": 0, "list": []}


_PATH = "/cgi-bin/component/"
APIS: dict[str, SimulatedApi] = {
    f"{_PATH}api_component_token": SimulatedApi("api_component_token", "POST", api_component_token, _conduct),
    f"{_PATH}api_authorizer_token": SimulatedApi(
        "api_authorizer_token", "POST", api_authorizer_token, _conduct
    ),
    f"{_PATH}api_get_authorizer_list": SimulatedApi(
        "api_get_authorizer_list", "POST", api_get_authorizer_list, _conduct, _empty_page
    ),
    f"{_PATH}api_get_authorizer_info": SimulatedApi(
        "api_get_authorizer_info", "POST", api_get_authorizer_info, _conduct
    ),
}


def _authorization(world: World, call: Call, request: Mapping[str, object]) -> Authorization:
    appid = str(request.get("authorizer_appid", ""))
    call.appid = appid if appid in world.apps else ""
    platform = platform_called_by(world, call, request)
    if not appid:
        raise ApiRefusal(40013)
    authorization = world.authorizations[platform.component_appid].get(appid)
    if authorization is None:
        raise ApiRefusal(61003, elaborate=True)
    call.authorization = authorization
    return authorization


def _page(platform: SimulatedPlatform, request: Mapping[str, object]) -> tuple[int, int]:
    offset, count = request.get("offset"), request.get("count")
    # bool is an int to Python, but not in JSON.
    if type(offset) is not int or type(count) is not int:
        raise ApiRefusal(47001)
    if offset < 0 or count < 1:
        raise ApiRefusal(40097)
    if count > platform.page_cap:
        raise ApiRefusal(40170, elaborate=True)
    return offset, offset + min(count, platform.page_cut or count)


def _entry(authorization: Authorization) -> dict[str, object]:
    return {
        "authorizer_appid": authorization.appid,
        "refresh_token": authorization.refresh_token,
        "auth_time": authorization.auth_time,
    }


def _account(world: World, authorization: Authorization) -> dict[str, object]:
    user_name = f"gh_{authorization.appid[-12:]}"
    account: dict[str, object] = {
        "nick_name": authorization.nick_name,
        "head_img": f"http://wx.qlogo.example/{user_name}/0",
        "service_type_info": {"id": 0 if authorization.mini_program else 2},
        "verify_type_info": {"id": 0},
        "user_name": user_name,
        "alias": "",
        "qrcode_url": f"http://mmbiz.qpic.example/{user_name}/0",
        "principal_name": "示例公司",
        "signature": "",
    }
    if authorization.mini_program:
        domains = world.domains(world.apps[authorization.appid])
        account["MiniProgramInfo"] = {
            "network": {shown: domains[category] for shown, category in _NETWORK.items()},
            "categories": [{"first": "工具", "second": "信息查询"}],
            "visit_status": 0,
        }
    return account


def _perhaps_ok(world: World, call: Call, given: dict[str, object]) -> dict[str, object]:
    return quirks.perhaps_ok(given, world.random(call.appid)) if world.quirks else given
