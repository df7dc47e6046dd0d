from __future__ import annotations

import http.client
import json
import logging
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
import requests
import trustme
import yaml
from pydantic import ValidationError

from wx_domain_exporter.simulator.__main__ import parser, seconds
from wx_domain_exporter.simulator.demo import demo_config, demo_world, fleet, fleet_config
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import CATEGORIES, REMEMBERED_TOKENS, SimulatedApp, World

if TYPE_CHECKING:
    from collections.abc import Iterator

APPID = "wx0123456789abcdef"
OTHER = "wxfedcba9876543210"
SECRET = "5ec4e7" + "0" * 26
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
        return self.session.post(f"{self.url}{path}", params=query, data=data, timeout=10)

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
        return decoded(self.session.get(f"{self.url}/cgi-bin/token", params=query, timeout=10))

    def info(self, token: str | None = None, body: object = None) -> dict[str, Any]:
        token = self.token() if token is None else token
        return decoded(self.post("/wxa/getwxadevinfo", {} if body is None else body, access_token=token))

    def control(self, appid: str = APPID, **settings: object) -> requests.Response:
        return self.post(f"/_simulator/apps/{appid}", settings)


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


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app() -> SimulatedApp:
    return SimulatedApp(
        appid=APPID,
        appsecret=SECRET,
        domains={"requestdomain": ["https://www.example.com", "https://a.example.com:8080/Path"]},
    )


@pytest.fixture
def world(clock: Clock, app: SimulatedApp) -> World:
    world = World(clock=clock, quirks=False)
    world.add(app)
    return world


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with SimulatorServer(world) as server:
        yield server


@pytest.fixture
def client(server: SimulatorServer) -> Iterator[Client]:
    with Client(server) as client:
        yield client


def raw_exchange(server: SimulatorServer, request: bytes) -> http.client.HTTPResponse:
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read()
        return response


