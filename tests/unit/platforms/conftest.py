from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from helpers.api_clients import Recorder
from helpers.clocks import Clock
from helpers.discovery_setup import DiscoveryStage
from helpers.fleets import platform_fleet

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.tasks import Tasks
from wx_domain_exporter.wechat.client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def staged(clock: Clock) -> Iterator[Callable[..., DiscoveryStage]]:
    """Make the setup with so many accounts that have authorized the platform; see `platform_fleet`."""
    with ExitStack() as stack:

        def make(authorizers: int, **fleet: Any) -> DiscoveryStage:
            world = platform_fleet(authorizers, **fleet)
            server = stack.enter_context(SimulatorServer(world))
            client = ApiClient(Wechat(base_url=server.url), Recorder(), desyncs=Desyncs(clock))
            stack.callback(client.close)
            return DiscoveryStage(world, client)

        yield make


@pytest.fixture
def stage(staged: Callable[..., DiscoveryStage]) -> DiscoveryStage:
    return staged(6)


@pytest.fixture
def tasks(stage: DiscoveryStage) -> Iterator[Tasks]:
    tasks = Tasks()
    yield tasks
    tasks.close(stage.client.close)  # its connections belong to the thread of the tasks
