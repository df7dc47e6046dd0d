"""Lets coverage tell greenlets apart: a tracer keeps one stack, so each greenlet gets a tracer of its own.

Coverage's own way, `concurrency = gevent`, can hang on Python 3.11. It keeps the greenlets in a dictionary
of weak references, whose callbacks are traced Python code. Where greenlet clears a dead thread away, in a
pending call, these run, and a second pending call there makes the interpreter turn in one instruction for
ever. Here nothing of Python runs when a greenlet ends: it holds its tracer itself.

In the programs that tests start, the thread of the tasks is not traced: it would take several times as long.
"""

import sys
import threading
from typing import Any

import greenlet


def coverage_init(*_: object) -> None:
    """Begin; called once a process."""
    run = threading.Thread.run

    def run_traced(self: threading.Thread) -> None:
        if self.name == "tasks":
            if "pytest" in sys.modules:
                greenlet.settrace(_switch_tracers)
            else:
                sys.settrace(None)
        run(self)

    threading.Thread.run = run_traced  # type: ignore[method-assign]
    greenlet.settrace(_switch_tracers)


def _switch_tracers(_event: str, greenlets: tuple[Any, Any]) -> None:
    origin, target = greenlets
    origin.tracer = sys.gettrace()
    sys.settrace(getattr(target, "tracer", None) or threading.gettrace())
