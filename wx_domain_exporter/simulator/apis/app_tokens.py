"""The APIs that make an app's access_token from its appsecret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apis.api_call import ResponseSettings, SimulatedApi, SimulatedApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.simulator.apis.api_call import ApiCall
    from wx_domain_exporter.simulator.token_store import Token
    from wx_domain_exporter.simulator.world import SimulatedApp, World


def stable_token(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /cgi-bin/stable_token`: the current stable token."""
    request = call.json_object()
    force_refresh = request.get("force_refresh") is True
    if force_refresh:
        call.counted_as = "stable_token_force_refresh"
    app = _authenticated_app(world, call, request)
    return _token_payload(world, world.stable_token(app, force_refresh=force_refresh))


def plain_token(world: World, call: ApiCall) -> dict[str, object]:
    """`GET /cgi-bin/token`: always a new token, which invalidates the previous one."""
    app = _authenticated_app(world, call, call.query)
    return _token_payload(world, world.plain_token(app))


def _response_settings(call: ApiCall) -> ResponseSettings:
    return ResponseSettings(call.app.token_latency, call.app.token_hang) if call.app else ResponseSettings()


APIS: dict[str, SimulatedApi] = {
    "/cgi-bin/stable_token": SimulatedApi("stable_token", "POST", stable_token, _response_settings),
    "/cgi-bin/token": SimulatedApi("token", "GET", plain_token, _response_settings),
}


def _authenticated_app(world: World, call: ApiCall, request: Mapping[str, object]) -> SimulatedApp:
    appid = str(request.get("appid", ""))
    app = world.apps.get(appid)
    if app is not None:
        call.set_app(app)
    if not request.get("appid"):
        raise SimulatedApiError(41002)
    if not request.get("secret"):
        raise SimulatedApiError(41004)
    if request.get("grant_type") != "client_credential":
        raise SimulatedApiError(40002)
    if app is None:
        raise SimulatedApiError(61024 if appid in world.platforms else 40013)
    if app.token_errcode:
        raise SimulatedApiError(app.token_errcode)
    if request.get("secret") != app.appsecret:
        raise SimulatedApiError(40125)
    ip_allowed = not app.ip_whitelist or (call.client_ip or world.client_ip) in app.ip_whitelist
    if not (app.whitelisted and ip_allowed):
        raise SimulatedApiError(40164)
    return app


def _token_payload(world: World, token: Token) -> dict[str, object]:
    return {"access_token": token.value, "expires_in": int(token.expires_at - world.clock())}
