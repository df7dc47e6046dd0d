"""Errors of a configuration: their places in the file, and the messages made of them."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from wx_domain_exporter.config.yaml_tree import KeyPath, one_line

_KEY = re.compile(r"[\w.@/<>\[\]-]{0,64}")
"""Keys that messages may quote. Any other key may be a secret in the wrong place."""

MAX_ERRORS = 500
"""Maximum number of errors reported for a file: a file with other content could have a million."""

DUPLICATE_KEY = "is a duplicate key; allowed: each key once"

Errors = list[tuple[KeyPath, str]]
"""The place of each error, and what is wrong and what is allowed there."""

FoundErrors = Iterator[tuple[KeyPath, str]]
"""The same, as an iterator."""


class ConfigError(Exception):
    """A configuration is invalid; `errors` has one message for each error, with file and key path."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


def shown(path: Path) -> str:
    """Return a file's path as printable text, even if it is not valid UTF-8."""
    return one_line(os.fsencode(path).decode(errors="backslashreplace"))


def sentences(path: Path, errors: Iterable[tuple[KeyPath, str]]) -> list[str]:
    """Return a message for each error, `FILE: PATH.TO.KEY: what is wrong`, without duplicates.

    After `MAX_ERRORS` errors, the last message says that there are more.
    """
    file = shown(path)
    first = list(islice(errors, MAX_ERRORS + 1))
    messages = list(dict.fromkeys(f"{file}: {dotted(where)}{what}" for where, what in first[:MAX_ERRORS]))
    return [*messages, f"{file}: has more errors than these"] if len(first) > MAX_ERRORS else messages


def dotted(path: KeyPath) -> str:
    """Return a place as `apps[3].token: `; an empty text for the top level."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _KEY.fullmatch(part) else "<key>"
            text += f".{key}" if text else key
    return f"{text}: " if text else ""
