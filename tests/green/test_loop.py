from __future__ import annotations

import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from fake_watches import LONG

from wx_domain_exporter.green.loop import Loop, Watched, current_strand
from wx_domain_exporter.green.waiting import Sign, sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class WatchedSocket(Watched, socket.socket):
    """A socket that a strand can wait for."""


@pytest.fixture
def pair() -> Iterator[tuple[WatchedSocket, socket.socket]]:
    """A socket to wait for, and its peer."""
    ours, peer = socket.socketpair()
    with WatchedSocket(fileno=ours.detach()) as watched, peer:
        watched.settimeout(0)
        yield watched, peer


def waits(
    loop: Loop, watched: Watched, seconds: float | None, event: int = selectors.EVENT_READ
) -> tuple[threading.Event, list[bool]]:
    """Have a strand wait for a socket; return a sign of its end and whether the socket was ready in time."""
    ended, found = threading.Event(), []

    def wait() -> None:
        found.append(loop.wait_for(watched, event, seconds))
        ended.set()

    loop.spawn(wait)
    return ended, found


class TestSpawn:
    def test_all_strands_run_in_one_thread_which_begins_with_the_first(self, loop: Loop) -> None:
        threads: list[threading.Thread] = []
        ended = threading.Semaphore(0)

        def work() -> None:
            threads.append(threading.current_thread())
            sleep(0.01)
            threads.append(threading.current_thread())
            ended.release()

        for _ in range(50):
            loop.spawn(work)
        for _ in range(50):
            assert ended.acquire(timeout=LONG)
        assert len(threads) == 100
        assert {thread.name for thread in threads} == {"green"}
        assert len(set(threads)) == 1

    def test_one_that_waits_holds_up_no_other(self, loop: Loop) -> None:
        gate, order = Sign(), []
        ended = threading.Event()

        def first() -> None:
            assert gate.wait(LONG)
            order.append("first")
            ended.set()

        def second() -> None:
            order.append("second")
            gate.set()

        loop.spawn(first)
        loop.spawn(second)
        assert ended.wait(LONG)
        assert order == ["second", "first"]

    def test_a_strand_can_start_others(self, loop: Loop) -> None:
        ended = threading.Event()
        loop.spawn(lambda: loop.spawn(lambda: loop.spawn(ended.set)))
        assert ended.wait(LONG)

    def test_one_that_breaks_costs_no_other_and_is_logged(
        self, loop: Loop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ended = threading.Event()

        def breaks() -> None:
            raise ZeroDivisionError

        loop.spawn(breaks)
        loop.spawn(ended.set)
        assert ended.wait(LONG)
        assert "a strand broke" in "".join(capsys.readouterr())

    def test_without_a_thread_it_says_so_and_tries_again_the_next_time(
        self, loop: Loop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        ended = threading.Event()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                loop.spawn(ended.set)
        assert not ended.is_set()
        loop.spawn(ended.set)
        assert ended.wait(LONG)

    def test_whoever_is_no_strand_of_the_loop_can_not_wait_in_it(
        self, loop: Loop, pair: tuple[WatchedSocket, socket.socket]
    ) -> None:
        assert current_strand() is None
        with pytest.raises(AssertionError, match="only a strand"):
            loop.wait_for(pair[0], selectors.EVENT_READ, LONG)


class TestWaitFor:
    def test_it_comes(self, loop: Loop, pair: tuple[WatchedSocket, socket.socket]) -> None:
        ended, found = waits(loop, pair[0], LONG)
        pair[1].send(b"!")
        assert ended.wait(LONG)
        assert found == [True]

    def test_it_comes_without_a_limit(self, loop: Loop, pair: tuple[WatchedSocket, socket.socket]) -> None:
        ended, found = waits(loop, pair[0], None)
        pair[1].send(b"!")
        assert ended.wait(LONG)
        assert found == [True]

    def test_it_does_not_come_in_time(self, loop: Loop, pair: tuple[WatchedSocket, socket.socket]) -> None:
        begin = time.monotonic()
        ended, found = waits(loop, pair[0], 0.1)
        assert ended.wait(LONG)
        assert found == [False]
        assert time.monotonic() - begin >= 0.1

    def test_a_shorter_wait_ends_before_a_longer_one_that_began_first(
        self, loop: Loop, pair: tuple[WatchedSocket, socket.socket]
    ) -> None:
        long, _ = waits(loop, pair[0], LONG)
        ours, peer = socket.socketpair()
        with WatchedSocket(fileno=ours.detach()) as other, peer:
            short, found = waits(loop, other, 0.05)
            assert short.wait(LONG)
        assert found == [False]
        assert not long.is_set()
        pair[1].send(b"!")
        assert long.wait(LONG)

    def test_reading_and_writing_in_turn(self, loop: Loop, pair: tuple[WatchedSocket, socket.socket]) -> None:
        for _ in range(3):
            ended, found = waits(loop, pair[0], LONG, selectors.EVENT_WRITE)
            assert ended.wait(LONG)
            assert found == [True]
            ended, found = waits(loop, pair[0], 0.01)
            assert ended.wait(LONG)
            assert found == [False]

    def test_what_comes_while_nobody_waits_is_there_for_who_waits_next(
        self, loop: Loop, pair: tuple[WatchedSocket, socket.socket]
    ) -> None:
        ended, _ = waits(loop, pair[0], 0.01)
        assert ended.wait(LONG)
        pair[1].send(b"!")
        turns = _turns_until_quiet(loop)
        assert turns < 10  # else the loop runs round and round for a socket that nobody waits for
        ended, found = waits(loop, pair[0], LONG)
        assert ended.wait(LONG)
        assert found == [True]

    def test_a_socket_with_the_number_of_a_closed_one_is_another_one(self, loop: Loop) -> None:
        for _ in range(5):
            ours, peer = socket.socketpair()
            with WatchedSocket(fileno=ours.detach()) as watched, peer:
                ended, found = waits(loop, watched, LONG)
                peer.send(b"!")
                assert ended.wait(LONG)
                assert found == [True]

    def test_a_socket_can_go_from_one_loop_to_another(
        self, loop: Loop, pair: tuple[WatchedSocket, socket.socket]
    ) -> None:
        other = Loop("other")
        for here in (loop, other, loop):
            ended, found = waits(here, pair[0], LONG)
            pair[1].send(b"!")
            assert ended.wait(LONG)
            assert found == [True]
            assert pair[0].recv(1) == b"!"
        other.close()


def _turns_until_quiet(loop: Loop) -> int:
    """Count how often the loop's selector returns in a while."""
    counted = threading.Event()
    count = 0
    select = loop._selector.select

    def counting(timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        nonlocal count
        count += 1
        return select(timeout)

    loop._selector.select = counting  # type: ignore[method-assign]
    loop.spawn(_after(0.2, counted.set))
    assert counted.wait(LONG)
    loop._selector.select = select  # type: ignore[method-assign]
    return count


def _after(seconds: float, what: Callable[[], None]) -> Callable[[], None]:
    def work() -> None:
        sleep(seconds)
        what()

    return work


class TestTrouble:
    def test_a_stale_event_takes_no_other_socket_with_the_same_number_away(self, loop: Loop) -> None:
        """Two are ready; while the first is dealt with, the second is closed and its number given again."""
        first, of_first = socket.socketpair()
        stale, of_stale = socket.socketpair()
        found: list[bool] = []
        ended = threading.Event()
        with WatchedSocket(fileno=first.detach()) as one, of_first:
            other = WatchedSocket(fileno=stale.detach())
            for watched in (one, other):
                assert waits(loop, watched, 0.01)[0].wait(LONG)

            def work() -> None:
                loop.wait_for(one, selectors.EVENT_READ, LONG)
                descriptor = other.fileno()
                other.close()
                ours, peer = socket.socketpair()
                assert descriptor in {ours.fileno(), peer.fileno()}
                ours, peer = (ours, peer) if ours.fileno() == descriptor else (peer, ours)
                peer.send(b"!")
                with WatchedSocket(fileno=ours.detach()) as new, peer:
                    found.append(loop.wait_for(new, selectors.EVENT_READ, 5))
                ended.set()

            def ready() -> None:
                of_first.send(b"!")
                of_stale.close()

            loop.spawn(work)
            loop.spawn(ready)
            assert ended.wait(LONG)
        assert found == [True]

    @pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, MemoryError])
    def test_whatever_leaves_a_strand_the_loop_goes_on(
        self, loop: Loop, error: type[BaseException], capsys: pytest.CaptureFixture[str]
    ) -> None:
        def breaks() -> None:
            raise error

        ended = threading.Event()
        loop.spawn(breaks)
        loop.spawn(ended.set)
        assert ended.wait(LONG)
        assert "a strand broke" in "".join(capsys.readouterr())

    def test_what_breaks_in_the_loop_itself_is_logged_and_it_goes_on(
        self, loop: Loop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def breaks() -> None:
            raise ZeroDivisionError

        ended = threading.Event()
        loop.spawn(lambda: loop.call(breaks))
        loop.spawn(_after(0.01, ended.set))
        assert ended.wait(LONG)
        assert "a loop broke" in "".join(capsys.readouterr())

    @pytest.mark.parametrize("what", ["socket.socketpair", "selectors.DefaultSelector"])
    def test_without_file_descriptors_it_says_so_and_tries_again_the_next_time(
        self, loop: Loop, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        def refuse() -> None:
            raise OSError(24, "Too many open files")

        ended = threading.Event()
        with monkeypatch.context() as patch:
            patch.setattr(what, refuse)
            with pytest.raises(OSError, match="Too many open files"):
                loop.spawn(ended.set)
        loop.spawn(ended.set)
        assert ended.wait(LONG)
