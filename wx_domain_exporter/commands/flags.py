"""The flags as a table, from which the parser and the docs are made."""

import argparse
from collections.abc import Sequence

from wx_domain_exporter import __version__
from wx_domain_exporter.commands.arguments import Flag, UsageError, checked_arguments
from wx_domain_exporter.commands.language import LANGUAGES
from wx_domain_exporter.config.durations import parse_duration
from wx_domain_exporter.http_paths import DEFAULT_METRICS_PATH, MANAGEMENT, is_reserved

DEFAULT_CONFIG_FILE = "config.yml"
DEFAULT_LISTEN_ADDRESS = ":12324"
_COMMANDS = ("config.check", "once", "config.schema", "baseline", "doctor", "health")
LOG_LEVELS = ("debug", "info", "warn", "warning", "error")
"""`warn` is the same as `warning`; other exporters use that name."""


def _positive_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise UsageError(
            f"--web.max-requests: {text!r} is not a valid number of scrapes; expected a whole number above 0",
            f"--web.max-requests：{text!r} 不是有效的抓取数；应为大于 0 的整数",
        )
    return int(text)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(
            f"--config.auto-reload-interval: {text!r} {error}; expected one such as 30s or 5m",
            f"--config.auto-reload-interval：{text!r} 不是有效的时长；应类似 30s 或 5m",
        ) from None


def _telemetry_path(text: str) -> str:
    if not text.startswith("/") or text.startswith(MANAGEMENT) or any(char in text for char in "{}?# \t"):
        raise UsageError(
            f"--web.telemetry-path: {text!r} is not a valid path; expected a path that begins with a slash, "
            "but not with /-/, without spaces, braces, ? or #",
            f"--web.telemetry-path：{text!r} 不是有效的路径；应以 / 开头，但不能以 /-/ 开头，"
            "且不能含有空格、花括号、? 或 #",
        )
    if is_reserved(text):
        raise UsageError(
            f"--web.telemetry-path: {text!r} is the path of another page; choose a different one",
            f"--web.telemetry-path：{text!r} 是其他页面的路径；请换一个",
        )
    return text


FLAGS = (
    Flag("config.file", DEFAULT_CONFIG_FILE, "The configuration file.", {"metavar": "FILE"}),
    Flag("config.check", "", "Validate the configuration and exit: 0 if it is valid, 1 if not."),
    Flag(
        "config.schema",
        "",
        "Print the JSON Schema of the configuration, for editors, and exit.",
    ),
    Flag(
        "config.auto-reload-interval",
        "0s",
        "How often to look whether the configuration file has changed, and reload it then; 0s never looks. "
        "App files and the files of secrets and certificates are always read again when they change.",
        {"metavar": "DURATION", "default": "0s", "type": _duration},
    ),
    Flag(
        "once",
        "",
        "Print one scrape of all apps to standard output and exit: 0 if every app is up, 1 if not.",
    ),
    Flag(
        "baseline",
        "",
        "Print today's lists of all apps as a `baselines` block to paste into the configuration, and exit: "
        "0 if every app is up, 1 if not.",
    ),
    Flag(
        "doctor",
        "",
        "Check every app step by step, print what is wrong and what to do, and exit: 0 if nothing is wrong, "
        "1 if something is, 130 after Ctrl-C. Progress goes to standard error.",
    ),
    Flag(
        "lang",
        "that of the locale",
        "Language of --doctor, --config.check and errors: en or zh.",
        {"choices": LANGUAGES},
    ),
    Flag(
        "health",
        "",
        "Ask the exporter that runs with the same flags whether it answers, and exit: 0 if it does, 1 if "
        "not. Calls no API; an answer that asks for a password or a client certificate is one.",
    ),
    Flag(
        "demo",
        "",
        "Run against a built-in simulated WeChat API, scraped every 15 s; needs no account or configuration.",
    ),
    Flag(
        "web.listen-address",
        DEFAULT_LISTEN_ADDRESS,
        "Address to listen on: HOST:PORT, :PORT or [::1]:PORT. Repeatable. :PORT and [::]:PORT are all "
        "addresses of this machine, localhost is both of its own.",
        {"metavar": "ADDRESS", "action": "append"},
    ),
    Flag(
        "web.config.file",
        "",
        "TLS, client certificates, basic authentication and headers, in the format of Prometheus' "
        "exporter-toolkit (docs/web-configuration.md).",
        {"metavar": "FILE"},
    ),
    Flag(
        "web.telemetry-path",
        DEFAULT_METRICS_PATH,
        "Path of the metrics, which must begin with a slash.",
        {"metavar": "PATH", "default": DEFAULT_METRICS_PATH, "type": _telemetry_path},
    ),
    Flag("web.enable-lifecycle", "", "Allow POST /-/reload."),
    Flag(
        "web.max-requests",
        "40",
        "How many scrapes may run at the same time; further ones are answered with 503.",
        {"metavar": "NUMBER", "default": 40, "type": _positive_number},
    ),
    Flag(
        "log.level",
        "info",
        "Lowest level that is logged: debug, info, warning (or warn) or error.",
        {"default": "info", "choices": LOG_LEVELS},
    ),
    Flag(
        "log.format",
        "logfmt",
        "Format of the log lines: logfmt or json. The log goes to standard error.",
        {"default": "logfmt", "choices": ("logfmt", "json")},
    ),
    Flag("version", "", "Print the version and exit."),
)


def parse_flags(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; in the names of the attributes, dots and hyphens are underscores.

    Raises:
        UsageError: it is not valid.
        SystemExit: after --help or --version.
    """
    checked = checked_arguments(arguments, FLAGS)
    parser = argparse.ArgumentParser(
        prog="wx-domain-exporter",
        description="Prometheus exporter for the domain configuration of WeChat mini programs.",
        allow_abbrev=False,
    )
    for flag in FLAGS:
        options = dict(flag.options) or {"action": "store_true"}
        if flag.name == "version":
            options = {"action": "version", "version": f"wx_domain_exporter {__version__}"}
        text = f"{flag.help} Default: {flag.default}" if flag.default else flag.help
        dest = flag.name.replace(".", "_").replace("-", "_")
        parser.add_argument(f"--{flag.name}", dest=dest, help=text, **options)
    flags = parser.parse_args(checked)
    chosen = [f"--{name}" for name in _COMMANDS if getattr(flags, name.replace(".", "_"))]
    if len(chosen) > 1:
        raise UsageError(
            f"{' and '.join(chosen)} can't be used together; choose one",
            f"{' 和 '.join(chosen)} 不能同时使用；请只选一个",
        )
    if flags.demo and flags.config_file is not None:
        raise UsageError(
            "--demo has its own configuration and can't be used with --config.file",
            "--demo 自带配置，不能与 --config.file 同时使用",
        )
    return flags
