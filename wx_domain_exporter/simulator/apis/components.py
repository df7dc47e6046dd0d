"""The APIs for third-party platforms: their tokens, their authorizers, and the authorizers' tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis.api_call import ResponseSettings, SimulatedApi, SimulatedApiError
from wx_domain_exporter.simulator.apis.authentication import platform_called_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.simulator.apis.api_call import ApiCall
    from wx_domain_exporter.simulator.platform_settings import Authorization, SimulatedPlatform
    from wx_domain_exporter.simulator.world import World

_NETWORK_KEYS = {
    "RequestDomain": "requestdomain",
    "WsRequestDomain": "wsrequestdomain",
    "UploadDomain": "uploaddomain",
    "DownloadDomain": "downloaddomain",
    "BizDomain": "bizdomain",
    "UDPDomain": "udpdomain",
}


def api_component_token(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /cgi-bin/component/api_component_token`: always a new component_access_token."""
    request = call.json_object()
    component_appid = str(request.get("component_appid", ""))
    if not component_appid:
        raise SimulatedApiError(41018)
    platform = world.platforms.get(component_appid)
    if platform is None:
        raise SimulatedApiError(61011)
    call.platform, call.appid = platform, component_appid
    if platform.component_errcode:
        raise SimulatedApiError(platform.component_errcode, varied=True)
    if not platform.whitelisted:
        raise SimulatedApiError(61004)
    if request.get("component_appsecret") != platform.component_appsecret:
        raise SimulatedApiError(40125)
    errcode = platform.ticket_errcode(request.get("component_verify_ticket"))
    if errcode:
        raise SimulatedApiError(errcode)
    token = world.component_token(platform, renew=True)
    payload = {"component_access_token": token.value, "expires_in": int(token.expires_at - world.clock())}
    return _with_optional_errcode(world, call, payload)


def api_authorizer_token(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /cgi-bin/component/api_authorizer_token`: a new authorizer_access_token."""
    request = call.json_object()
    authorization = _authorization(world, call, request)
    if authorization.errcode:
        raise SimulatedApiError(authorization.errcode, varied=True)
    if not authorization.use(request.get("authorizer_refresh_token")):
        raise SimulatedApiError(61023, varied=True)
    token = world.authorizer_token(authorization)
    payload = {
        "authorizer_access_token": token.value,
        "expires_in": int(token.expires_at - world.clock()),
        "authorizer_refresh_token": authorization.refresh_token,
    }
    return _with_optional_errcode(world, call, payload)


def api_get_authorizer_list(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /cgi-bin/component/api_get_authorizer_list`: one page of the authorizations."""
    request = call.json_object()
    component_appid = str(request.get("component_appid", ""))
    call.appid = component_appid if component_appid in world.platforms else ""
    platform = platform_called_by(world, call, request)
    errcode = platform.next_list_errcodes.pop(0) if platform.next_list_errcodes else platform.list_errcode
    if errcode:
        raise SimulatedApiError(errcode, varied=True)
    start, end = _page(platform, request)
    authorizers = world.authorizers(platform)
    page = [authorizer for authorizer in authorizers[start:end] if not authorizer.revoked]
    if platform.revoked_after_pages:
        world.revoke(platform.component_appid, platform.revoked_after_pages.pop(0))
    entries = [_list_entry(authorizer) for authorizer in page]
    if not world.quirks:
        return {"total_count": len(authorizers), "list": entries}
    rng = world.random(component_appid)
    payload = quirks.numbers_as_text({"total_count": len(authorizers)}, rng)
    untidy_entries = [quirks.numbers_as_text(entry, rng) for entry in entries]
    omit_list = not entries and quirks.happens(rng, 0.5)
    return payload if omit_list else payload | {"list": untidy_entries}


def api_get_authorizer_info(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /cgi-bin/component/api_get_authorizer_info`: the account and its granted permission sets."""
    authorization = _authorization(world, call, call.json_object())
    platform = world.platforms[authorization.component_appid]
    errcode = authorization.info_errcode or platform.info_errcode
    if errcode:
        raise SimulatedApiError(errcode, varied=True)
    payload: dict[str, object] = {
        "authorizer_info": _account(world, authorization),
        "authorization_info": {
            "authorizer_appid": authorization.appid,
            "authorizer_refresh_token": authorization.refresh_token,
            "func_info": [{"funcscope_category": {"id": number}} for number in authorization.permissions],
        },
    }
    return _with_optional_errcode(world, call, payload)


def _response_settings(call: ApiCall) -> ResponseSettings:
    if call.platform is None:
        return ResponseSettings()
    latency = call.platform.latency + (call.authorization.latency if call.authorization else 0.0)
    return ResponseSettings(latency, call.platform.hang)


def _empty_page(_world: World, _call: ApiCall) -> dict[str, object]:
    return {"total_count": 0, "list": []}


_PATH = "/cgi-bin/component/"
APIS: dict[str, SimulatedApi] = {
    f"{_PATH}api_component_token": SimulatedApi(
        "api_component_token", "POST", api_component_token, _response_settings
    ),
    f"{_PATH}api_authorizer_token": SimulatedApi(
        "api_authorizer_token", "POST", api_authorizer_token, _response_settings
    ),
    f"{_PATH}api_get_authorizer_list": SimulatedApi(
        "api_get_authorizer_list", "POST", api_get_authorizer_list, _response_settings, _empty_page
    ),
    f"{_PATH}api_get_authorizer_info": SimulatedApi(
        "api_get_authorizer_info", "POST", api_get_authorizer_info, _response_settings
    ),
}


def _authorization(world: World, call: ApiCall, request: Mapping[str, object]) -> Authorization:
    appid = str(request.get("authorizer_appid", ""))
    call.appid = appid if appid in world.apps else ""
    platform = platform_called_by(world, call, request)
    if not appid:
        raise SimulatedApiError(40013)
    authorization = world.authorizations[platform.component_appid].get(appid)
    if authorization is None:
        raise SimulatedApiError(61003, varied=True)
    call.authorization = authorization
    return authorization


def _page(platform: SimulatedPlatform, request: Mapping[str, object]) -> tuple[int, int]:
    offset, count = request.get("offset"), request.get("count")
    # type() instead of isinstance(), because bool is a subclass of int.
    if type(offset) is not int or type(count) is not int:
        raise SimulatedApiError(47001)
    if offset < 0 or count < 1:
        raise SimulatedApiError(40097)
    if count > platform.page_cap:
        raise SimulatedApiError(40170, varied=True)
    return offset, offset + min(count, platform.page_cut or count)


def _list_entry(authorization: Authorization) -> dict[str, object]:
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
        "account_status": authorization.account_status,
        "signature": "",
    }
    if authorization.mini_program:
        domains = world.domains(world.apps[authorization.appid])
        account["MiniProgramInfo"] = {
            "network": {key: domains[category] for key, category in _NETWORK_KEYS.items()},
            "categories": [{"first": "工具", "second": "信息查询"}],
            "visit_status": 0,
        }
    return account


def _with_optional_errcode(world: World, call: ApiCall, payload: dict[str, object]) -> dict[str, object]:
    return quirks.with_optional_errcode(payload, world.random(call.appid)) if world.quirks else payload
