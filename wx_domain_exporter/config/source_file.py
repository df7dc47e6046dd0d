"""A configuration file while it is checked: it turns the places of errors into messages with lines."""

from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from pathlib import Path

from wx_domain_exporter.config.errors import MAX_ERRORS, ConfigError, dotted, prefixed, shown
from wx_domain_exporter.config.line_finder import LineFinder
from wx_domain_exporter.config.schema_fields import APPID_PATTERN
from wx_domain_exporter.config.yaml_errors import YamlError
from wx_domain_exporter.config.yaml_tree import KeyPath, Tree, read_yaml
from wx_domain_exporter.errcodes.types import BilingualText


class SourceFile:
    """A file with a list of apps, at its top or under `apps`, or with any other YAML."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self._content = content

    @cached_property
    def tree(self) -> Tree:
        """Return the values of the file.

        Raises:
            ConfigError: the content is not valid YAML.
        """
        try:
            return read_yaml(self._content)
        except YamlError as error:
            raise ConfigError(
                [prefixed(f"{shown(self.path)}:{line}: ", what) for line, what in error.errors[:MAX_ERRORS]]
            ) from None

    def line(self, where: KeyPath) -> int:
        """Return the line of a place in the file, counted from 1."""
        return self._lines.line(where)

    def messages(self, errors: Iterable[tuple[KeyPath, BilingualText]]) -> list[BilingualText]:
        """Return a message for each error, `FILE:LINE: PATH.TO.KEY (appid): what is wrong`, by line.

        There are no duplicates. After `MAX_ERRORS` errors, the last message says that there are more.
        """
        file = shown(self.path)
        first = list(islice(errors, MAX_ERRORS + 1))
        found = sorted(((self.line(where), where, what) for where, what in first), key=lambda one: one[0])
        messages = dict.fromkeys(
            prefixed(f"{file}:{line}: {self._place(where)}", what) for line, where, what in found[:MAX_ERRORS]
        )
        if len(first) > MAX_ERRORS:
            more = BilingualText(f"{file}: has more errors than these", f"{file}: 还有更多错误")
            return [*messages, more]
        return list(messages)

    @cached_property
    def _lines(self) -> LineFinder:
        return LineFinder(self._content)

    def _place(self, where: KeyPath) -> str:
        """Return `PATH.TO.KEY (appid): `; the appid replaces the index of an app in its list."""
        begin = 1 if where[:1] == ("apps",) else 0
        index = where[begin] if len(where) > begin else None
        appid = self._appid(where[:begin], index) if isinstance(index, int) else ""
        if appid:
            where = (*where[:begin], *where[begin + 1 :])
        words = filter(None, (dotted(where), appid and f"({appid})"))
        place = " ".join(words)
        return f"{place}: " if place else ""

    def _appid(self, section: KeyPath, index: int) -> str:
        """Return the appid of an app, or an empty text if it has no valid one."""
        apps = self.tree.root["apps"] if section else self.tree.root
        app = apps[index] if isinstance(apps, list) and index < len(apps) else None
        appid = app.get("appid") if isinstance(app, dict) else None
        return appid if isinstance(appid, str) and APPID_PATTERN.fullmatch(appid) else ""
