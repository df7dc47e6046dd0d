"""How a simulated WeChat is changed and read over HTTP, by tests that run it as a process of its own.

- `GET /_simulator/calls`: the counted calls, `{api: {appid: number}}`; `DELETE` forgets them.
- `POST /_simulator/apps/APPID` with a JSON object: see `World.patch`.
- `POST /_simulator/apps/APPID/domains-at-mp` with lists by category: see `World.set_domains_at_mp`.
- `POST /_simulator/platforms/COMPONENT_APPID`: see `World.patch_platform`.
- `POST /_simulator/platforms/COMPONENT_APPID/authorizations/APPID`: see `World.patch_authorization`.
- `POST /_simulator/centre`: see `World.patch_centre`.
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
    "platforms/COMPONENT_APPID/authorizations/APPID, centre"
)


def control(world: World, method: str, path: str, body: bytes) -> Response:
    """Answer one request below `/_simulator/`."""
    parts = path.removeprefix(PREFIX).split("/")
    if parts == ["calls"] and method in {"GET", "DELETE"}:
        return _calls(world, forget=method == "DELETE")
    if method != "POST":
        return _problem(404, f"what there is below {PREFIX}: {_PATHS}")
    try:
        settings = json.loads(body)
        if not isinstance(settings, dict):
            return _problem(400, "a JSON object of settings is wanted")
        return _change(world, parts, settings)
    except KeyError as error:
        return _problem(404, f"not known: {error}")
    except ValueError as error:
        return _problem(400, str(error))


def _change(world: World, parts: list[str], settings: Mapping[str, object]) -> Response:
    match parts:
        case ["apps", appid]:
            world.patch(appid, settings)
        case ["apps", appid, "domains-at-mp"]:
            world.set_domains_at_mp(appid, settings)
        case ["platforms", component_appid]:
            world.patch_platform(component_appid, settings)
        case ["platforms", component_appid, "authorizations", appid]:
            world.patch_authorization(component_appid, appid, settings)
        case ["centre"]:
            world.patch_centre(settings)
        case _:
            return _problem(404, f"what there is below {PREFIX}: {_PATHS}")
    return Response(status_code=204)


def _calls(world: World, *, forget: bool) -> Response:
    counted: dict[str, dict[str, int]] = {}
    with world.lock:
        for (api, appid), number in world.calls.items():
            counted.setdefault(api, {})[appid] = number
        if forget:
            world.calls.clear()
    return Response(json.dumps(counted), media_type="application/json")


def _problem(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, media_type="text/plain")
