"""The lists of apps in files of their own: found by pattern, read again when they change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import structlog

from wx_domain_exporter.config.checks import Names, Taken, check_apps, check_secrets_of_apps
from wx_domain_exporter.config.errors import ConfigError, Errors, sentences, shown
from wx_domain_exporter.config.reading import read_config_file, read_tree, validate_app_file
from wx_domain_exporter.config.schema import App, Config

log = structlog.get_logger(__name__)

Signature = tuple[int, int, int] | None
"""What changes when a file is written anew; None while it can't be looked at."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the app files hold.

    Attributes:
        apps: of all files; of a broken one those of its last good content.
        errors: by file, the sentences that say what is wrong with it; none for a good one.
        unreadable: the sentences about secrets of good files that can't be read.
    """

    apps: tuple[App, ...]
    errors: Mapping[str, tuple[str, ...]]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Content:
    """An app file's content, valid by itself."""

    tree: list[object]
    apps: Mapping[int, App]


class AppFiles:
    """Remembers the last good content of each file, so that a broken one takes no app away."""

    def __init__(self) -> None:
        self._good: dict[Path, _Content] = {}
        self._seen: dict[Path, Signature] = {}

    def changed(self, patterns: Iterable[str], folder: Path) -> bool:
        """Whether a file came, went or was written since the last reading."""
        return bool(patterns) and _signatures(patterns, folder) != self._seen

    def read(self, config: Config, folder: Path, taken: Taken) -> Listed:
        """Read all files.

        Args:
            config: whose patterns name the files, and into which the names in them lead.
            folder: where relative patterns start.
            taken: what the apps of the configuration file have.
        """
        self._seen = _signatures(config.app_files, folder)
        if config.app_files and not self._seen:
            log.warning("no file is there for app_files", patterns=", ".join(config.app_files))
        self._good = {path: content for path, content in self._good.items() if path in self._seen}
        names, taken = Names(config), Taken(taken)
        apps: list[App] = []
        errors: dict[str, tuple[str, ...]] = {}
        unreadable: list[str] = []
        for path in self._seen:
            content, found = self._read_one(path, names, taken)
            apps += content
            errors[shown(path)] = found
            if not found:
                unreadable += sentences(path, check_secrets_of_apps(self._good[path].apps))
        return Listed(tuple(apps), errors, tuple(unreadable))

    def _read_one(self, path: Path, names: Names, taken: Taken) -> tuple[list[App], tuple[str, ...]]:
        try:
            content, apps = _checked(path, names, taken)
        except ConfigError as error:
            last = self._good.get(path)
            return [] if last is None else _still_good(path, last, names, taken), error.errors
        self._good[path] = content
        return apps, ()


def _checked(path: Path, names: Names, taken: Taken) -> tuple[_Content, list[App]]:
    """Read and check one file.

    Raises:
        ConfigError: it can't be read or holds errors; all of them are in it.
    """
    tree = read_tree(read_config_file(path), path)
    errors: Errors = [(where, "is given twice; allowed: once") for where in tree.duplicates]
    apps, found = validate_app_file(tree.root, str(path.parent))
    errors += found
    content = _Content(tree.root if isinstance(tree.root, list) else [], apps)
    fork = Taken(taken)
    errors += check_apps(content.apps, content.tree, names, fork, path)
    if errors:
        raise ConfigError(sentences(path, errors))
    fork.accept()
    return content, list(apps.values())


def _still_good(path: Path, last: _Content, names: Names, taken: Taken) -> list[App]:
    """Return the apps of a file's last good content that nothing speaks against by now.

    Another file may hold one of them meanwhile, and a name that they use may be gone.
    """
    kept = []
    for index, app in last.apps.items():
        fork = Taken(taken)
        if not list(check_apps({0: app}, [last.tree[index]], names, fork, path)):
            fork.accept()
            kept.append(app)
    return kept


def _signatures(patterns: Iterable[str], folder: Path) -> dict[Path, Signature]:
    """Return the files that the patterns find, sorted, each with its signature."""
    # Path.glob refuses absolute patterns.
    names = {name for pattern in patterns for name in glob(pattern, root_dir=folder)}  # noqa: PTH207
    found = sorted(folder / name for name in names)
    return {path: _signature(path) for path in found}


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
