"""The APIs that hand out an app's own access_token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apis.api_call import ApiRefusal, Conduct, SimulatedApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.simulator.apis.api_call import Call
    from wx_domain_exporter.simulator.tokens import Token
    from wx_domain_exporter.simulator.world import SimulatedApp, World


def stable_token(world: World, call: Call) -> dict[str, object]:
    """`POST /cgi-bin/stable_token`: the token in force."""
    request = call.json_object()
    force_refresh = request.get("force_refresh") is True
    if force_refresh:
        call.counted_as = "stable_token_force_refresh"
    app = _app_with_secret(world, call, request)
    return _token_payload(world, world.stable_token(app, force_refresh=force_refresh))


def token(world: World, call: Call) -> dict[str, object]:
    """`GET /cgi-bin/token`: always a new token, at the cost of the one before it."""
    app = _app_with_secret(world, call, call.query)
    return _token_payload(world, world.plain_token(app))


def _conduct(call: Call) -> Conduct:
    return Conduct(call.app.token_latency, call.app.token_hang) if call.app else Conduct()


APIS: dict[str, SimulatedApi] = {
    "/cgi-bin/stable_token": SimulatedApi("stable_token", "POST", stable_token, _conduct),
    "/cgi-bin/token": SimulatedApi("token", "GET", token, _conduct),
}


def _app_with_secret(world: World, call: Call, request: Mapping[str, object]) -> SimulatedApp:
    appid = str(request.get("appid", ""))
    app = world.apps.get(appid)
    if app is not None:
        call.is_about(app)
    if not request.get("appid"):
        raise ApiRefusal(41002)
    if not request.get("secret"):
        raise ApiRefusal(41004)
    if request.get("grant_type") != "client_credential":
        raise ApiRefusal(40002)
    if app is None:
        raise ApiRefusal(61024 if appid in world.platforms else 40013)
    if app.token_errcode:
        raise ApiRefusal(app.token_errcode)
    if request.get("secret") != app.appsecret:
        raise ApiRefusal(40125)
    is_listed = not app.ip_whitelist or (call.client_ip or world.client_ip) in app.ip_whitelist
    if not (app.whitelisted and is_listed):
        raise ApiRefusal(40164)
    return app


def _token_payload(world: World, given: Token) -> dict[str, object]:
    return {"access_token": given.value, "expires_in": int(given.expires_at - world.clock())}
