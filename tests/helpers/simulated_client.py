"""A client of the simulated WeChat API, its clock, and functions that read its answers."""

from __future__ import annotations

import http.client
import json
import re
import socket
from typing import TYPE_CHECKING, Any, Self

import requests

if TYPE_CHECKING:
    from pathlib import Path

    from wx_domain_exporter.simulator.server import SimulatorServer


APPID = "wx0123456789abcdef"
OTHER = "wxfedcba9876543210"
SECRET = "5ec4e7" + "0" * 26
COMPONENT = "wxc0c0c0c0c0c0c0c0"
COMPONENT_SECRET = "c05ec4e7" + "0" * 24
TICKET = "ticket@@@canary"
RID = re.compile(r" rid: 6[0-9a-f]{7}-[0-9a-f]{8}-[0-9a-f]{8}$")
NOW = 1_750_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Client:
    def __init__(self, server: SimulatorServer, verify: Path | None = None) -> None:
        self.url = server.url
        self.session = requests.Session()
        self.session.trust_env = False
        if verify is not None:
            self.session.verify = str(verify)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def post(self, path: str, body: object, **query: str) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.session.post(f"{self.url}{path}", params=query, data=data, timeout=100)

    def stable(self, **changes: object) -> dict[str, Any]:
        body = {
            "grant_type": "client_credential",
            "appid": APPID,
            "secret": SECRET,
            "force_refresh": False,
            **changes,
        }
        sent = {key: value for key, value in body.items() if value is not None}
        return decoded(self.post("/cgi-bin/stable_token", sent))

    def token(self) -> str:
        value = self.stable()["access_token"]
        assert isinstance(value, str)
        return value

    def plain(self) -> dict[str, Any]:
        query = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
        return decoded(self.session.get(f"{self.url}/cgi-bin/token", params=query, timeout=100))

    def info(self, token: str | None = None, body: object = None) -> dict[str, Any]:
        token = self.token() if token is None else token
        return decoded(self.post("/wxa/getwxadevinfo", {} if body is None else body, access_token=token))

    def control(self, appid: str = APPID, **settings: object) -> requests.Response:
        return self.post(f"/_simulator/apps/{appid}", settings)


class PlatformClient(Client):
    """Calls the API as the third-party platform does."""

    def component(self, **changes: object) -> dict[str, Any]:
        body = {
            "component_appid": COMPONENT,
            "component_appsecret": COMPONENT_SECRET,
            "component_verify_ticket": TICKET,
            **changes,
        }
        return self.component_call("api_component_token", body)

    def component_token(self) -> str:
        value = self.component()["component_access_token"]
        assert isinstance(value, str)
        return value

    def component_call(self, api: str, body: object, **query: str) -> dict[str, Any]:
        return decoded(self.post(f"/cgi-bin/component/{api}", body, **query))

    def authorizer(self, token: str, refresh_token: str, appid: str = APPID) -> dict[str, Any]:
        body = {
            "component_appid": COMPONENT,
            "authorizer_appid": appid,
            "authorizer_refresh_token": refresh_token,
        }
        return self.component_call("api_authorizer_token", body, component_access_token=token)

    def page(self, token: str, offset: object = 0, count: object = 500) -> dict[str, Any]:
        body = {"component_appid": COMPONENT, "offset": offset, "count": count}
        return self.component_call("api_get_authorizer_list", body, component_access_token=token)

    def account(self, token: str, appid: str = APPID) -> dict[str, Any]:
        body = {"component_appid": COMPONENT, "authorizer_appid": appid}
        return self.component_call("api_get_authorizer_info", body, component_access_token=token)


def decoded(response: requests.Response) -> dict[str, Any]:
    assert response.status_code == 200
    answer = json.loads(response.content.decode("utf-8-sig"))
    assert isinstance(answer, dict)
    if "errmsg" in answer and answer.get("errcode", 0) != 0:
        assert RID.search(answer["errmsg"])
    return answer


def normal(domains: list[str] | None) -> set[str]:
    forms = set()
    for domain in domains or []:
        scheme, separator, rest = domain.strip().removesuffix("/").rpartition("://")
        host, slash, path = rest.partition("/")
        forms.add(scheme.lower() + separator + host.lower() + slash + path)
    return forms


def raw_exchange(server: SimulatorServer, request: bytes) -> http.client.HTTPResponse:
    with socket.create_connection((server.host, server.port), timeout=100) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read()
        return response
