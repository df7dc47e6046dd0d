from __future__ import annotations

import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING

from fake_watches import LONG
from greenlet import getcurrent, greenlet
from support import wait_until

from wx_domain_exporter.green.loop import Loop, current_strand
from wx_domain_exporter.green.waiting import Sign, sleep

if TYPE_CHECKING:
    import pytest


class TestClose:
    def test_strands_that_wait_end_first_and_none_begins(self, loop: Loop) -> None:
        gate, waiting, late = Sign(), threading.Event(), threading.Event()
        ended = threading.Event()

        def work() -> None:
            waiting.set()
            assert gate.wait(LONG)
            ended.set()

        loop.spawn(work)
        assert waiting.wait(LONG)
        loop.close()
        loop.spawn(late.set)
        gate.set()
        assert ended.wait(LONG)
        assert not late.is_set()

    def test_a_loop_that_never_ran_can_be_closed(self) -> None:
        before = threading.active_count()
        loop = Loop("never")
        loop.close()
        loop.close()
        loop.spawn(lambda: None)
        assert threading.active_count() == before


class TestTheThreadsEnd:
    """greenlet clears away what it has of a dead thread in the middle of other code."""

    def test_nothing_is_left_of_it(self) -> None:
        own_place: list[weakref.ref[greenlet]] = []
        loop = Loop("green")
        before = set(threading.enumerate())

        def work() -> None:
            parent = getcurrent().parent
            assert parent is not None
            own_place.append(weakref.ref(parent))
            sleep(0.01)

        loop.spawn(work)
        loop.close()
        for thread in set(threading.enumerate()) - before:
            thread.join(LONG)
        wait_until(lambda: own_place[0]() is None, "the thread's own place is gone")

    def test_no_other_thread_has_anything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[object] = []
        monkeypatch.setattr("wx_domain_exporter.green.loop.getcurrent", lambda: asked.append(None))
        assert current_strand() is None
        sleep(0)
        assert Sign().wait(0) is False
        assert not asked


_ENDS_WHILE_STRANDS_RUN = """
import threading, time
from wx_domain_exporter.green.loop import Loop
from wx_domain_exporter.green.waiting import Sign, sleep

loop, busy = Loop("green"), threading.Event()

def work():
    busy.set()
    while True:
        time.sleep(0.0005)  # a call of the system's: Python's lock is let go, and got again, within a strand
        sleep(0)

for _ in range(4):
    loop.spawn(work)
    loop.spawn(Sign().wait)
busy.wait()
time.sleep(0.05)
"""


def test_a_process_can_end_while_strands_run() -> None:
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", _ENDS_WHILE_STRANDS_RUN], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


_ENDS_WHILE_A_STRAND_IS_BUSY = """
import sys, threading
from wx_domain_exporter import cli
from wx_domain_exporter.green.loop import Loop

def run(_):
    loop, busy = Loop("green"), threading.Event()

    def work():
        busy.set()
        while True:
            pass

    loop.spawn(work)
    busy.wait()
    sys.stdout.write("said before the end")
    return 3

cli.run = run
cli.main()
"""


def test_a_program_can_end_while_a_strand_lets_no_other_go_on() -> None:
    command = [sys.executable, "-c", _ENDS_WHILE_A_STRAND_IS_BUSY]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "said before the end", "")
