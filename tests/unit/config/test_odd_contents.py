from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers.configurations import parse
from helpers.exporter_process import run_exporter
from helpers.json_text import as_json

from wx_domain_exporter.config.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

CANARY = "canary"
FILE = Path("some.yml")
APPID = "wx0123456789abcdef"
APP = {"appid": APPID, "token": {"type": "stable_token", "appsecret": "canary-appsecret"}}


def with_app(line: str) -> str:
    return f"apps: {as_json([APP])}\n{line}\n"


def errors(content: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(content.encode(), FILE)
    return str(caught.value).splitlines()


def place(error: str) -> str:
    """The place in the file, after file and line."""
    found = re.match(rf"{FILE}:\d+: ([^:]+): ", error)
    return "" if found is None else found[1]


def errors_of(**sections: Any) -> list[str]:
    return errors(as_json({"apps": [APP], **sections}))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('"[x]": 1', id="key in brackets"),
        pytest.param('"<x>": 1', id="key in angle brackets"),
        pytest.param('tokens: {"[x]": {type: stable_token}}', id="source in brackets"),
        pytest.param('tokens: {"<x>": {type: stable_token}}', id="source in angle brackets"),
        pytest.param('wechat: {"[x]": 1}', id="inner key in brackets"),
        pytest.param('wechat: {"<x>": 1}', id="inner key in angle brackets"),
    ],
)
def test_the_path_names_a_key_in_brackets(line: str) -> None:
    assert any(re.search(r"[\[<]x[\]>]", place(found)) for found in errors(with_app(line)))


@pytest.mark.parametrize("key", ["1", "1.5", "true", "null", "0x10", "'[1]'", "~", ".inf", "''"])
@pytest.mark.parametrize("section", ["", "wechat", "tokens", "defaults", "limits"])
def test_a_key_that_is_no_name_is_an_error_of_its_own(section: str, key: str) -> None:
    line = f"{key}: 1" if not section else f"{section}: {{{key}: 1}}"
    found = errors(with_app(line))
    assert found
    assert all(re.match(rf"{FILE}:[12]: ", one) for one in found)


@pytest.mark.parametrize("char", ["\n", "\r", "\x1b", "\x85", "\u2028"], ids=ascii)
@pytest.mark.parametrize("section", ["wechat", "tokens", "limits"])
def test_an_error_is_one_line_although_a_key_is_not(section: str, char: str) -> None:
    # JSON's escapes, since YAML folds some of these characters when they stand for themselves.
    found = errors(json.dumps({"apps": [APP], section: {f"a{char}b": {"type": "no"}}}))
    assert all(line.startswith(f"{FILE}:1: {section}.") for line in found)
    assert all(line.isprintable() for line in found)


def test_an_error_is_one_line_although_the_name_of_a_source_is_not() -> None:
    source = {"type": "stable_token", "appsecret": "canary"}
    found = errors_of(tokens={"a\nb": source}, defaults={"token": "c"})
    assert [line.startswith(f"{FILE}:1: defaults.token: ") for line in found] == [True]


def test_a_duration_beyond_all_bounds_is_an_error() -> None:
    (line,) = errors_of(scrape={"timeout": "9" * 400 + "s"})
    assert line.startswith(f"{FILE}:1: scrape.timeout: ")


@pytest.mark.parametrize("value", [5, True, "canary", ["canary"], [["canary"]], None], ids=repr)
def test_tokens_that_are_no_mapping_are_an_error_and_are_not_quoted(value: object) -> None:
    found = errors_of(tokens=value, apps=[{"appid": APPID, "token": "unknown"}])
    assert found[0] == f"{FILE}:1: tokens: has the wrong type; allowed: a mapping"
    assert not any(CANARY in line for line in found)


@pytest.mark.parametrize("value", [5, True, "wx", None, {"appid": "wx"}, [5], [["wx"]], [None]], ids=repr)
def test_apps_that_are_no_list_of_mappings_are_an_error(value: object) -> None:
    found = errors_of(apps=value)
    assert found
    assert all(line.startswith(f"{FILE}:1: apps") for line in found)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("&x {apps: *x}", id="the document"),
        pytest.param("&x {apps: [*x]}", id="the document as an app"),
        pytest.param("apps: [&x {appid: wx0123456789abcdef, labels: *x}]", id="labels"),
        pytest.param("apps: [&x {appid: wx0123456789abcdef, token: *x}]", id="token"),
        pytest.param("tokens: &x {a: *x}", id="tokens"),
        pytest.param("wechat: &x {base_url: *x}", id="base_url"),
        pytest.param("wechat: &x {proxy_url: {file: *x}}", id="secret"),
        pytest.param("a: &x {b: 1, b: 2, c: *x}", id="beside keys given twice"),
    ],
)
def test_what_holds_itself_is_an_error(content: str) -> None:
    assert all(line.startswith(f"{FILE}:1: ") for line in errors(content))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("[" * 100_000, id="lists"),
        pytest.param("{a: " * 100_000, id="mappings"),
        pytest.param("- " * 100_000, id="list in a list"),
        pytest.param("? " * 100_000, id="keys"),
    ],
)
def test_a_file_nested_without_end_does_not_bring_the_program_down(tmp_path: Path, content: str) -> None:
    path = tmp_path / "deep.yml"
    path.write_text(content)
    ended = run_exporter("--config.check", f"--config.file={path}")
    assert ended.returncode == 1
    assert ended.stderr == f"wx-domain-exporter: {path}:1: is nested too deeply\n"


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        pytest.param({"wechat": {"ca_file": "a\0b"}}, "wechat.ca_file", id="ca_file"),
        pytest.param({"wechat": {"proxy_url": {"file": "a\0b"}}}, "wechat.proxy_url", id="proxy_url"),
        pytest.param({"wechat": {"proxy_url": {"env": "a\0b"}}}, "wechat.proxy_url", id="variable"),
    ],
)
def test_a_place_that_cannot_exist_is_refused(sections: Mapping[str, Any], key: str) -> None:
    (line,) = errors_of(**sections)
    assert line.startswith(f"{FILE}:1: {key}: ")


def test_a_source_that_is_called_like_a_type_in_brackets_has_its_own_path() -> None:
    found = errors(with_app('tokens: {"<stable_token>": {type: stable_token}}'))
    assert found == [f"{FILE}:2: tokens.<stable_token>.appsecret: is missing; this key is required"]
