"""Secrets of the configuration: given in it, in a file, or in the environment; never printed."""

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wx_domain_exporter.config.errors import shown
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.regular_file import read_file
from wx_domain_exporter.tasks import blocking

_MAX_SECRET_BYTES = 65536
_SECONDS = 3.0
"""How long a task waits for a file: a network may keep it back, and other apps need the task's place."""
# A secret travels in a URL, a header or JSON: what could end or split one of them is a mistake.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_NO_UTF_8 = re.compile(r"[\ud800-\udfff]")  # how the environment hands on bytes that are no UTF-8


class SecretError(Exception):
    """A secret can't be read; the message names its place, never its value."""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that prints as `<secret>` everywhere and is read when it is needed.

    A file is read again at each use, so that a rotated secret needs no restart.
    """

    kind: Literal["value", "file", "env"]
    source: str
    """The value itself, the file's path, or the variable's name."""

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def read(self) -> str:
        """Return the secret as it is now, without white space around it.

        Raises:
            SecretError: it can't be read, is empty, or holds a control character.
        """
        text = self._text().strip()
        if not text:
            raise SecretError(f"{self._place()} is empty")
        if _NO_UTF_8.search(text):
            raise SecretError(f"{self._place()} is not UTF-8 text")
        if _FORBIDDEN.search(text):
            raise SecretError(f"{self._place()} holds more than one line, or a control character")
        return text

    def read_for_header(self) -> str:
        """Return the secret as `read` does, if an HTTP header can hold it.

        Raises:
            SecretError: as `read`, or it holds a character beyond ASCII.
        """
        text = self.read()
        if not text.isascii():
            raise SecretError(f"{self._place()} holds a character that no HTTP header can hold")
        return text

    def _text(self) -> str:
        match self.kind:
            case "value":
                return self.source
            case "env":
                try:
                    return os.environ[self.source]
                except KeyError:
                    raise SecretError(f"{self._place()} is not set") from None
            case "file":
                return self._file_text()

    def _file_text(self) -> str:
        try:
            content = blocking(read_file, self.source, _MAX_SECRET_BYTES, seconds=_SECONDS)
            if len(content) > _MAX_SECRET_BYTES:
                raise SecretError(f"{self._place()} holds more than {_MAX_SECRET_BYTES} bytes")
            return content.removeprefix(codecs.BOM_UTF8).decode()
        except OSError as error:
            raise SecretError(f"{self._place()} can't be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise SecretError(f"{self._place()} is not UTF-8 text") from None
        except ValueError:
            raise SecretError(f"{self._place()} can't be read: a path holds no NUL") from None

    def _place(self) -> str:
        match self.kind:
            case "value":
                return "the secret"
            case "file":
                return f"the secret file {shown(Path(self.source))}"
            case "env":
                return f"the environment variable {one_line(self.source)}"
