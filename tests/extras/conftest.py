from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clocks import Clock
from extras_stages import Stage, stage_of

from wx_domain_exporter.apps import extras, rest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stage() -> Iterator[Stage]:
    with stage_of() as stage:
        yield stage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (extras, rest):
        monkeypatch.setattr(module, "time", clock)
    return clock
