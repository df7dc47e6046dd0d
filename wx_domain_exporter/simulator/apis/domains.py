"""The APIs that list an app's domains: those configured, and those in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis.access import app_called_for
from wx_domain_exporter.simulator.apis.api_call import ApiRefusal, Conduct, SimulatedApi
from wx_domain_exporter.simulator.apps import SERVER_CATEGORIES
from wx_domain_exporter.simulator.platforms import DEVELOPMENT

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.apis.api_call import Call
    from wx_domain_exporter.simulator.world import SimulatedApp, World

_EFFECTIVE_CATEGORIES = (*SERVER_CATEGORIES, "tcpdomain")
_ORIGINS = ("mp", "third", "direct", "effective")
"""Set on WeChat's pages, by a platform for all its apps, by one for this app alone; and what is in force."""


def getwxadevinfo(world: World, call: Call) -> dict[str, object]:
    """`POST /wxa/getwxadevinfo`: the domain lists as configured."""
    app = _mini_program(world, call)
    request = call.json_object()
    if not world.spend_quota("getwxadevinfo", app):
        raise ApiRefusal(45009)
    errcode = app.next_errcodes.pop(0) if app.next_errcodes else app.errcode
    if errcode:
        raise ApiRefusal(errcode, elaborate=True)
    payload: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    domains = _covered_by(request.get("action"), world.domains(app))
    shown = quirks.lists(domains, world.random(app.appid)) if world.quirks else domains
    return _success(world, app, payload | shown)


def get_effective_domain(world: World, call: Call) -> dict[str, object]:
    """`POST /wxa/get_effective_domain`: the server domains by origin, and those in force."""
    app = _effective_app(world, call)
    payload: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    for origin in _ORIGINS:
        lists = _lists(world, app, origin)
        shown = {category: lists.get(category, []) for category in _EFFECTIVE_CATEGORIES}
        payload[f"{origin}_domain"] = quirks.lists(shown, world.random(app.appid)) if world.quirks else shown
    return _success(world, app, payload)


def get_effective_webviewdomain(world: World, call: Call) -> dict[str, object]:
    """`POST /wxa/get_effective_webviewdomain`: the business domains by origin, and those in force."""
    app = _effective_app(world, call)
    payload: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    for origin in _ORIGINS:
        listed = _lists(world, app, origin).get("bizdomain", [])
        shown = quirks.disordered(listed, world.random(app.appid)) if world.quirks else listed
        payload[f"{origin}_webviewdomain"] = shown
    return _success(world, app, payload)


def _conduct(call: Call) -> Conduct:
    app = call.app
    return Conduct(app.latency, app.hang, app.http_status, app.raw_body) if app else Conduct()


def _effective_conduct(call: Call) -> Conduct:
    app = call.app
    return Conduct(app.latency, app.effective_hang, 200, app.effective_raw_body) if app else Conduct()


def _empty_lists(world: World, call: Call) -> dict[str, object]:
    return {category: [] for category in world.domains(call.app)} if call.app else {}


def _empty_objects(_world: World, _call: Call) -> dict[str, object]:
    return {f"{origin}_domain": {category: [] for category in _EFFECTIVE_CATEGORIES} for origin in _ORIGINS}


def _empty_webview_lists(_world: World, _call: Call) -> dict[str, object]:
    return {f"{origin}_webviewdomain": [] for origin in _ORIGINS}


APIS: dict[str, SimulatedApi] = {
    "/wxa/getwxadevinfo": SimulatedApi("getwxadevinfo", "POST", getwxadevinfo, _conduct, _empty_lists),
    "/wxa/get_effective_domain": SimulatedApi(
        "get_effective_domain", "POST", get_effective_domain, _effective_conduct, _empty_objects
    ),
    "/wxa/get_effective_webviewdomain": SimulatedApi(
        "get_effective_webviewdomain",
        "POST",
        get_effective_webviewdomain,
        _effective_conduct,
        _empty_webview_lists,
    ),
}


def _mini_program(world: World, call: Call) -> SimulatedApp:
    app = app_called_for(world, call, DEVELOPMENT)
    if call.authorization is not None and not call.authorization.mini_program:
        raise ApiRefusal(85015, elaborate=True)
    return app


def _effective_app(world: World, call: Call) -> SimulatedApp:
    app = _mini_program(world, call)
    call.json_object()
    if app.effective_errcode:
        raise ApiRefusal(app.effective_errcode, elaborate=True)
    return app


def _lists(world: World, app: SimulatedApp, origin: str) -> dict[str, list[str]]:
    if not app.effective_told:
        return {}
    if origin == "effective" and app.effective is not None:
        return app.effective
    return world.domains(app) if origin in {"mp", "effective"} else {}


def _success(world: World, app: SimulatedApp, payload: dict[str, object]) -> dict[str, object]:
    return quirks.success(payload, world.random(app.appid)) if world.quirks else payload


def _covered_by(action: object, domains: dict[str, list[str]]) -> dict[str, list[str]]:
    if action is None or action == "":
        return domains
    if action == "getbizdomain":
        return {"bizdomain": domains["bizdomain"]}
    if action == "getserverdomain":
        return {category: values for category, values in domains.items() if category != "bizdomain"}
    raise ApiRefusal(40097)