class TestTokens:
    def test_the_same_stable_token_is_given_until_five_minutes_before_its_end(
        self, client: Client, clock: Clock
    ) -> None:
        first = client.stable()
        clock.now += 6900
        second = client.stable()
        clock.now += 1
        third = client.stable()
        assert len(first["access_token"]) >= 136
        assert first["expires_in"] == 7200
        assert second == {"access_token": first["access_token"], "expires_in": 300}
        assert third["access_token"] != first["access_token"]
        assert third["expires_in"] == 7200

    def test_a_replaced_stable_token_holds_for_five_more_minutes(self, client: Client, clock: Clock) -> None:
        old = client.token()
        clock.now += 7000
        client.token()
        clock.now += 299
        assert client.info(old)["errcode"] == 0
        clock.now += 1
        assert client.info(old)["errcode"] == 42001

    def test_force_refresh_replaces_the_token_and_is_counted_apart(
        self, client: Client, world: World
    ) -> None:
        old = client.token()
        new = client.stable(force_refresh=True)["access_token"]
        assert new != old
        assert client.token() == new
        assert client.info(old)["errcode"] == 40001
        assert world.calls["stable_token", APPID] == 2
        assert world.calls["stable_token_force_refresh", APPID] == 1

    def test_the_plain_token_is_made_anew_each_time_and_ends_the_one_before(
        self, client: Client, world: World
    ) -> None:
        stable = client.token()
        first, second = client.plain()["access_token"], client.plain()["access_token"]
        assert client.info(first)["errcode"] == 40001
        assert client.info(second)["errcode"] == 0
        assert client.info(stable)["errcode"] == 0
        assert world.calls["token", APPID] == 2

    def test_a_short_life_is_not_renewed_on_every_call(
        self, client: Client, app: SimulatedApp, clock: Clock
    ) -> None:
        app.token_lifetime = 60
        first = client.token()
        clock.now += 30
        assert client.token() == first
        clock.now += 1
        assert client.token() != first

    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"appid": OTHER}, 40013),
            ({"appid": None}, 41002),
            ({"secret": "0" * 32}, 40125),
            ({"secret": None}, 41004),
            ({"grant_type": "authorization_code"}, 40002),
            ({"grant_type": None}, 40002),
        ],
    )
    def test_a_wrong_request_for_a_token_is_refused(
        self, client: Client, changes: dict[str, object], errcode: int
    ) -> None:
        answer = client.stable(**changes)
        assert answer["errcode"] == errcode
        assert "access_token" not in answer

    def test_an_address_that_is_not_whitelisted_is_named(self, client: Client, app: SimulatedApp) -> None:
        app.whitelisted = False
        answer = client.stable()
        assert answer["errcode"] == 40164
        assert answer["errmsg"].startswith(
            "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: "
        )

    def test_a_forced_errcode_comes_from_the_token_api_alone(self, client: Client, app: SimulatedApp) -> None:
        token = client.token()
        app.token_errcode = 50002
        assert client.stable()["errcode"] == 50002
        assert client.info(token)["errcode"] == 0

    @pytest.mark.parametrize(
        ("body", "errcode"),
        [(b"{", 47001), (b"[]", 47001), (b"\xff", 47001), (b"[" * 100_000, 47001), (b"", 44002)],
    )
    def test_a_body_that_is_no_json_object_is_refused(
        self, client: Client, body: bytes, errcode: int
    ) -> None:
        assert decoded(client.post("/cgi-bin/stable_token", body))["errcode"] == errcode
        assert (
            decoded(client.post("/wxa/getwxadevinfo", body, access_token=client.token()))["errcode"]
            == errcode
        )

    @pytest.mark.parametrize("path", ["/cgi-bin/stable_token", "/wxa/getwxadevinfo"])
    def test_get_is_refused_where_post_is_wanted(self, client: Client, path: str) -> None:
        assert decoded(client.session.get(client.url + path, timeout=10))["errcode"] == 43002

    def test_post_is_refused_where_get_is_wanted(self, client: Client) -> None:
        assert decoded(client.post("/cgi-bin/token", {}))["errcode"] == 43001

    def test_tokens_made_elsewhere_are_accepted(self, client: Client, world: World) -> None:
        world.add(SimulatedApp(appid=OTHER, access_tokens=["made-elsewhere"]))
        assert client.info("made-elsewhere")["requestdomain"] == []
        assert world.calls["getwxadevinfo", OTHER] == 1
        world.expire_tokens(OTHER)
        assert client.info("made-elsewhere")["errcode"] == 42001

    def test_only_the_newest_tokens_are_remembered(self, world: World, app: SimulatedApp) -> None:
        made = [world.plain_token(app).value for _ in range(REMEMBERED_TOKENS + 1)]
        assert world.find_token(made[0]) is None
        assert world.find_token(made[-1]) is not None


