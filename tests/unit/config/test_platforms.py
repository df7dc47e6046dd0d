from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from helpers.discovery_setup import own_token
from helpers.fleets import platform_fleet
from helpers.samples import samples, series, value
from helpers.services import LONG, configure, running_service, scrape, up
from helpers.simulated_client import OTHER
from helpers.token_setup import http_token_settings
from helpers.waiting import wait_until
from prometheus_client.parser import text_string_to_metric_families

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedPlatform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wx_domain_exporter.service import Service
    from wx_domain_exporter.simulator.world import World

DISCOVERED = "wx_domain_exporter_discovered_apps"


@dataclass
class Stage:
    """A service that discovers the four mini programs of a platform."""

    world: World
    url: str
    path: Path

    @property
    def simulated(self) -> SimulatedPlatform:
        return next(iter(self.world.platforms.values()))

    @property
    def appids(self) -> list[str]:
        return sorted(self.world.authorizations[self.simulated.component_appid])

    def main(self, **settings: Any) -> dict[str, Any]:
        return {**own_token(self.simulated), "discover": True, **settings}

    def main_with_given_token(self) -> dict[str, Any]:
        appid, given = self.simulated.component_appid, http_token_settings(self.url)
        return {"component_appid": appid, "component_access_token": given, "discover": True}

    def configure(self, **sections: Any) -> None:
        given = {"wechat": {"base_url": self.url}, "platforms": {"main": self.main()}, **sections}
        configure(self.path, **given)

    def reload(self, service: Service, **sections: Any) -> None:
        self.configure(**sections)
        assert service.reload()

    def calls(self, api: str) -> int:
        return sum(number for (name, _), number in self.world.calls.items() if name == api)

    def stable(self, appid: str) -> dict[str, Any]:
        appsecret = self.world.apps[appid].appsecret
        return {"appid": appid, "name": "by hand", "token": {"type": "stable_token", "appsecret": appsecret}}

    def patch(self, **settings: object) -> None:
        self.world.patch_platform(self.simulated.component_appid, settings)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    world = platform_fleet(4)
    with SimulatorServer(world) as server:
        stage = Stage(world, server.url, tmp_path / "config.yml")
        stage.configure()
        yield stage


@pytest.fixture
def service(stage: Stage) -> Iterator[Service]:
    with running_service(stage.path) as service:
        yield service


class TestDiscoveredApps:
    def test_they_are_scraped_after_the_discovery(self, stage: Stage, service: Service) -> None:
        assert up(scrape(service)) == {}
        before = service.knows_all_apps
        service.discover()
        text = scrape(service)
        assert (before, service.knows_all_apps) == (False, True)
        assert up(text) == dict.fromkeys(stage.appids, 1)
        assert value(text, DISCOVERED, platform="main") == value(text, "wx_domain_exporter_apps") == 4
        names = {appid: app.name for appid, app in stage.world.apps.items()}
        assert {appid: app.settings.name for appid, app in service.fleet.by_appid.items()} == names

    def test_they_have_the_default_labels(self, stage: Stage, service: Service) -> None:
        stage.reload(service, defaults={"labels": {"team": "growth"}})
        service.discover()
        text = scrape(service)
        expected = {(appid, app.name, "growth") for appid, app in stage.world.apps.items()}
        infos = [dict(labels) for name, labels in samples(text) if name == "wx_domain_app_info"]
        assert {(info["appid"], info["name"], info["team"]) for info in infos} == expected

    def test_no_series_is_duplicated(self, stage: Stage, service: Service) -> None:
        stage.reload(service, apps=[stage.stable(stage.appids[0])])
        service.discover()
        text = scrape(service)
        written = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        assert len(written) == len(samples(text))

    def test_an_entry_of_the_configuration_takes_precedence(self, stage: Stage, service: Service) -> None:
        first = stage.appids[0]
        stage.reload(service, apps=[stage.stable(first)])
        service.discover()
        assert up(scrape(service)) == dict.fromkeys(stage.appids, 1)
        assert service.fleet.by_appid[first].settings.name == "by hand"
        assert service.fleet.by_appid[first].source.type_name == "stable_token"
        assert stage.world.calls["api_authorizer_token", first] == 0

    def test_an_app_of_two_platforms_uses_the_first_one(self, stage: Stage, service: Service) -> None:
        second = stage.world.add_platform(SimulatedPlatform(component_appid=OTHER))
        stage.world.authorize(OTHER, stage.appids[0], permissions=[17])
        stage.reload(service, platforms={"main": stage.main(), "second": stage.main(**own_token(second))})
        service.discover()
        text = scrape(service)
        assert up(text) == dict.fromkeys(stage.appids, 1)
        assert series(text, DISCOVERED, "platform") == {"main": 4, "second": 1}
        assert stage.world.calls["api_component_token", OTHER] == 1
        assert stage.calls("api_authorizer_token") == 4

    def test_apps_without_the_permission_set_are_known_before_the_first_call(
        self, stage: Stage, service: Service
    ) -> None:
        lacking, by_hand, *granted = stage.appids
        for appid in (lacking, by_hand):
            stage.world.patch_authorization(stage.simulated.component_appid, appid, {"permissions": [17]})
        stage.reload(service, apps=[stage.stable(by_hand)])
        service.discover()
        known = {appid: service.is_ungranted(app.settings) for appid, app in service.fleet.by_appid.items()}
        assert known == {lacking: True, by_hand: False, **dict.fromkeys(granted, False)}
        assert stage.calls("getwxadevinfo") == 0

    def test_their_account_statuses_are_exported_if_asked_for(self, stage: Stage, service: Service) -> None:
        frozen = stage.appids[0]
        component = stage.simulated.component_appid
        stage.world.patch_authorization(component, frozen, {"account_status": 19})
        service.discover()
        assert series(scrape(service), "wx_domain_account_status", "appid") == {}
        stage.reload(service, collect={"account": True})
        service.discover()
        text = scrape(service)
        assert series(text, "wx_domain_account_status", "appid") == dict.fromkeys(stage.appids, 1)
        assert value(text, "wx_domain_account_status", appid=frozen, status="frozen") == 1
        assert stage.calls("api_get_authorizer_info") == 4

    def test_their_tokens_can_come_from_a_token_service(self, stage: Stage, service: Service) -> None:
        stage.reload(service, platforms={"main": stage.main(token=http_token_settings(stage.url))})
        service.discover()
        assert up(scrape(service)) == dict.fromkeys(stage.appids, 1)
        assert stage.calls("token_service") == 4
        assert stage.calls("api_authorizer_token") == 0

    def test_without_a_discovery_no_call_is_made(self, stage: Stage, service: Service) -> None:
        stage.reload(service, platforms={}, apps=[stage.stable(stage.appids[0])])
        service.discover()
        assert not stage.world.calls
        assert service.knows_all_apps


