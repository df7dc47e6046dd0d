"""What each API answers: one handler function per API, in one table. Knows no HTTP server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from wx_domain_exporter.simulator import quirks
from wx_domain_exporter.simulator.errmsgs import errmsg
from wx_domain_exporter.simulator.world import SimulatedApp, Token, World

if TYPE_CHECKING:
    from random import Random


class Refusal(Exception):  # noqa: N818 - named for what WeChat does
    """The API answers with an errcode.

    Args:
        errcode: Which one.
        elaborate: Whether it is one of the answers that may carry empty lists and URLs.
    """

    def __init__(self, errcode: int, *, elaborate: bool = False) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.elaborate = elaborate


@dataclass(slots=True)
class Call:
    """One request, and what the handler found out about it.

    Attributes:
        path: Of the URL.
        method: In upper case.
        query: The URL's parameters.
        body: As received.
        content_length: Whether the request had a Content-Length.
        counted_as: Name that the call is counted under; the API's own by default.
        app: The app that the call is about, once known.
    """

    path: str
    method: str
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    content_length: bool
    counted_as: str = ""
    app: SimulatedApp | None = None


class Answer(NamedTuple):
    """What is sent, and when."""

    status: int
    body: bytes
    content_type: str
    delay: float = 0.0
    hang: bool = False


Handler = Callable[[World, Call], dict[str, object]]


class Api(NamedTuple):
    """An API: its name, its HTTP method, its handler, and whether it hands out tokens."""

    name: str
    method: str
    handler: Handler
    gives_token: bool = False


def stable_token(world: World, call: Call) -> dict[str, object]:
    """`POST /cgi-bin/stable_token`: the token in force."""
    request = _json_object(call)
    force_refresh = request.get("force_refresh") is True
    if force_refresh:
        call.counted_as = "stable_token_force_refresh"
    app = _app_with_secret(world, call, request)
    return _token_payload(world, world.stable_token(app, force_refresh=force_refresh))


def token(world: World, call: Call) -> dict[str, object]:
    """`GET /cgi-bin/token`: always a new token, at the cost of the one before it."""
    app = _app_with_secret(world, call, call.query)
    return _token_payload(world, world.plain_token(app))


def getwxadevinfo(world: World, call: Call) -> dict[str, object]:
    """`POST /wxa/getwxadevinfo`: the domain lists of the app that the token belongs to."""
    app = authorized_app(world, call)
    request = _json_object(call)
    if not world.spend_quota("getwxadevinfo", app):
        raise Refusal(45009)
    errcode = app.next_errcodes.pop(0) if app.next_errcodes else app.errcode
    if errcode:
        raise Refusal(errcode, elaborate=True)
    payload: dict[str, object] = {"errcode": 0, "errmsg": "ok"}
    domains = _covered_by(request.get("action"), world.domains(app))
    if not world.quirks:
        return payload | domains
    rng = world.random(app.appid)
    return quirks.success(payload | quirks.lists(domains, rng), rng)


APIS: dict[str, Api] = {
    "/cgi-bin/stable_token": Api("stable_token", "POST", stable_token, gives_token=True),
    "/cgi-bin/token": Api("token", "GET", token, gives_token=True),
    "/wxa/getwxadevinfo": Api("getwxadevinfo", "POST", getwxadevinfo),
}


def answer(world: World, call: Call) -> Answer:
    """Work on one call: count it, let its handler answer it, and render that as WeChat might."""
    api = APIS.get(call.path)
    if api is None:
        return _unknown_url(world)
    with world.lock:
        call.counted_as = api.name
        answered = _handled(world, api, call)
        world.count(call.counted_as, call.app.appid if call.app else "")
    return answered


def authorized_app(world: World, call: Call) -> SimulatedApp:
    """The app that the call's access_token belongs to.

    Raises:
        Refusal: There is no token, or it is unknown, revoked or expired.
    """
    value = call.query.get("access_token", "")
    if not value:
        raise Refusal(41001)
    found = world.find_token(value)
    if found is None:
        raise Refusal(40001)
    call.app = world.apps[found.appid]
    if found.expires_at <= world.clock():
        raise Refusal(42001)
    return call.app


def _handled(world: World, api: Api, call: Call) -> Answer:
    if call.method == "POST" and not call.content_length:
        return Answer(412, b"", "text/plain")
    try:
        _check_method(api, call)
        payload = api.handler(world, call)
    except Refusal as refusal:
        payload = _refused(world, call, refusal)
    body, content_type = quirks.render(payload, _rng(world, call))
    if call.app is None:
        return Answer(200, body, content_type)
    if api.gives_token:
        return Answer(200, body, content_type, call.app.token_latency, call.app.token_hang)
    if call.app.raw_body is not None:
        body = call.app.raw_body.encode()
    return Answer(call.app.http_status, body, content_type, call.app.latency, call.app.hang)


def _check_method(api: Api, call: Call) -> None:
    if call.method != api.method:
        raise Refusal(43002 if api.method == "POST" else 43001)


def _refused(world: World, call: Call, refusal: Refusal) -> dict[str, object]:
    appid = call.app.appid if call.app else ""
    rng = world.random(appid)
    mean = world.quirks and refusal.elaborate
    url = None
    if mean and quirks.happens(rng, 0.3):
        url = f"https://api.weixin.qq.com{call.path}?access_token={call.query.get('access_token', '')}"
    text = errmsg(refusal.errcode, world.request_id(appid), ip=world.client_ip, url=url)
    payload: dict[str, object] = {"errcode": refusal.errcode, "errmsg": text}
    if mean and call.app is not None:
        return quirks.failure(payload, world.domains(call.app), rng)
    return payload


def _unknown_url(world: World) -> Answer:
    with world.lock:
        payload = {"errcode": 40066, "errmsg": errmsg(40066, world.request_id(""))}
    body, content_type = quirks.render(payload, None)
    return Answer(404, body, content_type)


def _rng(world: World, call: Call) -> Random | None:
    return world.random(call.app.appid if call.app else "") if world.quirks else None


def _app_with_secret(world: World, call: Call, request: Mapping[str, object]) -> SimulatedApp:
    call.app = world.apps.get(str(request.get("appid", "")))
    if not request.get("appid"):
        raise Refusal(41002)
    if not request.get("secret"):
        raise Refusal(41004)
    if request.get("grant_type") != "client_credential":
        raise Refusal(40002)
    if call.app is None:
        raise Refusal(40013)
    if call.app.token_errcode:
        raise Refusal(call.app.token_errcode)
    if request.get("secret") != call.app.appsecret:
        raise Refusal(40125)
    if not call.app.whitelisted:
        raise Refusal(40164)
    return call.app


def _token_payload(world: World, given: Token) -> dict[str, object]:
    return {"access_token": given.value, "expires_in": int(given.expires_at - world.clock())}


def _covered_by(action: object, domains: dict[str, list[str]]) -> dict[str, list[str]]:
    if action is None or action == "":
        return domains
    if action == "getbizdomain":
        return {"bizdomain": domains["bizdomain"]}
    if action == "getserverdomain":
        return {category: values for category, values in domains.items() if category != "bizdomain"}
    raise Refusal(40097)


def _json_object(call: Call) -> dict[str, object]:
    if not call.body:
        raise Refusal(44002)
    try:
        parsed = json.loads(call.body)
    except (ValueError, RecursionError):
        _malformed()
    return parsed if isinstance(parsed, dict) else _malformed()


def _malformed() -> NoReturn:
    raise Refusal(47001) from None
