"""Finds the files that match patterns such as `apps.d/*.yml`.

If a folder can't be listed for a moment, the files found in it before are kept.
"""

import fnmatch
import glob
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wx_domain_exporter.config.errors import reason_of
from wx_domain_exporter.errcodes.types import BilingualText


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files that match some patterns.

    Attributes:
        files: the files, sorted.
        failures: by path that can't be accessed, the reason.
    """

    files: tuple[Path, ...] = ()
    failures: Mapping[Path, BilingualText] = field(default_factory=dict)


def find_files(patterns: Iterable[str], folder: Path, before: Collection[Path]) -> FoundFiles:
    """Find files; unlike `glob`, distinguish between what can't be accessed and what does not exist.

    Args:
        patterns: with `*`, `?` and `[…]`, which match no slash and no dot at the start of a name.
        folder: the base of relative patterns.
        before: the files found last time; kept where a folder can't be accessed.
    """
    files: set[Path] = set()
    failures: dict[Path, BilingualText] = {}
    for pattern in map(Path, patterns):
        places = [folder / pattern.anchor]
        for part in pattern.relative_to(pattern.anchor).parts:
            places = [path for place in places for path in _matches(place, part, before, failures)]
        files.update(places)
    return FoundFiles(tuple(sorted(files)), failures)


def _matches(
    folder: Path, part: str, before: Collection[Path], failures: dict[Path, BilingualText]
) -> list[Path]:
    """Return the entries of a folder that match one part of a pattern."""
    has_wildcard = glob.escape(part) != part
    looked_at = folder if has_wildcard else folder / part
    try:
        if has_wildcard:
            names = [path.name for path in folder.iterdir()]
        else:
            looked_at.lstat()
            names = [part]
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: no file can have such a name
        return []
    except OSError as error:
        failures[looked_at] = reason_of(error)
        names = [path.relative_to(folder).parts[0] for path in before if folder in path.parents]
        names = [name for name in dict.fromkeys(names) if not _is_gone(folder / name)]
    if not part.startswith("."):
        names = [name for name in names if not name.startswith(".")]
    return [folder / name for name in fnmatch.filter(names, part)]


def _is_gone(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
