from __future__ import annotations

import re

import pytest

from wx_domain_exporter import __version__
from wx_domain_exporter.commands.arguments import Flag, UsageError
from wx_domain_exporter.commands.flags import FLAGS, parse_flags

every_flag = pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.name)


def error(*arguments: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_flags(arguments)
    return str(caught.value)


class TestDefaults:
    def test_an_empty_command_line_has_the_defaults(self) -> None:
        assert vars(parse_flags([])) == {
            "config_file": None,
            "config_check": False,
            "config_schema": False,
            "config_auto_reload_interval": 0.0,
            "once": False,
            "baseline": False,
            "doctor": False,
            "lang": None,
            "health": False,
            "demo": False,
            "web_listen_address": None,
            "web_config_file": None,
            "web_telemetry_path": "/metrics",
            "web_enable_lifecycle": False,
            "web_max_requests": 40,
            "log_level": "info",
            "log_format": "logfmt",
        }

    @pytest.mark.parametrize(
        ("name", "default"),
        [
            ("config.file", "config.yml"),
            ("web.listen-address", ":12324"),
            ("web.telemetry-path", "/metrics"),
            ("web.max-requests", "40"),
            ("log.level", "info"),
            ("log.format", "logfmt"),
        ],
    )
    def test_the_table_has_the_documented_defaults(self, name: str, default: str) -> None:
        (flag,) = [flag for flag in FLAGS if flag.name == name]
        assert flag.default == default

    @every_flag
    def test_the_documented_default_is_the_real_one(self, flag: Flag) -> None:
        if "default" in flag.options:
            assert flag.default == str(flag.options["default"])
        elif not flag.options:
            assert flag.default == ""


class TestValues:
    @pytest.mark.parametrize(
        ("arguments", "name", "value"),
        [
            (["--config.file=a.yml"], "config_file", "a.yml"),
            (["--config.file", "a.yml"], "config_file", "a.yml"),
            (["--config.check"], "config_check", True),
            (["--once"], "once", True),
            (["--lang=zh"], "lang", "zh"),
            (["--demo"], "demo", True),
            (["--web.listen-address=:1"], "web_listen_address", [":1"]),
            (
                ["--web.listen-address=:1", "--web.listen-address=[::1]:2"],
                "web_listen_address",
                [":1", "[::1]:2"],
            ),
            (["--web.telemetry-path=/a/b"], "web_telemetry_path", "/a/b"),
            (["--web.enable-lifecycle"], "web_enable_lifecycle", True),
            (["--web.max-requests=1"], "web_max_requests", 1),
            (["--log.level=debug"], "log_level", "debug"),
            (["--log.level=warning"], "log_level", "warning"),
            (["--log.level=warn"], "log_level", "warn"),
            (["--log.level=error"], "log_level", "error"),
            (["--log.format=json"], "log_format", "json"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
    )
    def test_a_flag_sets_its_value_and_no_other(self, arguments: list[str], name: str, value: object) -> None:
        assert vars(parse_flags(arguments)) == vars(parse_flags([])) | {name: value}

    def test_one_command_line_does_not_change_the_next(self) -> None:
        parse_flags(["--web.listen-address=:1"])
        assert parse_flags(["--web.listen-address=:2"]).web_listen_address == [":2"]


class TestErrors:
    @pytest.mark.parametrize(
        ("argument", "flag"),
        [
            ("--web.max-requests=0", "--web.max-requests"),
            ("--web.max-requests=-1", "--web.max-requests"),
            ("--web.max-requests=many", "--web.max-requests"),
            ("--web.max-requests=1.5", "--web.max-requests"),
            ("--web.max-requests=", "--web.max-requests"),
            ("--web.telemetry-path=metrics", "--web.telemetry-path"),
            ("--web.telemetry-path=", "--web.telemetry-path"),
            ("--web.telemetry-path=/a b", "--web.telemetry-path"),
            ("--web.telemetry-path=/a?b", "--web.telemetry-path"),
            ("--web.telemetry-path=/a#b", "--web.telemetry-path"),
            ("--web.telemetry-path=/{a}", "--web.telemetry-path"),
            ("--web.telemetry-path=/sd", "--web.telemetry-path"),
            ("--web.telemetry-path=/probe", "--web.telemetry-path"),
            ("--web.telemetry-path=/", "--web.telemetry-path"),
            ("--web.telemetry-path=/apps/x", "--web.telemetry-path"),
            ("--log.level=trace", "--log.level"),
            ("--log.level=INFO", "--log.level"),
            ("--log.format=xml", "--log.format"),
            ("--config.file", "--config.file"),
            ("--web.listen-address", "--web.listen-address"),
        ],
    )
    def test_the_error_names_the_flag(self, argument: str, flag: str) -> None:
        assert flag in error(argument)

    @pytest.mark.parametrize(
        ("argument", "expected"),
        [
            ("--web.max-requests=0", "above 0"),
            ("--web.max-requests=x", "above 0"),
            ("--web.telemetry-path=metrics", "slash"),
        ],
    )
    def test_the_error_says_what_is_expected(self, argument: str, expected: str) -> None:
        text = error(argument)
        assert " _" not in text
        assert expected in text

    @pytest.mark.parametrize(
        ("argument", "expected"),
        [
            ("--log.level=trace", ["debug", "info", "warning", "error"]),
            ("--log.format=xml", ["logfmt", "json"]),
        ],
    )
    def test_the_error_lists_the_choices(self, argument: str, expected: list[str]) -> None:
        text = error(argument)
        assert all(name in text for name in expected)

    @pytest.mark.parametrize(
        "argument",
        ["--nonsense", "--web.max", "--config.fil=a.yml", "--config", "config.yml", "--once=yes"],
    )
    def test_an_unknown_flag_is_an_error(self, argument: str) -> None:
        assert error(argument)

    @pytest.mark.parametrize(
        "arguments", [["--demo", "--config.file=a.yml"], ["--config.file", "b", "--demo"]]
    )
    def test_the_demo_has_no_configuration_file(self, arguments: list[str]) -> None:
        assert "--config.file" in error(*arguments)


class TestInformation:
    def test_version_prints_the_version_and_exits_with_0(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            parse_flags(["--version"])
        assert caught.value.code == 0
        out, err = capsys.readouterr()
        assert __version__ in out
        assert out.count("\n") == 1
        assert err == ""

    def test_help_names_every_flag_and_its_default(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "1000")
        with pytest.raises(SystemExit) as caught:
            parse_flags(["--help"])
        assert caught.value.code == 0
        words = " ".join(capsys.readouterr().out.split())
        for flag in FLAGS:
            text = f"{flag.help} Default: {flag.default}" if flag.default else flag.help
            assert re.search(
                rf"--{re.escape(flag.name)}( [A-Z]+| {{[a-z,]+}})? {re.escape(text)}( --|$)", words
            )

    @every_flag
    def test_the_help_of_a_flag_is_a_sentence(self, flag: Flag) -> None:
        assert flag.help[0].isupper()
        assert flag.help.endswith(".")
