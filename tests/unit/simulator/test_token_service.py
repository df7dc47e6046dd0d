from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.simulated_client import APPID, COMPONENT, OTHER, Client, PlatformClient

if TYPE_CHECKING:
    import requests

    from wx_domain_exporter.simulator.world import SimulatedApp, World

KEY = "canary-token-service-key"


def ask(client: Client, appid: str = APPID, key: str | None = None) -> requests.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    query = {"appId": appid}
    return client.session.get(
        f"{client.url}/_token_service/token", params=query, headers=headers, timeout=100
    )


def data(client: Client, appid: str = APPID) -> dict[str, Any]:
    answer = ask(client, appid).json()
    assert answer["code"] == 0
    payload = answer["data"]
    assert isinstance(payload, dict)
    return payload


class TestTokenService:
    def test_it_returns_the_current_stable_token(self, client: Client, world: World) -> None:
        payload = data(client)
        assert payload == {"access_token": client.token(), "expires_in": 7200}
        assert data(client) == payload
        assert client.info(payload["access_token"])["errcode"] == 0
        assert world.calls["token_service", APPID] == 2
        assert world.calls["stable_token", APPID] == 1

    def test_it_returns_the_platforms_current_token(
        self, platform_client: PlatformClient, world: World
    ) -> None:
        first = data(platform_client, COMPONENT)["access_token"]
        assert data(platform_client, COMPONENT)["access_token"] == first
        assert platform_client.page(first)["total_count"] == 1
        world.patch_platform(COMPONENT, {"expire_component_tokens": True})
        second = data(platform_client, COMPONENT)["access_token"]
        assert platform_client.page(second)["total_count"] == 1
        made = platform_client.component_token()
        assert data(platform_client, COMPONENT)["access_token"] == made
        assert world.calls["token_service", COMPONENT] == 4

    def test_an_unknown_app_has_no_token(self, client: Client, world: World) -> None:
        answer = ask(client, OTHER)
        assert (answer.status_code, answer.json()["data"]) == (200, None)
        assert answer.json()["code"] != 0
        assert world.calls["token_service", ""] == 1

    def test_wechats_refusal_is_handed_on(self, client: Client, app: SimulatedApp) -> None:
        app.token_errcode = 40243
        assert ask(client).json()["code"] == 40243

    def test_it_requires_its_key(self, client: Client, world: World) -> None:
        world.token_service_key = KEY
        assert [ask(client, key=key).status_code for key in (None, "wrong", KEY)] == [401, 401, 200]
        assert world.token_service_key == KEY
        assert KEY not in repr(world.token_service)

    def test_it_serves_only_its_one_path(self, client: Client) -> None:
        assert client.post("/_token_service/token", {}, appId=APPID).status_code == 404
        assert client.session.get(f"{client.url}/_token_service/none", timeout=100).status_code == 404


class TestFaultyTokenService:
    def control(self, client: Client, **settings: object) -> int:
        return client.post("/_simulator/token_service", settings).status_code

    def test_statuses_pass_or_stay(self, client: Client) -> None:
        assert self.control(client, next_statuses=[503, 200], status=500) == 204
        answers = [ask(client) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [503, 200, 500]
        assert [answer.json()["data"] is None for answer in answers] == [True, False, True]

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"empty_token": True}, {"access_token": "", "expires_in": 7200}),
            ({"fixed_token": "invalid"}, {"access_token": "invalid", "expires_in": 7200}),
            ({"fixed_token": "invalid", "no_lifetime": True}, {"access_token": "invalid"}),
            (
                {"fixed_token": "invalid", "expires_in": "soon"},
                {"access_token": "invalid", "expires_in": "soon"},
            ),
            ({"fixed_token": "invalid", "expires_in": 0}, {"access_token": "invalid", "expires_in": 0}),
        ],
    )
    def test_its_answers_are_as_configured(
        self, client: Client, settings: dict[str, object], expected: dict[str, object]
    ) -> None:
        assert self.control(client, **settings) == 204
        assert data(client) == expected

    def test_a_raw_body_replaces_the_answer(self, client: Client) -> None:
        self.control(client, raw_body="<html>", status=502)
        answer = ask(client)
        assert (answer.status_code, answer.text) == (502, "<html>")
        assert answer.headers["content-type"].startswith("text/html")

    def test_it_hangs(self, client: Client, world: World) -> None:
        self.control(client, hang=True)
        with pytest.raises(OSError, match="Read timed out"):
            client.session.get(f"{client.url}/_token_service/token?appId={APPID}", timeout=(10, 0.05))
        assert world.wait_until_idle()
        assert client.info()["errcode"] == 0

    def test_what_is_not_allowed_changes_nothing(self, client: Client, world: World) -> None:
        assert self.control(client, hang=True, status=1) == 400
        assert not world.token_service.hang
