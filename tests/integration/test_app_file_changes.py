"""App files of a running exporter: changes are applied within seconds, and a broken file removes no app."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from helpers.exporter_process import Exporter, exporter, run_exporter
from helpers.fleets import APPSECRET, SmallFleet, appid, small_fleet
from helpers.json_text import as_json
from helpers.samples import series, value
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

A, B, C, D = (appid(number) for number in range(4))
BROKEN = "- {appid: nonsense}\n- {appid: wx1, colour: red}\n"


@dataclass(frozen=True)
class Lists:
    """A folder of app files for a configuration that also has app A."""

    fleet: SmallFleet
    folder: Path

    def write(self, name: str, *appids: str, text: str | None = None) -> None:
        # Renamed into place, so that a reader sees either the old content or the new one.
        new = self.folder / "new"
        new.write_text(as_json([{"appid": one} for one in appids]) if text is None else text)
        new.rename(self.folder / name)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def errors(self, text: str) -> dict[str, float]:
        errors = series(text, "wx_domain_exporter_app_file_errors", "file")
        return {name.removeprefix(f"{self.folder}/"): number for name, number in errors.items()}


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[Lists]:
    folder = tmp_path / "apps.d"
    folder.mkdir()
    with small_fleet(tmp_path, apps=4) as fleet:
        fleet.configure(
            defaults={"token": {"type": "stable_token", "appsecret": APPSECRET}},
            app_files=["apps.d/*.yml", "apps.d/*.json"],
            apps=[{"appid": A}],
        )
        yield Lists(fleet, folder)


def apps_of(text: str) -> set[str]:
    states = series(text, "wx_domain_up", "appid")
    assert set(states.values()) == {1}
    return set(states)


def wait_for(program: Exporter, condition: Callable[[str], bool], expected: str) -> str:
    wait_until(lambda: condition(program.scrape()), expected)
    return program.scrape()


def test_the_running_exporter_applies_each_change(lists: Lists) -> None:
    lists.write("broken.yml", text=BROKEN)
    lists.write("good.yml", B)
    with exporter(f"--config.file={lists.fleet.path}") as program:
        started = program.scrape()
        assert apps_of(started) == {A, B}
        assert lists.errors(started) == {"broken.yml": 1, "good.yml": 0}

        lists.write("broken.yml", C)
        lists.write("good.yml")
        lists.write("added.json", D)
        mended = wait_for(program, lambda text: D in apps_of(text), "a file is added")
        assert apps_of(mended) == {A, C, D}
        assert lists.errors(mended) == {"added.json": 0, "broken.yml": 0, "good.yml": 0}

        lists.write("broken.yml", text=BROKEN)
        lists.remove("added.json")
        broken = wait_for(program, lambda text: D not in apps_of(text), "a file is removed")
        assert apps_of(broken) == {A, C}
        assert lists.errors(broken) == {"broken.yml": 1, "good.yml": 0}
        assert value(broken, "wx_domain_exporter_apps") == 2
        # No change is a reload, and the other apps keep their tokens.
        assert "configuration reloaded" not in program.log
    assert lists.fleet.world.calls["stable_token", A] == 1
    errors = [line for line in program.log.splitlines() if "app file invalid" in line]
    assert sum("broken.yml:1: [0].appid" in line for line in errors) >= 2
    assert sum("broken.yml:2: [1].colour" in line for line in errors) >= 2


def test_a_reload_reads_them_too(lists: Lists) -> None:
    def reload() -> str:
        before = program.log.count("configuration reloaded")
        program.send(signal.SIGHUP)
        wait_until(lambda: program.log.count("configuration reloaded") > before, "the reload is logged")
        return program.scrape()

    lists.write("shops.yml", B)
    with exporter(f"--config.file={lists.fleet.path}") as program:
        program.scrape()
        lists.write("shops.yml", B, C)
        assert apps_of(reload()) == {A, B, C}
        lists.write("shops.yml", text=BROKEN)
        broken = reload()
        assert apps_of(broken) == {A, B, C}
        assert lists.errors(broken) == {"shops.yml": 1}
        # The configuration itself is valid and used.
        assert value(broken, "wx_domain_exporter_config_last_reload_successful") == 1
        lists.write("shops.yml", C)
        mended = reload()
        assert apps_of(mended) == {A, C}
        assert lists.errors(mended) == {"shops.yml": 0}
        lists.remove("shops.yml")
        gone = reload()
        assert apps_of(gone) == {A}
        assert lists.errors(gone) == {}


class TestCommands:
    def test_config_check_reports_all_errors_of_all_files(self, lists: Lists) -> None:
        lists.write("bad.yml", text=BROKEN)
        lists.write("twice.json", B, A)
        ended = run_exporter("--config.check", f"--config.file={lists.fleet.path}")
        assert ended.returncode == 1
        assert ended.stdout == ""
        errors = [line.split(f"{lists.folder}/")[1].split(": ")[:2] for line in ended.stderr.splitlines()]
        assert errors == [
            ["bad.yml:1", "[0].appid"],
            ["bad.yml:2", "[1].appid"],
            ["bad.yml:2", "[1].colour"],
            ["twice.json:1", f"appid ({A})"],
        ]

    def test_config_check_counts_the_apps_of_good_ones(self, lists: Lists) -> None:
        lists.write("good.yml", B, C)
        ended = run_exporter("--config.check", f"--config.file={lists.fleet.path}")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.endswith("configuration is valid: 3 apps\n")

    def test_once_shows_the_other_apps_and_reports_the_broken_file(self, lists: Lists) -> None:
        lists.write("bad.yml", text=BROKEN)
        lists.write("good.yml", B)
        ended = run_exporter("--once", f"--config.file={lists.fleet.path}")
        assert ended.returncode == 1
        assert apps_of(ended.stdout) == {A, B}
        assert "app file invalid" in ended.stderr
