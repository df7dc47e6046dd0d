from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.web_certificates import WebFolder, make_web_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> WebFolder:
    return make_web_folder(tmp_path)
