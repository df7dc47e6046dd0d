"""From a web configuration file to what is served with, or to all that is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from wx_domain_exporter.config.errors import ConfigError, Errors, sentences
from wx_domain_exporter.config.validation import errors_of, read_tree
from wx_domain_exporter.config.yaml_tree import KeyPath, Tree, one_line
from wx_domain_exporter.file_watch import WatchedFiles
from wx_domain_exporter.web.web_config.schema import RateLimit, TlsServerConfig, WebConfig
from wx_domain_exporter.web.web_config.tls_checks import check_tls, is_enabled
from wx_domain_exporter.web.web_config.tls_context import (
    CertificateError,
    ClientAuth,
    ClientCaError,
    KeyPair,
    ServerTls,
    make_context,
)

MAX_BYTES = 1 << 20
"""Of the web configuration and of each file that it names."""
_TLS = "tls_server_config"
_DEPTH = 2
"""How many parts of a path name the setting that is left out when something in it is wrong."""


@dataclass(frozen=True, slots=True)
class LoadedWebConfig:
    """A web configuration in force."""

    tls: ServerTls | None
    pair: KeyPair | None
    headers: tuple[tuple[str, str], ...]
    rate_limit: RateLimit
    users: Mapping[bytes, bytes]
    """Names and bcrypt hashes; empty if everybody is let in."""

    def __repr__(self) -> str:
        return "<web configuration>"

    def protections(self) -> frozenset[str]:
        """Return what keeps strangers out, in words."""
        found = {
            "TLS": self.tls is not None,
            "basic_auth_users": bool(self.users),
            "a client_auth_type that verifies": self.tls is not None
            and self.tls.client_auth.client_auth_type not in {"", "NoClientCert"},
            "client_allowed_sans": self.tls is not None and self.tls.client_auth.allowed_sans is not None,
        }
        return frozenset(what for what, there in found.items() if there)


def load_web_config(
    path: Path, files: WatchedFiles, last_pair: KeyPair | None = None
) -> tuple[LoadedWebConfig, Errors]:
    """Read the file and the files it names.

    Args:
        path: the web configuration file.
        files: reads them, and watches them from then on.
        last_pair: certificate and key to go on with if those that the file names can't be used.

    Returns:
        What is to be served with, and what is wrong with certificate and key if `last_pair` stands in.

    Raises:
        ConfigError: something is wrong; all of it is in the error.
    """
    files.forget()
    tree = read_tree(_content(path, files), path)
    config, wrong, errors = _validated(tree, str(path.parent))
    errors += check_tls(config.tls_server_config, wrong)
    tls, pair, pair_errors = None, None, Errors()
    if is_enabled(config.tls_server_config):
        tls, pair, found, pair_errors = _tls(config.tls_server_config, files, last_pair)
        errors += found
        if last_pair is None or pair is None:
            errors += pair_errors
    if errors:
        raise ConfigError(sentences(path, errors))
    users = {name.encode(): one.source.encode() for name, one in config.basic_auth_users.items()}
    headers = config.http_server_config.headers.as_pairs()
    loaded = LoadedWebConfig(tls, pair, headers, config.rate_limit, MappingProxyType(users))
    return loaded, pair_errors


def _content(path: Path, files: WatchedFiles) -> bytes:
    try:
        return _limited(files.read(str(path), MAX_BYTES))
    except _UnreadableError as error:
        raise ConfigError([f"{one_line(str(path))}: {error}"]) from None
    except (OSError, ValueError) as error:
        raise ConfigError([f"{one_line(str(path))}: can't be read: {_reason(error)}"]) from None


class _UnreadableError(Exception):
    """A file is too large."""


def _limited(content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise _UnreadableError(f"has more than {MAX_BYTES} bytes")
    return content


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or "unknown reason") if isinstance(error, OSError) else "a path holds no NUL"


def _validated(tree: Tree, folder: str) -> tuple[WebConfig, set[KeyPath], Errors]:
    """Return what of the tree is valid, the settings that are not, and what is wrong with them."""
    errors: Errors = [(where, "is given twice; allowed: once") for where in tree.duplicates]
    root = {} if tree.root is None else tree.root
    context = {"folder": folder}
    try:
        return WebConfig.model_validate(root, context=context), set(), errors
    except ValidationError as error:
        errors += errors_of(error, root)
    wrong = {where[:_DEPTH] for where, _ in errors}
    rest = _without(root, wrong) if isinstance(root, dict) else {}
    return WebConfig.model_validate(rest, context=context), wrong, errors


def _without(root: Mapping[str, Any], wrong: set[KeyPath]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, section in root.items():
        if (name,) in wrong:
            continue
        if isinstance(section, dict):
            kept[name] = {key: one for key, one in section.items() if (name, key) not in wrong}
        else:
            kept[name] = section
    return kept


def _tls(
    settings: TlsServerConfig, files: WatchedFiles, last_pair: KeyPair | None
) -> tuple[ServerTls | None, KeyPair | None, Errors, Errors]:
    """Return TLS and the pair it has; what is wrong but for the pair, and what is wrong with the pair."""
    errors: Errors = []
    pair_errors: Errors = []
    cert = _pem(settings.cert.encode(), settings.cert_file, "cert_file", files, pair_errors)
    key = _pem(settings.key.source.encode(), settings.key_file, "key_file", files, pair_errors)
    client_ca = _pem(settings.client_ca.encode(), settings.client_ca_file, "client_ca_file", files, errors)
    if not errors:
        for pair in _pairs(cert, key, last_pair):
            try:
                context = make_context(settings, pair, client_ca or b"")
            except CertificateError as error:
                pair_errors.append(((_TLS,), f"the certificate and its key can't be used: {error}"))
            except ClientCaError as error:
                where = "client_ca_file" if settings.client_ca_file else "client_ca"
                errors.append(((_TLS, where), str(error)))
                break
            else:
                sans = settings.client_allowed_sans
                allowed = None if sans is None else frozenset(sans)
                client_auth = ClientAuth(settings.client_auth_type, client_ca or b"", allowed)
                return ServerTls(context, client_auth), pair, errors, pair_errors
    return None, None, errors, pair_errors


def _pairs(cert: bytes | None, key: bytes | None, last_pair: KeyPair | None) -> Iterator[KeyPair]:
    if cert and key:
        yield KeyPair(cert, key)
    if last_pair is not None:
        yield last_pair


def _pem(inline: bytes, path: str, name: str, files: WatchedFiles, errors: Errors) -> bytes | None:
    if not path:
        return inline
    try:
        return _limited(files.read(path, MAX_BYTES))
    except _UnreadableError as error:
        errors.append(((_TLS, name), f"{one_line(path)} {error}"))
    except (OSError, ValueError) as error:
        errors.append(((_TLS, name), f"{one_line(path)} can't be read: {_reason(error)}"))
    return None
