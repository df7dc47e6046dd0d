"""The API that returns today's quota of another API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis import domains
from wx_domain_exporter.simulator.apis.api_call import ResponseSettings, SimulatedApi, SimulatedApiError
from wx_domain_exporter.simulator.apis.authentication import app_called_for
from wx_domain_exporter.simulator.world_apps import DEFAULT_DAILY_LIMIT

if TYPE_CHECKING:
    from random import Random

    from wx_domain_exporter.simulator.apis.api_call import ApiCall
    from wx_domain_exporter.simulator.world import World


def quota_get(world: World, call: ApiCall) -> dict[str, object]:
    """`POST /cgi-bin/openapi/quota/get`: daily limit, used and remaining calls of the API at `cgi_path`."""
    app = app_called_for(world, call)
    cgi_path = call.json_object().get("cgi_path")
    if app.quota_errcode:
        raise SimulatedApiError(app.quota_errcode, varied=True)
    if not isinstance(cgi_path, str) or not cgi_path.startswith("/"):
        raise SimulatedApiError(76003)
    api = _APIS_WITH_QUOTA.get(cgi_path)
    if api is None:
        raise SimulatedApiError(76021)
    limit = DEFAULT_DAILY_LIMIT if app.daily_limit is None else app.daily_limit
    used = world.used_quota(api.name, app)
    quota: dict[str, object] = {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}
    rate_limit: dict[str, object] = {"call_count": 10_000, "refresh_second": 60}
    rng = world.random(app.appid) if world.quirks else None
    payload: dict[str, object] = {
        "errcode": 0,
        "errmsg": "ok",
        "quota": _numbers(quota, rng),
        "rate_limit": _numbers(rate_limit, rng),
    }
    if call.authorization is not None:
        payload["component_rate_limit"] = _numbers({"call_count": 5_000, "refresh_second": 60}, rng)
    return payload


def _response_settings(call: ApiCall) -> ResponseSettings:
    return ResponseSettings(call.app.latency) if call.app else ResponseSettings()


APIS: dict[str, SimulatedApi] = {
    "/cgi-bin/openapi/quota/get": SimulatedApi("quota/get", "POST", quota_get, _response_settings)
}
_APIS_WITH_QUOTA = domains.APIS | APIS


def _numbers(numbers: dict[str, object], rng: Random | None) -> dict[str, object]:
    return numbers if rng is None else quirks.numbers_as_text(numbers, rng)
