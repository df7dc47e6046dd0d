from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from wx_domain_exporter import allocator

if TYPE_CHECKING:
    import pytest


class Library:
    """A C library that notes its calls."""

    def __init__(self, *functions: str) -> None:
        self.calls: list[tuple[str, tuple[int, ...]]] = []
        for name in functions:
            setattr(self, name, lambda *arguments, name=name: self.calls.append((name, arguments)))


def test_glibc_gets_one_arena_and_returns_what_was_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library("mallopt", "malloc_trim")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    allocator.use_one_arena()
    allocator.return_freed_memory()
    assert library.calls == [("mallopt", (-8, 1)), ("malloc_trim", (0,))]


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    allocator.use_one_arena()
    allocator.return_freed_memory()
    assert library.calls == []


def test_the_library_of_this_machine_can_be_called() -> None:
    allocator.use_one_arena()
    allocator.return_freed_memory()
