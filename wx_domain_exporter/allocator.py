"""Keeps the resident memory low where the C library is glibc; elsewhere its functions do nothing."""

import ctypes
from collections.abc import Callable

_M_ARENA_MAX = -8
"""A parameter of glibc's mallopt(3)."""


def use_one_arena() -> None:
    """Let all threads that start from now on share one arena of the allocator.

    By default, each thread keeps what it has freed for itself. Python's lock lets one thread allocate at a
    time anyway.
    """
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def return_freed_memory() -> None:
    """Return memory that was freed to the system, after a task that needed far more than what it leaves."""
    malloc_trim = _glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _glibc(name: str) -> Callable[..., int] | None:
    """Return a function of the C library; None if it has none of that name."""
    return getattr(ctypes.CDLL(None), name, None)
