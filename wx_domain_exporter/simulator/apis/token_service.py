"""The simulated central token service, which makes tokens at WeChat and shares them with its callers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apis.api_call import SimulatedResponse

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.apis.api_call import ApiCall
    from wx_domain_exporter.simulator.token_store import Token
    from wx_domain_exporter.simulator.world import World

PATH = "/_token_service/token"


def answer_token_request(world: World, call: ApiCall) -> SimulatedResponse:
    """Answer `GET /_token_service/token?appId=APPID`, counted as `token_service`.

    The appid is an app's, for its stable token, or a platform's, for its current component_access_token.
    """
    with world.lock:
        status, payload = _status_and_payload(world, call)
        world.count("token_service", call.appid)
        settings = world.token_service
        text = json.dumps(payload) if settings.raw_body is None else settings.raw_body
        content_type = "application/json" if settings.raw_body is None else "text/html"
        return SimulatedResponse(status, text.encode(), content_type, settings.latency, settings.hang)


def _status_and_payload(world: World, call: ApiCall) -> tuple[int, dict[str, object]]:
    appid = call.query.get("appId", "")
    known = appid in world.apps or appid in world.platforms
    call.appid = appid if known else ""
    settings = world.token_service
    if call.path != PATH or call.method != "GET":
        return 404, _error_payload(404, f"GET {PATH}?appId=APPID")
    if settings.key is not None and call.authorization_header != f"Bearer {settings.key}":
        return 401, _error_payload(401, "unauthorized")
    status = settings.next_statuses.pop(0) if settings.next_statuses else settings.status
    if status != 200:
        return status, _error_payload(status, "unavailable")
    if not known:
        return 200, _error_payload(1, f"unknown appId {appid}")
    app = world.apps.get(appid)
    if app is not None and app.token_errcode:
        return 200, _error_payload(app.token_errcode, "WeChat refused")
    return 200, {"code": 0, "data": _data(world, appid)}


def _data(world: World, appid: str) -> dict[str, object]:
    settings, token = world.token_service, _token(world, appid)
    value = token.value if settings.fixed_token is None else settings.fixed_token
    data: dict[str, object] = {"access_token": "" if settings.empty_token else value}
    if not settings.no_lifetime:
        remaining = int(token.expires_at - world.clock())
        data["expires_in"] = remaining if settings.expires_in is None else settings.expires_in
    return data


def _token(world: World, appid: str) -> Token:
    app = world.apps.get(appid)
    return world.stable_token(app) if app else world.component_token(world.platforms[appid])


def _error_payload(code: int, message: str) -> dict[str, object]:
    return {"code": code, "message": message, "data": None}
