from __future__ import annotations

import threading

import pytest
from helpers.simulated_client import APPID, OTHER, SECRET, Client
from pydantic import ValidationError

from wx_domain_exporter.simulator.world import SimulatedApp, World


class TestControl:
    def test_calls_are_counted_and_counts_can_be_reset(self, client: Client, world: World) -> None:
        client.info()
        url = f"{client.url}/_simulator/calls"
        counted = client.session.get(url, timeout=100).json()
        assert counted == {"stable_token": {APPID: 1}, "getwxadevinfo": {APPID: 1}}
        client.session.delete(url, timeout=100)
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

    def test_an_external_token_can_be_added(self, client: Client) -> None:
        client.control(access_tokens=["external-token"])
        assert client.info("external-token")["errcode"] == 0
        client.control(invalidate_tokens=True)
        assert client.info("external-token")["errcode"] == 40001

    def test_the_quota_can_be_reset(self, client: Client) -> None:
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
        assert client.session.get(f"{client.url}/_simulator/none", timeout=100).status_code == 404

    @pytest.mark.parametrize("body", [b"[]", b"{"])
    def test_settings_that_are_not_a_json_object_are_refused(self, client: Client, body: bytes) -> None:
        assert client.post(f"/_simulator/apps/{APPID}", body).status_code == 400


class TestWorld:
    def test_an_appid_can_be_added_only_once(self, world: World, app: SimulatedApp) -> None:
        with pytest.raises(ValueError, match="already in use"):
            world.add(app)

    def test_a_wrong_setting_is_refused_at_once(self, app: SimulatedApp) -> None:
        with pytest.raises(ValidationError):
            app.latency = -1
        with pytest.raises(ValidationError):
            SimulatedApp(appid="wx1")

    def test_no_secret_is_in_the_representation(self, app: SimulatedApp) -> None:
        app.access_tokens = ["canary-token"]
        assert APPID in repr(app)
        assert SECRET not in repr(app)
        assert "canary-token" not in repr(app)

    def test_waiting_for_calls_ends_with_the_call_or_the_timeout(self, world: World) -> None:
        assert not world.wait_for_calls("getwxadevinfo", APPID, timeout=0)
        caller = threading.Thread(target=world.count, args=("getwxadevinfo", APPID))
        caller.start()
        assert world.wait_for_calls("getwxadevinfo", APPID)
        caller.join()
