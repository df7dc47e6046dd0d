"""Runs tasks, greenlets of gevent, in one thread, and lets other threads in through one door.

Everything that calls WeChat runs there, so that what it shares needs no locks: a task gives way to others only
where it waits. What would block the whole thread, such as a file on a network or a name to look up, goes through
`blocking`. Nothing is monkey-patched: other threads know nothing of gevent, and come in through `Tasks.submit`.
"""

import atexit
import threading
import time
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import gevent
import structlog
from gevent import GreenletExit
from gevent.event import AsyncResult, Event
from gevent.pool import Group

if TYPE_CHECKING:
    from gevent.hub import Hub

log = structlog.get_logger(__name__)

_SECONDS_TO_END = 10.0
"""How long `Tasks.close` waits for a task that neither ends nor waits for anything."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

for _setting in gevent.config.settings.values():  # another program's GEVENT_… variables have no effect here
    _setting.set(_setting.default)


class Tasks:
    """The thread of the tasks. It starts with the first one, and ends with `close`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Guards the beginning and the end of the thread; tasks never take it."""
        self._thread: threading.Thread | None = None
        self._closed = False
        self._hub: Hub
        self._last: Callable[[], object]
        self._ending = Event()
        self._running = Group()

    def submit(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Run a function as a task; from any thread.

        Returns:
            Its result or its exception, as soon as it ends; cancelled if the thread ends before.

        Raises:
            RuntimeError: the system has no thread for the first task.
            OSError: the system has no file descriptors for it.
        """
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                future.cancel()
                return future
            if self._thread is None:
                self._start()
            self._hub.loop.run_callback_threadsafe(
                self._running.spawn, _answer, future, function, args, kwargs
            )
        return future

    def spawn(self, function: Callable[[], object]) -> None:
        """Run a function as one more task, which nobody waits for; from a task."""
        self._running.spawn(_run, function)

    def close(self, last: Callable[[], object] = lambda: None) -> None:
        """End all tasks, wherever they wait, and the thread; start no further one.

        Python must not go down while the thread is in the midst of a greenlet, so this comes before the end of
        the process in any case.

        Args:
            last: what the thread does in the end, if there is one.
        """
        with self._lock:
            thread = self._thread
            if thread is not None and not self._closed:
                self._last = last
                self._hub.loop.run_callback_threadsafe(self._ending.set)
            self._closed = True
        if thread is not None and thread is not threading.current_thread():
            thread.join(_SECONDS_TO_END)

    def _start(self) -> None:
        started: Future[Hub] = Future()
        thread = threading.Thread(target=self._main, args=(started,), name="tasks", daemon=True)
        thread.start()
        self._hub = started.result()
        self._thread = thread
        atexit.register(self.close)

    def _main(self, started: "Future[Hub]") -> None:
        try:
            hub = gevent.get_hub()
            alive = hub.loop.async_()
            alive.start(lambda: None)  # a loop that nothing keeps alive ends by itself
        except BaseException as error:  # noqa: BLE001 - whoever starts the thread gets it
            started.set_exception(error)
            return
        hub.print_exception = _log_error  # type: ignore[assignment, method-assign] # else on standard error
        _here.blocking_calls = _BlockingCalls()
        started.set_result(hub)
        self._ending.wait()
        self._running.kill()
        _run(self._last)
        alive.close()
        hub.destroy(destroy_loop=True)
        atexit.unregister(self.close)


def blocking(function: Callable[..., Result], *args: object, seconds: float | None = None) -> Result:
    """Run what may block for long: a task has it run in a thread of its own, and waits; others run it themselves.

    Tasks that want the same share one run. A run that hangs costs nobody else anything.

    Args:
        function: what to run; nothing of it may use gevent.
        args: its arguments, which tell runs apart.
        seconds: how long a run may take; None: as long as the task is willing to wait.

    Raises:
        TimeoutError: the run takes longer, also one that another task began.
        OSError: the system has no thread for it.
    """
    calls: _BlockingCalls | None = getattr(_here, "blocking_calls", None)
    if calls is None:
        return function(*args)
    return cast("Result", calls.run(function, args, seconds))


class _BlockingCalls:
    """The runs under way. Each has a thread of its own, for a pool of threads is used up by those that hang."""

    def __init__(self) -> None:
        self._loop = gevent.get_hub().loop
        self._running: dict[Any, tuple[AsyncResult[Any], float]] = {}
        """By function and arguments, the result to come, and since when it runs."""

    def run(self, function: Callable[..., Any], args: tuple[Any, ...], seconds: float | None) -> Any:  # noqa: ANN401 - what the function returns
        result, since = self._running.get((function, args)) or self._start(function, args)
        left = None if seconds is None else since + seconds - time.monotonic()
        with gevent.Timeout(left, TimeoutError("it takes too long")):
            return result.get(block=True)

    def _start(self, function: Callable[..., Any], args: tuple[Any, ...]) -> "tuple[AsyncResult[Any], float]":
        result: AsyncResult[Any] = AsyncResult()
        name = getattr(function, "__name__", "blocking")
        thread = threading.Thread(target=self._work, args=(result, function, args), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            raise OSError("the system has no thread for it") from None
        started = self._running[function, args] = result, time.monotonic()
        return started

    def _work(self, result: "AsyncResult[Any]", function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        done: Callable[[], None]
        try:
            value = function(*args)
        except BaseException as error:  # noqa: BLE001 - who waits gets it
            failure = error.with_traceback(None)
            done = lambda: result.set_exception(failure)  # noqa: E731 - chosen here
        else:
            done = lambda: result.set(value)  # noqa: E731 - as above

        def end() -> None:
            del self._running[function, args]
            done()

        try:
            self._loop.run_callback_threadsafe(end)
        except ValueError:  # the thread of the tasks has ended, and nobody waits any more
            return


_here = threading.local()
"""What the thread of the tasks knows, and no other."""


def _answer(
    future: "Future[Any]", function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Be a task whose result somebody waits for."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function(*args, **kwargs)
    except GreenletExit:
        future.set_exception(futures.CancelledError())
    except BaseException as error:  # noqa: BLE001 - who waits gets it
        future.set_exception(error)
    else:
        future.set_result(result)


def _run(function: Callable[[], object]) -> None:
    """Be a task that nobody waits for."""
    try:
        function()
    except GreenletExit:
        raise
    except BaseException:
        log.exception("a task broke")


def _log_error(
    context: object,  # noqa: ARG001 - its text may quote arguments, and so tokens
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    log.error("a task broke", exc_info=(kind, error, trace))