class TestGetwxadevinfo:
    def test_without_quirks_the_lists_come_as_configured(self, client: Client) -> None:
        assert client.info() == {
            "errcode": 0,
            "errmsg": "ok",
            "requestdomain": ["https://www.example.com", "https://a.example.com:8080/Path"],
            "wsrequestdomain": [],
            "uploaddomain": [],
            "downloaddomain": [],
            "udpdomain": [],
            "bizdomain": [],
        }

    @pytest.mark.parametrize(("token", "errcode"), [("", 41001), ("unknown", 40001)])
    def test_a_call_without_a_valid_token_is_refused(
        self, client: Client, world: World, token: str, errcode: int
    ) -> None:
        assert client.info(token)["errcode"] == errcode
        assert world.calls["getwxadevinfo", ""] == 1

    def test_a_token_expires(self, client: Client, clock: Clock) -> None:
        token = client.token()
        clock.now += 7199
        assert client.info(token)["errcode"] == 0
        clock.now += 1
        assert client.info(token)["errcode"] == 42001

    def test_an_action_picks_categories(self, client: Client, app: SimulatedApp) -> None:
        app.domains = {"bizdomain": ["https://m.example.com"], "tcpdomain": ["tcp://t.example.com"]}
        biz = client.info(body={"action": "getbizdomain"})
        served = client.info(body={"action": "getserverdomain"})
        assert set(biz) == {"errcode", "errmsg", "bizdomain"}
        assert set(served) == {"errcode", "errmsg", "tcpdomain", *CATEGORIES} - {"bizdomain"}
        assert client.info(body={"action": "other"})["errcode"] == 40097

    def test_a_forced_errcode_stays_and_the_next_errcodes_pass(
        self, client: Client, app: SimulatedApp
    ) -> None:
        app.next_errcodes = [-1, 0]
        app.errcode = 61007
        token = client.token()
        assert [client.info(token)["errcode"] for _ in range(4)] == [-1, 0, 61007, 61007]

    def test_an_errcode_without_a_text_of_its_own_gets_one(self, client: Client, app: SimulatedApp) -> None:
        app.errcode = 99999
        assert client.info()["errmsg"].startswith("system error rid: ")

    def test_the_daily_quota_ends_and_comes_back_at_midnight_in_beijing(
        self, client: Client, app: SimulatedApp, clock: Clock
    ) -> None:
        app.daily_limit = 2
        # 23:00 in Beijing.
        clock.now = 1_750_000_000 // 86400 * 86400 + 15 * 3600
        token = client.token()
        assert [client.info(token)["errcode"] for _ in range(3)] == [0, 0, 45009]
        assert "reach max api daily quota limit, could get access_token" in client.info(token)["errmsg"]
        clock.now += 3599
        assert client.info(token)["errcode"] == 45009
        clock.now += 1
        assert client.info(token)["errcode"] == 0

    def test_a_changing_domain_comes_and_goes_by_the_clock(
        self, client: Client, app: SimulatedApp, clock: Clock
    ) -> None:
        app.domains = {}
        app.changes_every = 60
        clock.now = NOW // 120 * 120
        seen = []
        for _ in range(4):
            seen.append(client.info()["requestdomain"])
            clock.now += 60
        assert seen == [[app.changing_domain], [], [app.changing_domain], []]

    def test_a_chunked_request_gets_412(self, server: SimulatorServer, client: Client) -> None:
        request = (
            f"POST /wxa/getwxadevinfo?access_token={client.token()} HTTP/1.1\r\nHost: a\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        )
        response = raw_exchange(server, request.encode())
        assert response.status == 412
        assert response.headers["Content-Length"] == "0"

    def test_a_request_without_a_content_length_gets_412(self, server: SimulatorServer) -> None:
        request = b"POST /wxa/getwxadevinfo HTTP/1.1\r\nHost: a\r\n\r\n"
        assert raw_exchange(server, request).status == 412

    def test_status_and_body_can_be_set(self, client: Client, app: SimulatedApp) -> None:
        app.http_status = 502
        app.raw_body = "<html>Bad Gateway</html>"
        response = client.post("/wxa/getwxadevinfo", {}, access_token=client.token())
        assert (response.status_code, response.text) == (502, "<html>Bad Gateway</html>")

    def test_an_unknown_path_is_an_invalid_url(self, client: Client) -> None:
        response = client.post("/wxa/none", {})
        assert response.status_code == 404
        assert response.json()["errcode"] == 40066


class TestQuirks:
    DOMAINS = (
        ("requestdomain", ["https://例子.测试", "https://a.example.com:8080/Path", "https://b.example.com"]),
        ("wsrequestdomain", ["wss://https://chat.example.com", "WSS://Ws.example.com/"]),
        ("udpdomain", ["udp.example.com/Path"]),
    )

    @pytest.fixture
    def world(self, clock: Clock, app: SimulatedApp) -> World:
        world = World(clock=clock, seed=7)
        app.domains = dict(self.DOMAINS)
        world.add(app)
        return world

    def answers(self, client: Client, number: int = 200) -> list[requests.Response]:
        token = client.token()
        return [client.post("/wxa/getwxadevinfo", {}, access_token=token) for _ in range(number)]

    def test_normal_forms_stay_the_same(self, client: Client, app: SimulatedApp) -> None:
        expected = {category: normal(app.domains.get(category)) for category in CATEGORIES}
        for response in self.answers(client):
            answer = decoded(response)
            assert {category: normal(answer.get(category)) for category in CATEGORIES} == expected

    def test_every_quirk_shows_up(self, client: Client) -> None:
        answers = self.answers(client)
        texts = [response.content.decode("utf-8-sig") for response in answers]
        assert all(r":\/\/" in text for text in texts)
        assert 0 < sum(response.content.startswith(b"\xef\xbb\xbf") for response in answers) < 100
        kinds = {response.headers["Content-Type"].partition(";")[0] for response in answers}
        assert kinds == {"application/json", "text/plain"}
        parsed = [decoded(response) for response in answers]
        orders = [tuple(answer["requestdomain"]) for answer in parsed]
        assert len({tuple(map(str.lower, order)) for order in orders}) > 6
        assert any(len(order) > 3 for order in orders)
        assert any("HTTPS://" in str(order).upper() and "https://" not in order[0] for order in orders)
        assert any(domain.endswith("com/") for order in orders for domain in order)
        assert any(answer.get("udpdomain", 0) is None or "bizdomain" not in answer for answer in parsed)
        assert any(answer.get("bizdomain", 0) is None for answer in parsed)
        assert any("errcode" not in answer for answer in parsed)
        assert any("errmsg" not in answer for answer in parsed)

    def test_one_category_at_least_is_always_a_list(self, client: Client, app: SimulatedApp) -> None:
        app.domains = {}
        token = client.token()
        for _ in range(50):
            assert client.info(token, {"action": "getbizdomain"})["bizdomain"] == []

    def test_failed_answers_hold_empty_lists_strings_and_urls(
        self, client: Client, app: SimulatedApp
    ) -> None:
        app.errcode = 61003
        token = client.token()
        answers = [client.info(token) for _ in range(100)]
        assert {type(answer["errcode"]) for answer in answers} == {int, str}
        assert {int(answer["errcode"]) for answer in answers} == {61003}
        assert {answer.get("requestdomain") == [] for answer in answers} == {True, False}
        assert {f"access_token={token}" in answer["errmsg"] for answer in answers} == {True, False}

    def test_the_same_seed_gives_the_same_answers(
        self, client: Client, app: SimulatedApp, clock: Clock
    ) -> None:
        twin = World(clock=clock, seed=7)
        twin.add(app)
        with SimulatorServer(twin) as server, Client(server) as other:
            mine = [response.content for response in self.answers(client, 20)]
            assert mine == [response.content for response in self.answers(other, 20)]


class TestControl:
    def test_calls_are_counted_and_can_be_forgotten(self, client: Client, world: World) -> None:
        client.info()
        url = f"{client.url}/_simulator/calls"
        counted = client.session.get(url, timeout=10).json()
        assert counted == {"stable_token": {APPID: 1}, "getwxadevinfo": {APPID: 1}}
        client.session.delete(url, timeout=10)
        assert not world.calls

    def test_settings_are_changed(self, client: Client, app: SimulatedApp) -> None:
        response = client.control(domains={"bizdomain": ["https://m.example.com"]}, errcode=48001, latency=1)
        assert response.status_code == 204
        assert (app.domains, app.errcode, app.latency) == (
            {"bizdomain": ["https://m.example.com"]},
            48001,
            1.0,
        )

    def test_tokens_expire_on_demand(self, client: Client) -> None:
        token = client.token()
        assert client.control(expire_tokens=True).status_code == 204
        assert client.info(token)["errcode"] == 42001
        assert client.token() != token

    def test_tokens_become_invalid_on_demand(self, client: Client) -> None:
        token = client.token()
        assert client.control(invalidate_tokens=True).status_code == 204
        assert client.info(token)["errcode"] == 40001
        assert client.token() != token

    def test_a_token_made_elsewhere_can_be_added(self, client: Client) -> None:
        client.control(access_tokens=["made-elsewhere"])
        assert client.info("made-elsewhere")["errcode"] == 0
        client.control(invalidate_tokens=True)
        assert client.info("made-elsewhere")["errcode"] == 40001

    def test_the_quota_is_given_back_on_demand(self, client: Client) -> None:
        client.control(daily_limit=1)
        token = client.token()
        assert [client.info(token)["errcode"] for _ in range(2)] == [0, 45009]
        client.control(reset_quota=True)
        assert client.info(token)["errcode"] == 0

    @pytest.mark.parametrize(
        "settings",
        [
            {"errcode": "1"},
            {"latency": -1},
            {"secret": SECRET},
            {"appid": OTHER},
            {"expire_tokens": 1},
            {"hang": 0},
        ],
    )
    def test_what_is_not_allowed_changes_nothing(
        self, client: Client, app: SimulatedApp, settings: dict[str, object]
    ) -> None:
        before = app.model_dump()
        response = client.post(f"/_simulator/apps/{APPID}", {"name": "changed", **settings})
        assert response.status_code == 400
        assert SECRET not in response.text
        assert app.model_dump() == before

    def test_an_unknown_app_or_path_is_not_found(self, client: Client) -> None:
        assert client.control(OTHER, hang=True).status_code == 404
        assert client.session.get(f"{client.url}/_simulator/none", timeout=10).status_code == 404

    @pytest.mark.parametrize("body", [b"[]", b"{"])
    def test_a_patch_that_is_no_json_object_is_refused(self, client: Client, body: bytes) -> None:
        assert client.post(f"/_simulator/apps/{APPID}", body).status_code == 400


class TestWorld:
    def test_an_appid_is_known_only_once(self, world: World, app: SimulatedApp) -> None:
        with pytest.raises(ValueError, match="known already"):
            world.add(app)

    def test_a_wrong_setting_is_refused_at_once(self, app: SimulatedApp) -> None:
        with pytest.raises(ValidationError):
            app.latency = -1
        with pytest.raises(ValidationError):
            SimulatedApp(appid="wx1")

    def test_no_secret_is_in_the_representation(self, app: SimulatedApp) -> None:
        app.access_tokens = ["canary-token"]
        assert SECRET not in repr(app)
        assert "canary-token" not in repr(app)

    def test_waiting_for_calls_ends_with_the_call_or_the_timeout(self, world: World) -> None:
        assert not world.wait_for_calls("getwxadevinfo", APPID, timeout=0)
        caller = threading.Thread(target=world.count, args=("getwxadevinfo", APPID))
        caller.start()
        assert world.wait_for_calls("getwxadevinfo", APPID)
        caller.join()


class TestServer:
    def test_a_hanging_call_ends_with_its_connection(
        self, server: SimulatorServer, client: Client, world: World, app: SimulatedApp
    ) -> None:
        app.hang = True
        token = client.token()
        with pytest.raises(requests.exceptions.ReadTimeout):
            client.session.post(
                f"{server.url}/wxa/getwxadevinfo?access_token={token}", data=b"{}", timeout=(10, 0.05)
            )
        assert world.wait_until_idle()
        app.hang = False
        assert client.info(token)["errcode"] == 0
        assert world.calls["getwxadevinfo", APPID] == 2
        assert world.peak_in_flight == 1

    def test_hanging_and_slow_calls_do_not_hinder_the_stop(
        self, world: World, app: SimulatedApp, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.add(SimulatedApp(appid=OTHER, appsecret=SECRET, token_latency=3600))
        app.token_hang = True
        caplog.set_level(logging.DEBUG)
        server = SimulatorServer(world)
        with server, Client(server) as client:
            failures: list[Exception] = []

            def call(appid: str) -> None:
                try:
                    client.stable(appid=appid)
                except requests.RequestException as failure:
                    failures.append(failure)

            callers = [threading.Thread(target=call, args=(appid,)) for appid in (APPID, OTHER)]
            for caller in callers:
                caller.start()
            assert world.wait_for_calls("stable_token", APPID)
            assert world.wait_for_calls("stable_token", OTHER)
            server.stop()
            for caller in callers:
                caller.join()
        assert len(failures) == 2
        assert world.in_flight == 0
        assert not [record for record in caplog.records if record.levelno > logging.INFO]

    def test_an_idle_connection_is_closed(self, world: World) -> None:
        with (
            SimulatorServer(world, keep_alive=0.02) as server,
            socket.create_connection((server.host, server.port), timeout=10) as connection,
        ):
            connection.sendall(b"GET /_simulator/calls HTTP/1.1\r\nHost: a\r\n\r\n")
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.read() == b"{}"
            assert connection.recv(1) == b""

    def test_a_stopped_server_starts_again_on_its_port(self, world: World) -> None:
        server = SimulatorServer(world)
        urls = []
        for _ in range(2):
            with server, pytest.raises(RuntimeError, match="running already"):
                server.start()
            urls.append(server.url)
        server.stop()
        assert urls[0] == urls[1]

    def test_a_taken_port_is_an_error(self, server: SimulatorServer, world: World) -> None:
        with pytest.raises(OSError, match="in use"):
            SimulatorServer(world, port=server.port).start()

    def test_tls_is_served_also_while_a_silent_client_waits(self, world: World, tmp_path: Path) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
        certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
        server = SimulatorServer(world, certfile=tmp_path / "cert.pem", keyfile=tmp_path / "key.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        for served in (server, SimulatorServer(world, ssl_context=context)):
            with (
                served,
                socket.create_connection((served.host, served.port), timeout=10),
                Client(served, tmp_path / "ca.pem") as client,
            ):
                assert served.url.startswith("https://")
                assert client.info()["errcode"] == 0
                served.stop()

    def test_ipv6_addresses_are_bracketed(self, world: World) -> None:
        assert SimulatorServer(world, host="::1", port=80).url == "http://[::1]:80"


class TestFleets:
    def test_the_demo_shows_every_state(self) -> None:
        world = demo_world()
        config = yaml.safe_load(demo_config("http://127.0.0.1:1"))
        assert config["wechat"] == {"base_url": "http://127.0.0.1:1"}
        assert [app["appid"] for app in config["apps"]] == list(world.apps)
        states = {}
        with SimulatorServer(world) as server, Client(server) as client:
            for app in config["apps"]:
                assert set(app) == {"appid", "name", "labels", "token"}
                assert app["token"]["type"] == "stable_token"
                world.apps[app["appid"]].latency = 0
                given = client.stable(appid=app["appid"], secret=app["token"]["appsecret"])
                if "access_token" in given:
                    given = client.info(given["access_token"])
                states[app["name"]] = int(given.get("errcode", 0))
        assert {name: state for name, state in states.items() if state} == {
            "门店扫码": 40125,
            "partner-booking": 61007,
            "客服助手": 40164,
            "busy-quiz": 45009,
        }
        assert len(states) == 10

    def test_the_demo_has_a_slow_a_big_a_changing_and_a_chinese_app(self) -> None:
        apps = demo_world().apps.values()
        assert [app.latency for app in apps if app.latency] == [1.5]
        assert max(len(app.domains["requestdomain"]) for app in apps) == 180
        assert [app.changes_every for app in apps if app.changes_every] == [60]
        text = str([app.domains for app in apps])
        assert "https://例子.测试" in text
        assert "wss://https://" in text

    def test_a_fleet_is_the_same_each_time(self) -> None:
        world = fleet(10, hanging=2, domains_each=13, latency=0.5)
        assert [app.hang for app in world.apps.values()].count(True) == 2
        assert not world.quirks
        for app in world.apps.values():
            assert sum(map(len, app.domains.values())) == 13
            assert app.latency == app.token_latency == 0.5
        assert list(fleet(10, 2, 13, 0.5).apps.values()) == list(world.apps.values())

    def test_a_fleets_configuration_names_all_apps_with_their_secrets(self) -> None:
        world = fleet(3)
        config = yaml.safe_load(fleet_config(world, "https://127.0.0.1:1"))
        assert config["apps"] == [
            {
                "appid": app.appid,
                "name": app.name,
                "token": {"type": "stable_token", "appsecret": app.appsecret},
            }
            for app in world.apps.values()
        ]
        assert len({app.appsecret for app in world.apps.values()}) == 3
        assert all(re.fullmatch("[0-9a-f]{32}", app.appsecret) for app in world.apps.values())


class TestProgram:
    @pytest.mark.parametrize(("text", "value"), [("50ms", 0.05), ("1.5s", 1.5), ("2m", 120)])
    def test_durations_are_read(self, text: str, value: float) -> None:
        assert seconds(text) == pytest.approx(value)

    def test_what_is_no_duration_is_a_usage_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            parser().parse_args(["--latency", "fast"])
        assert "'fast' is no duration" in capsys.readouterr().err

    @pytest.mark.parametrize("flags", [[], ["--apps", "2", "--hanging", "1", "--latency", "1ms"]])
    def test_it_says_where_it_listens_and_ends_on_sigterm(self, flags: list[str]) -> None:
        program = subprocess.Popen(
            [sys.executable, "-m", "wx_domain_exporter.simulator", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        assert program.stdout is not None
        line = program.stdout.readline()
        url = line.removeprefix("listening on ").strip()
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(f"{url}/_simulator/calls", timeout=10).json() == {}
        program.send_signal(signal.SIGTERM)
        stdout, stderr = program.communicate(timeout=20)
        assert (program.returncode, stdout, stderr) == (0, "", "")
