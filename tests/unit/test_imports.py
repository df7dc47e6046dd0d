"""Imports run one way: the parts of the package, from the bottom up, know only those below them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = REPOSITORY / "wx_domain_exporter"
LAYERS = (
    {"clock", "environment"},
    {
        "backoff",
        "deadline",
        "domains",
        "errcodes",
        "http_paths",
        "metrics",
        "memory",
        "open_files",
        "progress",
        "regular_file",
        "standard_error",
        "tasks",
        "thresholds",
    },
    {"bilingual_error", "file_watch", "http"},
    {"config"},
    {"scrape_timeout", "wechat"},
    {"platforms", "apps"},
    {"diagnosis"},
    {"fleet", "fleet_history", "scheduler"},
    {"reloader"},
    {"service"},
    {"exposition"},
    {"web"},
    {"commands"},
    {"cli"},
    {"__main__"},
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}
ALONE = "simulator"
"""Plays WeChat: it knows nothing of the exporter, and only the command line knows it."""


def part_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """The parts of the package that a file imports, those for type checkers too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        first, *rest = node.module.split(".")
        if first == PACKAGE.name:
            yield from rest[:1] or (alias.name for alias in node.names if not alias.name.startswith("__"))


FILES = sorted(file for file in PACKAGE.rglob("*.py") if part_of(file) != "__init__")


def test_every_part_has_its_place() -> None:
    assert {part_of(file) for file in FILES} == {*HEIGHT, ALONE}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_imports_only_from_below(file: Path) -> None:
    here = part_of(file)
    for part in imported(file):
        if part == ALONE:
            assert here in {ALONE, "cli"}
        else:
            assert part == here or (here != ALONE and HEIGHT[part] < HEIGHT[here]), part
