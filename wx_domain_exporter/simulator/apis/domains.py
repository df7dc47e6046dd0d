"""The APIs that list an app's domains: the configured ones and the effective ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis.api_call import ResponseSettings, SimulatedApi, SimulatedApiError
from wx_domain_exporter.simulator.apis.authentication import app_called_for
from wx_domain_exporter.simulator.app_settings import SERVER_CATEGORIES
from wx_domain_exporter.simulator.platform_settings import DEVELOPMENT_PERMISSION

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.apis.api_call import ApiCall
    from wx_domain_exporter.simulator.world import SimulatedApp, World

_EFFECTIVE_CATEGORIES = (*SERVER_CATEGORIES, "tcpdomain")
_ORIGINS = ("mp", "third", "direct", "effective")
"""Set at mp.weixin.qq.com, by a platform for all its apps or for this app alone; and the effective ones."""


def getwxadevinfo(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /wxa/getwxadevinfo`: the configured domain lists."""
    app = _mini_program(world, call)
    request = call.json_object()
    if not world.spend_quota("getwxadevinfo", app):
        raise SimulatedApiError(45009)
    errcode = app.next_errcodes.pop(0) if app.next_errcodes else app.errcode
    if errcode:
        raise SimulatedApiError(errcode, varied=True)
    payload: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    domains = _covered_by(request.get("action"), world.domains(app))
    return _success(world, app, payload | _untidy_lists(world, app, domains))


def get_effective_domain(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /wxa/get_effective_domain`: the server domains by origin, and the effective ones."""
    app = _effective_app(world, call)
    payload: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    for origin in _ORIGINS:
        lists = _lists(world, app, origin)
        by_category = {category: lists.get(category, []) for category in _EFFECTIVE_CATEGORIES}
        payload[f"{origin}_domain"] = _untidy_lists(world, app, by_category)
    return _success(world, app, payload)


def get_effective_webviewdomain(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /wxa/get_effective_webviewdomain`: the business domains by origin, and the effective ones."""
    app = _effective_app(world, call)
    payload: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    for origin in _ORIGINS:
        domains = _lists(world, app, origin).get("bizdomain", [])
        if world.quirks:
            domains = quirks.untidy_list(domains, world.random(app.appid))
        payload[f"{origin}_webviewdomain"] = domains
    return _success(world, app, payload)


def _response_settings(call: ApiCall) -> ResponseSettings:
    app = call.app
    return (
        ResponseSettings(app.latency, app.hang, app.http_status, app.raw_body) if app else ResponseSettings()
    )


def _effective_response_settings(call: ApiCall) -> ResponseSettings:
    app = call.app
    return (
        ResponseSettings(app.latency, app.effective_hang, 200, app.effective_raw_body)
        if app
        else ResponseSettings()
    )


def _empty_lists(world: World, call: ApiCall) -> dict[str, object]:
    return {category: [] for category in world.domains(call.app)} if call.app else {}


def _empty_objects(_world: World, _call: ApiCall) -> dict[str, object]:
    return {f"{origin}_domain": {category: [] for category in _EFFECTIVE_CATEGORIES} for origin in _ORIGINS}


def _empty_webview_lists(_world: World, _call: ApiCall) -> dict[str, object]:
    return {f"{origin}_webviewdomain": [] for origin in _ORIGINS}


APIS: dict[str, SimulatedApi] = {
    "/wxa/getwxadevinfo": SimulatedApi(
        "getwxadevinfo", "POST", getwxadevinfo, _response_settings, _empty_lists
    ),
    "/wxa/get_effective_domain": SimulatedApi(
        "get_effective_domain", "POST", get_effective_domain, _effective_response_settings, _empty_objects
    ),
    "/wxa/get_effective_webviewdomain": SimulatedApi(
        "get_effective_webviewdomain",
        "POST",
        get_effective_webviewdomain,
        _effective_response_settings,
        _empty_webview_lists,
    ),
}


def _mini_program(world: World, call: ApiCall) -> SimulatedApp:
    app = app_called_for(world, call, DEVELOPMENT_PERMISSION)
    if call.authorization is not None and not call.authorization.mini_program:
        raise SimulatedApiError(85015, varied=True)
    return app


def _effective_app(world: World, call: ApiCall) -> SimulatedApp:
    app = _mini_program(world, call)
    call.json_object()
    if app.effective_errcode:
        raise SimulatedApiError(app.effective_errcode, varied=True)
    return app


def _lists(world: World, app: SimulatedApp, origin: str) -> dict[str, list[str]]:
    if not app.effective_reported:
        return {}
    if origin == "effective" and app.effective is not None:
        return app.effective
    return world.domains(app) if origin in {"mp", "effective"} else {}


def _untidy_lists(world: World, app: SimulatedApp, lists: dict[str, list[str]]) -> dict[str, object]:
    return quirks.untidy_lists(lists, world.random(app.appid)) if world.quirks else dict(lists)


def _success(world: World, app: SimulatedApp, payload: dict[str, object]) -> dict[str, object]:
    return quirks.untidy_success(payload, world.random(app.appid)) if world.quirks else payload


def _covered_by(action: object, domains: dict[str, list[str]]) -> dict[str, list[str]]:
    if action is None or action == "":
        return domains
    if action == "getbizdomain":
        return {"bizdomain": domains["bizdomain"]}
    if action == "getserverdomain":
        return {category: values for category, values in domains.items() if category != "bizdomain"}
    raise SimulatedApiError(40097)
