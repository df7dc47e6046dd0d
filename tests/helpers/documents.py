"""Reads the texts and examples of the documentation."""

from __future__ import annotations

import re

from helpers.repository import REPOSITORY


def text_of(page: str) -> str:
    return (REPOSITORY / page).read_text()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)


def write_blocks(page: str, language: str, contents: list[str]) -> None:
    """Replace the contents of a page's blocks, in their order."""
    new = iter(contents)
    text = re.sub(
        rf"```{language}\n.*?```",
        lambda _: f"```{language}\n{next(new)}\n```",
        text_of(page),
        flags=re.DOTALL,
    )
    (REPOSITORY / page).write_text(text)


def anchors(page: str) -> set[str]:
    """The anchors that GitHub generates for a page's headings."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
