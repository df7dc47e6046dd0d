from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.simulated_client import APPID, OTHER, Client, decoded

from wx_domain_exporter.simulator.server import SimulatorServer

if TYPE_CHECKING:
    from helpers.tls import Certificates

    from wx_domain_exporter.simulator.world import SimulatedApp, World

PATHS = ("/wxa/getwxadevinfo", "/wxa/get_effective_domain", "/wxa/get_effective_webviewdomain")


class TestCloudRun:
    @pytest.mark.parametrize("path", PATHS)
    def test_no_token_is_needed(self, client: Client, app: SimulatedApp, world: World, path: str) -> None:
        app.cloudrun = True
        assert decoded(client.post(path, {}, from_appid=APPID))["errcode"] == 0
        assert world.calls[path.rpartition("/")[2], APPID] == 1

    def test_a_path_that_is_not_listed_is_answered_with_502(
        self, client: Client, app: SimulatedApp, world: World
    ) -> None:
        app.cloudrun = True
        assert client.control(cloudrun_paths=[PATHS[0]]).status_code == 204
        answers = {path: client.post(path, {}, from_appid=APPID) for path in PATHS}
        assert [answer.status_code for answer in answers.values()] == [200, 502, 502]
        assert answers[PATHS[1]].content == b""
        assert world.calls["get_effective_domain", APPID] == 1
        assert decoded(client.post(PATHS[1], {}, access_token=client.token()))["errcode"] == 0

    def test_a_header_tells_an_answer_that_came_through_the_cloud(
        self, client: Client, app: SimulatedApp
    ) -> None:
        app.cloudrun = True
        header = "x-openapi-seqid"
        assert client.post(PATHS[0], {}, from_appid=APPID).headers[header]
        assert header not in client.post(PATHS[0], {}, access_token=client.token()).headers
        assert header not in client.post(PATHS[0], {}, from_appid=OTHER).headers

    def test_an_app_that_is_not_let_in_is_refused(self, client: Client, world: World) -> None:
        assert decoded(client.post(PATHS[0], {}, from_appid=APPID))["errcode"] == 85107
        assert decoded(client.post(PATHS[0], {}, from_appid=OTHER))["errcode"] == 85112
        assert world.calls["getwxadevinfo", APPID] == 1
        assert world.calls["getwxadevinfo", ""] == 1

    @pytest.mark.parametrize("name", ["access_token", "cloudbase_access_token"])
    def test_a_token_besides_is_refused(self, client: Client, app: SimulatedApp, name: str) -> None:
        app.cloudrun = True
        query = {"from_appid": APPID, name: client.token()}
        assert decoded(client.post(PATHS[0], {}, **query))["errcode"] == 40097

    @pytest.mark.parametrize("errcode", [41001, 85113])
    def test_the_cloud_may_not_be_ready(self, client: Client, app: SimulatedApp, errcode: int) -> None:
        app.cloudrun = True
        app.next_errcodes = [errcode]
        answers = [decoded(client.post(PATHS[0], {}, from_appid=APPID)) for _ in range(2)]
        assert [answer["errcode"] for answer in answers] == [errcode, 0]

    def test_over_tls_it_is_a_call_without_a_token(
        self, world: World, app: SimulatedApp, certificates: Certificates
    ) -> None:
        app.cloudrun = True
        server = SimulatorServer(world, ssl_context=certificates.good)
        with server, Client(server, certificates.ca_file) as client:
            assert decoded(client.post(PATHS[0], {}, from_appid=APPID))["errcode"] == 41001


class TestCloudBase:
    @pytest.fixture
    def world(self, world: World) -> World:
        world.patch(APPID, {"cloudbase_tokens": ["canary-cloud"]})
        return world

    def test_its_tokens_go_by_another_name(self, client: Client) -> None:
        answer = decoded(client.post(PATHS[0], {}, cloudbase_access_token="canary-cloud"))
        assert answer["requestdomain"][0] == "https://www.example.com"

    def test_a_token_under_the_wrong_name_is_refused(self, client: Client) -> None:
        assert client.info("canary-cloud")["errcode"] == 40001
        answer = decoded(client.post(PATHS[0], {}, cloudbase_access_token=client.token()))
        assert answer["errcode"] == 40001

    def test_they_expire_and_others_follow(self, client: Client) -> None:
        client.control(expire_tokens=True)
        client.control(cloudbase_tokens=["newer"])
        answers = [
            decoded(client.post(PATHS[0], {}, cloudbase_access_token=token))["errcode"]
            for token in ("canary-cloud", "newer")
        ]
        assert answers == [42001, 0]

    def test_they_are_in_no_representation(self, app: SimulatedApp, world: World) -> None:
        found = world.find_token("canary-cloud")
        assert found is not None
        for text in (repr(app), repr(found)):
            assert APPID in text
            assert "canary-cloud" not in text
