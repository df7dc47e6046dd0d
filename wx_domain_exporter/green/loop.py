"""Runs many strands in one thread: each goes on until it has to wait, and meanwhile the others do.

A strand is a greenlet, and its code is written as that of a thread is. Threads would hand Python's lock from
one to the next at each wait, and from core to core, which costs as much as all the rest of a call.

What may wait for long must wait here: for a socket in `Loop.wait_for`, for anything else with `waiting`.
"""

import atexit
import contextlib
import math
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from greenlet import GreenletExit, getcurrent, greenlet

log = structlog.get_logger(__name__)

_PAUSE = 0.1
"""Seconds after something that should never happen, so that it does not happen all the time."""
_SECONDS_TO_STOP = 2.0
"""How long the end of the process waits for a loop."""


class Watched:
    """A socket that strands wait for, one at a time; its loop alone writes here."""

    loop: "Loop | None" = None
    """Who looked at it last."""
    events: int = 0
    """What the loop looks for."""
    waiter: "Strand | None" = None
    """Who waits for it."""

    if TYPE_CHECKING:

        def fileno(self) -> int:
            """Return the descriptor."""


class Strand(greenlet):
    """What runs in a loop."""

    def __init__(self, loop: "Loop", work: Callable[[], None]) -> None:
        super().__init__(self._run)
        self.loop = loop
        self._work = work

    def _run(self, *_: object) -> None:
        try:
            self._work()
        except GreenletExit:  # nobody can wake it any more
            raise
        except BaseException:  # may cost itself only: what leaves a strand ends the loop
            with contextlib.suppress(Exception):
                log.exception("a strand broke")


_threads: set[int] = set()
"""Those that run loops, by their identifiers."""


def current_strand() -> Strand | None:
    """Return the strand that asks; None if a plain thread does."""
    if (
        threading.get_ident() not in _threads
    ):  # who asks greenlet gets a state there, to be cleared away later
        return None
    current = getcurrent()
    return current if isinstance(current, Strand) else None


_running: set["Loop"] = set()
"""The loops that have a thread."""


@atexit.register
def stop_all() -> bool:
    """End all strands and their threads while Python still stands, at its end at the latest.

    Returns:
        Whether they ended. One that is busy for seconds did not: Python would crash over it, in the midst of
        a greenlet, on its way down.
    """
    loops = tuple(_running)
    for loop in loops:
        loop.stop()
    ended = [loop.ends_soon() for loop in loops]
    return all(ended)


