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
        assert [app["appid"] for app in config["apps"]] == list(world.apps)
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

    def test_the_demo_has_a_slow_a_big_a_changing_and_a_chinese_app(self) -> None:
        apps = demo_world().apps.values()
        assert [app.latency for app in apps if app.latency] == [0.5]
        assert max(len(app.domains["requestdomain"]) for app in apps) == 180
        assert [app.changes_every for app in apps if app.changes_every] == [60]
        text = str([app.domains for app in apps])
        assert "https://例子.测试" in text
        assert "wss://https://" in text
