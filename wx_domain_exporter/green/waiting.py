"""Waiting for one another, for strands and plain threads alike: a strand that waits lets the others run."""

import contextlib
import threading
import time
from functools import partial
from types import TracebackType

from wx_domain_exporter.green.loop import current_strand


class Turn:
    """What one waits for, and another gives, once. Made by who waits."""

    __slots__ = ("_given", "_lock", "_strand")

    def __init__(self) -> None:
        self._strand = current_strand()
        self._given = False
        self._lock = threading.Lock()
        self._lock.acquire()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is given, or for some seconds; return whether it is."""
        strand = self._strand
        if strand is None:
            return self._lock.acquire(timeout=-1 if seconds is None else max(0.0, seconds))
        if not self._given:
            strand.loop.park(strand, self, seconds)
        return self._given

    def give(self) -> None:
        """Let who waits go on; from any thread."""
        self._given = True
        strand = self._strand
        if strand is None:
            self._lock.release()
        else:
            strand.loop.call(partial(strand.loop.wake, strand, self))


class Lock:
    """As `threading.Lock`. Who came first gets it first."""

    __slots__ = ("_held", "_turns")

    _guard = threading.Lock()
    """Of all of them: it is held for an instant, and nobody waits for anything meanwhile."""

    def __init__(self) -> None:
        self._held = False
        self._turns: tuple[Turn, ...] = ()

    def acquire(self, *, blocking: bool = True) -> bool:
        """Get the lock; return whether it is got."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            if not blocking:
                return False
            turn = Turn()
            self._turns = (*self._turns, turn)
        return turn.wait()

    def release(self) -> None:
        """Give it to who waits longest, or to who comes next."""
        with self._guard:
            if not self._turns:
                self._held = False
                return
            turn, *others = self._turns
            self._turns = tuple(others)
        turn.give()

    def __enter__(self) -> None:
        """Get the lock."""
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release it."""
        self.release()


class Sign:
    """As `threading.Event`, which is set once."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._turns: list[Turn] = []
        self._is_set = False

    def set(self) -> None:
        """Let all go on who wait, now or later."""
        with self._guard:
            self._is_set = True
            turns, self._turns = self._turns, []
        for turn in turns:
            turn.give()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set, or for some seconds; return whether it is."""
        with self._guard:
            if self._is_set:
                return True
            turn = Turn()
            self._turns.append(turn)
        given = turn.wait(seconds)
        if not given:
            with self._guard, contextlib.suppress(ValueError):  # it is being given at this moment
                self._turns.remove(turn)
        return given


def sleep(seconds: float) -> None:
    """Wait for some seconds."""
    if current_strand() is None:
        time.sleep(seconds)
    else:
        Turn().wait(seconds)
