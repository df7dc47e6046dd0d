"""Reloads the configuration on request, in a thread of its own."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future


class Reloader:
    """Runs one reload at a time, which answers all requests that came before it began.

    Its thread is a daemon, so that a configuration on a file system that hangs does not keep the process
    alive.
    """

    def __init__(self, reload: Callable[[], bool]) -> None:
        """Make a reloader; `start` starts its thread.

        Args:
            reload: reloads the configuration; returns whether the new one is in use, and never raises.
        """
        self._reload = reload
        # SimpleQueue.put is reentrant: a signal handler may call it while another call of it runs.
        self._requests: queue.SimpleQueue[Future[bool] | None] = queue.SimpleQueue()

    def start(self) -> None:
        """Begin to answer requests.

        Raises:
            RuntimeError: the system has no thread for it.
        """
        threading.Thread(target=self._work, name="reload", daemon=True).start()

    def ask(self) -> "Future[bool]":
        """Request a reload; may be called by a signal handler.

        Returns:
            Whether the new configuration is in use, once the reload has ended.
        """
        request: Future[bool] = Future()
        self._requests.put(request)
        return request

    def close(self) -> None:
        """End the thread after the current reload."""
        self._requests.put(None)

    def _work(self) -> None:
        while (first := self._requests.get()) is not None:
            requests = [first]
            while not self._requests.empty():
                request = self._requests.get()
                if request is None:
                    return
                requests.append(request)
            waiting = [request for request in requests if request.set_running_or_notify_cancel()]
            reloaded = self._reload()
            for request in waiting:
                request.set_result(reloaded)
