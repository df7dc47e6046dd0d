"""Checks of several values together, and of files outside: references, duplicates, shared tokens, secrets."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from requests.exceptions import InvalidProxyURL
from requests.utils import get_environ_proxies, select_proxy

from wx_domain_exporter.config.baselines import check_baseline
from wx_domain_exporter.config.errors import FoundErrors, absolute, reason_of, shown
from wx_domain_exporter.config.schema import App, Config, Wechat
from wx_domain_exporter.config.schema_tokens import (
    COMPONENT_TOKEN_TYPES,
    AccessToken,
    AuthorizerToken,
    CloudBaseToken,
    CloudRunToken,
    HttpToken,
    PlatformConfig,
    StableToken,
    TokenConfig,
)
from wx_domain_exporter.config.secret import Secret, SecretError
from wx_domain_exporter.config.source_file import SourceFile
from wx_domain_exporter.config.typing_mistakes import mistake_in
from wx_domain_exporter.config.yaml_tree import KeyPath, one_line
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.http.origin import Proxy
from wx_domain_exporter.http.tls import tls_context
from wx_domain_exporter.regular_file import read_file


@dataclass(slots=True)
class UniqueKeys:
    """The keys that only one app may have: its appid, and a token that is valid for one app only.

    A fork also sees the keys of its parent; `accept` adds the fork's own keys to the parent.
    """

    parent: "UniqueKeys | None" = None
    _places: dict[object, tuple[Path, KeyPath]] = field(default_factory=dict)

    def claim(self, key: object, file: SourceFile, place: KeyPath) -> BilingualText | None:
        """Claim a key; return the app that has already claimed it, in words, or None."""
        found = self._find(key)
        if found is None:
            self._places[key] = file.path, place
            return None
        if found[0] != file.path:
            return BilingualText(f"an app in {shown(found[0])}", f" {shown(found[0])} 中的一个小程序")
        line = file.line(found[1])
        return BilingualText(f"the app in line {line}", f"第 {line} 行的小程序")

    def accept(self) -> None:
        """Add the keys claimed here to the parent."""
        if self.parent is not None:
            self.parent._places.update(self._places)  # noqa: SLF001 - of the same class

    def _find(self, key: object) -> tuple[Path, KeyPath] | None:
        found = self._places.get(key)
        return found or (None if self.parent is None else self.parent._find(key))  # noqa: SLF001 - as above


class ConfiguredNames:
    """The names of token sources, platforms and baselines, and checks of references to them."""

    def __init__(
        self, config: Config, root: Mapping[str, Any] | None = None, wrong: Collection[str | int] = ()
    ) -> None:
        """Collect the names.

        Args:
            config: the valid part of a configuration.
            root: the whole tree of the file, including invalid parts; None if everything is valid.
            wrong: the top-level keys with errors below them.
        """
        self.config = config
        self._tokens = _keys(config.tokens, root, "tokens")
        self._platforms = _keys(config.platforms, root, "platforms")
        self._baselines = _keys(config.baselines, root, "baselines")
        defaults = (root or {}).get("defaults")
        given = isinstance(defaults, dict) and defaults.get("token") is not None
        self._has_default = given or config.defaults.token is not None or "defaults" in wrong

    def check_token(self, where: KeyPath, token: object) -> FoundErrors:
        """Check that an app has a token source, and that the name is defined if it is a reference."""
        if token is None and not self._has_default:
            yield (
                where,
                BilingualText(
                    "is missing, and defaults.token is not set; allowed: a token source or its name",
                    "缺少 token，也没有设置 defaults.token；应为 token 来源或其名称",
                ),
            )
        yield from self.check_reference(where, token)

    def check_reference(self, where: KeyPath, token: object) -> FoundErrors:
        """Check that a name is that of a token source."""
        if isinstance(token, str) and token not in self._tokens:
            yield (
                where,
                mistake_in(token) or _unknown_name("a token source", " token 来源", "tokens", self._tokens),
            )

    def check_baseline(self, where: KeyPath, reference: object) -> FoundErrors:
        """Check a value of the key `baseline`, valid or not."""
        if isinstance(reference, str) and reference not in self._baselines:
            unknown = _unknown_name("a baseline", "基线", "baselines", self._baselines)
            yield where, mistake_in(reference) or unknown

    def check_platform(self, where: KeyPath, token: TokenConfig | str) -> FoundErrors:
        """Check that an `authorizer` source has a platform, and a refresh token or discovery to find one."""
        if not isinstance(token, AuthorizerToken):
            return
        if token.platform not in self._platforms:
            unknown = _unknown_name("a platform", "第三方平台", "platforms", self._platforms)
            yield (*where, "platform"), mistake_in(token.platform) or unknown
            return
        platform = self.config.platforms.get(token.platform)
        if platform is not None and not platform.discover and token.authorizer_refresh_token is None:
            problem = BilingualText(
                "is missing, and its platform has discover: false; allowed: a secret, or discover: true",
                "缺少这个键，且所属平台为 discover: false；应填写密钥，或设置 discover: true",
            )
            yield (*where, "authorizer_refresh_token"), problem


def check_rest(
    config: Config, root: Mapping[str, Any], wrong: Collection[str | int], names: ConfiguredNames
) -> FoundErrors:
    """Check a configuration, except for its apps.

    Args:
        config: the valid part of the configuration.
        root: the whole tree of the file, including invalid parts.
        wrong: the top-level keys with errors below them.
        names: the names in this configuration.

    Yields:
        The place and the description of each error.
    """
    elsewhere = config.app_files or any(platform.discover for platform in config.platforms.values())
    if not config.apps and not elsewhere and not {"apps", "app_files", "platforms"} & set(wrong):
        yield ("apps",), _NO_APPS
    defaults = root.get("defaults")
    if isinstance(defaults, dict):
        yield from names.check_reference(("defaults", "token"), defaults.get("token"))
        yield from names.check_baseline(("defaults", "baseline"), defaults.get("baseline"))
    if isinstance(config.defaults.baseline, Mapping):
        yield from check_baseline(("defaults", "baseline"), config.defaults.baseline, config.wechat.action)
    for name, baseline in config.baselines.items():
        yield from check_baseline(("baselines", name), baseline, config.wechat.action)
    if config.defaults.token is not None:
        yield from names.check_platform(("defaults", "token"), config.defaults.token)
    for name, source in config.tokens.items():
        yield from names.check_platform(("tokens", name), source)
    first: dict[str, str] = {}
    for name, platform in config.platforms.items():
        yield from _platform(("platforms", name), platform, names)
        before = first.setdefault(platform.component_appid, name)
        if before != name:
            problem = BilingualText(
                f"is also used by platforms.{before}; allowed: one platform for each component_appid",
                f"与 platforms.{before} 重复；每个 component_appid 只能对应一个平台",
            )
            yield ("platforms", name, "component_appid"), problem
    yield from check_connection(config.wechat)
    yield from _secrets_and_certificates(config)


def check_apps(
    apps: Mapping[int, App],
    tree: object,
    names: ConfiguredNames,
    taken: UniqueKeys,
    file: SourceFile,
    *above: str,
) -> FoundErrors:
    """Check the apps of one list.

    Args:
        apps: the valid apps, by index in the list.
        tree: the list as in the file; references and appids of invalid apps are checked too.
        names: the names that apps can refer to.
        taken: the unique keys of other apps.
        file: the file of the list.
        *above: the key path of the list in the file.

    Yields:
        The place and the description of each error.
    """
    for index, app in enumerate(tree if isinstance(tree, list) else ()):
        if not isinstance(app, dict):
            continue
        where: KeyPath = (*above, index)
        yield from names.check_token((*where, "token"), app.get("token"))
        yield from names.check_baseline((*where, "baseline"), app.get("baseline"))
        appid = app.get("appid")
        before = taken.claim(("appid", appid), file, where) if isinstance(appid, str) else None
        if before is not None:
            problem = BilingualText(
                f"is also the appid of {before.en}; allowed: each appid once",
                f"与{before.zh}重复；每个 AppID 只能出现一次",
            )
            yield (*where, "appid"), problem
    config = names.config
    for index, one in apps.items():
        where = (*above, index)
        if isinstance(one.baseline, Mapping):
            yield from check_baseline((*where, "baseline"), one.baseline, config.wechat.action)
        if one.token is not None and not isinstance(one.token, str):
            yield from names.check_platform((*where, "token"), one.token)
            yield from _connection_to_token_service((*where, "token"), one.token, config.wechat)
        source = resolved(one.token if one.token is not None else config.defaults.token, config)
        key = _key_of_one_app(source)
        before = None if key is None else taken.claim(key, file, where)
        if before is not None and source is not None:
            yield (*where, "token"), _shared_token(source, before)


def unreadable_secrets(
    apps: Mapping[int, App], file: SourceFile, *above: str
) -> dict[str, tuple[BilingualText, ...]]:
    """Return the messages about secrets that can't be read, by the appid of the app that has them.

    For the arguments, see `check_apps`.
    """
    found: dict[str, tuple[BilingualText, ...]] = {}
    for index, app in apps.items():
        if app.token is not None and not isinstance(app.token, str):
            errors = list(_files_of_source((*above, index, "token"), app.token))
            if errors:
                found[app.appid] = tuple(file.messages(errors))
    return found


def resolved(token: TokenConfig | str | None, config: Config) -> TokenConfig | None:
    """Return a token source itself, or the one with this name; None if there is none."""
    return config.tokens.get(token) if isinstance(token, str) else token


def _keys(valid: Mapping[str, object], root: Mapping[str, Any] | None, section: str) -> set[str]:
    """Return all names in a section, including those of invalid values."""
    given = (root or {}).get(section)
    return {*valid, *(given if isinstance(given, dict) else ())}


_NO_APPS = BilingualText(
    "contains no apps; allowed: one or more mini programs, each with its appid",
    "没有小程序；应列出至少一个，每项有 appid",
)


def _unknown_name(en: str, zh: str, section: str, names: Collection[str]) -> BilingualText:
    listed = one_line(", ".join(sorted(names)))
    return BilingualText(
        f"is not the name of {en}; allowed: a name under {section} ({listed or 'none is defined'})",
        f"不是{zh}的名称；应为 {section} 中的名称（{listed or '尚未定义'}）",
    )


def _key_of_one_app(source: TokenConfig | None) -> object:
    """Return a key that identifies the token if it is valid for one app only; else None."""
    match source:
        case AccessToken():
            return "access_token", source.access_token.kind, source.access_token.source
        case CloudBaseToken():
            return "cloudbase", source.path
        case HttpToken() if not any("{appid}" in text for text in (source.url, *_values(source.body))):
            return "http", source.url, source.token_pointer, _as_key(source.headers), _as_key(source.body)
    return None


def _values(secrets: Mapping[str, Secret]) -> list[str]:
    """Return the secrets that are in the configuration itself."""
    return [secret.source for secret in secrets.values() if secret.kind == "value"]


def _as_key(secrets: Mapping[str, Secret]) -> frozenset[tuple[str, ...]]:
    return frozenset((name, secret.kind, secret.source) for name, secret in secrets.items())


def _shared_token(source: TokenConfig, before: BilingualText) -> BilingualText:
    match source:
        case AccessToken():
            shared = BilingualText("access_token", "access_token")
            allowed = BilingualText("one app for each access_token", "每个 access_token 只能用于一个小程序")
        case CloudBaseToken():
            shared = BilingualText("cloudbase token file", "cloudbase token 文件")
            allowed = BilingualText("one app for each path", "每个 path 只能用于一个小程序")
        case _:
            shared = BilingualText("token URL", "token URL")
            allowed = BilingualText(
                "{appid} in the URL, or one app for each URL",
                "URL 中应含 {appid}，或每个 URL 只用于一个小程序",
            )
    return BilingualText(
        f"uses the same {shared.en} as {before.en} and would show that app's lists; allowed: {allowed.en}",
        f"与{before.zh}使用同一个 {shared.zh}，会显示对方的域名列表；{allowed.zh}",
    )


def _platform(where: KeyPath, platform: PlatformConfig, names: ConfiguredNames) -> FoundErrors:
    for key, token in (
        ("component_access_token", platform.component_access_token),
        ("token", platform.token),
    ):
        yield from names.check_reference((*where, key), token)
        if token is not None and not isinstance(token, str):
            yield from names.check_platform((*where, key), token)
    yield from names.check_baseline((*where, "baseline"), platform.baseline)
    if isinstance(platform.baseline, Mapping):
        yield from check_baseline((*where, "baseline"), platform.baseline, names.config.wechat.action)
    if platform.domains_baseline is not None and not platform.collect_domains:
        problem = BilingualText(
            "has no effect without collect_domains; allowed: with collect_domains: true",
            "没有 collect_domains 时不起作用；应同时设置 collect_domains: true",
        )
        yield (*where, "domains_baseline"), problem
    component = platform.component_access_token
    if isinstance(component, str):
        named = names.config.tokens.get(component)
        if named is not None and not isinstance(named, AccessToken | HttpToken):
            allowed = " or ".join(COMPONENT_TOKEN_TYPES)
            problem = BilingualText(
                f"is the name of a source with the wrong type; allowed: type {allowed}",
                f"这个名称对应的来源类型不符；type 应为 {allowed.replace(' or ', ' 或 ')}",
            )
            yield (*where, "component_access_token"), problem
    app_token = resolved(platform.token, names.config)
    if isinstance(app_token, StableToken) or _key_of_one_app(app_token) is not None:
        problem = BilingualText(
            "is valid for one app only; allowed: type authorizer, cloudrun, or http with {appid} in its URL",
            "只能用于一个小程序；应为 type authorizer、cloudrun，或 URL 中含 {appid} 的 http",
        )
        yield (*where, "token"), problem


def check_connection(wechat: Wechat) -> FoundErrors:
    """Check the certificate authorities and the proxy of the calls to WeChat."""
    yield from check_certificates(("wechat", "ca_file"), wechat.ca_file)
    if wechat.proxy_url is None:
        yield from _environment_proxy(("wechat", "base_url"), wechat.base_url, wechat)
        return
    unreadable = list(_readable(("wechat", "proxy_url"), wechat.proxy_url))
    yield from unreadable
    if not unreadable and not _is_proxy(wechat.proxy_url.read()):
        problem = BilingualText(
            "is not a proxy URL; allowed: http://[USER:PASSWORD@]HOST[:PORT]",
            "不是代理 URL；应为 http://[USER:PASSWORD@]HOST[:PORT]",
        )
        yield ("wechat", "proxy_url"), problem


def check_certificates(where: KeyPath, ca_file: str | None) -> FoundErrors:
    """Check that a file contains certificate authorities."""
    if ca_file is None:
        return
    try:
        read_file(ca_file, 0)  # refuses a named pipe, which would block the next line forever
        tls_context(ca_file)
    except (OSError, ValueError) as error:
        file, reason = absolute(Path(ca_file)), reason_of(error)
        problem = BilingualText(
            f"certificates can't be read from {file}: {reason.en}", f"无法从 {file} 读取证书：{reason.zh}"
        )
        yield where, problem


def _connection_to_token_service(where: KeyPath, source: TokenConfig, wechat: Wechat) -> FoundErrors:
    if isinstance(source, HttpToken):
        yield from _environment_proxy((*where, "url"), source.url, wechat)


def _environment_proxy(where: KeyPath, url: str, wechat: Wechat) -> FoundErrors:
    """Check that the environment's proxy for a URL can be used, if `trust_env` is set."""
    proxy = select_proxy(url, get_environ_proxies(url)) if wechat.trust_env else None
    try:
        if proxy:
            Proxy.of(proxy)
    except InvalidProxyURL:
        problem = BilingualText(
            "is reached through a proxy of the environment that can't be used; allowed: "
            "http://[USER:PASSWORD@]HOST[:PORT], or its host in no_proxy",
            "环境变量中的代理无法使用；应为 http://[USER:PASSWORD@]HOST[:PORT]，或在 no_proxy 中列出该主机",
        )
        yield where, problem


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _secrets_and_certificates(config: Config) -> FoundErrors:
    """Check that all secrets and certificates can be read, except those of apps."""
    for where, source in _sources(config):
        yield from _files_of_source(where, source)
        yield from _connection_to_token_service(where, source, config.wechat)
    for name, platform in config.platforms.items():
        for key, secret in (
            ("component_appsecret", platform.component_appsecret),
            ("component_verify_ticket", platform.component_verify_ticket),
        ):
            if secret is not None:
                yield from _readable(("platforms", name, key), secret)


