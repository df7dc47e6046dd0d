"""Files that are read again when they change, and only then."""

from dataclasses import dataclass
from pathlib import Path

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.regular_file import read_file

MAX_BYTES = 1 << 20
_YOUNG = 2.0
"""Seconds in which a second change may leave a file's times, size and inode as they are."""

_Signature = tuple[int, ...] | None
"""What a file's metadata say of its content; None for a file that is not there."""


@dataclass(frozen=True, slots=True)
class _Seen:
    signature: _Signature
    young: bool
    content: bytes | None
    """None if the file could not be read."""


class WatchedFiles:
    """Remembers the files that were read. Not safe to share between threads."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def forget(self) -> None:
        """Watch only what is read from now on."""
        self._seen.clear()

    def read(self, path: str) -> bytes:
        """Return a file's bytes, `MAX_BYTES` and one at most, and watch the file.

        Raises:
            OSError: it can't be read, or is no regular file.
            ValueError: the path holds a NUL.
        """
        signature = _signature(path)  # before its content: what comes between counts as a change
        content = None
        try:
            content = read_file(path, MAX_BYTES)
        finally:
            self._seen[path] = _Seen(signature, self._is_young(signature), content)
        return content

    def changed(self) -> bool:
        """Whether any of the files is not as it was read."""
        return any(self._has_changed(path, seen) for path, seen in self._seen.items())

    def _has_changed(self, path: str, seen: _Seen) -> bool:
        signature = _signature(path)
        if signature != seen.signature:
            return True
        if not seen.young:
            return False
        try:
            if read_file(path, MAX_BYTES) != seen.content:
                return True
        except OSError:
            return seen.content is not None
        self._seen[path] = _Seen(signature, self._is_young(signature), seen.content)
        return False

    def _is_young(self, signature: _Signature) -> bool:
        return signature is not None and self._clock.time() - signature[-1] / 1e9 < _YOUNG


def _signature(path: str) -> _Signature:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
