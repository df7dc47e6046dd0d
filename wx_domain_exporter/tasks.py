"""Runs tasks, which are greenlets of gevent, in one thread; other threads hand in work with `Tasks.submit`.

Everything that calls WeChat runs there. A task yields to other tasks only where it waits, so the data that
tasks share needs no locks. Calls that would block the whole thread, such as reading a file from a network
file system or resolving a name, go through `blocking`. Nothing is monkey-patched.
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
"""How long `Tasks.close` waits for a task that keeps the processor busy."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Tasks:
    """The thread that runs the tasks. It starts with the first task and ends with `close`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Protects the start and the end of the thread; tasks never acquire it."""
        self._thread: threading.Thread | None = None
        self._closed = False
        self._hub: Hub
        self._last: Callable[[], object]
        self._ending = Event()
        self._running = Group()

    def submit(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Run a function as a task; can be called from any thread.

        Returns:
            The future result of the function; cancelled if the tasks are closed first.

        Raises:
            RuntimeError: the thread can't be started.
            OSError: there are no file descriptors for gevent's hub.
        """
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                future.cancel()
                return future
            if self._thread is None:
                self._start()
            self._hub.loop.run_callback_threadsafe(
                self._running.spawn, _run_for, future, function, args, kwargs
            )
        return future

    def spawn(self, function: Callable[[], object]) -> None:
        """Run a function as another task whose result is not needed; must be called from a task."""
        self._running.spawn(_run, function)

    def close(self, last: Callable[[], object] = lambda: None) -> None:
        """End all running tasks and the thread, and accept no more tasks.

        It also runs when the process exits, because Python can crash if a greenlet still runs at that time.

        Args:
            last: a function that the thread runs after the tasks have ended, if the thread was started.
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
            alive.start(lambda: None)  # without a watcher the event loop would end
        except BaseException as error:  # noqa: BLE001 - raised by the future's result
            started.set_exception(error)
            return
        hub.print_exception = _log_error  # type: ignore[assignment, method-assign] # the default writes to stderr
        _thread_local.blocking_calls = _BlockingCalls()
        started.set_result(hub)
        self._ending.wait()
        self._running.kill()
        _run(self._last)
        alive.close()
        hub.destroy(destroy_loop=True)
        atexit.unregister(self.close)


def blocking(function: Callable[..., Result], *args: object, seconds: float | None = None) -> Result:
    """Call a function that may block for long, without blocking other tasks.

    In a task, a separate thread calls the function while the task waits; elsewhere it is called directly.
    Tasks that make the same call at the same time share it. A call that hangs delays only the tasks that
    need it.

    Args:
        function: the function; it must not use gevent.
        args: its arguments.
        seconds: the maximum duration, counted from the start of a shared call; None: no limit.

    Raises:
        TimeoutError: the call took longer.
        OSError: no thread could be started.
    """
    calls: _BlockingCalls | None = getattr(_thread_local, "blocking_calls", None)
    if calls is None:
        return function(*args)
    return cast("Result", calls.run(function, args, seconds))


class _BlockingCalls:
    """The running calls. Each has its own thread, because calls that hang would use up a pool of threads."""

    def __init__(self) -> None:
        self._loop = gevent.get_hub().loop
        self._running: dict[Any, tuple[AsyncResult[Any], float]] = {}
        """By function and arguments: the future result, and the time of the start."""

    def run(self, function: Callable[..., Any], args: tuple[Any, ...], seconds: float | None) -> Any:  # noqa: ANN401 - what the function returns
        result, since = self._running.get((function, args)) or self._start(function, args)
        left = None if seconds is None else since + seconds - time.monotonic()
        with gevent.Timeout(left, TimeoutError("the call takes too long")):
            return result.get(block=True)

    def _start(self, function: Callable[..., Any], args: tuple[Any, ...]) -> "tuple[AsyncResult[Any], float]":
        result: AsyncResult[Any] = AsyncResult()
        name = getattr(function, "__name__", "blocking")
        thread = threading.Thread(target=self._work, args=(result, function, args), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            raise OSError("no thread can be started") from None
        started = self._running[function, args] = result, time.monotonic()
        return started

    def _work(self, result: "AsyncResult[Any]", function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        done: Callable[[], None]
        try:
            value = function(*args)
        except BaseException as error:  # noqa: BLE001 - raised where the result is read
            failure = error.with_traceback(None)
            done = lambda: result.set_exception(failure)  # noqa: E731 - chosen here
        else:
            done = lambda: result.set(value)  # noqa: E731 - as above

        def end() -> None:
            del self._running[function, args]
            done()

        try:
            self._loop.run_callback_threadsafe(end)
        except ValueError:  # the event loop was closed, so no task waits for the result
            return


_thread_local = threading.local()
"""Holds `blocking_calls` in the thread of the tasks; empty in other threads."""


def _run_for(
    future: "Future[Any]", function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Run a function for the future that receives its result or exception."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function(*args, **kwargs)
    except GreenletExit:
        future.set_exception(futures.CancelledError())
    except BaseException as error:  # noqa: BLE001 - raised where the result is read
        future.set_exception(error)
    else:
        future.set_result(result)


def _run(function: Callable[[], object]) -> None:
    """Run a function whose result is not needed; log its exception."""
    try:
        function()
    except GreenletExit:
        raise
    except BaseException:
        log.exception("a task failed")


def _log_error(
    context: object,  # noqa: ARG001 - not logged, because its arguments may contain tokens
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    log.error("a task failed", exc_info=(kind, error, trace))
