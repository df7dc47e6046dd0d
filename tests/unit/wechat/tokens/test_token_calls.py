"""How many tokens a large fleet costs: 1,000 apps, asked for their token every minute of two hours.

In the tests' own process, where the clocks of the exporter and of the simulated WeChat can be moved. Every
minute stands for a scrape, of which only the part happens that costs tokens; the calls themselves are real.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from helpers.api_clients import time_left
from helpers.fleets import SmallFleet, authorizer, own_platform, platform_fleet, serve, token_service_source
from helpers.token_setup import Recorder

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
"""Renewals are spread over five minutes, and some come a second time soon after; without, it would be all."""


@dataclass
class Economy:
    """What two hours cost."""

    calls: dict[str, int] = field(default_factory=dict)
    most_of_an_app: dict[str, int] = field(default_factory=dict)
    most_in_a_minute: int = 0
    """After the first minute, in which everybody needs a token."""


def two_hours(fleet: SmallFleet, clock: Clock) -> Economy:
    settings = ConfigLoader(fleet.path).load()
    platforms = {watched.name: make_platform(watched, clock) for watched in settings.platforms}
    sources = {app.appid: make_source(app.appid, app.token, platforms, clock) for app in settings.apps}
    client = ApiClient(settings.wechat, Recorder())
    economy = Economy()
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
                economy.most_in_a_minute = max(economy.most_in_a_minute, fleet.world.calls.total() - before)
            clock.ahead += 60
    finally:
        client.close()
    for (api, _), number in fleet.world.calls.items():
        economy.calls[api] = economy.calls.get(api, 0) + number
        economy.most_of_an_app[api] = max(economy.most_of_an_app.get(api, 0), number)
    return economy


def stable_token(_fleet: SmallFleet) -> dict[str, Any]:
    return {}


def from_the_token_service(fleet: SmallFleet) -> dict[str, Any]:
    token = token_service_source(fleet.url)
    return {"apps": [{"appid": one, "token": token} for one in fleet.world.apps]}


@pytest.mark.parametrize(
    ("api", "sections"), [("stable_token", stable_token), ("token_service", from_the_token_service)]
)
def test_a_token_that_others_renew_is_asked_for_three_times_at_the_most(
    tmp_path: Path, clock: Clock, api: str, sections: Callable[[SmallFleet], dict[str, Any]]
) -> None:
    """At the start, 5 to 10 min before its end, and, if WeChat still has the old one then, in half its rest.

    WeChat itself puts another token in the old one's place five minutes before its end.
    """
    with serve(platform_fleet(APPS, clock=clock.time), tmp_path) as fleet:
        fleet.configure(**sections(fleet))
        economy = two_hours(fleet, clock)
    assert set(economy.calls) == {api}
    assert 2 * APPS <= economy.calls[api] <= 3 * APPS
    assert economy.most_of_an_app[api] <= 3
    assert economy.most_in_a_minute <= MOST_A_MINUTE


def test_a_token_that_is_made_anew_is_asked_for_twice_and_the_platforms_with_it(
    tmp_path: Path, clock: Clock
) -> None:
    world = platform_fleet(APPS, clock=clock.time)
    [platform] = world.platforms.values()
    with serve(world, tmp_path) as fleet:
        authorizations = world.authorizations[platform.component_appid].items()
        fleet.configure(
            apps=[{"appid": one, "token": authorizer(granted)} for one, granted in authorizations],
            platforms={"main": own_platform(platform)},
        )
        economy = two_hours(fleet, clock)
    assert set(economy.calls) == {"api_component_token", "api_authorizer_token"}
    assert economy.calls["api_authorizer_token"] == 2 * APPS
    assert economy.most_of_an_app["api_authorizer_token"] == 2
    assert economy.calls["api_component_token"] == 2
    assert economy.most_in_a_minute <= MOST_A_MINUTE
