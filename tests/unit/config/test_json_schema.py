from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.documents import text_of
from helpers.repository import REPOSITORY
from jsonschema import Draft202012Validator

from wx_domain_exporter import cli
from wx_domain_exporter.config.json_schema import app_file_schema, config_schema
from wx_domain_exporter.config.yaml_errors import YamlError
from wx_domain_exporter.config.yaml_tree import read_yaml

DATA = REPOSITORY / "tests" / "data" / "config"
GOOD_FILES = sorted(path.name for path in DATA.glob("*.good.yml"))
BAD_FILES = sorted(path.name for path in DATA.glob("*.bad.yml"))
BEYOND_A_SCHEMA = {
    "names that are not defined, and files and secrets that can't be read": (
        "app-files ca-file-missing dangling-names no-names-to-choose no-token proxy-that-cannot-be-read "
        "secrets-that-cannot-be-read"
    ),
    "keys, appids, platforms and tokens that occur twice": (
        "appid-twice keys-given-twice one-token-for-two-apps platform-twice shared-access-token"
    ),
    "URLs that are not valid or not safe": (
        "base-url-without-scheme clear-text clear-text-like-loopback proxy-port proxy-socks "
        "proxy-without-scheme query-in-base-url user-in-base-url centre-files"
    ),
    "the ranges of durations, and characters that can't be displayed": (
        "durations-out-of-range label-values-and-names"
    ),
    "a configuration without any app": "no-apps",
}
"""Errors that `--config.check` reports and the schema can't, as docs/configuration.md says."""


def schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads(config_schema()))


def tree_of(name: str) -> Any:
    return read_yaml((DATA / name).read_bytes()).root


def test_the_schemas_are_schemas() -> None:
    for text in (config_schema(), app_file_schema()):
        Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("name", GOOD_FILES)
def test_every_valid_configuration_fits(name: str) -> None:
    assert list(schema().iter_errors(tree_of(name))) == []


def test_the_annotated_example_fits() -> None:
    root = read_yaml(text_of("config.yml").encode()).root
    assert list(schema().iter_errors(root)) == []
    assert text_of("config.yml").startswith(
        "# yaml-language-server: $schema=docs/schema/config.schema.json\n"
    )


def test_what_the_schema_does_not_find_is_listed() -> None:
    fitting = set()
    for name in BAD_FILES:
        try:
            root = tree_of(name)
        except YamlError:
            continue
        if schema().is_valid(root):
            fitting.add(name.removesuffix(".bad.yml"))
    assert fitting == {name for names in BEYOND_A_SCHEMA.values() for name in names.split()}
    docs = text_of("docs/configuration.md").replace("\n", " ")
    assert [kind for kind in BEYOND_A_SCHEMA if kind not in docs] == []


@pytest.mark.parametrize(
    ("app", "fits"),
    [
        ({"appid": "wx0123456789abcdef", "labels": {"team": "a"}}, True),
        ({"appid": "wx0123456789abcdef", "labels": {"appid": "a"}}, False),
        ({"appid": "wx0123456789abcdef", "labels": {"__a": "a"}}, False),
        ({"appid": "wx0123456789ABCDEF"}, False),
        ({"appid": "wx0123456789abcdef", "token": {"type": "cloudrun", "unknown": 1}}, False),
        ({"appid": "wx0123456789abcdef", "baseline": {"requestdomain": {"exact": []}}}, True),
        ({"appid": "wx0123456789abcdef", "baseline": {"requests": {"exact": []}}}, False),
    ],
)
def test_app_files(app: dict[str, Any], *, fits: bool) -> None:
    assert Draft202012Validator(json.loads(app_file_schema())).is_valid([app]) is fits


def test_defaults_are_written_as_in_a_file() -> None:
    properties = json.loads(config_schema())["$defs"]["Scrape"]["properties"]
    assert properties["timeout_offset"]["default"] == "500ms"
    assert properties["timeout_offset"]["description"]


def test_the_flag_prints_the_committed_schema(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert cli.run(["--config.schema"]) == 0
    assert capfdbinary.readouterr().out.decode() == text_of("docs/schema/config.schema.json")
