"""Colours and a line of progress, where a person looks at a terminal."""

import os
import sys
from collections.abc import Mapping
from time import monotonic
from typing import Final, TextIO

from wx_domain_exporter.commands.output import print_message
from wx_domain_exporter.diagnosis.checks import State
from wx_domain_exporter.standard_error import wait_until_written

_COLOURS: Final = {State.OK: "32", State.DRIFT: "33", State.FAILED: "1;31"}
_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 10.0
"""Where nobody looks at a terminal, each line of progress stays: so there are few."""


def is_terminal(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a stream leads to a terminal that can do more than print lines."""
    return stream is not None and stream.isatty() and environment.get("TERM", "") not in {"", "dumb"}


def wants_colour(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether to print in colour: on a terminal, unless NO_COLOR (https://no-color.org) is set."""
    return is_terminal(stream, environment) and not environment.get("NO_COLOR")


def coloured(text: str, state: State) -> str:
    """Return a text in the colour of a state."""
    return f"\x1b[{_COLOURS[state]}m{text}\x1b[0m"


class ProgressLine:
    """The last line of a terminal, or a line to standard error every 10 seconds if there is none."""

    def __init__(self) -> None:
        self._on_terminal = is_terminal(sys.stderr)
        self._shown = False
        self._last = -_REDRAW_SECONDS if self._on_terminal else monotonic()

    def show(self, text: str) -> None:
        """Show a text in place of the last one, unless that was a moment ago."""
        now = monotonic()
        if now - self._last < (_REDRAW_SECONDS if self._on_terminal else _LINE_SECONDS):
            return
        self._last = now
        if self._on_terminal:
            self._write(f"\r\x1b[K{text}")
            self._shown = True
        else:
            print_message(text)

    def clear(self) -> None:
        """Make room for other output."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
        wait_until_written()  # standard error is written in a thread; what follows must not overtake it
