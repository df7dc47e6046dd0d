"""Errors of a configuration: their places in the file, and the messages made of them."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from wx_domain_exporter.config.yaml_tree import KeyPath, one_line
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.regular_file import NUL_IN_PATH

_KEY = re.compile(r"[\w.@/<>\[\]-]{0,64}")
"""Keys that messages may quote. Any other key may be a secret in the wrong place."""

MAX_ERRORS = 500
"""Maximum number of errors reported for a file: a file with other content could have a million."""

DUPLICATE_KEY = BilingualText("is a duplicate key; allowed: each key once", "键重复；每个键只能出现一次")

Errors = list[tuple[KeyPath, BilingualText]]
"""The place of each error, and what is wrong and what is allowed there."""

FoundErrors = Iterator[tuple[KeyPath, BilingualText]]
"""The same, as an iterator."""

_REASONS = {
    errno.ENOENT: "文件不存在",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EISDIR: "这是目录，不是文件",
    errno.ENOTDIR: "路径中有一级不是目录",
}
"""Why a file can't be read, in Chinese."""


class ConfigError(Exception):
    """A configuration is invalid.

    Attributes:
        errors: a message for each error in English, with file, line and key path.
        messages: the same in both languages.
    """

    def __init__(self, messages: Sequence[BilingualText]) -> None:
        super().__init__("\n".join(message.en for message in messages))
        self.errors = tuple(message.en for message in messages)
        self.messages = tuple(messages)


def shown(path: Path) -> str:
    """Return a file's path as printable text, even if it is not valid UTF-8."""
    return one_line(os.fsencode(path).decode(errors="backslashreplace"))


def prefixed(prefix: str, message: BilingualText) -> BilingualText:
    """Return a message with a prefix such as `config.yml:3: `."""
    return BilingualText(f"{prefix}{message.en}", f"{prefix}{message.zh}")


def absolute(path: Path) -> str:
    """Return a file's absolute path as printable text; links are not followed."""
    return shown(Path(os.path.abspath(path)))  # noqa: PTH100 - see above


def cannot_be_read(path: Path, error: OSError | ValueError) -> BilingualText:
    """Return the message for a configuration file that can't be read."""
    reason = reason_of(error)
    message = BilingualText(f"can't be read: {reason.en}", f"无法读取：{reason.zh}")
    return prefixed(f"{absolute(path)}: ", message)


def reason_of(error: OSError | ValueError) -> BilingualText:
    """Return why a file can't be read; a ValueError is a NUL character in its path."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return BilingualText(reason, _REASONS.get(error.errno or 0, reason))
    return BilingualText(NUL_IN_PATH, "路径含有 NUL 字符")


def dotted(path: KeyPath) -> str:
    """Return a place as `apps[3].token`; an empty text for the top level."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _KEY.fullmatch(part) else "<key>"
            text += f".{key}" if text else key
    return text
