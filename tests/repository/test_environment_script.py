"""scripts/environment: what it says when it can't make an environment."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def refused(python: str, folder: Path) -> str:
    """What the script prints when it fails."""
    command = [str(REPOSITORY / "scripts" / "environment"), python, str(folder), "requirements/run.txt"]
    # No port 0: the index can't be reached.
    env = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:0/simple", "PIP_RETRIES": "0"}
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    ended = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended
    assert not (folder / ".done").exists()
    return ended.stderr


def test_an_index_that_can_not_be_reached(tmp_path: Path) -> None:
    text = refused(sys.executable, tmp_path / "environment")
    assert "pip could not install the packages of requirements/run.txt" in text
    assert "name a mirror: PIP_INDEX_URL=https://MIRROR/simple make" in text


def test_no_python(tmp_path: Path) -> None:
    assert "Python 3.11 or newer is needed; none was found." in refused("", tmp_path / "environment")
