"""App files: lists of apps in separate files, found by pattern and read again when they change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import structlog

from wx_domain_exporter.config.cross_checks import (
    ConfiguredNames,
    UniqueKeys,
    check_apps,
    unreadable_secrets,
)
from wx_domain_exporter.config.errors import (
    DUPLICATE_KEY,
    MAX_ERRORS,
    ConfigError,
    Errors,
    absolute,
    shown,
)
from wx_domain_exporter.config.file_patterns import FoundFiles, find_files
from wx_domain_exporter.config.schema import App, Config
from wx_domain_exporter.config.source_file import SourceFile
from wx_domain_exporter.config.validation import read_config_file, validate_app_file
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.file_watch import WatchedFiles

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AppFileContents:
    """The content of all app files.

    Attributes:
        apps: the apps of all files; of an invalid file, those of its last valid content.
        errors: the error messages of each file, and of each folder that can't be listed; empty for a valid
            file.
        without_content: the invalid files, and folders, that had no valid content so far.
        unreadable: error messages about secrets in valid files that can't be read, by appid.
    """

    apps: tuple[App, ...]
    errors: Mapping[str, tuple[BilingualText, ...]]
    without_content: frozenset[str]
    unreadable: Mapping[str, tuple[BilingualText, ...]]


@dataclass(frozen=True, slots=True)
class _Content:
    """The content of one app file, which is valid without regard to other files."""

    tree: list[object]
    apps: Mapping[int, App]


class AppFiles:
    """Reads the app files, and keeps the last valid content of each, so that an error removes no app."""

    def __init__(self) -> None:
        self._good: dict[Path, _Content] = {}
        self._found = FoundFiles()
        self._watched = WatchedFiles()

    def changed(self, patterns: Collection[str], folder: Path) -> bool:
        """Whether a file was added, removed or written since the last `read`."""
        if not patterns:
            return False
        return find_files(patterns, folder, self._found.files) != self._found or self._watched.changed()

    def read(self, config: Config, folder: Path, taken: UniqueKeys) -> AppFileContents:
        """Read all files.

        Args:
            config: has the patterns of the files, and the token sources, platforms and baselines that apps
                refer to.
            folder: the base of relative patterns.
            taken: the unique keys of the apps in the configuration file.
        """
        found = self._found = find_files(config.app_files, folder, self._found.files)
        self._watched.forget()
        if config.app_files and not (found.files or found.failures):
            log.warning("no file matches app_files", patterns=", ".join(config.app_files))
        present = set(found.files)
        self._good = {path: content for path, content in self._good.items() if path in present}
        names, taken = ConfiguredNames(config), UniqueKeys(taken)
        apps: list[App] = []
        errors: dict[str, tuple[BilingualText, ...]] = {
            shown(path): (_inaccessible(path, reason),) for path, reason in found.failures.items()
        }
        unreadable: dict[str, tuple[BilingualText, ...]] = {}
        for path in found.files:
            try:
                apps += self._checked(path, names, taken, unreadable)
                errors[shown(path)] = ()
            except ConfigError as error:
                last = self._good.get(path)
                apps += [] if last is None else _still_good(path, last, names, taken)
                errors[shown(path)] = error.messages
        good = {shown(path) for known in self._good for path in (known, *known.parents)}
        without_content = frozenset(file for file, texts in errors.items() if texts and file not in good)
        return AppFileContents(tuple(apps), errors, without_content, unreadable)

    def _checked(
        self,
        path: Path,
        names: ConfiguredNames,
        taken: UniqueKeys,
        unreadable: dict[str, tuple[BilingualText, ...]],
    ) -> list[App]:
        """Read and check one file; add its unreadable secrets to `unreadable`.

        Raises:
            ConfigError: the file can't be read or is invalid; the exception has all errors.
        """
        file = SourceFile(path, read_config_file(path, self._watched.read))
        tree = file.tree
        errors: Errors = [(where, DUPLICATE_KEY) for where in tree.duplicates]
        apps, found = validate_app_file(tree.root, str(path.parent))
        errors += found
        content = _Content(tree.root if isinstance(tree.root, list) else [], apps)
        fork = UniqueKeys(taken)
        errors += islice(check_apps(content.apps, content.tree, names, fork, file), MAX_ERRORS + 1)
        if errors:
            raise ConfigError(file.messages(errors))
        fork.accept()
        self._good[path] = content
        unreadable |= unreadable_secrets(apps, file)
        return list(apps.values())


def _inaccessible(path: Path, reason: BilingualText) -> BilingualText:
    file = absolute(path)
    return BilingualText(f"{file}: can't be accessed: {reason.en}", f"{file}: 无法访问：{reason.zh}")


def _still_good(path: Path, last: _Content, names: ConfiguredNames, taken: UniqueKeys) -> list[App]:
    """Return the apps of a file's last valid content that are still valid.

    By now, another file may contain the same app, and a name that an app refers to may no longer exist.
    """
    kept = []
    file = SourceFile(path, b"")  # for messages that nobody reads
    for index, app in last.apps.items():
        fork = UniqueKeys(taken)
        if not list(check_apps({0: app}, [last.tree[index]], names, fork, file)):
            fork.accept()
            kept.append(app)
    return kept
