"""Checks of the Debian package that need no build; deploy/deb/check installs and removes it."""

from __future__ import annotations

import re
import subprocess

import pytest
from helpers.documents import text_of
from helpers.repository import REPOSITORY

BUILD = text_of("deploy/deb/build")
INSTALLED = dict(reversed(pair) for pair in re.findall(r"^put ([\w./-]+) ([\w./-]+)$", BUILD, re.MULTILINE))
"""The source of each file that is installed, by its path."""


@pytest.mark.parametrize("script", ["postinst", "prerm", "postrm"])
def test_each_maintainer_script_is_valid_for_sh(script: str) -> None:
    path = REPOSITORY / "deploy" / "deb" / script
    assert path.read_text().startswith("#!/bin/sh\nset -e\n")
    assert subprocess.run(["sh", "-n", str(path)], check=False).returncode == 0


def test_what_is_installed_is_there() -> None:
    assert len(INSTALLED) == 6
    assert all((REPOSITORY / source).is_file() for source in INSTALLED.values())


def test_the_unit_finds_its_files_and_changes_of_them_are_kept() -> None:
    unit = text_of(INSTALLED["usr/lib/systemd/system/wx-domain-exporter.service"])
    (kept,) = re.findall(r"^printf '/%s\\n' (.*) >", BUILD, re.MULTILINE)
    assert set(kept.split()) == {path for path in INSTALLED if path.startswith("etc/")}
    for path in kept.split():
        assert f"/{path}" in unit
    assert "ExecStart=/opt/wx_domain_exporter/bin/wx-domain-exporter " in unit
    assert "home=$root/opt/wx_domain_exporter\n" in BUILD
    assert "LoadCredential=secret:/etc/wx_domain_exporter/secrets" in unit
