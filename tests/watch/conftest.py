from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clocks import Clock
from simulated_client import APPID, OTHER, SECRET
from watch_stages import Stage

from wx_domain_exporter.apps import extras, rest
from wx_domain_exporter.apps import watch as watch_module
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.metrics.own import OwnMetrics
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World
from wx_domain_exporter.wechat.client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stage() -> Iterator[Stage]:
    clock = Clock()
    world = World(clock=clock, quirks=False)
    for appid in (APPID, OTHER):
        world.add(SimulatedApp(appid=appid, appsecret=SECRET, domains={"requestdomain": ["https://a.cn"]}))
    with SimulatorServer(world) as server:
        client = ApiClient(Wechat(base_url=server.url, timeout="600ms"), OwnMetrics())  # type: ignore[arg-type]
        try:
            yield Stage(world, clock, server, client)
        finally:
            client.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (watch_module, rest, extras):
        monkeypatch.setattr(module, "time", clock)
    return clock
