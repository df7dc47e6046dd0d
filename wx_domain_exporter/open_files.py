"""How the file descriptors that this process may open are divided between clients and calls."""

import errno
import resource
import sys

_RESERVED = 24
"""Files of the process itself, such as event loops, and the calls of a discovery."""
_PER_CALL = 2
"""A connection, and the file of a secret or the look-up of a name."""
MAX_CLIENTS = 1000
"""Connections of clients that may be open at once, unless half of the limit is less."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE})


def limit() -> int:
    """Return how many file descriptors the process may have open (`ulimit -n`)."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if descriptors == resource.RLIM_INFINITY else descriptors


def max_clients(wanted: int = MAX_CLIENTS) -> int:
    """Return how many connections of clients may be open: half of the limit at most."""
    return min(wanted, max(1, limit() // 2))


def max_calls() -> int:
    """Return how many calls may run at once, beside all clients."""
    return max(1, (limit() - max_clients() - _RESERVED) // _PER_CALL)


def are_exhausted(error: OSError) -> bool:
    """Whether an error means that there is no file descriptor left."""
    return error.errno in _EXHAUSTED
