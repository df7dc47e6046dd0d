"""Leaves the thread of the strands out of the coverage, in every process of the tests.

A tracer keeps one stack a thread, so the lines of one strand would count as another's. The tracer's own way
to tell greenlets apart can hang on Python 3.11: it runs traced code where greenlet clears a dead thread away,
in a pending call, and there a second pending call makes the interpreter turn in one instruction for ever.

The loops that the tests of `green` start have another name and stay traced: they alone run all of its lines.
"""

import sys
import threading


def coverage_init(*_: object) -> None:
    """Begin; called once a process."""
    run = threading.Thread.run

    def run_untraced(self: threading.Thread) -> None:
        if self.name == "fetch":
            sys.settrace(None)
        run(self)

    threading.Thread.run = run_untraced  # type: ignore[method-assign]
