from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.simulated_client import NOW, Client, Clock, decoded, normal, raw_exchange

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import CATEGORIES, SimulatedApp, World

if TYPE_CHECKING:
    import requests


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
