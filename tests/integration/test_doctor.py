"""The doctor in a terminal, with 60 mini programs of which 40 never answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from helpers.fleets import SmallFleet, appid, small_fleet
from helpers.terminal import CTRL_C, in_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPS, HEALTHY = 60, 20
PROGRESS = re.compile(r"\r\x1b\[K(\d+)/60, (\d+) failing")
OK, FAILED = "\x1b[32mok   \x1b[0m ", "\x1b[1;31mFAIL \x1b[0m "


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path, apps=APPS) as fleet:
        for number in range(HEALTHY, APPS):
            fleet.world.patch(appid(number), {"hang": True})
        yield fleet


def doctor(fleet: SmallFleet) -> list[str]:
    return ["-P", "-m", "wx_domain_exporter", "--doctor", f"--config.file={fleet.path}"]


def test_a_terminal_shows_each_line_as_it_comes_progress_colour_and_causes(hanging: SmallFleet) -> None:
    hanging.configure(wechat={"timeout": "5s"})
    with in_a_terminal(doctor(hanging)) as terminal:
        status = terminal.read_to_the_end()
    assert status == 1
    text = terminal.text
    assert (text.count(OK), text.count(FAILED)) == (HEALTHY, APPS - HEALTHY)
    steps = [(int(done), int(failing)) for done, failing in PROGRESS.findall(text)]
    assert len(steps) > 2
    assert steps == sorted(steps)
    assert any(failing for _, failing in steps)
    assert all(failing <= done <= APPS for done, failing in steps)
    end = re.sub(r"[^\n]*\r\x1b\[K", "", text[text.rindex(FAILED) :])  # without the progress that was erased
    assert "\r\n\r\n40 of 60 checks failed\r\nWeChat was reached over IPv4.\r\n\r\n" in end
    assert "timeout (40): There was no complete answer in time.\x1b[0m\r\n" in end
    assert " and 20 more\r\n" in end
    assert "  → Check that this host can reach the API" in end


def test_ctrl_c_says_what_is_known_and_ends_with_130(hanging: SmallFleet) -> None:
    hanging.configure(wechat={"timeout": "2m"})
    with in_a_terminal(doctor(hanging), NO_COLOR="1") as terminal:
        terminal.read_until(f"{HEALTHY}/{APPS}, 0 failing")
        terminal.press(CTRL_C)
        status = terminal.read_to_the_end()
    assert status == 130
    assert terminal.text.count("ok    wx") == HEALTHY
    end = terminal.text[terminal.text.index("Interrupted") :]
    assert end.startswith(
        f"Interrupted: 20 of 60 mini programs checked; no result yet from {appid(20)} app 20,"
    )
    assert end.endswith(" and 20 more.\r\n\r\n20 checks passed\r\nWeChat was reached over IPv4.\r\n")
    assert "\x1b[32m" not in terminal.text


def test_a_dumb_terminal_gets_lines_only(tmp_path: Path) -> None:
    with small_fleet(tmp_path) as fleet, in_a_terminal(doctor(fleet), TERM="dumb") as terminal:
        assert terminal.read_to_the_end() == 0
    assert "\x1b" not in terminal.text
    assert terminal.text.endswith("\r\n\r\n2 checks passed\r\nWeChat was reached over IPv4.\r\n")
