"""Loading the configuration: a file in, validated settings or all its errors out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wx_domain_exporter.config_checks import checks_across
from wx_domain_exporter.regular_file import read_file
from wx_domain_exporter.schema import (
    App,
    Collect,
    Config,
    Scrape,
    TokenSource,
    Wechat,
)
from wx_domain_exporter.yaml_tree import KeyPath, YamlError, one_line, read_yaml

Errors = list[tuple[KeyPath, str]]

_MAX_CONFIG_BYTES = 64 << 20


class ConfigError(Exception):
    """A configuration can't be used; `errors` are its sentences, each with file and key path."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class WatchedApp:
    """One mini program, with everything that defaults and names resolve to."""

    appid: str
    name: str
    labels: Mapping[str, str]
    token: TokenSource


@dataclass(frozen=True, slots=True)
class Settings:
    """A validated configuration: the only form of it that the running program takes."""

    wechat: Wechat
    scrape: Scrape
    collect: Collect
    limits: Mapping[str, int]
    apps: tuple[WatchedApp, ...]
    hash: int
    """The first 48 bits of the SHA-256 of the file's bytes: exact in a float64."""


def load(path: Path) -> Settings:
    """Read, validate and resolve a configuration file.

    Raises:
        ConfigError: the file can't be read or holds errors; all of them are in it.
    """
    try:
        content = read_file(str(path), _MAX_CONFIG_BYTES)
    except OSError as error:
        raise ConfigError([f"{path}: can't be read: {error.strerror}"]) from None
    except ValueError:
        raise ConfigError([f"{one_line(str(path))}: can't be read: a path holds no NUL"]) from None
    if len(content) > _MAX_CONFIG_BYTES:
        raise ConfigError([f"{path}: has more than {_MAX_CONFIG_BYTES} bytes"])
    return parse(content, path)


def parse(content: bytes, path: Path) -> Settings:
    """Validate and resolve a configuration's bytes.

    Args:
        content: the YAML text.
        path: names the file in messages; relative paths in the configuration start at its folder.

    Raises:
        ConfigError: the bytes hold errors; all of them are in it.
    """
    try:
        tree = read_yaml(content)
    except YamlError as error:
        raise ConfigError([f"{path}: {error}"]) from None
    errors: Errors = [(where, "is given twice; allowed: once") for where in tree.duplicates]
    config, kept, found = _validate(tree.root, {"folder": str(path.parent)})
    errors += found
    errors += checks_across(config, kept, tree.root, {where[0] for where, _ in found if where})
    if errors:
        raise ConfigError(list(dict.fromkeys(f"{path}: {_dotted(where)}{what}" for where, what in errors)))
    return Settings(
        wechat=config.wechat,
        scrape=config.scrape,
        collect=config.collect,
        limits=config.all_limits(),
        apps=tuple(_resolved(app, config) for app in config.apps),
        hash=int.from_bytes(hashlib.sha256(content).digest()[:6], "big"),
    )


def _validate(root: object, context: dict[str, str]) -> tuple[Config, list[int], Errors]:
    """Return what of the tree is valid, the places its apps had, and what is wrong.

    The valid rest is checked further, so that one run reports the errors of every kind.
    """
    try:
        config = Config.model_validate({} if root is None else root, context=context)
        return config, list(range(len(config.apps))), []
    except ValidationError as error:
        found = [(_real_path(one["loc"], root), _sentence(one)) for one in error.errors(include_url=False)]
    if not isinstance(root, dict):
        return Config(), [], found
    wrong = {
        where[0] for where, _ in found if where and (len(where) == 1 or where[0] not in {"apps", "tokens"})
    }
    rest = {key: value for key, value in root.items() if key not in wrong}
    parts = {where[:2] for where, _ in found}
    kept: list[int] = []
    if isinstance(rest.get("tokens"), dict):
        rest["tokens"] = {name: one for name, one in rest["tokens"].items() if ("tokens", name) not in parts}
    if isinstance(rest.get("apps"), list):
        kept = [index for index in range(len(rest["apps"])) if ("apps", index) not in parts]
        rest["apps"] = [rest["apps"][index] for index in kept]
    return Config.model_validate(rest, context=context), kept, found


def _resolved(app: App, config: Config) -> WatchedApp:
    token = app.token if app.token is not None else config.defaults.token
    source = config.tokens[token] if isinstance(token, str) else token
    if source is None:
        raise AssertionError("an app without a token source passed validation")
    return WatchedApp(app.appid, app.name or app.appid, {**config.defaults.labels, **app.labels}, source)


def _real_path(location: tuple[str | int, ...], root: object) -> KeyPath:
    """Leave out what pydantic adds to a path: the tags of unions, and `[key]`; a last part may be missing."""
    path: list[str | int] = []
    node: Any = root
    for place, part in enumerate(location, start=1):
        in_list = isinstance(node, list) and isinstance(part, int)
        if in_list or (isinstance(node, dict) and part in node):
            node = node[part]
        elif place < len(location) or not isinstance(node, dict):
            continue
        path.append(part)
    return tuple(path)


_SENTENCES = {
    "missing": "is missing; allowed: a value",
    "bool_type": "has a wrong type; allowed: true or false",
    "string_type": "has a wrong type; allowed: a string (put it in quotes)",
    "int_type": "has a wrong type; allowed: a whole number",
    "mapping_type": "has a wrong type; allowed: a mapping",
    "dict_type": "has a wrong type; allowed: a mapping",
    "tuple_type": "has a wrong type; allowed: a list",
}


def _sentence(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    kind: str = error["type"]
    if kind == "literal_error":
        return f"is not a value it can have; allowed: {error['ctx']['expected']}"
    return _SENTENCES.get(kind) or str(error["msg"])


def _dotted(path: KeyPath) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{one_line(part)}" if text else one_line(part)
    return f"{text}: " if text else ""
