"""The systemd unit: it is valid and hardened, and it matches the exporter."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from helpers.configurations import parse
from helpers.documents import text_of
from helpers.programs import program
from helpers.repository import REPOSITORY

from wx_domain_exporter.commands.flags import FLAGS
from wx_domain_exporter.web.server import server

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "deploy/systemd"
UNIT = "wx-domain-exporter.service"
PROGRAM = "/opt/wx_domain_exporter/bin/wx-domain-exporter"


def directives(name: str) -> list[str]:
    """All values of a directive, in order."""
    return re.findall(rf"^{name}=(.*)$", text_of(f"{FOLDER}/{UNIT}"), re.MULTILINE)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which may be unpacked instead of installed."""
    unpacked = REPOSITORY / ".programs"
    env = dict(os.environ)
    if (unpacked / "usr/bin/systemd-analyze").exists():
        env["LD_LIBRARY_PATH"] = ":".join(map(str, unpacked.glob("usr/lib/*-linux-gnu*/systemd")))
        env["SYSTEMD_UNIT_PATH"] = f"{unpacked}/lib/systemd/system:{unpacked}/usr/lib/systemd/system"
    command = [program("systemd-analyze", "systemd"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a command that exists on this machine."""
    file = tmp_path / UNIT
    file.write_text(text_of(f"{FOLDER}/{UNIT}").replace(PROGRAM, "/bin/true"))
    return file


def test_systemd_accepts_the_unit(unit: Path) -> None:
    checked = analyze("verify", "--man=no", str(unit))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_systemd_reports_a_mistake(unit: Path) -> None:
    unit.write_text(unit.read_text() + "\n[Service]\nProtectSystem=perhaps\n")
    assert "perhaps" in analyze("verify", "--man=no", str(unit)).stderr


def test_little_is_exposed(unit: Path) -> None:
    checked = analyze("security", "--offline=true", "--no-pager", "--json=short", str(unit))
    exposures = {
        row["json_field"] for row in json.loads(checked.stdout) if row["exposure"] and not row["set"]
    }
    assert "PrivateNetwork" in exposures
    assert exposures <= {
        "RootDirectoryOrRootImage",
        "PrivateMounts",
        "RestrictAddressFamilies_AF_UNIX",
        "RestrictAddressFamilies_AF_INET_INET6",
        "ProcSubset",
        "PrivateNetwork",
        "DeviceAllow",
        "IPAddressDeny",
    }


def test_the_command_has_flags_that_exist() -> None:
    names = {flag.name for flag in FLAGS}
    (command,) = directives("ExecStart")
    assert shlex.split(command)[0] == PROGRAM
    flags = re.findall(r"--([\w.-]+)", command + text_of(f"{FOLDER}/wx-domain-exporter.default"))
    assert len(flags) == 2
    assert set(flags) <= names


def test_it_reloads_by_sighup_and_is_killed_only_after_it_has_drained() -> None:
    assert directives("ExecReload") == ["/bin/kill -HUP $MAINPID"]
    (stop,) = directives("TimeoutStopSec")
    assert int(stop.removesuffix("s")) > server._GRACE


def test_the_secrets_are_where_the_configuration_looks_for_them(tmp_path: Path) -> None:
    """For a folder in LoadCredential, systemd creates /run/credentials/UNIT/ID_FILENAME."""
    (credential,) = directives("LoadCredential")
    name, _, folder = credential.partition(":")
    assert folder == "/etc/wx_domain_exporter/secrets"
    text, folder = text_of(f"{FOLDER}/config.yml"), f"/run/credentials/{UNIT}"
    paths = re.findall(r"file: ([^}\s]+)", text)
    assert paths
    for path in paths:
        assert path.startswith(f"{folder}/{name}_")
        (tmp_path / path.rpartition("/")[2]).write_text("0" * 32)
    settings = parse(text.replace(folder, str(tmp_path)).encode(), tmp_path / "config.yml")
    assert [app.name for app in settings.apps] == ["shop"]
