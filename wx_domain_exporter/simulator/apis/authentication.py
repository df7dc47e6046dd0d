"""Checks the credentials in a call's URL, and finds the app or the platform that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apis.api_call import SimulatedApiError, UnlistedPathError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.simulator.apis.api_call import ApiCall
    from wx_domain_exporter.simulator.platform_settings import SimulatedPlatform
    from wx_domain_exporter.simulator.token_store import Token
    from wx_domain_exporter.simulator.world import SimulatedApp, World

_CLOUDBASE = "cloudbase_access_token"
_CREDENTIALS = ("access_token", _CLOUDBASE, "from_appid")


def app_called_for(world: World, call: ApiCall, permission: int | None = None) -> SimulatedApp:
    """The app that a call is for: the owner of its token, or inside 微信云托管 that of `from_appid`.

    Args:
        world: The state of the simulated WeChat.
        call: The call; its app, appid and authorization are set.
        permission: The permission set that a platform needs for this API.

    Raises:
        SimulatedApiError: There is no token, or it is unknown, revoked, expired or of the wrong kind.
        UnlistedPathError: The sidecar of 微信云托管 rejects the call.
    """
    names = [name for name in _CREDENTIALS if call.query.get(name)]
    if len(names) > 1:
        raise SimulatedApiError(40097)
    if names == ["from_appid"]:
        return _app_in_cloudrun(world, call)
    if not names:
        raise SimulatedApiError(41001)
    token = world.find_token(call.query[names[0]])
    if token is None or (token.series.kind == "cloudbase") != (names[0] == _CLOUDBASE):
        raise SimulatedApiError(40001)
    if token.series.kind == "component":
        raise SimulatedApiError(61015)
    call.set_app(world.apps[token.appid])
    if token.expires_at <= world.clock():
        raise SimulatedApiError(42001)
    _check_authorization(call, token, permission)
    return world.apps[token.appid]


def platform_called_by(world: World, call: ApiCall, request: Mapping[str, object]) -> SimulatedPlatform:
    """The platform whose component_access_token the call carries.

    Raises:
        SimulatedApiError: There is no token, it is unknown, revoked or expired, or the request names another
            platform.
    """
    value = call.query.get("component_access_token") or call.query.get("access_token")
    if not value:
        raise SimulatedApiError(41001)
    platform = owner_of_component_token(world, call, value)
    if not request.get("component_appid"):
        raise SimulatedApiError(41018)
    if request["component_appid"] != platform.component_appid:
        raise SimulatedApiError(61011)
    if not platform.whitelisted:
        raise SimulatedApiError(61004)
    return platform


def owner_of_component_token(world: World, call: ApiCall, value: str) -> SimulatedPlatform:
    """The platform that a component_access_token belongs to; the call's platform is set.

    Raises:
        SimulatedApiError: The token is unknown, revoked, expired, or not a platform's.
    """
    token = world.tokens.find(value)
    if token is None:
        raise SimulatedApiError(40014)
    platform = world.platforms.get(token.appid)
    if platform is None:
        raise SimulatedApiError(61014)
    call.platform = platform
    if token.revoked:
        raise SimulatedApiError(40001)
    if token.expires_at <= world.clock():
        raise SimulatedApiError(42001)
    return platform


def _app_in_cloudrun(world: World, call: ApiCall) -> SimulatedApp:
    # The sidecar, which authenticates the caller, intercepts plain HTTP only.
    if call.secure:
        raise SimulatedApiError(41001)
    app = world.apps.get(call.query["from_appid"])
    if app is None:
        raise SimulatedApiError(85112)
    call.set_app(app)
    call.through_cloud = True
    if app.cloudrun_paths is not None and call.path not in app.cloudrun_paths:
        raise UnlistedPathError
    if not app.cloudrun:
        raise SimulatedApiError(85107)
    return app


def _check_authorization(call: ApiCall, token: Token, permission: int | None) -> None:
    call.authorization = token.authorization
    if token.authorization is None:
        return
    if token.authorization.revoked:
        raise SimulatedApiError(61003, varied=True)
    if permission is not None and permission not in token.authorization.permissions:
        raise SimulatedApiError(61007, varied=True)
