"""Detects changes of files, for everything that is read again without a restart."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.regular_file import read_file

_YOUNG = 2.0
"""Seconds after a change in which another one may not change a file's times, size and inode."""

_Signature = tuple[int, ...] | None
"""A file's metadata that change with its content, after following links; None if they can't be read."""


@dataclass(frozen=True, slots=True)
class _Seen:
    limit: int
    signature: _Signature
    young: bool
    digest: bytes | None
    """The digest of the content; None if the file could not be read."""


class WatchedFiles:
    """Reads files and detects their changes. Not safe to share between threads."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def forget(self) -> None:
        """Watch only files that are read from now on."""
        self._seen.clear()

    def read(self, path: str, limit: int) -> bytes:
        """Return a file's bytes as `read_file` does, and watch the file, also if it can't be read.

        Raises:
            OSError: the file can't be read, or is not a regular file.
            ValueError: the path contains a NUL character.
        """
        signature = _signature(path)  # before the content, so that a write in between counts as a change
        digest = None
        try:
            content = read_file(path, limit)
            digest = _digest(content)
        finally:
            self._seen[path] = _Seen(limit, signature, self._is_young(signature), digest)
        return content

    def changed(self) -> bool:
        """Whether any of the files has changed since it was read."""
        return any(self._has_changed(path, seen) for path, seen in self._seen.items())

    def _has_changed(self, path: str, seen: _Seen) -> bool:
        signature = _signature(path)
        if signature != seen.signature:
            return True
        # The cause of a failure, such as too many open files, can end without a change of the metadata.
        unread = signature is not None and seen.digest is None
        if not (seen.young or unread):
            return False
        try:
            if _digest(read_file(path, seen.limit)) != seen.digest:
                return True
        except OSError:
            return seen.digest is not None
        self._seen[path] = _Seen(seen.limit, signature, self._is_young(signature), seen.digest)
        return False

    def _is_young(self, signature: _Signature) -> bool:
        return signature is not None and self._clock.time() - signature[-1] / 1e9 < _YOUNG


def _signature(path: str) -> _Signature:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()  # a digest that hosts in FIPS mode allow
