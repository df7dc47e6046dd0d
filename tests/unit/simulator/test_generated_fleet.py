from __future__ import annotations

import re

import yaml
from helpers.fleets import fleet_config, platform_fleet

from wx_domain_exporter.simulator.generated_fleet import generate_fleet


class TestFleets:
    def test_a_fleet_is_the_same_each_time(self) -> None:
        world = generate_fleet(10, hanging=2, domains_each=13, latency=0.5)
        assert [app.hang for app in world.apps.values()].count(True) == 2
        assert not world.quirks
        for app in world.apps.values():
            assert sum(map(len, app.domains.values())) == 13
            assert app.latency == app.token_latency == 0.5
        assert list(generate_fleet(10, 2, 13, 0.5).apps.values()) == list(world.apps.values())

    def test_a_fleets_configuration_names_all_apps_with_their_secrets(self) -> None:
        world = generate_fleet(3)
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
