"""Loads a web configuration file and the files it names, or reports all their errors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from wx_domain_exporter.config.errors import (
    DUPLICATE_KEY,
    ConfigError,
    Errors,
    absolute,
    cannot_be_read,
    reason_of,
)
from wx_domain_exporter.config.source_file import SourceFile
from wx_domain_exporter.config.validation import errors_of, too_large
from wx_domain_exporter.config.yaml_tree import KeyPath, Tree
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.file_watch import WatchedFiles
from wx_domain_exporter.web.web_config.schema import RateLimit, TlsServerConfig, WebConfig
from wx_domain_exporter.web.web_config.tls_checks import check_tls, is_enabled
from wx_domain_exporter.web.web_config.tls_context import (
    CertificateError,
    ClientCaError,
    KeyPair,
    ServerTls,
    client_auth_of,
    make_context,
)

MAX_BYTES = 1 << 20
"""The size limit of the web configuration and of each file that it names."""
_TLS = "tls_server_config"
_SETTING_DEPTH = 2
"""How many parts of a key path name a setting. A setting with an error is left out of the further checks."""


@dataclass(frozen=True, slots=True)
class LoadedWebConfig:
    """A valid web configuration, with the content of its files."""

    tls: ServerTls | None
    pair: KeyPair | None
    headers: tuple[tuple[str, str], ...]
    rate_limit: RateLimit
    users: Mapping[bytes, bytes]
    """Names and bcrypt hashes; empty if no password is needed."""

    def __repr__(self) -> str:
        return "<web configuration>"

    def protections(self) -> frozenset[str]:
        """Return the names of the access restrictions that are on."""
        protections = {
            "TLS": self.tls is not None,
            "basic_auth_users": bool(self.users),
            "a client_auth_type that verifies": self.tls is not None
            and self.tls.client_auth.client_auth_type not in {"", "NoClientCert"},
            "client_allowed_sans": self.tls is not None and self.tls.client_auth.allowed_sans is not None,
        }
        return frozenset(name for name, is_on in protections.items() if is_on)


def load_web_config(
    path: Path, files: WatchedFiles, last_pair: KeyPair | None = None
) -> tuple[LoadedWebConfig, Sequence[BilingualText]]:
    """Read the file and the files it names.

    Args:
        path: the web configuration file.
        files: reads the files, and watches them from then on.
        last_pair: certificate and key to keep if the current ones can't be used.

    Returns:
        The configuration, and the messages about certificate and key if it has `last_pair` instead of them.

    Raises:
        ConfigError: with all errors of the files.
    """
    files.forget()
    file = SourceFile(path, _content(path, files))
    config, wrong, errors = _validated(file.tree, str(path.parent))
    errors += check_tls(config.tls_server_config, wrong)
    tls = _LoadedTls()
    if is_enabled(config.tls_server_config):
        tls = _load_tls(config.tls_server_config, files, last_pair)
        errors += tls.errors
        if last_pair is None or tls.pair is None:
            errors += tls.pair_errors
    if errors:
        raise ConfigError(file.messages(errors))
    users = {name.encode(): hashed.source.encode() for name, hashed in config.basic_auth_users.items()}
    headers = config.http_server_config.headers.as_pairs()
    loaded = LoadedWebConfig(tls.tls, tls.pair, headers, config.rate_limit, MappingProxyType(users))
    return loaded, file.messages(tls.pair_errors)


def _content(path: Path, files: WatchedFiles) -> bytes:
    try:
        content = files.read(str(path), MAX_BYTES)
    except (OSError, ValueError) as error:
        raise ConfigError([cannot_be_read(path, error)]) from None
    if len(content) > MAX_BYTES:
        raise ConfigError([too_large(path, MAX_BYTES)])
    return content


def _validated(tree: Tree, folder: str) -> tuple[WebConfig, set[KeyPath], Errors]:
    """Return the valid part of a tree, the settings that are not valid, and their errors."""
    errors: Errors = [(where, DUPLICATE_KEY) for where in tree.duplicates]
    root = {} if tree.root is None else tree.root
    context = {"folder": folder}
    try:
        return WebConfig.model_validate(root, context=context), set(), errors
    except ValidationError as error:
        errors += errors_of(error, root)
    wrong = {where[:_SETTING_DEPTH] for where, _ in errors}
    valid_part = _without(root, wrong) if isinstance(root, dict) else {}
    return WebConfig.model_validate(valid_part, context=context), wrong, errors


def _without(root: Mapping[str, Any], wrong: set[KeyPath]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, section in root.items():
        if (name,) in wrong:
            continue
        if isinstance(section, dict):
            kept[name] = {key: value for key, value in section.items() if (name, key) not in wrong}
        else:
            kept[name] = section
    return kept


@dataclass(slots=True)
class _LoadedTls:
    """TLS with the certificate and key that it uses, and the errors."""

    tls: ServerTls | None = None
    pair: KeyPair | None = None
    errors: Errors = field(default_factory=list)
    """All errors except those of the certificate and key."""
    pair_errors: Errors = field(default_factory=list)


def _load_tls(settings: TlsServerConfig, files: WatchedFiles, last_pair: KeyPair | None) -> _LoadedTls:
    loaded = _LoadedTls()
    cert = _pem(settings.cert.encode(), settings.cert_file, "cert_file", files, loaded.pair_errors)
    key = _pem(settings.key.source.encode(), settings.key_file, "key_file", files, loaded.pair_errors)
    ca_bytes = settings.client_ca.encode()
    client_ca = _pem(ca_bytes, settings.client_ca_file, "client_ca_file", files, loaded.errors) or b""
    if loaded.errors:
        return loaded
    for pair in _pairs(cert, key, last_pair):
        try:
            context = make_context(settings, pair, client_ca)
        except CertificateError as error:
            problem = BilingualText(
                f"the certificate and its key can't be used: {error.text.en}",
                f"证书及其私钥无法使用：{error.text.zh}",
            )
            loaded.pair_errors.append(((_TLS,), problem))
        except ClientCaError as error:
            setting = "client_ca_file" if settings.client_ca_file else "client_ca"
            loaded.errors.append(((_TLS, setting), error.text))
            break
        else:
            loaded.tls, loaded.pair = ServerTls(context, client_auth_of(settings, client_ca)), pair
            break
    return loaded


def _pairs(cert: bytes | None, key: bytes | None, last_pair: KeyPair | None) -> Iterator[KeyPair]:
    """Yield the pairs to try, in this order."""
    if cert and key:
        yield KeyPair(cert, key)
    if last_pair is not None:
        yield last_pair


def _pem(inline: bytes, path: str, name: str, files: WatchedFiles, errors: Errors) -> bytes | None:
    """Return the PEM that a setting has inline or names a file of; None if the file can't be read."""
    if not path:
        return inline
    try:
        content = files.read(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        file, reason = absolute(Path(path)), reason_of(error)
        problem = BilingualText(f"{file} can't be read: {reason.en}", f"无法读取 {file}：{reason.zh}")
    else:
        if len(content) <= MAX_BYTES:
            return content
        problem = BilingualText(f"{path} has more than {MAX_BYTES} bytes", f"{path} 超过 {MAX_BYTES} 字节")
    errors.append(((_TLS, name), problem))
    return None
