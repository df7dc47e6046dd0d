"""What the token centre in front of WeChat answers: it alone makes tokens, and hands them on to many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apis.api_call import SimulatedAnswer

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.apis.api_call import Call
    from wx_domain_exporter.simulator.tokens import Token
    from wx_domain_exporter.simulator.world import World

PATH = "/_centre/token"


def centre_answer(world: World, call: Call) -> SimulatedAnswer:
    """Answer `GET /_centre/token?appId=APPID`, counted as `centre`.

    The appid is an app's, for its stable token, or a platform's, for the component_access_token in force.
    """
    with world.lock:
        status, payload = _handled(world, call)
        world.count("centre", call.appid)
        centre = world.centre
        text = json.dumps(payload) if centre.raw_body is None else centre.raw_body
        kind = "application/json" if centre.raw_body is None else "text/html"
        return SimulatedAnswer(status, text.encode(), kind, centre.latency, centre.hang)


def _handled(world: World, call: Call) -> tuple[int, dict[str, object]]:
    appid = call.query.get("appId", "")
    known = appid in world.apps or appid in world.platforms
    call.appid = appid if known else ""
    centre = world.centre
    if call.path != PATH or call.method != "GET":
        return 404, _problem(404, f"GET {PATH}?appId=APPID")
    if centre.key is not None and call.authorization_header != f"Bearer {centre.key}":
        return 401, _problem(401, "unauthorized")
    status = centre.next_statuses.pop(0) if centre.next_statuses else centre.status
    if status != 200:
        return status, _problem(status, "unavailable")
    if not known:
        return 200, _problem(1, f"unknown appId {appid}")
    app = world.apps.get(appid)
    if app is not None and app.token_errcode:
        return 200, _problem(app.token_errcode, "WeChat refused")
    return 200, {"code": 0, "data": _data(world, appid)}


def _data(world: World, appid: str) -> dict[str, object]:
    centre, token = world.centre, _token(world, appid)
    value = token.value if centre.fixed_token is None else centre.fixed_token
    data: dict[str, object] = {"access_token": "" if centre.empty_token else value}
    if not centre.no_lifetime:
        rest = int(token.expires_at - world.clock())
        data["expires_in"] = rest if centre.expires_in is None else centre.expires_in
    return data


def _token(world: World, appid: str) -> Token:
    app = world.apps.get(appid)
    return world.stable_token(app) if app else world.component_token(world.platforms[appid])


def _problem(code: int, message: str) -> dict[str, object]:
    return {"code": code, "message": message, "data": None}
