"""What is wrong with a configuration: errors by place, and the sentences made of them."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from wx_domain_exporter.config.yaml_tree import KeyPath, one_line

_KEY = re.compile(r"[\w.@/<>\[\]-]{0,64}")
"""What a key may look like to be quoted: with anything else in it, it may be a secret in the wrong place."""

Errors = list[tuple[KeyPath, str]]
"""Where something is wrong, and what is allowed."""

FoundErrors = Iterator[tuple[KeyPath, str]]
"""The same, one by one, as a check comes upon them."""


class ConfigError(Exception):
    """A configuration can't be used; `errors` are its sentences, each with file and key path."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


def shown(path: Path) -> str:
    """Return a file's name as text that every output can hold, also one that is no UTF-8."""
    return one_line(os.fsencode(path).decode(errors="backslashreplace"))


def sentences(path: Path, errors: Iterable[tuple[KeyPath, str]]) -> list[str]:
    """Return a sentence for each error, `FILE: PATH.TO.KEY: what is wrong`, none of them twice."""
    return list(dict.fromkeys(f"{shown(path)}: {dotted(where)}{what}" for where, what in errors))


def dotted(path: KeyPath) -> str:
    """Return a place as `apps[3].token: `, or nothing for the top."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _KEY.fullmatch(part) else "<key>"
            text += f".{key}" if text else key
    return f"{text}: " if text else ""
