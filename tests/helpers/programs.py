"""The real programs that the tests run beside the exporter: where they are, and of which release."""

from __future__ import annotations

import shutil

from helpers.repository import REPOSITORY

OWN, FORKY = "own", "forky"
"""The Debian releases whose programs the tests run: this machine's, such as bookworm, and the next one."""
RELEASES = (OWN, FORKY)


def program(name: str, package: str, release: str = OWN) -> str:
    """The path of a real program.

    Raises:
        AssertionError: It is missing; the message names the package to install.
    """
    unpacked = REPOSITORY / ".programs" / (FORKY if release == FORKY else "") / "usr" / "bin"
    path = shutil.which(name, path=str(unpacked)) or (shutil.which(name) if release == OWN else None)
    if path is None:
        how = f"apt install {package}" if release == OWN else f"forky's, unpacked: {unpacked / name}"
        raise AssertionError(f"{name} is missing: install Debian's package {package} ({how})")
    return path


def kubernetes_program(name: str, release: str) -> str:
    """The path of helm or kubectl from the packages for a release of Kubernetes, such as 1.31.

    Raises:
        AssertionError: It is missing; the message names where it comes from.
    """
    path = REPOSITORY / ".programs" / f"kubernetes-{release}" / name
    assert path.exists(), f"{path} is missing: scripts/programs unpacks it from requirements/kubernetes.txt"
    return str(path)
