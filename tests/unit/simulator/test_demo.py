from __future__ import annotations

import yaml
from helpers.simulated_client import Client

from wx_domain_exporter.simulator.demo import demo_config, demo_world
from wx_domain_exporter.simulator.server import SimulatorServer


class TestDemo:
    def test_the_demo_shows_every_state(self) -> None:
        world = demo_world()
        config = yaml.safe_load(demo_config("http://127.0.0.1:1"))
        assert config["wechat"] == {"base_url": "http://127.0.0.1:1"}
        assert config["collect"] == {"effective": True, "quota": True}
        assert {app["appid"] for app in config["apps"]} <= world.apps.keys()
        states = {}
        with SimulatorServer(world) as server, Client(server) as client:
            for app in config["apps"]:
                assert set(app) - {"baseline"} == {"appid", "name", "labels", "token"}
                assert app["token"]["type"] == "stable_token"
                world.apps[app["appid"]].latency = 0
                payload = client.stable(appid=app["appid"], secret=app["token"]["appsecret"])
                if "access_token" in payload:
                    payload = client.info(payload["access_token"])
                states[app["name"]] = int(payload.get("errcode", 0))
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

    def test_the_demo_has_a_slow_a_big_and_a_chinese_app(self) -> None:
        apps = demo_world().apps.values()
        assert [app.latency for app in apps if app.latency] == [0.5]
        assert max(len(app.domains.get("requestdomain", [])) for app in apps) == 180
        text = str([app.domains for app in apps])
        assert "https://例子.测试" in text
        assert "wss://https://" in text

    def test_official_accounts_are_among_those_that_have_authorized_the_platform(self) -> None:
        ((component_appid, authorizations),) = demo_world().authorizations.items()
        (platform,) = yaml.safe_load(demo_config("http://127.0.0.1:1"))["platforms"].values()
        assert (platform["component_appid"], platform["discover"]) == (component_appid, True)
        kinds = [authorization.mini_program for authorization in authorizations.values()]
        assert (kinds.count(True), kinds.count(False)) == (5, 3)

    def test_lists_change_at_fixed_times_after_the_start(self) -> None:
        now = 1_700_000_000.0
        world = demo_world(lambda: now)
        start, changes, before = now, [], {appid: world.domains(app) for appid, app in world.apps.items()}
        while now < start + 330:
            now += 5
            for appid, app in world.apps.items():
                lists = world.domains(app)
                if lists != before[appid]:
                    changes.append((now - start, app.name))
                before[appid] = lists
        assert changes == [
            (20, "限时抢购"),
            (50, "周边点餐"),
            (80, "限时抢购"),
            (140, "限时抢购"),
            (200, "限时抢购"),
            (200, "周边点餐"),
            (260, "限时抢购"),
            (320, "限时抢购"),
        ]
