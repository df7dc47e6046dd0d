"""Makes Python and the C library handle the memory of large configurations with less time and space."""

import ctypes
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_M_ARENA_MAX = -8
"""A parameter of glibc's mallopt(3)."""


def use_one_arena() -> None:
    """Let all threads that start from now on share one arena of the allocator.

    By default, each thread keeps what it has freed for itself. Python's lock lets one thread allocate at a
    time anyway. Another C library than glibc is left as it is.
    """
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def return_freed_memory() -> None:
    """Return freed memory to the system, after a task that needed far more than it leaves.

    Another C library than glibc is left as it is.
    """
    malloc_trim = _glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Pause Python's search for reference cycles, while objects are made that are nearly all kept.

    Each search looks at all objects so far: with 10,000 apps, it took half of the time of a load. Only for
    code that waits for nothing, because no thread's cycles are freed meanwhile. Also a decorator.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _glibc(name: str) -> Callable[..., int] | None:
    """Return a function of the C library; None if it has none of that name."""
    return getattr(ctypes.CDLL(None), name, None)
