from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from helpers.commands import Capture, failure
from helpers.fleets import SmallFleet, appid
from helpers.samples import samples, series

from wx_domain_exporter import __version__, cli
from wx_domain_exporter.commands.flags import FLAGS

A, B = appid(0), appid(1)


class TestInformation:
    def test_version(self, capsys: Capture) -> None:
        with pytest.raises(SystemExit) as ended:
            cli.run(["--version"])
        assert ended.value.code == 0
        assert capsys.readouterr().out == f"wx_domain_exporter {__version__}\n"

    def test_help_names_every_flag_with_its_default(
        self, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "1000")
        with pytest.raises(SystemExit) as ended:
            cli.run(["--help"])
        assert ended.value.code == 0
        text = capsys.readouterr().out
        for flag in FLAGS:
            assert f"--{flag.name}" in text
            assert flag.help in text
            if flag.default:
                assert f"{flag.help} Default: {flag.default}\n" in text

    def test_the_flags_are_those_that_users_rely_on(self) -> None:
        assert {flag.name: flag.default for flag in FLAGS} == {
            "config.file": "config.yml",
            "config.check": "",
            "once": "",
            "baseline": "",
            "doctor": "",
            "demo": "",
            "web.listen-address": ":12324",
            "web.config.file": "",
            "web.telemetry-path": "/metrics",
            "web.enable-lifecycle": "",
            "web.max-requests": "40",
            "log.level": "info",
            "log.format": "logfmt",
            "version": "",
        }

    def test_main_exits_with_the_status(self, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        monkeypatch.setattr(sys, "argv", ["wx-domain-exporter", "--nonsense"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 1
        assert "--nonsense" in capsys.readouterr().err


class TestBadFlags:
    @pytest.mark.parametrize(
        ("arguments", "named", "allowed"),
        [
            (["--nonsense"], "--nonsense", "--help"),
            (["--conf.file=x"], "--conf.file", "--help"),
            (["--config.fil=x"], "--config.fil", "--help"),
            (["config.yml"], "config.yml", "--help"),
            (["--config.file"], "--config.file", "expected one argument"),
            (["--once=yes"], "--once", "'yes'"),
            (["--log.level=loud"], "--log.level", "warning"),
            (["--log.format=xml"], "--log.format", "json"),
            (["--once=\x1b[31m\n"], "--once", "\\x1b[31m"),
            (["--once", "--baseline"], "--once and --baseline", "leave one out"),
            (["--config.check", "--doctor"], "--config.check and --doctor", "leave one out"),
            (["--demo", "--config.file=config.yml"], "--demo", "leave --config.file out"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_they_are_named_with_what_is_allowed(
        self, capsys: Capture, arguments: list[str], named: str, allowed: str
    ) -> None:
        text = failure(capsys, *arguments)
        assert named in text
        assert allowed in text
        assert len(text.splitlines()) == 1

    @pytest.mark.parametrize(
        ("flag", "bad", "allowed"),
        [
            ("--web.max-requests", "0", "whole number above 0"),
            ("--web.max-requests", "-3", "whole number above 0"),
            ("--web.max-requests", "many", "whole number above 0"),
            ("--web.telemetry-path", "metrics", "slash"),
            ("--web.telemetry-path", "", "slash"),
            ("--web.telemetry-path", "/a b", "slash"),
            ("--web.telemetry-path", "/{x}", "slash"),
            ("--web.telemetry-path", "/a?b", "slash"),
        ],
    )
    def test_bad_values_are_named_in_words_of_the_docs(
        self, capsys: Capture, flag: str, bad: str, allowed: str
    ) -> None:
        text = failure(capsys, f"{flag}={bad}")
        assert flag in text
        assert repr(bad) in text
        assert allowed in text
        assert "_count" not in text
        assert "_path" not in text


class TestBadConfiguration:
    @pytest.mark.parametrize("mode", ["--once", "--config.check", "--log.level=error"])
    def test_a_missing_file_is_named(self, tmp_path: Path, capsys: Capture, mode: str) -> None:
        file = tmp_path / "nowhere.yml"
        text = failure(capsys, f"--config.file={file}", mode)
        assert text == f"wx-domain-exporter: {file}: can't be read: No such file or directory\n"

    def test_a_folder_is_no_file(self, tmp_path: Path, capsys: Capture) -> None:
        assert f"{tmp_path}: can't be read" in failure(capsys, f"--config.file={tmp_path}")

    def test_config_yml_of_the_working_directory_is_the_default(
        self, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert "there is no config.yml here; name one with --config.file, or try --demo" in failure(capsys)
        Path("config.yml").write_text("apps: none\n", encoding="utf-8")
        assert "config.yml: apps: " in failure(capsys)

    def test_each_error_has_its_line_with_file_and_place(self, fleet: SmallFleet, capsys: Capture) -> None:
        token = {"type": "stable_token", "appsecret": "0" * 32}
        fleet.configure(scrape={"timeout": "soon"}, apps=[{"appid": "wx1", "token": token}])
        lines = failure(capsys, f"--config.file={fleet.path}").splitlines()
        assert [line.split(": ")[1:3] for line in lines] == [
            [str(fleet.path), "scrape.timeout"],
            [str(fleet.path), "apps[0].appid"],
        ]


class TestConfigCheck:
    def test_a_good_one_is_told_and_nothing_is_called(self, fleet: SmallFleet, capsys: Capture) -> None:
        assert cli.run(["--config.check", f"--config.file={fleet.path}"]) == 0
        captured = capsys.readouterr()
        assert captured.out == f"{fleet.path}: good, apps: 2\n"
        assert captured.err == ""
        assert not fleet.world.calls

    def test_that_of_the_demo_is_not_taken_for_a_file(self, capsys: Capture) -> None:
        assert cli.run(["--config.check", "--demo"]) == 0
        out = capsys.readouterr().out
        assert "good, apps: 10" in out
        assert "config.yml" not in out


class TestOnce:
    def test_all_up_is_0_and_one_clean_scrape(self, fleet: SmallFleet, capsys: Capture) -> None:
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
    def test_an_app_that_fails_is_1_and_all_are_printed(
        self, fleet: SmallFleet, capsys: Capture, settings: dict[str, object]
    ) -> None:
        fleet.configure(scrape={"timeout": "1s"})
        fleet.world.patch(A, settings)
        assert cli.run(["--once", f"--config.file={fleet.path}"]) == 1
        captured = capsys.readouterr()
        assert series(captured.out, "wx_domain_up", "appid") == {A: 0, B: 1}
        assert "Traceback" not in captured.err

    def test_two_apps_of_one_token_are_1(self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in (0, 1):
            monkeypatch.setenv(f"WX_TEST_TOKEN_{number}", "the same")
        fleet.world.patch(A, {"access_tokens": ["the same"]})
        sources = [
            {"type": "access_token", "access_token": {"env": f"WX_TEST_TOKEN_{number}"}} for number in (0, 1)
        ]
        fleet.configure(
            apps=[{"appid": one, "token": token} for one, token in zip((A, B), sources, strict=True)]
        )
        assert cli.run(["--once", f"--config.file={fleet.path}"]) == 1

    def test_the_demo_shows_good_and_bad_apps(self, capsys: Capture) -> None:
        assert cli.run(["--demo", "--once"]) == 1
        ups = series(capsys.readouterr().out, "wx_domain_up", "appid")
        assert sorted(ups.values()) == [0] * 4 + [1] * 6

    def test_it_prints_utf_8_whatever_the_locale(
        self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fleet.configure(defaults={"labels": {"team": "增长"}})
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
        assert cli.run(["--once", f"--config.file={fleet.path}"]) == 0
        assert 'team="增长"' in raw.getvalue().decode()

    @pytest.mark.parametrize(
        ("form", "expected"), [("logfmt", "level=warning"), ("json", '"level": "warning"')]
    )
    def test_the_log_goes_to_stderr_in_the_wanted_form(
        self, fleet: SmallFleet, capsys: Capture, form: str, expected: str
    ) -> None:
        fleet.world.patch(A, {"errcode": 61007})
        cli.run(["--once", f"--config.file={fleet.path}", f"--log.format={form}"])
        captured = capsys.readouterr()
        assert expected in captured.err
        assert "app fails" in captured.err
        assert "app fails" not in captured.out

    def test_the_log_has_the_wanted_level(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch(A, {"errcode": 61007})
        cli.run(["--once", f"--config.file={fleet.path}", "--log.level=error"])
        assert capsys.readouterr().err == ""
