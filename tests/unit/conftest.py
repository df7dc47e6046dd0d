from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import structlog
from helpers.commands import Capture, Served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def served(capsys: Capture) -> Served:
    return Served(capsys)
