from __future__ import annotations

import ctypes
import gc

import pytest

from wx_domain_exporter import memory


class Library:
    """A C library that notes its calls."""

    def __init__(self, *functions: str) -> None:
        self.calls: list[tuple[str, tuple[int, ...]]] = []
        for name in functions:
            setattr(self, name, lambda *arguments, name=name: self.calls.append((name, arguments)))


def test_glibc_gets_one_arena_and_returns_what_was_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library("mallopt", "malloc_trim")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    memory.use_one_arena()
    memory.return_freed_memory()
    assert library.calls == [("mallopt", (-8, 1)), ("malloc_trim", (0,))]


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    memory.use_one_arena()
    memory.return_freed_memory()
    assert library.calls == []


def test_the_library_of_this_machine_can_be_called() -> None:
    memory.use_one_arena()
    memory.return_freed_memory()


def test_garbage_collection_is_paused_and_goes_on_also_after_an_error() -> None:
    assert gc.isenabled()
    enabled: list[bool] = []
    with pytest.raises(ZeroDivisionError), memory.garbage_collection_paused():
        enabled.append(gc.isenabled() or bool(1 / 0))
    assert gc.isenabled()
    with memory.garbage_collection_paused():
        enabled.append(gc.isenabled())
    assert enabled == [False]


def test_garbage_collection_that_somebody_else_switched_off_stays_off() -> None:
    with memory.garbage_collection_paused():
        with memory.garbage_collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