class TestComponentToken:
    def test_with_one_from_a_token_service_the_exporter_never_gets_its_own(
        self, stage: Stage, service: Service
    ) -> None:
        stage.reload(service, platforms={"main": stage.main_with_given_token()})
        service.discover()
        assert up(scrape(service)) == dict.fromkeys(stage.appids, 1)
        stage.patch(invalidate_component_tokens=True, invalidate_authorizer_tokens=True)
        service.discover()
        assert up(scrape(service)) == dict.fromkeys(stage.appids, 1)
        assert stage.calls("token_service") == 2
        assert stage.calls("api_component_token") == 0

    def test_every_app_shows_a_refusal_while_it_lasts(self, stage: Stage, service: Service) -> None:
        service.discover()
        scrape(service)
        stage.patch(whitelisted=False, expire_component_tokens=True, expire_authorizer_tokens=True)
        for _ in range(2):
            text = scrape(service)
            assert up(text) == dict.fromkeys(stage.appids, 0)
            for appid in stage.appids:
                labels = {"appid": appid, "api": "api_component_token", "errcode": "61004"}
                assert value(text, "wx_domain_api_error", **labels) == 1
                assert value(text, "wx_domain_fetch_error", appid=appid, reason="token") == 1
        assert stage.calls("api_component_token") == 2
        stage.patch(whitelisted=True)
        stage.reload(service)
        text = scrape(service)
        assert up(text) == dict.fromkeys(stage.appids, 1)
        assert series(text, "wx_domain_api_error", "api") == {}


