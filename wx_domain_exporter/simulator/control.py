"""The HTTP interface with which tests read and change a simulated WeChat in another process.

- `GET /_simulator/calls`: the counted calls, `{api: {appid: number}}`; `DELETE` resets the counts.
- `POST /_simulator/apps/APPID` with a JSON object: see `World.patch`.
- `POST /_simulator/apps/APPID/domains-at-mp` with lists by category: see `World.set_domains_at_mp`.
- `POST /_simulator/platforms/COMPONENT_APPID`: see `World.patch_platform`.
- `POST /_simulator/platforms/COMPONENT_APPID/authorizations/APPID`: see `World.patch_authorization`.
- `POST /_simulator/token_service`: see `World.patch_token_service`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.simulator.world import World

PREFIX = "/_simulator/"

_PATHS = (
    "calls, apps/APPID, apps/APPID/domains-at-mp, platforms/COMPONENT_APPID, "
    "platforms/COMPONENT_APPID/authorizations/APPID, token_service"
)


def answer_control_request(world: World, method: str, path: str, body: bytes) -> Response:
    """Answer one request below `/_simulator/`."""
    parts = path.removeprefix(PREFIX).split("/")
    if parts == ["calls"] and method in {"GET", "DELETE"}:
        return _calls(world, reset=method == "DELETE")
    if method != "POST":
        return _error(404, f"available below {PREFIX}: {_PATHS}")
    try:
        settings = json.loads(body)
        if not isinstance(settings, dict):
            return _error(400, "the body must be a JSON object of settings")
        return _apply_settings(world, parts, settings)
    except KeyError as error:
        return _error(404, f"unknown: {error}")
    except ValueError as error:
        return _error(400, str(error))


def _apply_settings(world: World, parts: list[str], settings: Mapping[str, object]) -> Response:
    match parts:
        case ["apps", appid]:
            world.patch(appid, settings)
        case ["apps", appid, "domains-at-mp"]:
            world.set_domains_at_mp(appid, settings)
        case ["platforms", component_appid]:
            world.patch_platform(component_appid, settings)
        case ["platforms", component_appid, "authorizations", appid]:
            world.patch_authorization(component_appid, appid, settings)
        case ["token_service"]:
            world.patch_token_service(settings)
        case _:
            return _error(404, f"available below {PREFIX}: {_PATHS}")
    return Response(status_code=204)


def _calls(world: World, *, reset: bool) -> Response:
    counts: dict[str, dict[str, int]] = {}
    with world.lock:
        for (api, appid), number in world.calls.items():
            counts.setdefault(api, {})[appid] = number
        if reset:
            world.calls.clear()
    return Response(json.dumps(counts), media_type="application/json")


def _error(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, media_type="text/plain")
