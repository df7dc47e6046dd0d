from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from wx_domain_exporter.commands import terminal
from wx_domain_exporter.commands.language import language_of_locale
from wx_domain_exporter.commands.terminal import ProgressLine, is_terminal, wants_colour

if TYPE_CHECKING:
    from helpers.commands import Capture


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times that `monotonic` returns next."""
    moments: list[float] = []
    monkeypatch.setattr(terminal, "monotonic", lambda: moments.pop(0))
    return moments


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm"}, (True, True)),
        ({"TERM": "xterm", "NO_COLOR": ""}, (True, True)),
        ({"TERM": "xterm", "NO_COLOR": "1"}, (True, False)),
        ({"TERM": "dumb"}, (False, False)),
        ({}, (False, False)),
    ],
    ids=str,
)
def test_the_environment_decides_about_a_terminal(
    environment: dict[str, str], expected: tuple[bool, bool]
) -> None:
    stream = FakeTerminal()
    assert (is_terminal(stream, environment), wants_colour(stream, environment)) == expected


@pytest.mark.parametrize("stream", [None, io.StringIO()], ids=["closed", "a file"])
def test_anything_else_is_no_terminal(stream: io.StringIO | None) -> None:
    assert not is_terminal(stream, {"TERM": "xterm"})
    assert not wants_colour(stream, {"TERM": "xterm"})


def test_on_a_terminal_progress_is_one_line_that_is_drawn_ten_times_a_second(
    monkeypatch: pytest.MonkeyPatch, moments: list[float]
) -> None:
    stream = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    progress = ProgressLine()
    moments += [0.0, 0.05, 0.11]
    for text in ("1/3", "2/3", "3/3"):
        progress.show(text)
    progress.clear()
    progress.clear()
    assert stream.getvalue() == "\r\x1b[K1/3\r\x1b[K3/3\r\x1b[K"


def test_elsewhere_it_is_a_line_every_10_seconds(capsys: Capture, moments: list[float]) -> None:
    moments += [0.0, 9.9, 10.1, 19.0, 20.2]
    progress = ProgressLine()
    for text in ("early", "1/9", "2/9", "3/9"):
        progress.show(text)
    progress.clear()
    assert capsys.readouterr().err == "1/9\n3/9\n"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
    ],
    ids=str,
)
def test_the_locale_chooses_the_language(environment: dict[str, str], language: str) -> None:
    assert language_of_locale(environment) == language
