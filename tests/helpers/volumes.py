"""Secrets and ConfigMaps as Kubernetes mounts them: links to a folder that is replaced as a whole."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Volume:
    """A mounted volume: `NAME` is a link to `..data/NAME`, and `..data` one to the current folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers = itertools.count()
        path.mkdir()

    def update(self, **files: str) -> None:
        data, new = self.path / f"..{next(self._numbers)}", self.path / "..data_tmp"
        data.mkdir()
        for name, text in files.items():
            (data / name).write_text(text)
            if not (self.path / name).is_symlink():
                (self.path / name).symlink_to(f"..data/{name}")
        new.symlink_to(data.name)
        new.replace(self.path / "..data")
