"""Reading a file that an operator named, which may turn out to be a pipe or a device."""

import errno
import os
import stat


def read_file(path: str, limit: int) -> bytes:
    """Return a regular file's bytes, `limit` and one at most.

    Raises:
        OSError: it can't be read, or is no regular file: to read a named pipe could take for ever.
        ValueError: the path holds a NUL.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content: bytes | None = file.read(limit + 1)
    if (
        content is None
    ):  # some files of /proc and of FUSE have no data yet, and O_NONBLOCK does not wait for it
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return content
