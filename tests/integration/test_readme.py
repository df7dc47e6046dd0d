"""The README's commands in their order, in a fresh clone with an empty home directory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from helpers.documents import blocks, text_of
from helpers.exporter_process import serving
from helpers.http_requests import request
from helpers.repository import NOT_CLONED, REPOSITORY

from wx_domain_exporter import __version__

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 300
INSTALL = blocks("README.md", "console")[1]
ANY_PORT = "--web.listen-address=127.0.0.1:0"


@dataclass(frozen=True)
class Shell:
    """A clone, and an environment with an empty home and without this test's Python."""

    folder: Path
    env: dict[str, str]

    def run(self, *command: str, status: int = 0) -> str:
        """The output of a command, which must have this exit status."""
        completed = subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert completed.returncode == status, completed.stdout
        return completed.stdout


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder, home = tmp_path_factory.mktemp("walk") / "wx_domain_exporter", tmp_path_factory.mktemp("home")
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*NOT_CLONED))
    bin_of_the_tests = str(REPOSITORY / ".venv" / "test" / "bin")
    path = os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if one != bin_of_the_tests)
    dropped = ("PYTHON", "COVERAGE", "VIRTUAL_ENV", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return Shell(folder, {**kept, "HOME": str(home), "PATH": path, "SHOP_APPSECRET": "0" * 32})


def test_the_commands_of_the_readme(shell: Shell) -> None:
    readme = text_of("README.md")
    (first, _second) = re.findall(r"^\$ (make \w+)", blocks("README.md", "console")[0], re.MULTILINE)

    with serving(
        [*first.split(), f"ARGS={ANY_PORT}"], env=shell.env, cwd=shell.folder, seconds=SECONDS
    ) as running:
        assert request(f"{running.url}/").status == 200
        text = running.scrape()
    for line in blocks("README.md", "text")[0].splitlines():
        name, labels = line.partition("{")[0], sorted(re.findall(r'(\w+)="', line))
        rows = re.findall(rf"^{name}\{{(.*)\}} ", text, re.MULTILINE)
        assert any(set(labels) <= set(re.findall(r'(\w+)="', row)) for row in rows), line
    assert "msg=stopped" in running.log

    (shell.folder / "my.yml").write_text(blocks("README.md", "yaml")[0])
    assert "make run CONFIG=my.yml" in readme
    assert "`ARGS=--config.check`" in readme
    shell.run("make", "run", "CONFIG=my.yml", "ARGS=--config.check")
    (shell.folder / "my.yml").write_text("apps: nothing")
    output = shell.run("make", "run", "CONFIG=my.yml", "ARGS=--config.check", status=2)
    assert "my.yml:1: apps: " in output

    python = str(shell.folder / ".venv" / "run" / "bin" / "python")
    install = re.sub(
        r"^\$ (python3 )?", lambda found: f"{python} " if found[1] else "", INSTALL, flags=re.MULTILINE
    )
    assert shell.run("sh", "-ec", install).endswith(f"wx_domain_exporter {__version__}\n")
    command = f"{shell.env['HOME']}/wx-domain-exporter/bin/wx-domain-exporter"
    assert "wx_domain_up{" in shell.run(command, "--demo", "--once", status=1)
