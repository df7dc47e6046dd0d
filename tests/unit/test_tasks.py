from __future__ import annotations

import subprocess
import sys
import threading
from concurrent import futures
from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.event import Event
from structlog.testing import capture_logs

from wx_domain_exporter.tasks import Tasks, blocking

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 30.0
SHORT = 0.2
CANARY = "Zc4n4ry0"


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    tasks = Tasks()
    yield tasks
    tasks.close()


def fails() -> None:
    raise ValueError(CANARY)


class TestSubmit:
    def test_the_result_comes_to_any_thread(self, tasks: Tasks) -> None:
        assert tasks.submit(divmod, 7, 2).result(LONG) == (3, 1)

    def test_an_exception_comes_too_and_is_printed_nowhere(
        self, tasks: Tasks, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(ValueError, match=CANARY):
            tasks.submit(fails).result(LONG)
        assert capfd.readouterr() == ("", "")

    def test_all_run_in_one_thread_which_is_another(self, tasks: Tasks) -> None:
        idents = {tasks.submit(threading.get_ident).result(LONG) for _ in range(3)}
        assert len(idents) == 1
        assert threading.get_ident() not in idents

    def test_one_that_waits_lets_others_run(self, tasks: Tasks) -> None:
        gate = Event()
        waiting = tasks.submit(gate.wait)
        assert tasks.submit(gate.set).result(LONG) is None
        assert waiting.result(LONG)

    def test_what_was_cancelled_before_it_began_does_not_run(self, tasks: Tasks) -> None:
        began, let_go = threading.Event(), threading.Event()

        def hold_all_up() -> None:
            began.set()
            assert let_go.wait(LONG)

        tasks.submit(hold_all_up)
        assert began.wait(LONG)
        late = tasks.submit(pytest.fail)
        assert late.cancel()
        let_go.set()
        assert tasks.submit(int).result(LONG) == 0

    def test_without_a_thread_it_fails_and_the_next_one_tries_again(
        self, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", _no_thread)
            with pytest.raises(RuntimeError):
                tasks.submit(int)
        assert tasks.submit(int).result(LONG) == 0

    def test_without_a_hub_it_fails_and_the_next_one_tries_again(
        self, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_hub() -> None:
            raise OSError("too many open files")

        with monkeypatch.context() as patch:
            patch.setattr(gevent, "get_hub", no_hub)
            with pytest.raises(OSError, match="too many"):
                tasks.submit(int)
        assert tasks.submit(int).result(LONG) == 0


def _no_thread(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


class TestSpawn:
    def test_a_task_that_nobody_waits_for_runs_and_what_breaks_it_is_logged(
        self, tasks: Tasks, capfd: pytest.CaptureFixture[str]
    ) -> None:
        ran = threading.Event()

        def break_after_others() -> None:
            gevent.spawn(fails).join()  # one of which gevent itself would tell on standard error
            ran.set()
            fails()

        with capture_logs() as logs:
            tasks.submit(tasks.spawn, break_after_others).result(LONG)
            assert ran.wait(LONG)
            tasks.submit(gevent.sleep).result(LONG)
        assert [log["event"] for log in logs] == ["a task failed"] * 2
        assert capfd.readouterr() == ("", "")


class TestClose:
    def test_it_ends_tasks_that_wait_and_the_thread(self, tasks: Tasks) -> None:
        before = set(threading.enumerate())
        ended: list[str] = []

        def wait_for_ever() -> None:
            try:
                Event().wait()
            finally:
                ended.append("task")

        waiting = tasks.submit(wait_for_ever)
        tasks.submit(gevent.sleep).result(LONG)
        tasks.close(lambda: ended.append("last"))
        assert ended == ["task", "last"]
        with pytest.raises(futures.CancelledError):
            waiting.result(LONG)
        assert set(threading.enumerate()) == before

    def test_afterwards_nothing_runs(self, tasks: Tasks) -> None:
        tasks.submit(int).result(LONG)
        for _ in range(2):
            tasks.close()
            assert tasks.submit(pytest.fail).cancelled()

    def test_one_that_never_ran_starts_no_thread_for_it(self, tasks: Tasks) -> None:
        before = set(threading.enumerate())
        tasks.close(pytest.fail)
        assert tasks.submit(pytest.fail).cancelled()
        assert set(threading.enumerate()) == before


_ENDS_WITHOUT_CLOSE = """
import threading, time, gevent
from gevent.event import Event
from wx_domain_exporter.tasks import Tasks, blocking

tasks, busy = Tasks(), threading.Event()

def work():
    busy.set()
    while True:
        time.sleep(0.0005)  # a call of the system's: Python's lock is let go, and got again, within a task
        gevent.sleep(0)

for _ in range(4):
    tasks.submit(work)
    tasks.submit(Event().wait)
    tasks.submit(blocking, time.sleep, 3600)
busy.wait()
time.sleep(0.05)
"""


def test_a_process_can_end_while_tasks_run_and_files_hang() -> None:
    for _ in range(5):
        command = [sys.executable, "-c", _ENDS_WITHOUT_CLOSE]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG)
        assert (done.returncode, done.stderr) == (0, "")


class Slow:
    """What blocks until it is let go."""

    __name__ = "slow"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.threads: list[threading.Thread] = []
        self.let_go = threading.Event()

    def __call__(self, name: str) -> str:
        self.calls.append(name)
        self.threads.append(threading.current_thread())
        self.let_go.wait(LONG)
        if name == "broken":
            raise OSError(name)
        return name


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.let_go.set()
    for thread in slow.threads:
        thread.join(LONG)


class TestBlocking:
    def test_who_is_no_task_runs_it_itself(self) -> None:
        assert blocking(threading.current_thread, seconds=0) is threading.current_thread()

    def test_others_go_on_while_a_task_waits_for_it(self, tasks: Tasks, slow: Slow) -> None:
        waiting = tasks.submit(blocking, slow, "a")
        assert tasks.submit(int).result(LONG) == 0
        slow.let_go.set()
        assert waiting.result(LONG) == "a"

    def test_its_error_comes_to_the_task(self, tasks: Tasks, slow: Slow) -> None:
        slow.let_go.set()
        with pytest.raises(OSError, match="broken"):
            tasks.submit(blocking, slow, "broken").result(LONG)

    def test_who_wants_the_same_shares_a_run_and_it_is_not_remembered(self, tasks: Tasks, slow: Slow) -> None:
        running = [tasks.submit(blocking, slow, name) for name in "aaab"]
        tasks.submit(gevent.sleep).result(LONG)
        slow.let_go.set()
        assert [one.result(LONG) for one in running] == list("aaab")
        assert sorted(slow.calls) == ["a", "b"]
        assert tasks.submit(blocking, slow, "a").result(LONG) == "a"
        assert sorted(slow.calls) == ["a", "a", "b"]

    def test_one_that_takes_too_long_fails_and_then_at_once_as_long_as_it_hangs(
        self, tasks: Tasks, slow: Slow
    ) -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                tasks.submit(blocking, slow, "a", seconds=SHORT).result(LONG)
        assert slow.calls == ["a"]
        slow.let_go.set()
        slow.threads[0].join(LONG)
        assert tasks.submit(blocking, slow, "a", seconds=LONG).result(LONG) == "a"

    def test_without_a_thread_it_fails_and_the_next_one_tries_again(
        self, tasks: Tasks, slow: Slow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slow.let_go.set()
        tasks.submit(int).result(LONG)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", _no_thread)
            with pytest.raises(OSError, match="no thread"):
                tasks.submit(blocking, slow, "a").result(LONG)
        assert tasks.submit(blocking, slow, "a").result(LONG) == "a"

    def test_one_that_ends_after_all_tasks_tells_nobody(
        self, tasks: Tasks, slow: Slow, capfd: pytest.CaptureFixture[str]
    ) -> None:
        waiting = tasks.submit(blocking, slow, "a")
        tasks.submit(gevent.sleep).result(LONG)
        tasks.close()
        assert waiting.done()
        slow.let_go.set()
        slow.threads[0].join(LONG)
        assert capfd.readouterr() == ("", "")