class Loop:
    """Strands, and the thread in which they run: it begins with the first strand, and ends after `close`."""

    def __init__(self, name: str) -> None:
        """Make a loop without a thread.

        Args:
            name: the thread's.
        """
        self._name = name
        self._lock = threading.Lock()
        """Guards the beginning and the end of the thread, and what wakes it."""
        self._thread: threading.Thread | None = None
        self._closed = False
        self._stopped = False
        """Whether the process ends, so that no strand goes on."""
        self._bell: socket.socket | None = None
        """What is sent here ends the waiting of the thread."""
        self._calls: deque[Callable[[], None]] = deque()
        """What other threads, and strands, want to be done next."""
        self._parked: dict[Strand, tuple[float, object]] = {}
        """Who waits: until when, in seconds of `time.monotonic()`, and for what."""
        self._main: greenlet | None = None
        """Where strands go on that wait: the thread's own place."""
        self._selector: selectors.BaseSelector
        self._next_end = math.inf
        """No one waits for a shorter time than until then."""

    def spawn(self, work: Callable[[], None]) -> None:
        """Start a strand, soon; from any thread. A closed loop starts none.

        Raises:
            RuntimeError: the system has no thread for it.
            OSError: the system has no file descriptors for it.
        """
        with self._lock:
            if self._closed:
                return
            if self._thread is None:
                self._begin()
        self.call(lambda: Strand(self, work).switch())

    def call(self, what: Callable[[], None]) -> None:
        """Have something short done in the loop's thread, soon; from any thread."""
        self._calls.append(what)
        if threading.current_thread() is not self._thread:
            self._ring()

    def close(self) -> None:
        """Start no further strand; the thread ends with the last one."""
        with self._lock:
            self._closed = True
        self._ring()

    def stop(self) -> None:
        """Let no strand go on; what they wait for is left as it is."""
        self._stopped = True
        self._ring()

    def ends_soon(self) -> bool:
        """Wait a little for the thread; return whether it ended."""
        thread = self._thread
        if thread is not None:
            thread.join(_SECONDS_TO_STOP)
        return thread is None or not thread.is_alive()

    def wait_for(self, watched: Watched, event: int, seconds: float | None) -> bool:
        """Let the current strand wait for a socket.

        Args:
            watched: the socket.
            event: of `selectors`.
            seconds: for how long; None: for ever.

        Returns:
            Whether it came in time.
        """
        strand = self._current()
        if watched.loop is not self or watched.events != event:
            self._look_for(watched, event)
        watched.waiter = strand
        try:
            return self.park(strand, watched, seconds)
        finally:
            watched.waiter = None

    def park(self, strand: Strand, reason: object, seconds: float | None) -> bool:
        """Let the current strand wait.

        Args:
            strand: the current one.
            reason: for what; who wakes it must name the same.
            seconds: for how long; None: for ever.

        Returns:
            Whether somebody woke it in time.
        """
        until = math.inf if seconds is None else time.monotonic() + seconds
        self._parked[strand] = until, reason
        self._next_end = min(self._next_end, until)
        if self._main is None:
            raise AssertionError("a strand runs outside of its loop")
        return bool(self._main.switch())

    def wake(self, strand: Strand, reason: object) -> None:
        """Let a strand go on, if that is what it waits for; in the loop's thread, from no strand."""
        parked = self._parked.get(strand)
        if parked is not None and parked[1] is reason:
            del self._parked[strand]
            strand.switch(True)  # noqa: FBT003 - what `park` returns

    def _begin(self) -> None:
        with contextlib.ExitStack() as opened:
            bell, heard = (opened.enter_context(end) for end in socket.socketpair())
            bell.settimeout(0)
            heard.settimeout(0)
            self._selector = opened.enter_context(selectors.DefaultSelector())
            self._selector.register(heard, selectors.EVENT_READ)
            thread = threading.Thread(target=self._run, args=(heard,), name=self._name, daemon=True)
            self._bell, self._thread = bell, thread
            try:
                thread.start()
            except (RuntimeError, OSError):
                self._bell, self._thread = None, None
                raise
            self._opened = opened.pop_all()
        _running.add(self)

    def _ring(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # as many rings as it holds are as good as one more
            if self._bell is not None:
                self._bell.send(b"!")

    def _run(self, heard: socket.socket) -> None:
        _threads.add(threading.get_ident())
        self._main = getcurrent()
        while not (self._stopped or (self._closed and not self._parked and not self._calls)):
            try:
                self._turn(heard)
            except Exception:
                log.exception("a loop broke, and goes on")
                time.sleep(_PAUSE)
        with self._lock:
            self._bell = None
            self._opened.close()
        # greenlet would look for who still has it: among all objects, and in the middle of other code.
        self._main = None
        _threads.discard(threading.get_ident())
        _running.discard(self)

    def _turn(self, heard: socket.socket) -> None:
        """Let all strands go on that can."""
        for key, _ in self._selector.select(self._patience()):
            watched = key.data
            if self._stopped:
                return
            if watched is None:
                with contextlib.suppress(BlockingIOError):
                    heard.recv(4096)
            elif watched.loop is self and watched.waiter is not None:
                self.wake(watched.waiter, watched)
            else:  # an idle connection that its peer closed, or one that a plain thread uses now
                self._look_away(key.fd, watched)
        for _ in range(len(self._calls)):
            if self._stopped:
                return
            self._calls.popleft()()
        if self._next_end <= time.monotonic():
            self._end_waits()

    def _patience(self) -> float | None:
        if self._calls:
            return 0
        if self._next_end == math.inf:
            return None
        return max(0.0, self._next_end - time.monotonic())

    def _end_waits(self) -> None:
        now = time.monotonic()
        for strand in [strand for strand, (until, _) in self._parked.items() if until <= now]:
            if self._stopped:
                return
            if self._parked.pop(strand, None) is not None:
                strand.switch(False)  # noqa: FBT003 - what `park` returns
        self._next_end = min((until for until, _ in self._parked.values()), default=math.inf)

    def _look_for(self, watched: Watched, event: int) -> None:
        descriptor = watched.fileno()
        known = self._selector.get_map().get(descriptor)
        if known is not None and known.data is watched:
            self._selector.modify(descriptor, event, watched)
        else:
            if known is not None:  # a closed socket, which the system forgot, and whose number it gave again
                self._selector.unregister(descriptor)
            self._selector.register(descriptor, event, watched)
        watched.loop, watched.events = self, event

    def _look_away(self, descriptor: int, watched: Watched) -> None:
        known = self._selector.get_map().get(descriptor)
        if known is None or known.data is not watched:
            return  # it was closed a moment ago, and its number given to another one
        self._selector.unregister(descriptor)
        if watched.loop is self:
            watched.events = 0

    def _current(self) -> Strand:
        strand = current_strand()
        if strand is None or strand.loop is not self:
            raise AssertionError("only a strand of the loop can wait in it")
        return strand