class TestReload:
    def test_what_is_unchanged_is_kept(self, stage: Stage, service: Service) -> None:
        service.discover()
        scrape(service)
        calls, before = dict(stage.world.calls), service.fleet
        stage.reload(service)
        assert service.fleet.apps == before.apps
        assert service.knows_all_apps
        assert dict(stage.world.calls) == calls
        service.discover()
        scrape(service)
        assert stage.calls("api_component_token") == 1
        assert stage.calls("api_get_authorizer_info") == stage.calls("api_authorizer_token") == 4

    def test_exclude_takes_effect_at_once_and_drops_no_other_app(
        self, stage: Stage, service: Service
    ) -> None:
        service.discover()
        scrape(service)
        before = service.fleet.by_appid
        gone, *others = stage.appids
        stage.reload(service, platforms={"main": stage.main(exclude=[gone])})
        assert dict(service.fleet.by_appid) == {appid: before[appid] for appid in others}
        text = scrape(service)
        assert up(text) == dict.fromkeys(others, 1)
        assert value(text, DISCOVERED, platform="main") == 3
        assert stage.calls("api_component_token") == 1
        assert stage.calls("api_authorizer_token") == 4

    def test_other_labels_keep_tokens_and_apps(self, stage: Stage, service: Service) -> None:
        service.discover()
        scrape(service)
        stage.reload(service, defaults={"labels": {"team": "growth"}})
        text = scrape(service)
        assert up(text) == dict.fromkeys(stage.appids, 1)
        assert series(text, "wx_domain_app_info", "team") == {"growth": 1}
        assert stage.calls("api_component_token") == 1
        assert stage.calls("api_authorizer_token") == 4

    def test_another_source_of_the_platforms_token_drops_no_app(self, stage: Stage, service: Service) -> None:
        service.discover()
        scrape(service)
        stage.reload(service, platforms={"main": stage.main_with_given_token()})
        assert up(scrape(service)) == dict.fromkeys(stage.appids, 1)
        assert service.knows_all_apps
        assert stage.calls("api_component_token") == 1
        assert stage.calls("token_service") == 1

    def test_the_apps_and_metrics_of_a_removed_platform_disappear(
        self, stage: Stage, service: Service
    ) -> None:
        service.discover()
        (discovery,) = service.discoveries
        first = stage.appids[0]
        stage.reload(service, platforms={}, apps=[stage.stable(first)])
        text = scrape(service)
        assert up(text) == {first: 1}
        assert 'platform="main"' not in text
        calls = dict(stage.world.calls)
        discovery.discover()
        assert dict(stage.world.calls) == calls
        assert up(scrape(service)) == {first: 1}

    def test_another_platform_of_the_same_name_starts_without_apps(
        self, stage: Stage, service: Service
    ) -> None:
        second = stage.world.add_platform(SimulatedPlatform(component_appid=OTHER))
        stage.world.authorize(OTHER, stage.appids[0])
        service.discover()
        stage.reload(service, platforms={"main": stage.main(**own_token(second))})
        text = scrape(service)
        assert up(text) == {}
        assert series(text, DISCOVERED, "platform") == {}
        service.discover()
        assert up(scrape(service)) == {stage.appids[0]: 1}

    def test_without_discover_only_configured_apps_stay(self, stage: Stage, service: Service) -> None:
        service.discover()
        scrape(service)
        first = stage.appids[0]
        (authorizations,) = stage.world.authorizations.values()
        token = {
            "type": "authorizer",
            "platform": "main",
            "authorizer_refresh_token": authorizations[first].refresh_token,
        }
        apps = [{"appid": first, "token": token}]
        stage.reload(service, platforms={"main": stage.main(discover=False)}, apps=apps)
        text = scrape(service)
        assert up(text) == {first: 1}
        assert 'platform="main"' not in text
        assert stage.calls("api_component_token") == 1


class TestStart:
    def wait_until_discovered(self, service: Service) -> None:
        wait_until(lambda: service.knows_all_apps, "the platforms are discovered", LONG)

    def wait_for_failure(self, service: Service) -> None:
        (discovery,) = service.discoveries
        wait_until(lambda: discovery.failure is not None, "the discovery fails", LONG)

    def test_a_started_service_discovers_by_itself(self, stage: Stage, service: Service) -> None:
        service.start()
        self.wait_until_discovered(service)
        assert up(scrape(service)) == dict.fromkeys(stage.appids, 1)

    def test_a_platform_that_a_reload_adds_is_discovered_too(self, stage: Stage, service: Service) -> None:
        second = stage.world.add_platform(SimulatedPlatform(component_appid=OTHER))
        app = stage.world.add(stage.world.apps[stage.appids[0]].model_copy(update={"appid": f"wx{0:016x}"}))
        stage.world.authorize(OTHER, app.appid)
        service.start()
        self.wait_until_discovered(service)
        stage.reload(service, platforms={"main": stage.main(), "second": stage.main(**own_token(second))})
        self.wait_until_discovered(service)
        assert len(service.fleet.apps) == 5
        assert stage.world.calls["api_get_authorizer_list", stage.simulated.component_appid] == 1

    def test_one_for_which_there_is_no_thread_is_repeated_by_a_reload(
        self, stage: Stage, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start = threading.Thread.start

        def start_unless_resolving(thread: threading.Thread) -> None:
            if thread.name == "resolve":
                raise RuntimeError("can't start new thread")
            start(thread)

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start_unless_resolving)
            service.start()
            self.wait_for_failure(service)
        assert not stage.world.calls
        assert service.reload()
        self.wait_until_discovered(service)
        assert up(scrape(service)) == dict.fromkeys(stage.appids, 1)

    def test_one_that_failed_is_repeated_by_a_reload(self, stage: Stage, service: Service) -> None:
        stage.patch(list_errcode=61004)
        service.start()
        self.wait_for_failure(service)
        stage.patch(list_errcode=0)
        assert service.reload()
        self.wait_until_discovered(service)
        assert up(scrape(service)) == dict.fromkeys(stage.appids, 1)


class TestOrder:
    def test_a_new_discovery_uses_the_new_client(self, stage: Stage) -> None:
        stage.configure(platforms={}, apps=[stage.stable(stage.appids[0])])
        elsewhere = platform_fleet(1)
        with SimulatorServer(elsewhere) as other, running_service(stage.path) as service:
            service.start()
            platform = next(iter(elsewhere.platforms.values()))
            main = {**own_token(platform), "discover": True}
            stage.reload(service, wechat={"base_url": other.url}, platforms={"main": main})
            wait_until(lambda: bool(elsewhere.calls), "the new platform is asked", LONG)
        assert stage.calls("api_component_token") == 0, "a secret went to where it does not belong"