def _sources(config: Config) -> Iterator[tuple[KeyPath, TokenConfig]]:
    """Yield the token sources outside of apps, except for references by name."""
    for name, source in config.tokens.items():
        yield ("tokens", name), source
    given: list[tuple[KeyPath, TokenConfig | str | None]] = [(("defaults", "token"), config.defaults.token)]
    for name, platform in config.platforms.items():
        given.append((("platforms", name, "component_access_token"), platform.component_access_token))
        given.append((("platforms", name, "token"), platform.token))
    for where, token in given:
        if token is not None and not isinstance(token, str):
            yield where, token


def _files_of_source(where: KeyPath, source: TokenConfig) -> FoundErrors:
    match source:
        case StableToken():
            yield from _readable((*where, "appsecret"), source.appsecret)
        case AccessToken():
            yield from _readable((*where, "access_token"), source.access_token)
        case HttpToken():
            yield from check_certificates((*where, "ca_file"), source.ca_file)
            for name, secret in source.headers.items():
                yield from _readable((*where, "headers", name), secret, Secret.read_for_header)
            for name, secret in source.body.items():
                yield from _readable((*where, "body", name), secret)
        case AuthorizerToken() if source.authorizer_refresh_token is not None:
            yield from _readable((*where, "authorizer_refresh_token"), source.authorizer_refresh_token)
        case AuthorizerToken() | CloudRunToken() | CloudBaseToken():
            pass  # the file of a cloudbase source exists only inside cloud hosting


def _readable(where: KeyPath, secret: Secret, read: Callable[[Secret], str] = Secret.read) -> FoundErrors:
    try:
        read(secret)
    except SecretError as error:
        yield where, error.text
