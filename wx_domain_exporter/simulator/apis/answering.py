"""From a call to an answer: finds the API, lets it work, and renders what it found as WeChat might."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.apis import components, domains, quota, tokens
from wx_domain_exporter.simulator.apis.call import Answer, Refusal, UnlistedPathError
from wx_domain_exporter.simulator.errmsgs import errmsg

if TYPE_CHECKING:
    from random import Random

    from wx_domain_exporter.simulator.apis.call import Api, Call
    from wx_domain_exporter.simulator.world import World

APIS: dict[str, Api] = tokens.APIS | domains.APIS | quota.APIS | components.APIS
"""All APIs by path."""


def answer(world: World, call: Call) -> Answer:
    """Work on one call: count it, let its handler answer it, and render that as WeChat might."""
    api = APIS.get(call.path)
    if api is None:
        return _unknown_url(world)
    with world.lock:
        call.counted_as = api.name
        answered = _handled(world, api, call)
        world.count(call.counted_as, call.appid)
    return answered


def _handled(world: World, api: Api, call: Call) -> Answer:
    if call.method == "POST" and not call.content_length:
        return Answer(412, b"", "text/plain")
    try:
        _check_method(api, call)
        payload = api.handler(world, call)
    except Refusal as refusal:
        payload = _refused(world, api, call, refusal)
    except UnlistedPathError:
        return Answer(502, b"", "text/plain")
    body, content_type = quirks.render(payload, _rng(world, call))
    conduct = api.conduct(call)
    if conduct.raw_body is not None:
        body = conduct.raw_body.encode()
    headers = {"x-openapi-seqid": world.request_id(call.appid)} if call.through_cloud else {}
    return Answer(conduct.status, body, content_type, conduct.delay, conduct.hang, headers)


def _check_method(api: Api, call: Call) -> None:
    if call.method != api.method:
        raise Refusal(43002 if api.method == "POST" else 43001)


def _refused(world: World, api: Api, call: Call, refusal: Refusal) -> dict[str, object]:
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


def _unknown_url(world: World) -> Answer:
    with world.lock:
        payload = {"errcode": 40066, "errmsg": errmsg(40066, world.request_id(""))}
    body, content_type = quirks.render(payload, None)
    return Answer(404, body, content_type)


def _rng(world: World, call: Call) -> Random | None:
    return world.random(call.appid) if world.quirks else None
