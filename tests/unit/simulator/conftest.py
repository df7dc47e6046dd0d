from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.simulated_client import (
    APPID,
    COMPONENT,
    COMPONENT_SECRET,
    SECRET,
    TICKET,
    Client,
    Clock,
    PlatformClient,
)

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import Authorization, SimulatedApp, SimulatedPlatform, World

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


@pytest.fixture
def platform(world: World) -> SimulatedPlatform:
    return world.add_platform(
        SimulatedPlatform(
            component_appid=COMPONENT, component_appsecret=COMPONENT_SECRET, component_verify_ticket=TICKET
        )
    )


@pytest.fixture
def authorization(world: World, platform: SimulatedPlatform) -> Authorization:
    return world.authorize(platform.component_appid, APPID, nick_name="示例小程序")


@pytest.fixture
def platform_client(server: SimulatorServer, authorization: Authorization) -> Iterator[PlatformClient]:
    assert authorization.component_appid == COMPONENT
    with PlatformClient(server) as client:
        yield client
