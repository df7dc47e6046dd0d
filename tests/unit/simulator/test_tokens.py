from __future__ import annotations

import pytest
from helpers.simulated_client import APPID, OTHER, Client, Clock, decoded

from wx_domain_exporter.simulator.world import REMEMBERED_TOKENS, SimulatedApp, World


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

    def test_a_replaced_stable_token_stays_valid_for_five_minutes(self, client: Client, clock: Clock) -> None:
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

    def test_each_plain_token_is_new_and_invalidates_the_previous_one(
        self, client: Client, world: World
    ) -> None:
        stable = client.token()
        first, second = client.plain()["access_token"], client.plain()["access_token"]
        assert client.info(first)["errcode"] == 40001
        assert client.info(second)["errcode"] == 0
        assert client.info(stable)["errcode"] == 0
        assert world.calls["token", APPID] == 2

    def test_a_token_with_a_short_lifetime_is_not_renewed_on_every_call(
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
        assert decoded(client.session.get(client.url + path, timeout=100))["errcode"] == 43002

    def test_post_is_refused_where_get_is_wanted(self, client: Client) -> None:
        assert decoded(client.post("/cgi-bin/token", {}))["errcode"] == 43001

    def test_external_tokens_are_accepted(self, client: Client, world: World) -> None:
        world.add(SimulatedApp(appid=OTHER, access_tokens=["external-token"]))
        assert client.info("external-token")["requestdomain"] == []
        assert world.calls["getwxadevinfo", OTHER] == 1
        world.expire_tokens(OTHER)
        assert client.info("external-token")["errcode"] == 42001

    def test_only_the_newest_tokens_are_remembered(self, world: World, app: SimulatedApp) -> None:
        made = [world.plain_token(app).value for _ in range(REMEMBERED_TOKENS + 1)]
        assert world.find_token(made[0]) is None
        assert world.find_token(made[-1]) is not None
