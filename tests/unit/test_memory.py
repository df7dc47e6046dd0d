from __future__ import annotations

import ctypes
import gc
from typing import TYPE_CHECKING, Any

import pytest

from wx_domain_exporter import memory
from wx_domain_exporter.config.json_text import json_as_yaml
from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.config.validation import read_config_file
from wx_domain_exporter.service import Service
from wx_domain_exporter.wechat.tokens.factory import make_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


def test_it_is_paused_while_a_configuration_is_parsed_and_not_while_its_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file can hang, and garbage of all threads would collect meanwhile."""
    enabled: dict[str, bool] = {}

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: object) -> Any:
            enabled[name] = gc.isenabled()
            return function(*arguments)

        return call

    for name, target, function in (
        ("read", "config.loader.read_config_file", read_config_file),
        ("parse", "config.yaml_tree.json_as_yaml", json_as_yaml),
        ("build", "fleet.make_source", make_source),
    ):
        monkeypatch.setattr(f"wx_domain_exporter.{target}", noting(name, function))
    path = tmp_path / "config.yml"
    path.write_text("apps: [{appid: wx0123456789abcdef, token: {type: access_token, access_token: abc}}]")
    Service(ConfigLoader(path)).close()
    assert enabled == {"read": True, "parse": False, "build": False}
    assert gc.isenabled()
