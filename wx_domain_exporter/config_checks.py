"""What no single value of a configuration shows: names, repetitions, sharing, and what lies outside of it."""

import ssl
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from wx_domain_exporter.regular_file import read_file
from wx_domain_exporter.schema import AccessToken, App, Config, StableToken, TokenSource, Wechat
from wx_domain_exporter.secret import Secret, SecretError
from wx_domain_exporter.yaml_tree import KeyPath, one_line

Errors = Iterator[tuple[KeyPath, str]]


def checks_across(config: Config, kept: list[int], root: object, wrong: Collection[str | int]) -> Errors:
    """Check a configuration as a whole.

    Args:
        config: what of it is valid.
        kept: the places of its apps in the file.
        root: the file's tree, also what is not valid of it: names are checked for the other apps too.
        wrong: the top-level keys under which something is not valid.

    Yields:
        Where something is wrong, and what is allowed.
    """
    tree = {} if root is None else root
    if not isinstance(tree, dict):
        return
    if "apps" not in wrong and not config.apps:
        yield ("apps",), "lists no app; allowed: one or more mini programs, each with its appid"
    yield from _names(tree, default_known="defaults" not in wrong)
    places = dict(zip(kept, config.apps, strict=True))
    yield from _shared_tokens(config, places)
    yield from _ways_to_wechat(config.wechat)
    yield from _secrets(config, places)


def _names(tree: Mapping[str, Any], *, default_known: bool) -> Errors:
    tokens, defaults, apps = tree.get("tokens"), tree.get("defaults"), tree.get("apps")
    names = set(tokens) if isinstance(tokens, dict) else set()
    default = defaults.get("token") if isinstance(defaults, dict) else None
    known = one_line(", ".join(sorted(names))) or "none is there"
    unknown = f"names no token source; allowed: a name under tokens ({known})"
    if isinstance(default, str) and default not in names:
        yield ("defaults", "token"), unknown
    first: dict[str, int] = {}
    for index, app in enumerate(apps if isinstance(apps, list) else ()):
        if not isinstance(app, dict):
            continue
        token, appid = app.get("token"), app.get("appid")
        if token is None and default is None and default_known:
            what = "is missing, and defaults has none; allowed: a token source or its name"
            yield ("apps", index, "token"), what
        if isinstance(token, str) and token not in names:
            yield ("apps", index, "token"), unknown
        if isinstance(appid, str) and first.setdefault(appid, index) != index:
            what = f"is the appid of apps[{first[appid]}] too; allowed: each appid once"
            yield ("apps", index, "appid"), what


def _shared_tokens(config: Config, places: Mapping[int, App]) -> Errors:
    user: dict[tuple[str, str], int] = {}
    for index, app in places.items():
        key = _shared_key(app.token if app.token is not None else config.defaults.token, config)
        if key is not None and user.setdefault(key, index) != index:
            what = f"is the access_token of apps[{user[key]}] too, whose lists would appear under this appid"
            yield ("apps", index, "token"), f"{what}; allowed: one app for each access_token"


def _shared_key(token: TokenSource | str | None, config: Config) -> tuple[str, str] | None:
    """Return what no two apps may have in common: a token made elsewhere belongs to one appid."""
    source = config.tokens.get(token) if isinstance(token, str) else token
    if isinstance(source, AccessToken):
        return source.access_token.kind, source.access_token.source
    return None


def _ways_to_wechat(wechat: Wechat) -> Errors:
    if wechat.ca_file is not None:
        try:
            read_file(wechat.ca_file, 0)  # a named pipe would hold up the next line for ever
            ssl.create_default_context(cafile=wechat.ca_file)
        except (OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) else "a path holds no NUL"
            yield ("wechat", "ca_file"), f"{one_line(wechat.ca_file)} can't be read as certificates: {what}"
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


def _secrets(config: Config, places: Mapping[int, App]) -> Errors:
    for name, source in config.tokens.items():
        yield from _source_secret(("tokens", name), source)
    if isinstance(config.defaults.token, StableToken | AccessToken):
        yield from _source_secret(("defaults", "token"), config.defaults.token)
    for index, app in places.items():
        if isinstance(app.token, StableToken | AccessToken):
            yield from _source_secret(("apps", index, "token"), app.token)


def _source_secret(where: KeyPath, source: TokenSource) -> Errors:
    match source:
        case StableToken():
            yield from _readable((*where, "appsecret"), source.appsecret)
        case AccessToken():
            yield from _readable((*where, "access_token"), source.access_token)


def _readable(where: KeyPath, secret: Secret) -> Errors:
    try:
        secret.read()
    except SecretError as error:
        yield where, str(error)
