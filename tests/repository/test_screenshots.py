"""The screenshots of the READMEs, which `make screenshots` takes: there, small, and all in use."""

from __future__ import annotations

import re

import pytest
from helpers.documents import text_of
from helpers.repository import REPOSITORY

FOLDER = REPOSITORY / "docs" / "images"
READMES = {"README.md": "", "README.zh-CN.md": ".zh-CN"}


def shown(readme: str) -> set[str]:
    """The images of a page, each for readers with a light or a dark screen."""
    return set(re.findall(r'src(?:set)?="([^"]*)"', text_of(readme)))


@pytest.mark.parametrize(("readme", "suffix"), READMES.items())
def test_each_readme_shows_the_page_in_its_language_in_light_and_in_dark(readme: str, suffix: str) -> None:
    assert shown(readme) == {f"docs/images/status-page-{scheme}{suffix}.png" for scheme in ("light", "dark")}


def test_each_image_is_a_small_png_of_a_readme() -> None:
    files = sorted(FOLDER.iterdir())
    assert {str(file.relative_to(REPOSITORY)) for file in files} == set().union(*map(shown, READMES))
    for file in files:
        assert file.read_bytes().startswith(b"\x89PNG\r\n"), file
        assert file.stat().st_size < 150_000, file
