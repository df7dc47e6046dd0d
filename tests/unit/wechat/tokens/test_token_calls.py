"""How many calls of token APIs a large fleet needs: the tokens of 1,000 apps, every minute of two hours.

The exporter and the simulated WeChat run in the process of the test, which moves their clocks. Of each
scrape only the requests of tokens are made, with real calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from helpers.api_clients import Recorder, time_left
from helpers.fleets import SmallFleet, authorizer, own_platform, platform_fleet, serve, token_service_source

from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.tokens.factory import make_platform, make_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.clocks import Clock

APPS = 1000
MINUTES = 120
MOST_A_MINUTE = APPS // 2
"""Refreshes are spread over five minutes, and some tokens are refreshed twice; without it, all at once."""


@dataclass
class TokenCalls:
    """The calls of token APIs in two hours."""

    by_api: dict[str, int] = field(default_factory=dict)
    most_of_an_app: dict[str, int] = field(default_factory=dict)
    most_in_a_minute: int = 0
    """Without the first minute, in which all apps need a token."""


def two_hours(fleet: SmallFleet, clock: Clock) -> TokenCalls:
    settings = ConfigLoader(fleet.path).load()
    platforms = {platform.name: make_platform(platform, clock) for platform in settings.platforms}
    sources = {app.appid: make_source(app.appid, app.token, platforms, clock) for app in settings.apps}
    client = ApiClient(settings.wechat, Recorder())
    calls = TokenCalls()
    try:
        for minute in range(MINUTES + 1):
            before = fleet.world.calls.total()
            for appid, source in sources.items():
                value = source.get(Caller(client, time_left(), {}))
                token = fleet.world.find_token(value)
                assert token is not None, "a scrape would get 40001"
                assert token.appid == appid
                assert token.expires_at > clock.time(), "a scrape would get 42001"
            if minute:
                calls.most_in_a_minute = max(calls.most_in_a_minute, fleet.world.calls.total() - before)
            clock.ahead += 60
    finally:
        client.close()
    for (api, _), number in fleet.world.calls.items():
        calls.by_api[api] = calls.by_api.get(api, 0) + number
        calls.most_of_an_app[api] = max(calls.most_of_an_app.get(api, 0), number)
    return calls


def stable_token(_fleet: SmallFleet) -> dict[str, Any]:
    return {}


def from_the_token_service(fleet: SmallFleet) -> dict[str, Any]:
    token = token_service_source(fleet.url)
    return {"apps": [{"appid": appid, "token": token} for appid in fleet.world.apps]}


@pytest.mark.parametrize(
    ("api", "sections"), [("stable_token", stable_token), ("token_service", from_the_token_service)]
)
def test_a_token_that_others_renew_is_requested_at_most_three_times(
    tmp_path: Path, clock: Clock, api: str, sections: Callable[[SmallFleet], dict[str, Any]]
) -> None:
    """At the start, 5 to 10 minutes before it expires, and once more if WeChat still has the same token then.

    WeChat itself replaces a token five minutes before it expires.
    """
    with serve(platform_fleet(APPS, clock=clock.time), tmp_path) as fleet:
        fleet.configure(**sections(fleet))
        calls = two_hours(fleet, clock)
    assert set(calls.by_api) == {api}
    assert 2 * APPS <= calls.by_api[api] <= 3 * APPS
    assert calls.most_of_an_app[api] <= 3
    assert calls.most_in_a_minute <= MOST_A_MINUTE


def test_an_authorizer_token_is_requested_twice_and_the_platforms_token_too(
    tmp_path: Path, clock: Clock
) -> None:
    world = platform_fleet(APPS, clock=clock.time)
    [platform] = world.platforms.values()
    with serve(world, tmp_path) as fleet:
        authorizations = world.authorizations[platform.component_appid].items()
        fleet.configure(
            apps=[{"appid": appid, "token": authorizer(granted)} for appid, granted in authorizations],
            platforms={"main": own_platform(platform)},
        )
        calls = two_hours(fleet, clock)
    assert set(calls.by_api) == {"api_component_token", "api_authorizer_token"}
    assert calls.by_api["api_authorizer_token"] == 2 * APPS
    assert calls.most_of_an_app["api_authorizer_token"] == 2
    assert calls.by_api["api_component_token"] == 2
    assert calls.most_in_a_minute <= MOST_A_MINUTE
