"""Each type of token source, end to end: the lists are those of the right app, and no call is superfluous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from helpers.exporter_process import exporter
from helpers.fleets import SmallFleet, appid, authorizer, own_platform, token_service_source
from helpers.samples import samples, series, value
from helpers.simulated_client import COMPONENT

from wx_domain_exporter.simulator.world import SimulatedPlatform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

A, B = appid(0), appid(1)
SCRAPES = 3


@pytest.fixture
def platform(fleet: SmallFleet) -> SimulatedPlatform:
    """A platform that both apps authorized."""
    platform = fleet.world.add_platform(SimulatedPlatform(component_appid=COMPONENT))
    for one in fleet.world.apps:
        fleet.world.authorize(COMPONENT, one)
    return platform


@dataclass(frozen=True)
class SourceCase:
    """A token source's configuration, and the calls that `SCRAPES` scrapes of two apps with it need.

    Attributes:
        name: The name of the case.
        of_app: Returns the configuration of an app's token.
        each: The APIs that are called once for each app.
        of_platform: Returns the configuration of the platform; None if there is none.
        once: The APIs that are called once for the platform.
    """

    name: str
    of_app: Callable[[SmallFleet, Path, str], dict[str, Any]]
    each: tuple[str, ...]
    of_platform: Callable[[SmallFleet, SimulatedPlatform], dict[str, Any]] | None = None
    once: tuple[str, ...] = ()

    def calls(self) -> dict[tuple[str, str], int]:
        return (
            {("getwxadevinfo", one): SCRAPES for one in (A, B)}
            | {(api, one): 1 for api in self.each for one in (A, B)}
            | {(api, COMPONENT): 1 for api in self.once}
        )


def stable_token(fleet: SmallFleet, _folder: Path, one: str) -> dict[str, Any]:
    return {"type": "stable_token", "appsecret": fleet.world.apps[one].appsecret}


def access_token(fleet: SmallFleet, _folder: Path, one: str) -> dict[str, Any]:
    fleet.world.patch(one, {"access_tokens": [f"external-token-of-{one}"]})
    return {"type": "access_token", "access_token": f"external-token-of-{one}"}


def from_the_token_service(fleet: SmallFleet, _folder: Path, _one: str) -> dict[str, Any]:
    fleet.world.token_service_key = "key of the token service"
    return token_service_source(fleet.url, headers={"Authorization": "Bearer key of the token service"})


def of_the_platform(fleet: SmallFleet, _folder: Path, one: str) -> dict[str, Any]:
    return authorizer(fleet.world.authorizations[COMPONENT][one])


def cloudrun(fleet: SmallFleet, _folder: Path, one: str) -> dict[str, Any]:
    fleet.world.patch(one, {"cloudrun": True})
    return {"type": "cloudrun", "base_url": fleet.url}


def cloudbase(fleet: SmallFleet, folder: Path, one: str) -> dict[str, Any]:
    fleet.world.patch(one, {"cloudbase_tokens": [f"cloudbase-token-of-{one}"]})
    (folder / one).write_text(f"cloudbase-token-of-{one}\n")
    return {"type": "cloudbase", "path": str(folder / one)}


def component_from_the_token_service(fleet: SmallFleet, platform: SimulatedPlatform) -> dict[str, Any]:
    return {
        "component_appid": platform.component_appid,
        "component_access_token": token_service_source(fleet.url),
    }


CASES = [
    SourceCase("stable_token", stable_token, ("stable_token",)),
    SourceCase("access_token", access_token, ()),
    SourceCase("http", from_the_token_service, ("token_service",)),
    SourceCase(
        "authorizer",
        of_the_platform,
        ("api_authorizer_token",),
        component_from_the_token_service,
        ("token_service",),
    ),
    SourceCase(
        "authorizer with own_component_token",
        of_the_platform,
        ("api_authorizer_token",),
        lambda _, platform: own_platform(platform),
        ("api_component_token",),
    ),
    SourceCase("cloudrun", cloudrun, ()),
    SourceCase("cloudbase", cloudbase, ()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_apps_show_their_own_lists_for_exactly_these_calls(
    fleet: SmallFleet, platform: SimulatedPlatform, tmp_path: Path, case: SourceCase
) -> None:
    apps = [{"appid": one, "token": case.of_app(fleet, tmp_path, one)} for one in (A, B)]
    platforms = {} if case.of_platform is None else {"main": case.of_platform(fleet, platform)}
    fleet.configure(apps=apps, platforms=platforms)
    with exporter(f"--config.file={fleet.path}") as program:
        texts = [program.scrape() for _ in range(SCRAPES)]
    for text in texts:
        assert series(text, "wx_domain_up", "appid") == {A: 1, B: 1}
        domains = {
            (dict(labels)["appid"], dict(labels)["domain"])
            for name, labels in samples(text)
            if name == "wx_domain_info"
        }
        assert domains == {(A, "https://app-0.example.com"), (B, "https://app-1.example.com")}
    # No other calls: none of /cgi-bin/token or force_refresh, and api_component_token only if configured.
    assert fleet.world.calls == case.calls()


class TestTokensThatChange:
    def test_a_cloudbase_token_is_read_again_when_the_file_changes(
        self, fleet: SmallFleet, tmp_path: Path
    ) -> None:
        fleet.configure(apps=[{"appid": A, "token": cloudbase(fleet, tmp_path, A)}])
        with exporter(f"--config.file={fleet.path}") as program:
            before = program.scrape()
            fleet.world.invalidate_tokens(A)
            invalid = program.scrape()
            fleet.world.patch(A, {"cloudbase_tokens": ["the-next-one"]})
            (tmp_path / A).write_text("the-next-one")
            after = program.scrape()
        assert [value(text, "wx_domain_up", appid=A) for text in (before, invalid, after)] == [1, 0, 1]
        assert value(invalid, "wx_domain_fetch_error", appid=A, reason="token") == 1

    def test_a_changed_refresh_token_is_kept_for_the_next_time(
        self, fleet: SmallFleet, platform: SimulatedPlatform, tmp_path: Path
    ) -> None:
        apps = [{"appid": one, "token": of_the_platform(fleet, tmp_path, one)} for one in (A, B)]
        fleet.configure(apps=apps, platforms={"main": own_platform(platform)})
        given = fleet.world.authorizations[COMPONENT][A].refresh_token
        with exporter(f"--config.file={fleet.path}") as program:
            texts = [program.scrape()]
            fleet.world.patch_platform(COMPONENT, {"rotate_refresh_tokens": True})
            for _ in range(3):
                fleet.world.patch_platform(COMPONENT, {"expire_authorizer_tokens": True})
                texts.append(program.scrape())
        for text in texts:
            assert series(text, "wx_domain_up", "appid") == {A: 1, B: 1}
        # The configured one is invalid now, because the new one was used.
        assert not fleet.world.authorizations[COMPONENT][A].use(given)
        assert fleet.calls("api_authorizer_token") == 2 * len(texts)
        assert fleet.calls("api_component_token") == 1

    def test_a_token_service_that_refuses_is_called_once_until_its_key_is_right(
        self, fleet: SmallFleet, tmp_path: Path
    ) -> None:
        fleet.world.token_service_key = "the right one"
        (tmp_path / "key").write_text("Bearer a wrong one")
        token = token_service_source(fleet.url, headers={"Authorization": {"file": "key"}})
        fleet.configure(apps=[{"appid": one, "token": token} for one in (A, B)])
        with exporter(f"--config.file={fleet.path}") as program:
            refused = [program.scrape() for _ in range(SCRAPES)]
            calls = fleet.calls("token_service")
            (tmp_path / "key").write_text("Bearer the right one")
            corrected = program.scrape()
        for text in refused:
            assert series(text, "wx_domain_up", "appid") == {A: 0, B: 0}
            assert value(text, "wx_domain_fetch_error", appid=A, reason="token") == 1
        assert calls == 2
        assert series(corrected, "wx_domain_up", "appid") == {A: 1, B: 1}


class TestWrongTokensOfATokenService:
    def test_the_same_token_for_two_apps_shows_no_list_of_either(self, fleet: SmallFleet) -> None:
        of_a = fleet.world.stable_token(fleet.world.apps[A]).value
        fleet.world.patch_token_service({"fixed_token": of_a})
        fleet.configure(apps=[{"appid": one, "token": token_service_source(fleet.url)} for one in (A, B)])
        with exporter(f"--config.file={fleet.path}") as program:
            texts = [program.scrape() for _ in range(SCRAPES)]
        for text in texts:
            assert series(text, "wx_domain_up", "appid") == {A: 0, B: 0}
            for one in (A, B):
                assert value(text, "wx_domain_fetch_error", appid=one, reason="token") == 1
            assert series(text, "wx_domain_domains", "appid") == series(text, "wx_domain_info", "appid") == {}
        # Both apps may have called WeChat once, before their tokens were compared.
        assert fleet.calls() <= 2

    def test_an_invalid_token_that_stays_the_same_is_fetched_twice(self, fleet: SmallFleet) -> None:
        fleet.world.patch_token_service({"fixed_token": "invalid"})
        fleet.configure(apps=[{"appid": A, "token": token_service_source(fleet.url)}])
        with exporter(f"--config.file={fleet.path}") as program:
            texts = [program.scrape() for _ in range(SCRAPES)]
        for text in texts:
            assert value(text, "wx_domain_fetch_error", appid=A, reason="token") == 1
            assert value(text, "wx_domain_api_error", appid=A, api="getwxadevinfo", errcode="40001") == 1
        assert "WeChat refuses the token, and there is no other" in program.log
        assert (fleet.calls("token_service"), fleet.calls()) == (2, 1)
