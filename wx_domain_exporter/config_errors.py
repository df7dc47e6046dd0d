"""What is wrong with a configuration: errors by place, and the sentences made of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from wx_domain_exporter.yaml_tree import KeyPath, one_line

Errors = list[tuple[KeyPath, str]]
"""Where something is wrong, and what is allowed."""


class ConfigError(Exception):
    """A configuration can't be used; `errors` are its sentences, each with file and key path."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


def sentences(path: Path, errors: Iterable[tuple[KeyPath, str]]) -> list[str]:
    """Return a sentence for each error, `FILE: PATH.TO.KEY: what is wrong`, none of them twice."""
    return list(dict.fromkeys(f"{path}: {dotted(where)}{what}" for where, what in errors))


def dotted(path: KeyPath) -> str:
    """Return a place as `apps[3].token: `, or nothing for the top."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{one_line(part)}" if text else one_line(part)
    return f"{text}: " if text else ""
