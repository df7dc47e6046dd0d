from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.app_setup import Stage
from helpers.clocks import Clock
from helpers.simulated_client import APPID, OTHER, SECRET

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World
from wx_domain_exporter.wechat.client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> Clock:
    """The exporter's, not WeChat's."""
    return Clock()


@pytest.fixture
def stage(clock: Clock, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A test that waits for timeouts alone gives a short one as parameter."""
    wechat = {"timeout": getattr(request, "param", "30s")}
    world = World(clock=(wechat_clock := Clock()), quirks=False)
    for appid in (APPID, OTHER):
        world.add(SimulatedApp(appid=appid, appsecret=SECRET, domains={"requestdomain": ["https://a.cn"]}))
    with SimulatorServer(world) as server:
        client = ApiClient(Wechat.model_validate({"base_url": server.url, **wechat}), SelfMetrics())
        try:
            yield Stage(world, wechat_clock, server, client, clock)
        finally:
            client.close()
