"""Reads files from a configuration, whose path may turn out to be a pipe or a device."""

import errno
import os
import stat

NUL_IN_PATH = "the path contains a NUL character"


def read_file(path: str, limit: int) -> bytes:
    """Return the bytes of a regular file, at most `limit` + 1.

    Raises:
        OSError: the file can't be read, or is not a regular file: reading a named pipe could block forever.
        ValueError: the path contains a NUL character.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content: bytes | None = file.read(limit + 1)
    if content is None:  # some files of /proc and FUSE have no data yet, and O_NONBLOCK does not wait for it
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return content
