"""Whom a call is for: what stands in its URL, and whether that is good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apis.api_call import ApiRefusal, UnlistedPathError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.simulator.apis.api_call import Call
    from wx_domain_exporter.simulator.platforms import SimulatedPlatform
    from wx_domain_exporter.simulator.tokens import Token
    from wx_domain_exporter.simulator.world import SimulatedApp, World

_CLOUDBASE = "cloudbase_access_token"
_CREDENTIALS = ("access_token", _CLOUDBASE, "from_appid")


def app_called_for(world: World, call: Call, permission: int | None = None) -> SimulatedApp:
    """The app that an app API is called for: that of its token, or of `from_appid` inside the cloud.

    Args:
        world: Where it is known.
        call: Takes note of it.
        permission: The permission set that a platform's token needs.

    Raises:
        Refusal: There is no token, or it is unknown, revoked, expired, or of a kind that does not do.
        UnlistedPathError: The cloud does not let the call through.
    """
    given = [name for name in _CREDENTIALS if call.query.get(name)]
    if len(given) > 1:
        raise ApiRefusal(40097)
    if given == ["from_appid"]:
        return _app_in_the_cloud(world, call)
    if not given:
        raise ApiRefusal(41001)
    token = world.find_token(call.query[given[0]])
    if token is None or (token.series.kind == "cloudbase") != (given[0] == _CLOUDBASE):
        raise ApiRefusal(40001)
    if token.series.kind == "component":
        raise ApiRefusal(61015)
    call.is_about(world.apps[token.appid])
    if token.expires_at <= world.clock():
        raise ApiRefusal(42001)
    _check_authorization(call, token, permission)
    return world.apps[token.appid]


def platform_called_by(world: World, call: Call, request: Mapping[str, object]) -> SimulatedPlatform:
    """The platform whose component_access_token the call carries.

    Raises:
        Refusal: There is no such token, it is unknown, revoked or expired, or the request names another
            platform.
    """
    value = call.query.get("component_access_token") or call.query.get("access_token")
    if not value:
        raise ApiRefusal(41001)
    token = world.tokens.find(value)
    if token is None:
        raise ApiRefusal(40014)
    platform = world.platforms.get(token.appid)
    if platform is None:
        raise ApiRefusal(61014)
    call.platform = platform
    if token.revoked:
        raise ApiRefusal(40001)
    if token.expires_at <= world.clock():
        raise ApiRefusal(42001)
    if not request.get("component_appid"):
        raise ApiRefusal(41018)
    if request["component_appid"] != platform.component_appid:
        raise ApiRefusal(61011)
    if not platform.whitelisted:
        raise ApiRefusal(61004)
    return platform


def _app_in_the_cloud(world: World, call: Call) -> SimulatedApp:
    # Only plain HTTP passes through the cloud, which is what vouches for the caller.
    if call.secure:
        raise ApiRefusal(41001)
    app = world.apps.get(call.query["from_appid"])
    if app is None:
        raise ApiRefusal(85112)
    call.is_about(app)
    call.through_cloud = True
    if app.cloudrun_paths is not None and call.path not in app.cloudrun_paths:
        raise UnlistedPathError
    if not app.cloudrun:
        raise ApiRefusal(85107)
    return app


def _check_authorization(call: Call, token: Token, permission: int | None) -> None:
    call.authorization = token.authorization
    if token.authorization is None:
        return
    if token.authorization.revoked:
        raise ApiRefusal(61003, elaborate=True)
    if permission is not None and permission not in token.authorization.permissions:
        raise ApiRefusal(61007, elaborate=True)
