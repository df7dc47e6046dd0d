from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers.commands import Capture, failure

from wx_domain_exporter import __version__, cli
from wx_domain_exporter.commands.flags import FLAGS

if TYPE_CHECKING:
    from helpers.fleets import SmallFleet


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
            "config.schema": "",
            "config.auto-reload-interval": "0s",
            "once": "",
            "baseline": "",
            "doctor": "",
            "health": "",
            "demo": "",
            "web.listen-address": ":12324",
            "web.config.file": "",
            "web.telemetry-path": "/metrics",
            "web.enable-lifecycle": "",
            "web.max-requests": "40",
            "lang": "that of the locale",
            "log.level": "info",
            "log.format": "logfmt",
            "version": "",
        }


class TestBadFlags:
    @pytest.mark.parametrize(
        ("arguments", "flag", "expected"),
        [
            (["--nonsense"], "--nonsense", "--help"),
            (["--log.level=loud"], "--log.level", "warning"),
            (["--log.format=xml"], "--log.format", "json"),
            (["--once\x1b[31m\n"], "--once", "\\x1b[31m"),
            (["--once", "--baseline"], "--once and --baseline", "choose one"),
            (["--config.check", "--doctor"], "--config.check and --doctor", "choose one"),
            (["--demo", "--config.file=config.yml"], "--demo", "can't be used with --config.file"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_the_error_names_the_flag_and_what_is_expected(
        self, capsys: Capture, arguments: list[str], flag: str, expected: str
    ) -> None:
        text = failure(capsys, *arguments)
        assert flag in text
        assert expected in text
        assert len(text.splitlines()) == 1

    @pytest.mark.parametrize(
        ("flag", "value", "expected"),
        [
            ("--web.max-requests", "0", "whole number above 0"),
            ("--web.max-requests", "-3", "whole number above 0"),
            ("--web.max-requests", "many", "whole number above 0"),
            ("--web.telemetry-path", "metrics", "slash"),
            ("--web.telemetry-path", "/a b", "slash"),
            ("--web.telemetry-path", "/{x}", "slash"),
            ("--web.telemetry-path", "/a?b", "slash"),
        ],
    )
    def test_the_error_names_the_value_and_what_is_expected(
        self, capsys: Capture, flag: str, value: str, expected: str
    ) -> None:
        text = failure(capsys, f"{flag}={value}")
        assert flag in text
        assert repr(value) in text
        assert expected in text
        assert " _" not in text


class TestBadConfiguration:
    @pytest.mark.parametrize("mode", ["--once", "--config.check", "--log.level=error"])
    def test_a_missing_file_is_named(self, tmp_path: Path, capsys: Capture, mode: str) -> None:
        file = tmp_path / "nowhere.yml"
        text = failure(capsys, f"--config.file={file}", mode)
        assert text == f"wx-domain-exporter: {file}: can't be read: No such file or directory\n"

    def test_a_folder_is_not_a_file(self, tmp_path: Path, capsys: Capture) -> None:
        assert f"{tmp_path}: can't be read" in failure(capsys, f"--config.file={tmp_path}")

    def test_the_default_is_config_yml_in_the_current_directory(
        self, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert f"there is no {tmp_path}/config.yml; give a file with --config.file, or try --demo" in failure(
            capsys
        )
        Path("config.yml").write_text("apps: none\n", encoding="utf-8")
        assert "config.yml:1: apps: " in failure(capsys)

    def test_each_error_is_one_line_with_file_and_key(self, fleet: SmallFleet, capsys: Capture) -> None:
        token = {"type": "stable_token", "appsecret": "0" * 32}
        fleet.configure(scrape={"timeout": "soon"}, apps=[{"appid": "wx1", "token": token}])
        lines = failure(capsys, f"--config.file={fleet.path}").splitlines()
        assert [line.split(": ")[1:3] for line in lines] == [
            [f"{fleet.path}:1", "scrape.timeout"],
            [f"{fleet.path}:1", "apps[0].appid"],
        ]
