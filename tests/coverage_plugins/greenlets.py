"""Measures coverage in greenlets: each one gets its own tracer, because a tracer follows one stack.

Coverage's setting for this, `concurrency = gevent`, can hang on Python 3.11. It keeps greenlets in a
dictionary of weak references, whose callbacks are traced Python code. They run when greenlet cleans up an
ended thread in a pending call; a second pending call then makes the interpreter loop in one instruction.
Here no Python code runs when a greenlet ends, because the greenlet itself holds its tracer.

In programs that tests start, the thread of the tasks is not traced, because it would be several times slower.
"""

import sys
import threading
from typing import Any

import greenlet


def coverage_init(*_: object) -> None:
    """Set the trace hooks; coverage calls this once per process."""
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
