"""The fleet of `--demo`: the world of the simulated WeChat, and the exporter's configuration for it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.demo_apps import CONFIGURED
from wx_domain_exporter.simulator.demo_platform import add_platform, platform_sections
from wx_domain_exporter.simulator.invented_credentials import appid_of, appsecret_of
from wx_domain_exporter.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from wx_domain_exporter.simulator.demo_apps import DemoApp


def demo_world(clock: Callable[[], float] = time.time) -> World:
    """The fleet of `--demo`, whose lists change at fixed times after the start.

    Args:
        clock: Unix time.
    """
    world = World(clock=clock)
    for demo_app in CONFIGURED:
        app = world.add(demo_app.simulated(clock()))
        world.spend_quota("getwxadevinfo", app, demo_app.calls_made)
    add_platform(world)
    return world


def demo_config(base_url: str) -> str:
    """The exporter's configuration, in YAML, for `demo_world` served at `base_url`; collects everything."""
    config = {
        "collect": {"effective": True, "quota": True},
        "wechat": {"base_url": base_url},
        **platform_sections(base_url),
        "apps": [_configured(demo_app) for demo_app in CONFIGURED],
    }
    return json.dumps(config, ensure_ascii=False)  # JSON is valid YAML


def _configured(demo_app: DemoApp) -> dict[str, object]:
    appsecret = demo_app.configured_appsecret or appsecret_of(demo_app.name)
    optional = {"labels": demo_app.labels, "baseline": demo_app.baseline}
    return {
        "appid": appid_of(demo_app.name),
        "name": demo_app.name,
        "token": {"type": "stable_token", "appsecret": appsecret},
        **{key: value for key, value in optional.items() if value},
    }
