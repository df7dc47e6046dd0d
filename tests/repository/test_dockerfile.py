"""Checks of the Dockerfile that need no build; deploy/image/build checks the image."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

from helpers.compose_setup import compose_file
from helpers.documents import text_of
from helpers.exporter_process import exporter
from helpers.repository import REPOSITORY

from wx_domain_exporter.commands.flags import FLAGS

TEXT = re.sub(r"\\\n\s*", "", text_of("Dockerfile"))


def instruction(name: str) -> Any:
    """The last instruction of a kind, in its exec form."""
    return json.loads(re.findall(rf"^{name}.*?(\[.*\])$", TEXT, re.MULTILINE)[-1])


def health(port: str) -> int:
    """The exit status of the health check's command, against another port."""
    python, *arguments = instruction("HEALTHCHECK")
    assert python.endswith("/bin/python")
    command = [sys.executable, "-P", *arguments, f"--web.listen-address=:{port}"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def test_the_health_check_tells_whether_the_exporter_runs() -> None:
    with exporter("--demo") as running:
        port = running.url.rpartition(":")[2]
        assert health(port) == 0
    assert health(port) != 0


def test_the_default_port_is_exposed() -> None:
    (listen,) = (flag.default for flag in FLAGS if flag.name == "web.listen-address")
    assert f"\nEXPOSE {listen[1:]}\n" in TEXT


def test_signals_reach_the_program() -> None:
    assert instruction("ENTRYPOINT")[1:] == ["-m", "wx_domain_exporter"]
    assert instruction("CMD") == ["--config.file=/etc/wx_domain_exporter/config.yml"]


def test_the_image_is_made_of_what_is_locked_and_let_in() -> None:
    for name in ("run", "build"):
        assert f"--only-binary=:all: --require-hashes -r requirements/{name}.txt" in TEXT
    let_in = set(re.findall(r"^!(.*)$", text_of(".dockerignore"), re.MULTILINE))
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", TEXT, re.MULTILINE)
        for name in line.split()[:-1]
    }
    assert copied == let_in
    assert all((REPOSITORY / name).exists() for name in copied)


def test_pip_can_use_a_mirror_of_the_package_index() -> None:
    _, build, final = re.split(r"^FROM .*$", TEXT, flags=re.MULTILINE)
    declared, first_use = build.index("\nARG PIP_INDEX_URL\n"), build.index("-m pip")
    assert declared < first_use
    assert "PIP_INDEX_URL" not in final
    assert compose_file("compose.yaml")["services"]["exporter"]["build"]["args"] == ["PIP_INDEX_URL"]


def test_nothing_runs_as_root_or_with_a_name_that_kubernetes_can_not_check() -> None:
    assert re.findall(r"^USER (.*)$", TEXT, re.MULTILINE) == ["65534:65534"]
