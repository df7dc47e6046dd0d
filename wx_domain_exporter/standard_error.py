"""Standard error through a bounded queue, so that a log that nobody reads delays nothing.

A thread of its own writes to the file descriptor; it alone waits for the reader.
"""

import atexit
import io
import logging
import os
import select
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MAX_QUEUED_BYTES = 1 << 20
"""How much waits for the reader; lines beyond are dropped and counted."""
_MAX_BATCH_BYTES = 1 << 15
"""How much one system call writes: Python's lock may be taken from the thread at each one, for 5 ms."""
_COLLECT_SECONDS = 0.02
"""How long the thread collects lines: each time that it runs, it may take Python's lock for 5 ms."""
_STALLED_SECONDS = 1.0
"""After this time without progress, nobody waits for the reader any more."""
_MAX_WAIT_SECONDS = 10.0
_NOBODY_READS = "nobody reads standard error"


def queue_standard_error() -> None:
    """Make `sys.stderr` a stream that never blocks; what is queued when the process exits is still written.

    Without a standard error, or without a thread for the writer, nothing changes.
    """
    if sys.stderr is None:
        return
    try:
        writer = QueuedWriter(sys.stderr.fileno())
    except RuntimeError:  # the system has no thread
        return
    sys.stderr = text_stream(writer)
    atexit.register(writer.wait_until_written)


def text_stream(writer: "QueuedWriter") -> TextIO:
    """Return a stream of text that hands each line to a writer, as UTF-8 whatever the locale is."""
    return io.TextIOWrapper(writer, encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[type-var] # a raw stream will do


def wait_until_written() -> None:
    """Wait until everything is written to standard error, as long as somebody reads it."""
    writer = getattr(sys.stderr, "buffer", None)
    if isinstance(writer, QueuedWriter):
        writer.wait_until_written()


class QueuedWriter(io.RawIOBase):
    """Accepts whole lines without waiting, and writes them to a file descriptor in a thread."""

    def __init__(self, descriptor: int, max_queued_bytes: int = MAX_QUEUED_BYTES) -> None:
        """Start the thread.

        Raises:
            RuntimeError: the system has no thread for it.
        """
        super().__init__()
        self._descriptor = descriptor
        self._max_queued_bytes = max_queued_bytes
        # Reentrant, because a destructor may log while its thread holds it.
        self._changed = threading.Condition(threading.RLock())
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        """With those that are being written."""
        self._last_progress = time.monotonic()
        self._hurry = threading.Event()
        """Set once somebody waits until everything is written."""
        self._dropped_lines = 0
        self._reason = ""
        """Why the first of them was dropped."""
        threading.Thread(target=self._work, name="standard-error", daemon=True).start()

    def writable(self) -> bool:
        """Return True, as streams for writing do."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether the file descriptor is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, data: "ReadableBuffer", /) -> int:
        """Queue lines, or drop them if there is no room."""
        lines = bytes(data)
        with self._changed:
            if self._queued_bytes and self._queued_bytes + len(lines) > self._max_queued_bytes:
                self._count_dropped(lines, _NOBODY_READS)
                return len(lines)
            if not self._queued_bytes:
                self._last_progress = time.monotonic()
            self._queue.append(lines)
            self._queued_bytes += len(lines)
            if len(self._queue) == 1:
                self._changed.notify_all()
        return len(lines)

    def wait_until_written(self) -> None:
        """Wait until the queue is written, as long as somebody reads, and for 10 seconds at most."""
        self._hurry.set()
        with self._changed:
            end = time.monotonic() + _MAX_WAIT_SECONDS
            while self._queued_bytes:
                left = min(end, self._last_progress + _STALLED_SECONDS) - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
            self._hurry.wait(_COLLECT_SECONDS)
            while self._queue:
                self._write_batch()

    def _write_batch(self) -> None:
        with self._changed:
            batch = [self._queue.popleft()]
            size = len(batch[0])
            while self._queue and size + len(self._queue[0]) <= _MAX_BATCH_BYTES:
                size += len(self._queue[0])
                batch.append(self._queue.popleft())
        data = b"".join(batch)
        try:
            self._write_all(data)
        except OSError as error:
            with self._changed:
                self._count_dropped(data, f"can't write to standard error: {error.strerror}")
                self._written(size)
        else:
            self._written(size)
            self._report_dropped()

    def _write_all(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # another program that shares the descriptor made it non-blocking
                poll = select.poll()
                poll.register(self._descriptor, select.POLLOUT)
                poll.poll()

    def _written(self, size: int) -> None:
        with self._changed:
            self._queued_bytes -= size
            self._last_progress = time.monotonic()
            self._changed.notify_all()

    def _count_dropped(self, data: bytes, reason: str) -> None:
        if not self._dropped_lines:
            self._reason = reason
        self._dropped_lines += data.count(b"\n")

    def _report_dropped(self) -> None:
        """Log how many lines were dropped, once there is room again."""
        with self._changed:
            lines, reason = self._dropped_lines, self._reason
            if not lines or self._queued_bytes > self._max_queued_bytes // 2:
                return
            self._dropped_lines = 0
        noun = "line" if lines == 1 else "lines"
        logging.getLogger(__name__).error("%d log %s dropped: %s", lines, noun, reason)
