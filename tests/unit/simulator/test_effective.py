from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.simulated_client import APPID, Client, Clock, decoded, normal

from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.server import SimulatorServer

SERVER, WEBVIEW = "/wxa/get_effective_domain", "/wxa/get_effective_webviewdomain"
OBJECTS = ("mp_domain", "third_domain", "direct_domain", "effective_domain")
LISTS = ("mp_webviewdomain", "third_webviewdomain", "direct_webviewdomain", "effective_webviewdomain")
CATEGORIES = (
    "requestdomain",
    "wsrequestdomain",
    "uploaddomain",
    "downloaddomain",
    "udpdomain",
    "tcpdomain",
)
CONFIGURED = {"requestdomain": ["https://new.example.com"], "bizdomain": ["https://m.example.com"]}


@pytest.fixture
def app(app: SimulatedApp) -> SimulatedApp:
    app.domains = dict(CONFIGURED)
    return app


class TestEffective:
    def test_the_configured_lists_are_effective_by_default(self, client: Client) -> None:
        token = client.token()
        served = decoded(client.post(SERVER, {}, access_token=token))
        assert list(served) == ["errcode", "errmsg", *OBJECTS]
        assert all(tuple(served[name]) == CATEGORIES for name in OBJECTS)
        for name in ("mp_domain", "effective_domain"):
            assert served[name]["requestdomain"] == CONFIGURED["requestdomain"]
        assert served["third_domain"]["requestdomain"] == []
        webview = decoded(client.post(WEBVIEW, {}, access_token=token))
        assert list(webview) == ["errcode", "errmsg", *LISTS]
        assert webview["effective_webviewdomain"] == CONFIGURED["bizdomain"]
        assert webview["third_webviewdomain"] == []

    def test_other_lists_can_be_effective(self, client: Client, app: SimulatedApp) -> None:
        app.effective = {"requestdomain": ["https://old.example.com"], "tcpdomain": ["tcp://t.example.com"]}
        token = client.token()
        served = decoded(client.post(SERVER, {}, access_token=token))
        assert served["effective_domain"] == dict.fromkeys(CATEGORIES, []) | app.effective  # noqa: RUF024 - only read
        assert served["mp_domain"]["requestdomain"] == CONFIGURED["requestdomain"]
        assert decoded(client.post(WEBVIEW, {}, access_token=token))["effective_webviewdomain"] == []
        assert client.info(token)["requestdomain"] == CONFIGURED["requestdomain"]

    def test_all_lists_can_be_withheld(self, client: Client) -> None:
        client.control(effective_reported=False, effective={"requestdomain": ["https://old.example.com"]})
        token = client.token()
        served = decoded(client.post(SERVER, {}, access_token=token))
        empty: dict[str, list[str]] = {category: [] for category in CATEGORIES}
        assert [served[name] for name in ("errcode", *OBJECTS)] == [0, *[empty] * 4]
        webview = decoded(client.post(WEBVIEW, {}, access_token=token))
        assert [webview[name] for name in ("errcode", *LISTS)] == [0, [], [], [], []]
        assert client.info(token)["requestdomain"] == CONFIGURED["requestdomain"]

    @pytest.mark.parametrize("path", [SERVER, WEBVIEW])
    def test_calls_are_counted_and_spend_nothing(
        self, client: Client, world: World, app: SimulatedApp, path: str
    ) -> None:
        app.daily_limit = 1
        token = client.token()
        for _ in range(3):
            client.post(path, {}, access_token=token)
        assert client.info(token)["errcode"] == 0
        assert world.calls[path.rpartition("/")[2], APPID] == 3

    @pytest.mark.parametrize("path", [SERVER, WEBVIEW])
    def test_they_fail_by_themselves(self, client: Client, app: SimulatedApp, path: str) -> None:
        app.effective_errcode = 86000
        token = client.token()
        assert decoded(client.post(path, {}, access_token=token))["errcode"] == 86000
        assert client.info(token)["errcode"] == 0
        app.effective_errcode = 0
        app.errcode = 48001
        assert decoded(client.post(path, {}, access_token=token))["errcode"] == 0
        app.effective_raw_body = "<html>"
        assert client.post(path, {}, access_token=token).text == "<html>"

    @pytest.mark.parametrize("path", [SERVER, WEBVIEW])
    def test_they_hang_by_themselves(
        self, client: Client, world: World, app: SimulatedApp, path: str
    ) -> None:
        app.effective_hang = True
        token = client.token()
        with pytest.raises(OSError, match="Read timed out"):
            client.session.post(f"{client.url}{path}?access_token={token}", data=b"{}", timeout=(10, 0.05))
        assert world.wait_until_idle()
        assert client.info(token)["errcode"] == 0

    @pytest.mark.parametrize("path", [SERVER, WEBVIEW])
    def test_a_body_is_needed(self, client: Client, path: str) -> None:
        assert decoded(client.post(path, b"", access_token=client.token()))["errcode"] == 44002


class TestQuirks:
    @pytest.fixture
    def world(self, clock: Clock, app: SimulatedApp) -> World:
        world = World(clock=clock, seed=5)
        world.add(app)
        return world

    def test_normal_forms_stay_the_same(self, server: SimulatorServer, app: SimulatedApp) -> None:
        app.domains = {
            "requestdomain": ["https://b.example.com:8080/Path", "https://a.example.com"],
            "bizdomain": ["https://m.example.com", "https://n.example.com"],
        }
        with Client(server) as client:
            token = client.token()
            served = [decoded(client.post(SERVER, {}, access_token=token)) for _ in range(50)]
            webview = [decoded(client.post(WEBVIEW, {}, access_token=token)) for _ in range(50)]
        texts = {str(answer["effective_domain"]) for answer in served}
        assert len(texts) > 10
        for answer in served:
            for name in ("mp_domain", "effective_domain"):
                assert normal(answer[name]["requestdomain"]) == normal(app.domains["requestdomain"])
                assert normal(answer[name].get("udpdomain")) == set()
        for answer in webview:
            assert normal(answer["effective_webviewdomain"]) == normal(app.domains["bizdomain"])

    @pytest.mark.parametrize("path", [SERVER, WEBVIEW])
    def test_some_answers_lack_their_errcode(self, client: Client, path: str) -> None:
        token = client.token()
        answers = [decoded(client.post(path, {}, access_token=token)) for _ in range(50)]
        assert {answer.get("errcode") for answer in answers} == {0, None}

    @pytest.mark.parametrize(("path", "names"), [(SERVER, OBJECTS), (WEBVIEW, LISTS)])
    def test_failed_answers_hold_empty_lists(
        self, client: Client, app: SimulatedApp, path: str, names: tuple[str, ...]
    ) -> None:
        app.effective_errcode = 48001
        token = client.token()
        answers = [decoded(client.post(path, {}, access_token=token)) for _ in range(50)]
        assert {int(answer["errcode"]) for answer in answers} == {48001}
        keys = [set(answer) - {"errcode", "errmsg"} for answer in answers]
        assert {frozenset(names_in_answer) for names_in_answer in keys} == {frozenset(), frozenset(names)}
        assert "example.com" not in str([answer.get(name) for answer in answers for name in names])
