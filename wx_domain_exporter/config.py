"""Loading the configuration: a file in, validated settings or all its errors out."""

import hashlib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from wx_domain_exporter.schema import (
    AccessToken,
    App,
    Collect,
    Config,
    Scrape,
    StableToken,
    TokenSource,
    Wechat,
)
from wx_domain_exporter.secret import Secret, SecretError
from wx_domain_exporter.yaml_tree import KeyPath, YamlError, read_yaml

Errors = list[tuple[KeyPath, str]]


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
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError([f"{path}: can't be read: {error.strerror}"]) from None
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
    errors += _checks_across(config, kept, tree.root, found)
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
        found = [(_real_path(one["loc"]), _sentence(one)) for one in error.errors(include_url=False)]
    except RecursionError:
        return Config(), [], [((), "refers to itself without end")]
    if not isinstance(root, dict):
        return Config(), [], found
    wrong = {where[0] for where, _ in found if len(where) == 1 or where[0] not in {"apps", "tokens"}}
    rest = {key: value for key, value in root.items() if key not in wrong}
    parts = {where[:2] for where, _ in found}
    kept: list[int] = []
    if isinstance(rest.get("tokens"), dict):
        rest["tokens"] = {name: one for name, one in rest["tokens"].items() if ("tokens", name) not in parts}
    if isinstance(rest.get("apps"), list):
        kept = [index for index in range(len(rest["apps"])) if ("apps", index) not in parts]
        rest["apps"] = [rest["apps"][index] for index in kept]
    return Config.model_validate(rest, context=context), kept, found


def _checks_across(
    config: Config, kept: list[int], root: object, found: Errors
) -> Iterator[tuple[KeyPath, str]]:
    """Check what no single value shows: names, repetitions, sharing, secrets that can't be read."""
    wrong = {where[0] for where, _ in found if where}
    if not isinstance(root, dict | None):
        return
    if not config.apps and "apps" not in wrong:
        yield ("apps",), "lists no app; allowed: one or more mini programs, each with its appid"
    names = set((root or {}).get("tokens") or ())
    places = dict(zip(kept, config.apps, strict=True))
    yield from _repeated(places)
    yield from _tokens_of_apps(config, places, names, defaults_known="defaults" not in wrong)
    yield from _ways_to_wechat(config.wechat)
    yield from _secrets(config, places)


def _repeated(places: Mapping[int, App]) -> Iterator[tuple[KeyPath, str]]:
    first: dict[str, int] = {}
    for index, app in places.items():
        if app.appid in first:
            yield (
                ("apps", index, "appid"),
                f"{app.appid} is also apps[{first[app.appid]}]; allowed: each appid once",
            )
        first.setdefault(app.appid, index)


def _tokens_of_apps(
    config: Config, places: Mapping[int, App], names: set[str], *, defaults_known: bool
) -> Iterator[tuple[KeyPath, str]]:
    known = ", ".join(sorted(names)) or "none are defined"
    user: dict[tuple[str, str], int] = {}
    default = config.defaults.token
    if isinstance(default, str) and default not in names:
        yield ("defaults", "token"), f"names no token source; allowed: a name under tokens ({known})"
    for index, app in places.items():
        token = app.token if app.token is not None else default
        if token is None and defaults_known:
            yield (
                ("apps", index, "token"),
                "is missing, and defaults has none; allowed: a token source or its name",
            )
        if isinstance(app.token, str) and app.token not in names:
            yield ("apps", index, "token"), f"names no token source; allowed: a name under tokens ({known})"
        shared = _shared_key(token, config)
        if shared is not None and shared in user:
            what = (
                f"is the access_token of apps[{user[shared]}] too, whose lists would appear under this appid"
            )
            yield ("apps", index, "token"), f"{what}; allowed: one app for each access_token"
        elif shared is not None:
            user[shared] = index


def _shared_key(token: TokenSource | str | None, config: Config) -> tuple[str, str] | None:
    """Return what no two apps may have in common: a token made elsewhere belongs to one appid."""
    source = config.tokens.get(token) if isinstance(token, str) else token
    if isinstance(source, AccessToken):
        return source.access_token.kind, source.access_token.source
    return None


def _ways_to_wechat(wechat: Wechat) -> Iterator[tuple[KeyPath, str]]:
    if wechat.ca_file is not None:
        try:
            ssl.create_default_context(cafile=wechat.ca_file)
        except OSError as error:
            yield ("wechat", "ca_file"), f"{wechat.ca_file} can't be read as certificates: {error.strerror}"
    if wechat.proxy_url is None:
        return
    unreadable = list(_readable(("wechat", "proxy_url"), wechat.proxy_url))
    yield from unreadable
    if not unreadable and not _is_proxy(wechat.proxy_url.read()):
        what = "is not the URL of a proxy; allowed: http://[USER:PASSWORD@]HOST[:PORT]"
        yield ("wechat", "proxy_url"), what


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _secrets(config: Config, places: Mapping[int, App]) -> Iterator[tuple[KeyPath, str]]:
    for name, source in config.tokens.items():
        yield from _source_secret(("tokens", name), source)
    if isinstance(config.defaults.token, StableToken | AccessToken):
        yield from _source_secret(("defaults", "token"), config.defaults.token)
    for index, app in places.items():
        if isinstance(app.token, StableToken | AccessToken):
            yield from _source_secret(("apps", index, "token"), app.token)


def _source_secret(where: KeyPath, source: TokenSource) -> Iterator[tuple[KeyPath, str]]:
    match source:
        case StableToken():
            yield from _readable((*where, "appsecret"), source.appsecret)
        case AccessToken():
            yield from _readable((*where, "access_token"), source.access_token)


def _readable(where: KeyPath, secret: Secret) -> Iterator[tuple[KeyPath, str]]:
    try:
        secret.read()
    except SecretError as error:
        yield where, str(error)


def _resolved(app: App, config: Config) -> WatchedApp:
    token = app.token if app.token is not None else config.defaults.token
    source = config.tokens[token] if isinstance(token, str) else token
    if source is None:
        raise AssertionError("an app without a token source passed validation")
    return WatchedApp(app.appid, app.name or app.appid, {**config.defaults.labels, **app.labels}, source)


def _real_path(location: tuple[str | int, ...]) -> KeyPath:
    """Leave out what pydantic adds to a path: the tags of unions, in angle brackets, and `[key]`."""
    return tuple(part for part in location if not (isinstance(part, str) and part[:1] in {"<", "["}))


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
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return f"{text}: " if text else ""
