"""What `make` does with mistakes on its command line. The Makefile runs in a folder with a false Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = """#!/bin/sh
printf '%s\\n' "$@"
"""
"""Prints its arguments, a line each."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in ("requirements/run.txt", "scripts/environment", ".venv/run/bin/python"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PYTHON)
        file.chmod(0o755)
        os.utime(file, (0, 0))
    (tmp_path / ".venv/run/.done").touch()
    return tmp_path


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **environment}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["--demo"]),
        (["CONFIG="], ["--demo"]),
        (["CONFIG=my.yml"], ["--config.file=my.yml"]),
        (["CONFIG=my file.yml"], ["--config.file=my file.yml"]),
        (['CONFIG=it\'s "mine".yml'], ['--config.file=it\'s "mine".yml']),
        (["CONFIG=`id`;id.yml"], ["--config.file=`id`;id.yml"]),
        (["CONFIG=my.yml", "ARGS=--log.level debug"], ["--config.file=my.yml", "--log.level", "debug"]),
        (["PYTHON=python3"], ["--demo"]),
    ],
    ids=" ".join,
)
def test_the_exporter_is_started_with(folder: Path, arguments: list[str], expected: list[str]) -> None:
    ended = make(folder, "run", *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["exporter.py", *expected]


def test_the_environment_can_name_the_file(folder: Path) -> None:
    assert make(folder, "run", CONFIG="my.yml").stdout == "exporter.py\n--config.file=my.yml\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["config=my.yml"], "config: write it in capitals, as in make run CONFIG=my.yml"),
        (["args=--once"], "args: write it in capitals, as in make run CONFIG=my.yml"),
        (["my.yml"], "write make run CONFIG=my.yml"),
        (["PYTHON=/nonexistent"], "PYTHON=/nonexistent can't be run, or is older than Python 3.11"),
        (["PYTHON=false"], "PYTHON=false can't be run, or is older than Python 3.11"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_an_error_and_nothing_is_started(
    folder: Path, arguments: list[str], sentence: str
) -> None:
    ended = make(folder, "run", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith(f"*** {sentence}.  Stop.\n")
