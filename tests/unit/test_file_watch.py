from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

import pytest

from wx_domain_exporter.file_watch import WatchedFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def watched(path: Path, content: bytes, age: float) -> WatchedFiles:
    path.write_bytes(content)
    files = WatchedFiles()
    now = time.time()
    os.utime(path, (now - age, now - age))
    assert files.read(str(path), 100) == content
    return files


def test_a_change_that_leaves_size_and_times_is_seen(path: Path) -> None:
    files = watched(path, b"a", 0)
    assert not files.changed()
    times = path.stat().st_mtime_ns
    path.write_bytes(b"b")
    os.utime(path, ns=(times, times))
    assert files.changed()


def test_a_file_that_comes_or_goes_is_a_change(path: Path) -> None:
    files = WatchedFiles()
    with pytest.raises(FileNotFoundError):
        files.read(str(path), 100)
    assert not files.changed()
    path.write_bytes(b"a")
    assert files.changed()
    assert files.read(str(path), 100) == b"a"
    path.unlink()
    assert files.changed()


def test_a_file_that_can_be_read_again_is_a_change(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    path.write_bytes(b"a")
    files = WatchedFiles()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(OSError, match="Too many open files"):
            files.read(str(path), 100)
        assert not files.changed()
    assert files.changed()


def test_what_is_forgotten_is_not_watched(path: Path) -> None:
    files, others = watched(path, b"a", 0), watched(path, b"a", 0)
    files.forget()
    path.unlink()
    assert others.changed()
    assert not files.changed()
