from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter import cli

if TYPE_CHECKING:
    from helpers.commands import Capture
    from helpers.fleets import SmallFleet


def test_a_valid_file_is_reported_without_calls(fleet: SmallFleet, capsys: Capture) -> None:
    assert cli.run(["--config.check", f"--config.file={fleet.path}"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{fleet.path}: configuration is valid: 2 apps\n"
    assert captured.err == ""
    assert not fleet.world.calls


def test_the_demo_has_no_file(capsys: Capture) -> None:
    assert cli.run(["--config.check", "--demo"]) == 0
    assert capsys.readouterr().out == "--demo: configuration is valid: 10 apps\n"
