"""One call of an API: what was asked, what is answered, and how it is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wx_domain_exporter.simulator.platforms import Authorization, SimulatedPlatform
    from wx_domain_exporter.simulator.world import SimulatedApp, World


class ApiRefusal(Exception):  # noqa: N818 - named for what WeChat does
    """The API answers with an errcode.

    Args:
        errcode: Which one.
        elaborate: Whether it is one of the answers that may carry empty lists and URLs.
    """

    def __init__(self, errcode: int, *, elaborate: bool = False) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.elaborate = elaborate


class UnlistedPathError(Exception):
    """The cloud's sidecar (开放接口服务) does not let a call through to WeChat."""


@dataclass(slots=True)
class Call:
    """One request, and what the handler found out about it.

    Attributes:
        path: Of the URL.
        method: In upper case.
        query: The URL's parameters.
        body: As received.
        content_length: Whether the request had a Content-Length.
        secure: Whether it came over TLS.
        authorization_header: As received; empty without one.
        client_ip: The caller's address as `X-Forwarded-For` has it; empty: that of the world.
        counted_as: Name that the call is counted under; the API's own by default.
        appid: What it is counted for, once known.
        app: The app that the call is about, once known.
        platform: The platform that it is about or that made it, once known.
        authorization: The authorization that it is about, once known.
        through_cloud: Whether it came through the cloud's sidecar.
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

    def is_about(self, app: SimulatedApp) -> None:
        """Note which app the call is about."""
        self.app, self.appid = app, app.appid

    def json_object(self) -> dict[str, object]:
        """The body.

        Raises:
            Refusal: It is empty or no JSON object.
        """
        if not self.body:
            raise ApiRefusal(44002)
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError):
            _malformed()
        return parsed if isinstance(parsed, dict) else _malformed()


class SimulatedAnswer(NamedTuple):
    """What is sent, and when."""

    status: int
    body: bytes
    content_type: str
    delay: float = 0.0
    hang: bool = False
    headers: Mapping[str, str] = MappingProxyType({})


class Conduct(NamedTuple):
    """How an answer is sent: after how many seconds or never, with which status, in place of which body."""

    delay: float = 0.0
    hang: bool = False
    status: int = 200
    raw_body: str | None = None


def nothing_empty(_world: World, _call: Call) -> dict[str, object]:
    """No lists for the answers of an API that has none."""
    return {}


class SimulatedApi(NamedTuple):
    """An API.

    Attributes:
        name: As it is counted.
        method: The one HTTP method it takes.
        handler: Makes the payload of a good answer.
        conduct: How the answer is sent, good or not.
        empties: The empty lists that a failed answer may carry.
    """

    name: str
    method: str
    handler: Callable[[World, Call], dict[str, object]]
    conduct: Callable[[Call], Conduct]
    empties: Callable[[World, Call], dict[str, object]] = nothing_empty


def _malformed() -> NoReturn:
    raise ApiRefusal(47001) from None
