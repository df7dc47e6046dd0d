from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

import pytest
from helpers.waiting import wait_until

from wx_domain_exporter.reloader import Reloader

if TYPE_CHECKING:
    from collections.abc import Iterator


RELOADED, REFUSED = True, False


@pytest.fixture
def answers() -> queue.SimpleQueue[bool]:
    """What the next reloads return; a reload waits until there is a value."""
    return queue.SimpleQueue()


@pytest.fixture
def begun() -> list[int]:
    return []


@pytest.fixture
def reloader(answers: queue.SimpleQueue[bool], begun: list[int]) -> Iterator[Reloader]:
    def reload() -> bool:
        begun.append(threading.get_ident())
        return answers.get(timeout=10)

    reloader = Reloader(reload)
    reloader.start()
    yield reloader
    reloader.close()
    answers.put(RELOADED)  # so that a reload that still runs does not fail a later test


def test_a_request_returns_whether_the_reload_succeeded(
    reloader: Reloader, answers: queue.SimpleQueue[bool]
) -> None:
    for done in (True, False, True):
        answers.put(done)
        assert reloader.ask().result(120) is done


def test_one_reload_answers_all_requests_that_came_during_another(
    reloader: Reloader, answers: queue.SimpleQueue[bool], begun: list[int]
) -> None:
    first = reloader.ask()
    wait_until(lambda: len(begun) == 1, "the first one begins")
    others = [reloader.ask() for _ in range(5)]
    answers.put(REFUSED)
    assert first.result(120) is False
    answers.put(RELOADED)
    assert [request.result(120) for request in others] == [True] * 5
    assert len(begun) == 2


def test_a_cancelled_request_does_not_disturb_the_others(
    reloader: Reloader, answers: queue.SimpleQueue[bool], begun: list[int]
) -> None:
    first = reloader.ask()
    wait_until(lambda: len(begun) == 1, "the first one begins")
    cancelled, other = reloader.ask(), reloader.ask()
    assert cancelled.cancel()
    answers.put(RELOADED)
    answers.put(RELOADED)
    assert (first.result(120), other.result(120)) == (True, True)


@pytest.mark.parametrize("waiting", [0, 1])
def test_none_begins_after_close(
    reloader: Reloader, answers: queue.SimpleQueue[bool], begun: list[int], waiting: int
) -> None:
    reloader.ask()
    wait_until(lambda: len(begun) == 1, "the first one begins")
    for _ in range(waiting):
        reloader.ask()
    reloader.close()
    answers.put(RELOADED)
    wait_until(
        lambda: not [thread for thread in threading.enumerate() if thread.ident == begun[0]],
        "its thread ends",
    )
    assert len(begun) == 1


def test_its_thread_does_not_keep_the_process_alive(reloader: Reloader) -> None:
    reloader.ask()
    (worker,) = [thread for thread in threading.enumerate() if thread.name == "reload"]
    assert worker.daemon
