from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

import pytest
from helpers.waiting import wait_until

from wx_domain_exporter.reloader import Reloader

if TYPE_CHECKING:
    from collections.abc import Iterator


DONE, REFUSED = True, False


@pytest.fixture
def answers() -> queue.SimpleQueue[bool]:
    """What the next reloads return; one waits until there is something."""
    return queue.SimpleQueue()


@pytest.fixture
def begun() -> list[int]:
    return []


@pytest.fixture
def reloads(answers: queue.SimpleQueue[bool], begun: list[int]) -> Iterator[Reloader]:
    def reload() -> bool:
        begun.append(threading.get_ident())
        return answers.get(timeout=10)

    reloads = Reloader(reload)
    reloads.start()
    yield reloads
    reloads.close()
    answers.put(DONE)  # a reload that is still under way must not fail a later test


def test_whoever_asks_is_told_how_it_went(reloads: Reloader, answers: queue.SimpleQueue[bool]) -> None:
    for done in (True, False, True):
        answers.put(done)
        assert reloads.ask().result(10) is done


def test_one_serves_all_who_ask_while_another_is_under_way(
    reloads: Reloader, answers: queue.SimpleQueue[bool], begun: list[int]
) -> None:
    first = reloads.ask()
    wait_until(lambda: len(begun) == 1, "the first one begins")
    others = [reloads.ask() for _ in range(5)]
    answers.put(REFUSED)
    assert first.result(10) is False
    answers.put(DONE)
    assert [one.result(10) for one in others] == [True] * 5
    assert len(begun) == 2


def test_who_waits_no_longer_is_no_trouble(
    reloads: Reloader, answers: queue.SimpleQueue[bool], begun: list[int]
) -> None:
    first = reloads.ask()
    wait_until(lambda: len(begun) == 1, "the first one begins")
    gone, still_there = reloads.ask(), reloads.ask()
    assert gone.cancel()
    answers.put(DONE)
    answers.put(DONE)
    assert (first.result(10), still_there.result(10)) == (True, True)


@pytest.mark.parametrize("waiting", [0, 1])
def test_none_begins_after_the_end(
    reloads: Reloader, answers: queue.SimpleQueue[bool], begun: list[int], waiting: int
) -> None:
    reloads.ask()
    wait_until(lambda: len(begun) == 1, "the first one begins")
    for _ in range(waiting):
        reloads.ask()
    reloads.close()
    answers.put(DONE)
    wait_until(
        lambda: not [thread for thread in threading.enumerate() if thread.ident == begun[0]],
        "its thread ends",
    )
    assert len(begun) == 1


def test_its_thread_keeps_no_program_from_its_end(reloads: Reloader) -> None:
    reloads.ask()
    (worker,) = [thread for thread in threading.enumerate() if thread.name == "reload"]
    assert worker.daemon
