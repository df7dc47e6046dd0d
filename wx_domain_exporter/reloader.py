"""Reading the configuration again for whoever asks, in a thread of its own."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future


class Reloader:
    """One reload at a time, which serves all who asked before it began.

    Its thread is a daemon: a configuration on a file system that hangs must not keep the program from its
    end.
    """

    def __init__(self, reload: Callable[[], bool]) -> None:
        """Start nothing yet.

        Args:
            reload: puts the configuration in force; returns whether it did, and never raises.
        """
        self._reload = reload
        # SimpleQueue.put may be called by a signal handler that interrupts another put.
        self._asked: queue.SimpleQueue[Future[bool] | None] = queue.SimpleQueue()

    def start(self) -> None:
        """Reload from now on when somebody asks.

        Raises:
            RuntimeError: the system has no thread for it.
        """
        threading.Thread(target=self._work, name="reload", daemon=True).start()

    def ask(self) -> "Future[bool]":
        """Ask for a reload; fit for a signal handler.

        Returns:
            What tells, as soon as it is over, whether the new configuration is in force.
        """
        asked: Future[bool] = Future()
        self._asked.put(asked)
        return asked

    def close(self) -> None:
        """Reload no more."""
        self._asked.put(None)

    def _work(self) -> None:
        while (first := self._asked.get()) is not None:
            served = [first]
            while not self._asked.empty():
                also = self._asked.get()
                if also is None:
                    return
                served.append(also)
            waiting = [one for one in served if one.set_running_or_notify_cancel()]
            done = self._reload()
            for one in waiting:
                one.set_result(done)
