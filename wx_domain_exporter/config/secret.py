"""Secrets of the configuration: a value, a file or an environment variable; never printed."""

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wx_domain_exporter.config.errors import shown
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.regular_file import NUL_IN_PATH, read_file
from wx_domain_exporter.tasks import blocking

_MAX_SECRET_BYTES = 65536
_SECONDS = 3.0
"""How long a task waits for a file, which may be on a slow network, before other apps take its place."""
# Secrets are sent in URLs, headers and JSON. A character that could end or split one of these is an error.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_NOT_UTF_8 = re.compile(r"[\ud800-\udfff]")  # how os.environ represents bytes that are not UTF-8


class SecretError(Exception):
    """A secret can't be read; the message says where it is configured, never its value."""


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
        """Return the current secret, without surrounding white space.

        Raises:
            SecretError: the secret can't be read, is empty, or contains a control character.
        """
        text = self._text().strip()
        if not text:
            raise SecretError(f"{self._place()} is empty")
        if _NOT_UTF_8.search(text):
            raise SecretError(f"{self._place()} is not UTF-8 text")
        if _FORBIDDEN.search(text):
            raise SecretError(f"{self._place()} contains a line break or another control character")
        return text

    def read_for_header(self) -> str:
        """Return the secret as `read` does, for use in an HTTP header.

        Raises:
            SecretError: as `read`, or the secret is not ASCII.
        """
        text = self.read()
        if not text.isascii():
            raise SecretError(f"{self._place()} contains a character that is not allowed in an HTTP header")
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
                raise SecretError(f"{self._place()} has more than {_MAX_SECRET_BYTES} bytes")
            return content.removeprefix(codecs.BOM_UTF8).decode()
        except OSError as error:
            raise SecretError(f"{self._place()} can't be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise SecretError(f"{self._place()} is not UTF-8 text") from None
        except ValueError:
            raise SecretError(f"{self._place()} can't be read: {NUL_IN_PATH}") from None

    def _place(self) -> str:
        match self.kind:
            case "value":
                return "the secret"
            case "file":
                return f"the secret file {shown(Path(self.source))}"
            case "env":
                return f"the environment variable {one_line(self.source)}"
