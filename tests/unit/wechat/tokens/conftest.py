from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.api_clients import Recorder
from helpers.clocks import Clock
from helpers.platform_setup import PlatformStage, platform_stage
from helpers.simulated_client import APPID, SECRET
from helpers.token_setup import Stage

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World
from wx_domain_exporter.wechat.client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stage(tmp_path: Path, clock: Clock) -> Iterator[Stage]:
    world = World(quirks=False)
    world.add(SimulatedApp(appid=APPID, appsecret=SECRET))
    appsecret = tmp_path / "appsecret"
    appsecret.write_text(f"{SECRET}\n")
    recorder = Recorder()
    with SimulatorServer(world) as server:
        client = ApiClient(Wechat(base_url=server.url), recorder, desyncs=Desyncs(clock))
        try:
            yield Stage(world, server, client, recorder, appsecret, clock)
        finally:
            client.close()
        assert not world.calls["token", APPID], "/cgi-bin/token takes the token of the app's backend away"
        assert not world.calls["stable_token_force_refresh", APPID]


@pytest.fixture
def third_party(stage: Stage, tmp_path: Path) -> PlatformStage:
    return platform_stage(stage, tmp_path)
