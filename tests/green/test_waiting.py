from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from fake_watches import LONG

from wx_domain_exporter.green.waiting import Lock, Sign, Turn, sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wx_domain_exporter.green.loop import Loop


def in_strand(loop: Loop, work: Callable[[], object]) -> Future[object]:
    done: Future[object] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 - who asks for the result gets it
            done.set_exception(error)

    loop.spawn(run)
    return done


@pytest.fixture(params=["strands", "threads", "both"])
def begin(
    request: pytest.FixtureRequest, loop: Loop
) -> Iterator[Callable[[Callable[[], object]], Future[object]]]:
    """Begin work in a strand or in a thread, or by turns in one and the other."""
    with ThreadPoolExecutor(40) as pool:
        begun = 0

        def begin(work: Callable[[], object]) -> Future[object]:
            nonlocal begun
            begun += 1
            if request.param == "strands" or (request.param == "both" and begun % 2):
                return in_strand(loop, work)
            return pool.submit(work)

        yield begin


class TestSign:
    def test_all_go_on_who_wait_and_who_come_later(
        self, begin: Callable[[Callable[[], object]], Future[object]]
    ) -> None:
        sign = Sign()
        early = [begin(lambda: sign.wait(LONG)) for _ in range(10)]
        sign.set()
        late = [begin(sign.wait) for _ in range(4)]
        assert [one.result(LONG) for one in early + late] == [True] * 14

    def test_who_waits_long_enough_goes_on_without(
        self, begin: Callable[[Callable[[], object]], Future[object]]
    ) -> None:
        sign = Sign()
        waiting = [begin(lambda: sign.wait(0.02)) for _ in range(4)]
        assert [one.result(LONG) for one in waiting] == [False] * 4
        sign.set()

    def test_one_that_comes_too_late_wakes_nobody_from_another_wait(self, loop: Loop) -> None:
        sign = Sign()

        def work() -> bool:
            assert not sign.wait(0.01)
            begin = time.monotonic()
            sign.set()  # gives the turn that nobody waits for any more
            sleep(0.1)
            return time.monotonic() - begin >= 0.1

        assert in_strand(loop, work).result(LONG) is True


class TestTurn:
    def test_it_may_be_given_before_somebody_waits(
        self, begin: Callable[[Callable[[], object]], Future[object]]
    ) -> None:
        def work() -> bool:
            turn = Turn()
            turn.give()
            return turn.wait()

        assert [begin(work).result(LONG) for _ in range(2)] == [True, True]


class TestLock:
    def test_one_holds_it_at_a_time_and_the_rest_wait(
        self, begin: Callable[[Callable[[], object]], Future[object]]
    ) -> None:
        lock, inside, most = Lock(), 0, 0

        def work() -> None:
            nonlocal inside, most
            for _ in range(5):
                with lock:
                    inside += 1
                    most = max(most, inside)
                    sleep(0.001)
                    inside -= 1

        for one in [begin(work) for _ in range(20)]:
            one.result(LONG)
        assert most == 1
        assert lock.acquire(blocking=False)

    def test_who_came_first_gets_it_first(self, loop: Loop) -> None:
        lock, order = Lock(), []
        lock.acquire()

        def work(number: int) -> None:
            with lock:
                order.append(number)

        waiting = [in_strand(loop, lambda number=number: work(number)) for number in range(10)]  # type: ignore[misc]
        in_strand(loop, lambda: None).result(LONG)
        lock.release()
        for one in waiting:
            one.result(LONG)
        assert order == list(range(10))

    def test_who_does_not_want_to_wait_is_told(
        self, begin: Callable[[Callable[[], object]], Future[object]]
    ) -> None:
        lock = Lock()
        with lock:
            assert begin(lambda: lock.acquire(blocking=False)).result(LONG) is False
        assert begin(lambda: lock.acquire(blocking=False)).result(LONG) is True

    def test_it_is_free_again_after_an_error(self) -> None:
        lock = Lock()
        with pytest.raises(ZeroDivisionError), lock:
            raise ZeroDivisionError
        assert lock.acquire(blocking=False)


def test_to_sleep_takes_its_time(begin: Callable[[Callable[[], object]], Future[object]]) -> None:
    start = time.monotonic()
    for one in [begin(lambda: sleep(0.05)) for _ in range(4)]:
        one.result(LONG)
    assert time.monotonic() - start >= 0.05


def test_a_thread_that_waits_in_a_lock_is_no_strands_trouble(loop: Loop) -> None:
    lock, gate = Lock(), threading.Event()
    lock.acquire()

    def work() -> None:
        with lock:
            gate.set()

    with ThreadPoolExecutor(1) as pool:
        thread = pool.submit(work)
        in_strand(loop, lambda: None).result(LONG)
        assert not gate.is_set()
        lock.release()
        thread.result(LONG)


def test_nothing_is_kept_of_who_waits_no_more(loop: Loop) -> None:
    sign = Sign()
    for _ in range(10):
        assert in_strand(loop, lambda: sign.wait(0.001)).result(LONG) is False
    assert sign._turns == []
