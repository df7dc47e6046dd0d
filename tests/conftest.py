"""The option that updates golden files, and the fixtures that several packages of tests share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from helpers.fleets import SmallFleet, small_fleet
from helpers.programs import RELEASES
from helpers.tls import Certificates, make_certificates
from helpers.waiting import Gate

from wx_domain_exporter.apps.monitored_app import MonitoredApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wx_domain_exporter.apps.results import FetchResult
    from wx_domain_exporter.deadline import SharedDeadline


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write the golden expositions anew")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module with the same `release` together, and put long modules first.

    Otherwise, in random order, the programs of the module's fixtures would be started again for nearly every
    test; and at the end, one process would run a long module while the others have nothing left to do. The
    modules that run the programs of both releases take longest; of the others, those with few tests do.
    """
    groups: dict[tuple[str, object], list[pytest.Item]] = {}
    for item in items:
        parameters = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        groups.setdefault((item.location[0], parameters.get("release")), []).append(item)
    sizes = Counter(item.location[0] for item in items)
    with_programs = {module for module, release in groups if release is not None}
    longest_first = sorted(groups, key=lambda group: (group[0] not in with_programs, sizes[group[0]]))
    items[:] = [item for group in longest_first for item in groups[group]]


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-goldens"))


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Runs a test once with the programs of each Debian release."""
    return str(request.param)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path) as running:
        yield running


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate, fetch = Gate(), MonitoredApp.fetch

    def wait_and_fetch(app: MonitoredApp, deadline: SharedDeadline) -> FetchResult:
        gate.reached.set()
        assert gate.open.wait(120)
        return fetch(app, deadline)

    monkeypatch.setattr(MonitoredApp, "fetch", wait_and_fetch)
    yield gate
    gate.open.set()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))
