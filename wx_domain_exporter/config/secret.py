"""Secrets of the configuration: a value, a file or an environment variable; never printed."""

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wx_domain_exporter.bilingual_error import BilingualError
from wx_domain_exporter.config.errors import absolute, reason_of
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.regular_file import read_file
from wx_domain_exporter.tasks import blocking

_MAX_SECRET_BYTES = 65536
_SECONDS = 3.0
"""How long a task waits for a file, which may be on a slow network, before other apps take its place."""
# Secrets are sent in URLs, headers and JSON. A character that could end or split one of these is an error.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_NOT_UTF_8 = re.compile(r"[\ud800-\udfff]")  # how os.environ represents bytes that are not UTF-8


class SecretError(BilingualError):
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
            raise self._error("is empty", "为空")
        if _NOT_UTF_8.search(text):
            raise self._error("is not UTF-8 text", "不是 UTF-8 文本")
        if _FORBIDDEN.search(text):
            raise self._error(
                "contains a line break or another control character", "含有换行符或其他控制字符"
            )
        return text

    def read_for_header(self) -> str:
        """Return the secret as `read` does, for use in an HTTP header.

        Raises:
            SecretError: as `read`, or the secret is not ASCII.
        """
        text = self.read()
        if not text.isascii():
            raise self._error(
                "contains a character that is not allowed in an HTTP header", "含有 HTTP 请求头不允许的字符"
            )
        return text

    def _text(self) -> str:
        match self.kind:
            case "value":
                return self.source
            case "env":
                try:
                    return os.environ[self.source]
                except KeyError:
                    raise self._error("is not set", "未设置") from None
            case "file":
                return self._file_text()

    def _file_text(self) -> str:
        try:
            content = blocking(read_file, self.source, _MAX_SECRET_BYTES, seconds=_SECONDS)
            if len(content) > _MAX_SECRET_BYTES:
                limit = _MAX_SECRET_BYTES
                raise self._error(f"has more than {limit} bytes", f"超过 {limit} 字节")
            return content.removeprefix(codecs.BOM_UTF8).decode()
        except UnicodeDecodeError:
            raise self._error("is not UTF-8 text", "不是 UTF-8 文本") from None
        except (OSError, ValueError) as error:
            reason = reason_of(error)
            raise self._error(f"can't be read: {reason.en}", f"无法读取：{reason.zh}") from None

    def _error(self, en: str, zh: str) -> SecretError:
        match self.kind:
            case "value":
                place = BilingualText("the secret", "密钥")
            case "file":
                file = absolute(Path(self.source))
                place = BilingualText(f"the secret file {file}", f"密钥文件 {file} ")
            case "env":
                name = one_line(self.source)
                place = BilingualText(f"the environment variable {name}", f"环境变量 {name} ")
        return SecretError(f"{place.en} {en}", f"{place.zh}{zh}")
