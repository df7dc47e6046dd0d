from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from simulated_client import APPID, SECRET, Client, Clock

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app() -> SimulatedApp:
    return SimulatedApp(
        appid=APPID,
        appsecret=SECRET,
        domains={"requestdomain": ["https://www.example.com", "https://a.example.com:8080/Path"]},
    )


@pytest.fixture
def world(clock: Clock, app: SimulatedApp) -> World:
    world = World(clock=clock, quirks=False)
    world.add(app)
    return world


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with SimulatorServer(world) as server:
        yield server


@pytest.fixture
def client(server: SimulatorServer) -> Iterator[Client]:
    with Client(server) as client:
        yield client
