from __future__ import annotations

import re

import yaml
from simulated_client import Client

from wx_domain_exporter.simulator.demo import demo_config, demo_world, fleet, fleet_config, platform_fleet
from wx_domain_exporter.simulator.server import SimulatorServer


class TestFleets:
    def test_the_demo_shows_every_state(self) -> None:
        world = demo_world()
        config = yaml.safe_load(demo_config("http://127.0.0.1:1"))
        assert config["wechat"] == {"base_url": "http://127.0.0.1:1"}
        assert config["collect"] == {"effective": True, "quota": True}
        assert [app["appid"] for app in config["apps"]] == list(world.apps)
        states = {}
        with SimulatorServer(world) as server, Client(server) as client:
            for app in config["apps"]:
                assert set(app) - {"baseline"} == {"appid", "name", "labels", "token"}
                assert app["token"]["type"] == "stable_token"
                world.apps[app["appid"]].latency = 0
                given = client.stable(appid=app["appid"], secret=app["token"]["appsecret"])
                if "access_token" in given:
                    given = client.info(given["access_token"])
                states[app["name"]] = int(given.get("errcode", 0))
        assert {name: state for name, state in states.items() if state} == {
            "门店扫码": 40125,
            "partner-booking": 61007,
            "客服助手": 40164,
            "busy-quiz": 45009,
        }
        assert len(states) == 10
        assert [app["name"] for app in config["apps"] if "baseline" in app] == [
            "shop",
            "city-services",
            "legacy-chat",
        ]

    def test_the_demo_has_a_slow_a_big_a_changing_and_a_chinese_app(self) -> None:
        apps = demo_world().apps.values()
        assert [app.latency for app in apps if app.latency] == [0.5]
        assert max(len(app.domains["requestdomain"]) for app in apps) == 180
        assert [app.changes_every for app in apps if app.changes_every] == [60]
        text = str([app.domains for app in apps])
        assert "https://例子.测试" in text
        assert "wss://https://" in text

    def test_a_fleet_is_the_same_each_time(self) -> None:
        world = fleet(10, hanging=2, domains_each=13, latency=0.5)
        assert [app.hang for app in world.apps.values()].count(True) == 2
        assert not world.quirks
        for app in world.apps.values():
            assert sum(map(len, app.domains.values())) == 13
            assert app.latency == app.token_latency == 0.5
        assert list(fleet(10, 2, 13, 0.5).apps.values()) == list(world.apps.values())

    def test_a_fleets_configuration_names_all_apps_with_their_secrets(self) -> None:
        world = fleet(3)
        config = yaml.safe_load(fleet_config(world, "https://127.0.0.1:1"))
        assert config["apps"] == [
            {
                "appid": app.appid,
                "name": app.name,
                "token": {"type": "stable_token", "appsecret": app.appsecret},
            }
            for app in world.apps.values()
        ]
        assert len({app.appsecret for app in world.apps.values()}) == 3
        assert all(re.fullmatch("[0-9a-f]{32}", app.appsecret) for app in world.apps.values())

    def test_a_platforms_fleet_has_mini_programs_and_official_accounts(self) -> None:
        world = platform_fleet(20, official_accounts=5, hanging=2)
        ((component_appid, platform),) = world.platforms.items()
        authorizations = world.authorizers(platform)
        assert [authorization.appid for authorization in authorizations] == list(world.apps)
        assert [authorization.mini_program for authorization in authorizations].count(False) == 5
        assert [app.hang for app in world.apps.values()].count(True) == 2
        assert len({authorization.refresh_token for authorization in authorizations}) == 20
        again = platform_fleet(20, official_accounts=5, hanging=2)
        tokens = [authorization.refresh_token for authorization in again.authorizers(platform)]
        assert tokens == [authorization.refresh_token for authorization in authorizations]
        assert list(again.platforms) == [component_appid]
