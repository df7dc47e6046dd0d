"""A program in a terminal, as a person runs it."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CTRL_C = b"\x03"
# The terminal becomes that of the program's session, so that Ctrl-C reaches the program.
_IN_THE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Terminal:
    """A running program, and what its terminal received so far."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor
        self._received = b""

    @property
    def text(self) -> str:
        """What was received, with all control characters."""
        return self._received.decode(errors="replace")

    def press(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    def read_until(self, text: str, seconds: float = 120) -> None:
        """Read until a text was received."""
        deadline = time.monotonic() + seconds
        while text not in self.text:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{text!r} is not in {self.text!r}")

    def read_to_the_end(self, seconds: float = 120) -> int:
        """Read all that the program still prints; return its exit status."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(max(1, deadline - time.monotonic()))

    def _read(self, seconds: float) -> bool:
        """Read a piece; return whether the terminal is still open."""
        if not select.select([self._descriptor], [], [], max(0, seconds))[0]:
            raise AssertionError(f"nothing more was received after {self.text!r}")
        try:
            piece = os.read(self._descriptor, 1 << 16)
        except OSError:  # how Linux reports that the program has closed it
            return False
        self._received += piece
        return bool(piece)


@contextlib.contextmanager
def in_a_terminal(arguments: Sequence[str], **env: str) -> Iterator[Terminal]:
    """Run Python with arguments in a terminal; end it with the block."""
    ours, theirs = pty.openpty()
    environment: Mapping[str, str] = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **env}
    with subprocess.Popen(
        [sys.executable, "-c", _IN_THE_TERMINAL, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={name: value for name, value in environment.items() if name not in {"NO_COLOR"} - {*env}},
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)
