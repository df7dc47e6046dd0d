"""What the pages refer to is there: links with their anchors, files, tests, commands, make's targets."""

from __future__ import annotations

import re

import pytest
from helpers.documents import anchors, blocks, text_of
from helpers.repository import REPOSITORY

PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for pattern in ("*.md", "docs/*.md", "deploy/**/*.md", ".github/**/*.md")
    for path in REPOSITORY.glob(pattern)
)
FOLDERS = "benchmarks|dashboards|deploy|docs|requirements|rules|scripts|tests|wx_domain_exporter"
PATH = re.compile(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./-]*\w)(?:::(\w+))?")


def without_blocks(page: str) -> str:
    return re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)


def references(page: str) -> set[tuple[str, str]]:
    """Files that a page names in its prose and its commands, as (path, name of a test in it)."""
    code = re.findall(r"`([^`\n]+)`", without_blocks(page))
    return {found for text in (*code, *blocks(page, "console")) for found in PATH.findall(text)}


def test_all_pages_are_looked_at() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/security.md", "deploy/systemd/README.md"} <= set(PAGES)
    assert sum(len(references(page)) for page in PAGES) > 80


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", without_blocks(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = ((REPOSITORY / page).parent / path).resolve() if path else REPOSITORY / page
        assert file.is_file(), target
        assert not anchor or anchor in anchors(str(file.relative_to(REPOSITORY))), target


@pytest.mark.parametrize("page", PAGES)
def test_each_file_and_test_that_is_named_is_there(page: str) -> None:
    for path, test in references(page):
        assert (REPOSITORY / path).exists(), path
        assert not test or f"def {test}(" in text_of(path), test


@pytest.mark.parametrize("page", PAGES)
def test_each_target_of_make_is_there(page: str) -> None:
    code = (*re.findall(r"`([^`\n]+)`", without_blocks(page)), *blocks(page, "console"))
    named = {name for text in code for name in re.findall(r"(?:^|\$ )make ([a-z]+)", text, re.MULTILINE)}
    assert named <= set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))


def test_each_page_is_reached_from_a_readme() -> None:
    seen, to_see = set(), {"README.md", "README.zh-CN.md"}
    while to_see:
        page = to_see.pop()
        seen.add(page)
        for target in re.findall(r"\]\((?!https://)([^)#]+\.md)", text_of(page)):
            to_see.add(str(((REPOSITORY / page).parent / target).resolve().relative_to(REPOSITORY)))
        to_see -= seen
    assert {page for page in PAGES if not page.startswith(".github/")} <= seen
