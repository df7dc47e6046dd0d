from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from helpers.fleets import appid
from helpers.samples import samples, series

from wx_domain_exporter import cli

if TYPE_CHECKING:
    from helpers.commands import Capture
    from helpers.fleets import SmallFleet

A, B = appid(0), appid(1)


def test_the_status_is_0_if_all_apps_are_up(fleet: SmallFleet, capsys: Capture) -> None:
    assert cli.run(["--once", f"--config.file={fleet.path}"]) == 0
    captured = capsys.readouterr()
    assert series(captured.out, "wx_domain_up", "appid") == {A: 1, B: 1}
    assert captured.err == ""
    names = {name for name, _ in samples(captured.out)}
    assert not [name for name in names if name.startswith(("process_", "python_", "wx_domain_exporter_"))]
    assert fleet.calls() == 2


@pytest.mark.parametrize(
    "settings",
    [{"errcode": 61007}, {"whitelisted": False}, {"hang": True}],
    ids=["an errcode", "no token", "no answer"],
)
def test_the_status_is_1_if_an_app_fails_and_all_are_printed(
    fleet: SmallFleet, capsys: Capture, settings: dict[str, object]
) -> None:
    fleet.configure(scrape={"timeout": "1s"})
    fleet.world.patch(A, settings)
    assert cli.run(["--once", f"--config.file={fleet.path}"]) == 1
    captured = capsys.readouterr()
    assert series(captured.out, "wx_domain_up", "appid") == {A: 0, B: 1}
    assert "Traceback" not in captured.err


def test_a_secret_that_is_missing_costs_its_app_and_without_any_there_is_an_error(
    fleet: SmallFleet, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WX_TEST_0", fleet.world.apps[A].appsecret)
    monkeypatch.delenv("WX_TEST_1", raising=False)
    tokens = [{"type": "stable_token", "appsecret": {"env": f"WX_TEST_{number}"}} for number in (0, 1)]
    fleet.configure(apps=[{"appid": app, "token": token} for app, token in zip((A, B), tokens, strict=True)])
    assert cli.run(["--once", f"--config.file={fleet.path}"]) == 1
    assert series(capsys.readouterr().out, "wx_domain_up", "appid") == {A: 1, B: 0}
    monkeypatch.delenv("WX_TEST_0")
    assert cli.run(["--once", f"--config.file={fleet.path}"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.partition(" the environment")[0] for line in captured.err.splitlines()] == [
        f"wx-domain-exporter: {fleet.path}:1: apps.token.appsecret ({app}):" for app in (A, B)
    ]


def test_the_status_is_1_if_two_apps_have_the_same_token(
    fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (0, 1):
        monkeypatch.setenv(f"WX_TEST_TOKEN_{number}", "the same")
    fleet.world.patch(A, {"access_tokens": ["the same"]})
    sources = [
        {"type": "access_token", "access_token": {"env": f"WX_TEST_TOKEN_{number}"}} for number in (0, 1)
    ]
    fleet.configure(apps=[{"appid": app, "token": token} for app, token in zip((A, B), sources, strict=True)])
    assert cli.run(["--once", f"--config.file={fleet.path}"]) == 1


def test_the_demo_has_apps_that_are_up_and_apps_that_fail(capsys: Capture) -> None:
    assert cli.run(["--demo", "--once"]) == 1
    ups = series(capsys.readouterr().out, "wx_domain_up", "appid")
    assert sorted(ups.values()) == [0] * 5 + [1] * 10


def test_it_prints_utf_8_whatever_the_locale(fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.configure(defaults={"labels": {"team": "增长"}})
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    assert cli.run(["--once", f"--config.file={fleet.path}"]) == 0
    assert 'team="增长"' in raw.getvalue().decode()


@pytest.mark.parametrize(("form", "expected"), [("logfmt", "level=warning"), ("json", '"level": "warning"')])
def test_the_log_goes_to_stderr_in_the_wanted_form(
    fleet: SmallFleet, capsys: Capture, form: str, expected: str
) -> None:
    fleet.world.patch(A, {"errcode": 61007})
    cli.run(["--once", f"--config.file={fleet.path}", f"--log.format={form}"])
    captured = capsys.readouterr()
    assert expected in captured.err
    assert "app fails" in captured.err
    assert "app fails" not in captured.out


def test_the_log_has_the_wanted_level(fleet: SmallFleet, capsys: Capture) -> None:
    fleet.world.patch(A, {"errcode": 61007})
    for level, expected in (("warning", True), ("error", False)):
        assert cli.run(["--once", f"--config.file={fleet.path}", f"--log.level={level}"]) == 1
        assert ("app fails" in capsys.readouterr().err) is expected
