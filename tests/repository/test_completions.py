"""The completion for bash, in a real interactive bash; deploy/deb/check finds both in a Debian."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest
from helpers.repository import REPOSITORY

from wx_domain_exporter.commands.flags import FLAGS

if TYPE_CHECKING:
    from pathlib import Path

    from wx_domain_exporter.commands.arguments import Flag

SCRIPT = REPOSITORY / "deploy/completions/wx-domain-exporter.bash"
# In place of the exporter: a command that prints its arguments, one a line.
SETUP = f"PS1= PS2=; . '{SCRIPT}'; wx-domain-exporter() {{ printf '<%s>\\n' \"$@\"; }}"


def typed(line: str, folder: Path) -> list[str]:
    """The arguments that the command gets when a user types this line, with its tabs, in a terminal."""
    terminal, other_end = pty.openpty()
    keys = f"{SETUP}\nwx-domain-exporter {line}\nexit\n"
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TERM": "dumb", "HISTFILE": ""},
        stdin=other_end,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as shell:
        os.close(other_end)
        os.write(terminal, keys.encode())
        assert shell.stdout is not None
        output = shell.stdout.read().decode()
    os.close(terminal)
    return [text[1:-1] for text in output.splitlines() if text.startswith("<")]


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.name)
def test_each_flag_is_completed(flag: Flag, tmp_path: Path) -> None:
    name = f"--{flag.name}"
    assert typed(f"{name[:-1]}\t", tmp_path) == [name]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--log.level deb\t", ["--log.level", "debug"]),
        ("--log.level=deb\t", ["--log.level=debug"]),
        ("--once --log.format=j\t --demo", ["--once", "--log.format=json", "--demo"]),
        ("--config.file my\t --doc\t", ["--config.file", "my own.yml", "--doctor"]),
        ("--config.file=my\t", ["--config.file=my own.yml"]),
        ("--web.listen-address my\t", ["--web.listen-address", "my"]),
    ],
)
def test_values_are_completed(line: str, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "my own.yml").touch()
    assert typed(line, tmp_path) == expected
