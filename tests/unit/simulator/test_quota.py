from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.simulated_client import APPID, Client, Clock, PlatformClient, decoded

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.world import Authorization, SimulatedApp, World

PATH = "/cgi-bin/openapi/quota/get"


def quota(client: Client, token: str, cgi_path: object = "/wxa/getwxadevinfo") -> dict[str, Any]:
    return decoded(client.post(PATH, {"cgi_path": cgi_path}, access_token=token))


class TestQuota:
    def test_it_goes_by_the_calls_of_today(self, client: Client, app: SimulatedApp, world: World) -> None:
        app.daily_limit = 3
        token = client.token()
        for _ in range(2):
            client.info(token)
        answers = [quota(client, token) for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0]["quota"] == {"daily_limit": 3, "used": 2, "remain": 1}
        assert set(answers[0]) == {"errcode", "errmsg", "quota", "rate_limit"}
        assert set(answers[0]["rate_limit"]) == {"call_count", "refresh_second"}
        assert world.calls["quota/get", APPID] == 2

    def test_a_platforms_calls_have_a_rate_limit_of_their_own(
        self, platform_client: PlatformClient, authorization: Authorization
    ) -> None:
        component = platform_client.component_token()
        payload = platform_client.authorizer(component, authorization.refresh_token)
        found = quota(platform_client, payload["authorizer_access_token"])
        assert set(found["component_rate_limit"]) == {"call_count", "refresh_second"}

    def test_it_begins_anew_at_midnight_in_beijing(self, client: Client, clock: Clock) -> None:
        client.info()
        assert quota(client, client.token())["quota"]["used"] == 1
        clock.now += 86400
        assert quota(client, client.token())["quota"]["used"] == 0

    def test_an_app_without_a_limit_has_the_usual_one(self, client: Client) -> None:
        payload = quota(client, client.token())["quota"]
        assert payload == {"daily_limit": 100_000, "used": 0, "remain": 100_000}

    def test_less_than_nothing_never_remains(self, client: Client, app: SimulatedApp) -> None:
        app.daily_limit = 1
        token = client.token()
        for _ in range(3):
            client.info(token)
        assert quota(client, token)["quota"] == {"daily_limit": 1, "used": 3, "remain": 0}

    def test_another_api_has_a_quota_of_its_own(self, client: Client) -> None:
        token = client.token()
        client.info(token)
        assert quota(client, token)["quota"]["used"] == 1
        assert quota(client, token, "/wxa/get_effective_domain")["quota"]["used"] == 0

    @pytest.mark.parametrize(
        ("cgi_path", "errcode"),
        [
            ("wxa/getwxadevinfo", 76003),
            ("https://api.weixin.qq.com/wxa/getwxadevinfo", 76003),
            ("", 76003),
            (None, 76003),
            ("/wxa/none", 76021),
        ],
    )
    def test_a_wrong_path_is_refused(self, client: Client, cgi_path: object, errcode: int) -> None:
        assert quota(client, client.token(), cgi_path)["errcode"] == errcode

    def test_it_fails_by_itself(self, client: Client, app: SimulatedApp) -> None:
        app.quota_errcode = 48001
        token = client.token()
        assert quota(client, token)["errcode"] == 48001
        assert client.info(token)["errcode"] == 0

    def test_with_quirks_numbers_are_strings_sometimes(self, client: Client, world: World) -> None:
        world.quirks = True
        token = client.token()
        values = [value for _ in range(20) for value in quota(client, token)["quota"].values()]
        assert {type(value) for value in values} == {int, str}
        assert {int(value) for value in values} == {0, 100_000}

    def test_with_quirks_a_failed_answer_names_the_token_and_holds_no_numbers(
        self, client: Client, world: World, app: SimulatedApp
    ) -> None:
        world.quirks = True
        app.quota_errcode = 48001
        token = client.token()
        answers = [quota(client, token) for _ in range(50)]
        assert {type(answer["errcode"]) for answer in answers} == {int, str}
        assert {f"access_token={token}" in answer["errmsg"] for answer in answers} == {True, False}
        assert all(set(answer) == {"errcode", "errmsg"} for answer in answers)
