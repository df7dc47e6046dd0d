"""Answers a call: finds the API by the path, runs its handler, and renders the payload as WeChat might."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis import app_tokens, components, domains, platform_domains, quota
from wx_domain_exporter.simulator.apis.api_call import SimulatedApiError, SimulatedResponse, UnlistedPathError
from wx_domain_exporter.simulator.errmsgs import errmsg

if TYPE_CHECKING:
    from random import Random

    from wx_domain_exporter.simulator.apis.api_call import ApiCall, SimulatedApi
    from wx_domain_exporter.simulator.world import World

APIS: dict[str, SimulatedApi] = (
    app_tokens.APIS | domains.APIS | quota.APIS | components.APIS | platform_domains.APIS
)
"""All APIs by path."""


def answer_api_call(world: World, call: ApiCall) -> SimulatedResponse:
    """Count one call and answer it."""
    api = APIS.get(call.path)
    if api is None:
        return _unknown_url(world)
    with world.lock:
        call.counted_as = api.name
        response = _response(world, api, call)
        world.count(call.counted_as, call.appid)
    return response


def _response(world: World, api: SimulatedApi, call: ApiCall) -> SimulatedResponse:
    if call.method == "POST" and not call.content_length:
        return SimulatedResponse(412, b"", "text/plain")
    try:
        _check_method(api, call)
        payload = api.handler(world, call)
    except SimulatedApiError as error:
        payload = _error_payload(world, api, call, error)
    except UnlistedPathError:
        return SimulatedResponse(502, b"", "text/plain")
    body, content_type = quirks.render(payload, _rng(world, call))
    settings = api.response_settings(call)
    if settings.raw_body is not None:
        body = settings.raw_body.encode()
    headers = {"x-openapi-seqid": world.request_id(call.appid)} if call.through_cloud else {}
    return SimulatedResponse(settings.status, body, content_type, settings.delay, settings.hang, headers)


def _check_method(api: SimulatedApi, call: ApiCall) -> None:
    if call.method != api.method:
        raise SimulatedApiError(43002 if api.method == "POST" else 43001)


def _error_payload(
    world: World, api: SimulatedApi, call: ApiCall, error: SimulatedApiError
) -> dict[str, object]:
    rng = world.random(call.appid)
    untidy = world.quirks and error.varied
    url = None
    if untidy and quirks.happens(rng, world.quoted_urls):
        parameters = "&".join(f"{name}={value}" for name, value in call.query.items())
        url = f"https://api.weixin.qq.com{call.path}?{parameters}"
    text = errmsg(error.errcode, world.request_id(call.appid), ip=call.client_ip or world.client_ip, url=url)
    payload: dict[str, object] = {"errcode": error.errcode, "errmsg": text}
    return quirks.untidy_failure(payload, api.empty_lists(world, call), rng) if untidy else payload


def _unknown_url(world: World) -> SimulatedResponse:
    with world.lock:
        payload = {"errcode": 40066, "errmsg": errmsg(40066, world.request_id(""))}
    body, content_type = quirks.render(payload, None)
    return SimulatedResponse(404, body, content_type)


def _rng(world: World, call: ApiCall) -> Random | None:
    return world.random(call.appid) if world.quirks else None
