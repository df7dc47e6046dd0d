"""Token services that hang: apps with other token sources are up in every scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.exporter_process import exporter
from helpers.fleets import SmallFleet, appid, authorizer, own_platform, small_fleet, token_service_source
from helpers.samples import series
from helpers.simulated_client import COMPONENT

from wx_domain_exporter.simulator.world import SimulatedPlatform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEALTHY, OTHERS = 50, 20
SCRAPES = 2
LONG = 20.0
"""A scrape timeout in seconds that no scrape here reaches, because the calls time out."""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path, HEALTHY + OTHERS) as running:
        yield running


@pytest.fixture
def platform(fleet: SmallFleet) -> SimulatedPlatform:
    """A platform that the apps with the slow tokens authorized."""
    platform = fleet.world.add_platform(SimulatedPlatform(component_appid=COMPONENT))
    for one in others():
        fleet.world.authorize(COMPONENT, one)
    return platform


def others() -> list[str]:
    return [appid(HEALTHY + number) for number in range(OTHERS)]


def configure(fleet: SmallFleet, tokens: dict[str, dict[str, Any]], **sections: Any) -> None:
    """Put the apps with the slow tokens first: before the first scrape, all apps have the same priority."""
    healthy = {
        one: {"type": "stable_token", "appsecret": app.appsecret}
        for one, app in fleet.world.apps.items()
        if one not in tokens
    }
    apps = [{"appid": one, "token": token} for one, token in (tokens | healthy).items()]
    fleet.configure(apps=apps, **sections)


def of_the_platform(fleet: SmallFleet) -> dict[str, dict[str, Any]]:
    return {one: authorizer(granted) for one, granted in fleet.world.authorizations[COMPONENT].items()}


def check(text: str, reason: str) -> None:
    states = series(text, "wx_domain_up", "appid")
    assert len(states) == HEALTHY + OTHERS
    assert {one for one, state in states.items() if not state} == set(others())
    assert set(series(text, "wx_domain_fetch_error", "reason")) == {reason}


@pytest.mark.parametrize(
    ("timeout", "scrape_timeout", "reason"),
    [("5s", LONG, "token"), ("1m", 10.0, "deadline")],
    ids=["timeout", "deadline"],
)
def test_a_platform_whose_component_token_hangs(
    fleet: SmallFleet, platform: SimulatedPlatform, timeout: str, scrape_timeout: float, reason: str
) -> None:
    platform.hang = True
    platforms = {"main": own_platform(platform)}
    configure(fleet, of_the_platform(fleet), platforms=platforms, wechat={"timeout": timeout})
    with exporter(f"--config.file={fleet.path}") as program:
        for _ in range(SCRAPES):
            check(program.scrape(scrape_timeout), reason)
    # All of them waited for one call, and after its failure the source is not used for a while.
    assert fleet.calls("api_component_token") == 1


def test_a_token_service_that_hangs(fleet: SmallFleet) -> None:
    fleet.world.patch_token_service({"hang": True})
    configure(fleet, dict.fromkeys(others(), token_service_source(fleet.url)), wechat={"timeout": "5s"})
    with exporter(f"--config.file={fleet.path}") as program:
        for _ in range(SCRAPES):
            check(program.scrape(LONG), "token")
    assert fleet.calls("token_service") == OTHERS


def test_more_apps_than_concurrent_calls_wait_for_one_token(
    fleet: SmallFleet, platform: SimulatedPlatform
) -> None:
    """All apps were up before, so that none is known to be slow."""
    few = {"timeout": "5s", "max_concurrency": OTHERS // 4}
    main = {
        "component_appid": platform.component_appid,
        "component_access_token": token_service_source(fleet.url),
    }
    configure(fleet, of_the_platform(fleet), platforms={"main": main}, wechat=few)
    with exporter(f"--config.file={fleet.path}") as program:
        assert set(series(program.scrape(LONG), "wx_domain_up", "appid").values()) == {1}
        fleet.world.patch_token_service({"hang": True})
        ended = {"expire_authorizer_tokens": True, "expire_component_tokens": True}
        fleet.world.patch_platform(COMPONENT, ended)
        for _ in range(SCRAPES):
            check(program.scrape(LONG), "token")
    # The first call returned the platform's token; all apps waited for the second one, which failed.
    assert fleet.calls("token_service") == 2
