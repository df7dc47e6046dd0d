"""What the simulated APIs share: the call, the response, the error, and the description of an API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wx_domain_exporter.simulator.platform_settings import Authorization, SimulatedPlatform
    from wx_domain_exporter.simulator.world import SimulatedApp, World


class SimulatedApiError(Exception):
    """Raised by a handler to answer with an errcode.

    Args:
        errcode: The errcode.
        varied: Whether the answer may carry empty lists, and the request's URL in its errmsg.
    """

    def __init__(self, errcode: int, *, varied: bool = False) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.varied = varied


class UnlistedPathError(Exception):
    """The sidecar of 微信云托管 (开放接口服务) rejects the call because its path is not listed."""


@dataclass(slots=True)
class ApiCall:
    """One request, and what the handler learns about it.

    Attributes:
        path: The path of the URL.
        method: In upper case.
        query: The URL's parameters.
        body: The body as received.
        content_length: Whether the request had a Content-Length.
        secure: Whether it came over TLS.
        authorization_header: The header Authorization; empty without one.
        client_ip: The caller's address from `X-Forwarded-For`; if empty, `World.client_ip` applies.
        counted_as: The API's name for the count of calls.
        appid: The appid for the count of calls, once known.
        app: The app that the call is about, once known.
        platform: The platform that it is about or that made it, once known.
        authorization: The authorization that it is about, once known.
        through_cloud: Whether it came through the sidecar of 微信云托管.
    """

    path: str
    method: str
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    content_length: bool
    secure: bool = False
    authorization_header: str = field(default="", repr=False)
    client_ip: str = ""
    counted_as: str = ""
    appid: str = ""
    app: SimulatedApp | None = None
    platform: SimulatedPlatform | None = None
    authorization: Authorization | None = None
    through_cloud: bool = False

    def set_app(self, app: SimulatedApp) -> None:
        """Set the app that the call is about."""
        self.app, self.appid = app, app.appid

    def json_object(self) -> dict[str, object]:
        """The body, parsed.

        Raises:
            SimulatedApiError: It is empty or not a JSON object.
        """
        if not self.body:
            raise SimulatedApiError(44002)
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError):
            _malformed()
        return parsed if isinstance(parsed, dict) else _malformed()


class SimulatedResponse(NamedTuple):
    """The response to a call; `delay` is in seconds, and one with `hang` is never sent."""

    status: int
    body: bytes
    content_type: str
    delay: float = 0.0
    hang: bool = False
    headers: Mapping[str, str] = MappingProxyType({})


class ResponseSettings(NamedTuple):
    """What an app's or a platform's settings say about its responses: delay in seconds, status, body."""

    delay: float = 0.0
    hang: bool = False
    status: int = 200
    raw_body: str | None = None


def no_lists(_world: World, _call: ApiCall) -> dict[str, object]:
    """The empty lists of an API whose answers have no lists."""
    return {}


class SimulatedApi(NamedTuple):
    """One API.

    Attributes:
        name: Its name in the count of calls.
        method: The only HTTP method that it accepts.
        handler: Returns the payload of a successful answer.
        response_settings: Returns how any answer is sent.
        empty_lists: Returns the empty lists that a failed answer may carry.
    """

    name: str
    method: str
    handler: Callable[[World, ApiCall], dict[str, object]]
    response_settings: Callable[[ApiCall], ResponseSettings]
    empty_lists: Callable[[World, ApiCall], dict[str, object]] = no_lists


def _malformed() -> NoReturn:
    raise SimulatedApiError(47001) from None
