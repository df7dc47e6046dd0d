from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from clocks import Clock
from platform_stages import PlatformStage, platform_stage
from simulated_client import APPID, SECRET
from token_stages import Recorder, Stage

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.tokens import pause, source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(source, "time", clock)
    monkeypatch.setattr(pause, "time", clock)
    monkeypatch.setattr(pause, "random", SimpleNamespace(uniform=lambda low, high: (low + high) / 2))
    return clock


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    world = World(quirks=False)
    world.add(SimulatedApp(appid=APPID, appsecret=SECRET))
    appsecret = tmp_path / "appsecret"
    appsecret.write_text(f"{SECRET}\n")
    recorder = Recorder()
    with SimulatorServer(world) as server:
        client = ApiClient(Wechat(base_url=server.url), recorder)
        try:
            yield Stage(world, server, client, recorder, appsecret)
        finally:
            client.close()
        assert not world.calls["token", APPID], "/cgi-bin/token takes the token of the app's backend away"
        assert not world.calls["stable_token_force_refresh", APPID]


@pytest.fixture
def third_party(stage: Stage, tmp_path: Path) -> PlatformStage:
    return platform_stage(stage, tmp_path)
