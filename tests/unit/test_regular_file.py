from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from wx_domain_exporter.regular_file import read_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_without_data_yet_is_an_error_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some files of /proc and of FUSE are regular files, and a read that must not wait returns None."""

    class NoDataYet(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            return None  # type: ignore[return-value] # as a raw file does

    def open_without_data(descriptor: int, _mode: str) -> NoDataYet:
        os.close(descriptor)
        return NoDataYet()

    path = tmp_path / "secret"
    path.write_text("value")
    assert read_file(str(path), 10) == b"value"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", open_without_data)
        patch.setattr(os, "fstat", lambda _descriptor: path.stat())
        with pytest.raises(BlockingIOError):
            read_file(str(path), 10)
