"""The wheel and the sdist hold what they should, nothing else, and are the same bytes each time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from helpers.repository import NOT_CLONED, REPOSITORY

from wx_domain_exporter import __version__

if TYPE_CHECKING:
    from pathlib import Path

WHEEL = f"wx_domain_exporter-{__version__}-py3-none-any.whl"
SDIST = f"wx_domain_exporter-{__version__}.tar.gz"
BUILD = "import sys, hatchling.build as b; b.build_wheel(sys.argv[1]); b.build_sdist(sys.argv[1])"


def build(folder: Path) -> Path:
    """Both packages, built as a release builds them."""
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("packages") / "one")


def of_the_package() -> set[str]:
    """The files of the checkout's package, as paths from the checkout."""
    files = (path for path in (REPOSITORY / "wx_domain_exporter").rglob("*") if path.is_file())
    return {str(path.relative_to(REPOSITORY)) for path in files if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_package_and_nothing_else(packages: Path) -> None:
    with zipfile.ZipFile(packages / WHEEL) as wheel:
        names = set(wheel.namelist())
    info = f"wx_domain_exporter-{__version__}.dist-info"
    about = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert names == of_the_package() | {f"{info}/{name}" for name in about}
    assert {"wx_domain_exporter/py.typed", "wx_domain_exporter/web/pages/templates/base.html"} <= names


def test_the_wheel_says_what_it_is(packages: Path) -> None:
    with zipfile.ZipFile(packages / WHEEL) as wheel:
        info = f"wx_domain_exporter-{__version__}.dist-info"
        metadata, commands = (
            wheel.read(f"{info}/{name}").decode() for name in ("METADATA", "entry_points.txt")
        )
    assert f"\nVersion: {__version__}\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "wx-domain-exporter = wx_domain_exporter.__main__:main" in commands


def test_the_sdist_holds_a_clone(packages: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(REPOSITORY, clone, ignore=shutil.ignore_patterns(*NOT_CLONED, ".ci"))
    shutil.rmtree(clone / "deploy/compose/secrets", ignore_errors=True)  # .gitignore names it by its path
    cloned = {str(path.relative_to(clone)) for path in clone.rglob("*") if path.is_file()}
    with tarfile.open(packages / SDIST) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert names == cloned | {"PKG-INFO"}


def test_two_builds_are_the_same_bytes(packages: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "two")
    for name in (WHEEL, SDIST):
        assert (again / name).read_bytes() == (packages / name).read_bytes(), name
