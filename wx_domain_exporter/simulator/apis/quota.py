"""The API that tells how many calls of another API are left today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis import domains
from wx_domain_exporter.simulator.apis.access import app_called_for
from wx_domain_exporter.simulator.apis.api_call import ApiRefusal, Conduct, SimulatedApi
from wx_domain_exporter.simulator.world_apps import DEFAULT_DAILY_LIMIT

if TYPE_CHECKING:
    from random import Random

    from wx_domain_exporter.simulator.apis.api_call import Call
    from wx_domain_exporter.simulator.world import World


def quota_get(world: World, call: Call) -> dict[str, object]:
    """`POST /cgi-bin/openapi/quota/get`: the daily limit of the API at `cgi_path`, used and left."""
    app = app_called_for(world, call)
    cgi_path = call.json_object().get("cgi_path")
    if app.quota_errcode:
        raise ApiRefusal(app.quota_errcode, elaborate=True)
    if not isinstance(cgi_path, str) or not cgi_path.startswith("/"):
        raise ApiRefusal(76003)
    api = _KNOWN.get(cgi_path)
    if api is None:
        raise ApiRefusal(76021)
    limit = DEFAULT_DAILY_LIMIT if app.daily_limit is None else app.daily_limit
    used = world.used_quota(api.name, app)
    quota: dict[str, object] = {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}
    rate_limit: dict[str, object] = {"call_count": 10_000, "refresh_second": 60}
    rng = world.random(app.appid) if world.quirks else None
    payload: dict[str, object] = {
        "errcode": 0,
        "errmsg": "ok",
        "quota": _perhaps_text(quota, rng),
        "rate_limit": _perhaps_text(rate_limit, rng),
    }
    if call.authorization is not None:
        payload["component_rate_limit"] = _perhaps_text({"call_count": 5_000, "refresh_second": 60}, rng)
    return payload


def _conduct(call: Call) -> Conduct:
    return Conduct(call.app.latency) if call.app else Conduct()


APIS: dict[str, SimulatedApi] = {
    "/cgi-bin/openapi/quota/get": SimulatedApi("quota/get", "POST", quota_get, _conduct)
}
_KNOWN = domains.APIS | APIS


def _perhaps_text(numbers: dict[str, object], rng: Random | None) -> dict[str, object]:
    return numbers if rng is None else quirks.perhaps_text(numbers, rng)
