"""From a call to an answer: finds the API, lets it work, and renders what it found as WeChat might."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis import components, domains, quota, tokens
from wx_domain_exporter.simulator.apis.api_call import ApiRefusal, SimulatedAnswer, UnlistedPathError
from wx_domain_exporter.simulator.errmsgs import errmsg

if TYPE_CHECKING:
    from random import Random

    from wx_domain_exporter.simulator.apis.api_call import Call, SimulatedApi
    from wx_domain_exporter.simulator.world import World

APIS: dict[str, SimulatedApi] = tokens.APIS | domains.APIS | quota.APIS | components.APIS
"""All APIs by path."""


def answer(world: World, call: Call) -> SimulatedAnswer:
    """Work on one call: count it, let its handler answer it, and render that as WeChat might."""
    api = APIS.get(call.path)
    if api is None:
        return _unknown_url(world)
    with world.lock:
        call.counted_as = api.name
        answered = _handled(world, api, call)
        world.count(call.counted_as, call.appid)
    return answered


def _handled(world: World, api: SimulatedApi, call: Call) -> SimulatedAnswer:
    if call.method == "POST" and not call.content_length:
        return SimulatedAnswer(412, b"", "text/plain")
    try:
        _check_method(api, call)
        payload = api.handler(world, call)
    except ApiRefusal as refusal:
        payload = _refused(world, api, call, refusal)
    except UnlistedPathError:
        return SimulatedAnswer(502, b"", "text/plain")
    body, content_type = quirks.render(payload, _rng(world, call))
    conduct = api.conduct(call)
    if conduct.raw_body is not None:
        body = conduct.raw_body.encode()
    headers = {"x-openapi-seqid": world.request_id(call.appid)} if call.through_cloud else {}
    return SimulatedAnswer(conduct.status, body, content_type, conduct.delay, conduct.hang, headers)


def _check_method(api: SimulatedApi, call: Call) -> None:
    if call.method != api.method:
        raise ApiRefusal(43002 if api.method == "POST" else 43001)


def _refused(world: World, api: SimulatedApi, call: Call, refusal: ApiRefusal) -> dict[str, object]:
    rng = world.random(call.appid)
    mean = world.quirks and refusal.elaborate
    url = None
    if mean and quirks.happens(rng, world.quoted_urls):
        parameters = "&".join(f"{name}={value}" for name, value in call.query.items())
        url = f"https://api.weixin.qq.com{call.path}?{parameters}"
    text = errmsg(
        refusal.errcode, world.request_id(call.appid), ip=call.client_ip or world.client_ip, url=url
    )
    payload: dict[str, object] = {"errcode": refusal.errcode, "errmsg": text}
    return quirks.failure(payload, api.empties(world, call), rng) if mean else payload


def _unknown_url(world: World) -> SimulatedAnswer:
    with world.lock:
        payload = {"errcode": 40066, "errmsg": errmsg(40066, world.request_id(""))}
    body, content_type = quirks.render(payload, None)
    return SimulatedAnswer(404, body, content_type)


def _rng(world: World, call: Call) -> Random | None:
    return world.random(call.appid) if world.quirks else None
