"""The SSLContext of a web configuration."""

import os
import ssl
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wx_domain_exporter.bilingual_error import BilingualError
from wx_domain_exporter.web.web_config.schema import TlsServerConfig
from wx_domain_exporter.web.web_config.tls_names import CURVES, SUITES, VERSIONS

CHOOSES_CURVES = hasattr(ssl.SSLContext, "set_groups")
"""Whether this Python supports a list of curves (3.15 and later)."""

_VERIFY = {"VerifyClientCertIfGiven": ssl.CERT_OPTIONAL, "RequireAndVerifyClientCert": ssl.CERT_REQUIRED}
_OLD_VERSIONS = ("TLS10", "TLS11")


class CertificateError(BilingualError):
    """Certificate and key can't be used; the text says why, without quoting them."""


class ClientCaError(BilingualError):
    """The client CAs can't be used; the text says why."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """The server's certificate chain and its key, as PEM."""

    cert: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class ClientAuth:
    """Which clients are allowed. A connection of a client that was verified by other rules is closed."""

    client_auth_type: str
    client_ca: bytes
    allowed_sans: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class ServerTls:
    """The TLS settings for new connections."""

    context: ssl.SSLContext
    client_auth: ClientAuth


def verifies_clients(settings: TlsServerConfig) -> bool:
    """Whether the certificates of clients are verified."""
    return settings.client_auth_type in _VERIFY


def client_auth_of(settings: TlsServerConfig, client_ca: bytes) -> ClientAuth:
    """Return which clients are allowed by valid settings and these authorities (PEM)."""
    sans = settings.client_allowed_sans
    return ClientAuth(settings.client_auth_type, client_ca, None if sans is None else frozenset(sans))


def make_context(settings: TlsServerConfig, pair: KeyPair, client_ca: bytes) -> ssl.SSLContext:
    """Make the context of valid settings.

    Args:
        settings: the section of the web configuration.
        pair: certificate and key.
        client_ca: the authorities for client certificates as PEM; empty for those of the system.

    Raises:
        CertificateError: OpenSSL can't use the certificate or the key.
        ClientCaError: OpenSSL can't use the authorities.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    _choose_versions(context, settings)
    _choose_suites(context, settings)
    _choose_curves(context, settings)
    _load_pair(context, pair)
    if verifies_clients(settings):
        _verify_clients(context, settings, client_ca)
    return context


def _choose_versions(context: ssl.SSLContext, settings: TlsServerConfig) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the user has configured the old versions
        context.minimum_version = VERSIONS[settings.min_version]
        context.maximum_version = VERSIONS[settings.max_version]


def _choose_suites(context: ssl.SSLContext, settings: TlsServerConfig) -> None:
    chosen = [SUITES[name] for name in settings.cipher_suites if name in SUITES]
    if settings.cipher_suites and not chosen:
        context.minimum_version = ssl.TLSVersion.TLSv1_3  # as in Go: older versions would have no suite
    elif settings.min_version in _OLD_VERSIONS:
        # At any higher level OpenSSL refuses the signatures of these versions as too weak.
        context.set_ciphers(":".join([*(chosen or SUITES.values()), "@SECLEVEL=0"]))
    elif chosen:
        context.set_ciphers(":".join(chosen))
    if settings.prefer_server_cipher_suites:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE


def _choose_curves(context: ssl.SSLContext, settings: TlsServerConfig) -> None:
    curves = [CURVES[name] for name in settings.curve_preferences]
    if len(curves) == 1:
        context.set_ecdh_curve(curves[0])
    elif curves and CHOOSES_CURVES:
        newer: Any = context
        newer.set_groups(":".join(curves))


def _load_pair(context: ssl.SSLContext, pair: KeyPair) -> None:
    if b"-----BEGIN CERTIFICATE-----" not in pair.cert:
        raise CertificateError("the certificate is not in PEM form", "证书不是 PEM 格式")
    if b"PRIVATE KEY-----" not in pair.key:
        raise CertificateError("the key is not in PEM form", "私钥不是 PEM 格式")
    try:
        with _as_file(pair.cert) as cert, _as_file(pair.key) as key:
            # Without a password OpenSSL would ask for one on the terminal if the key is encrypted.
            context.load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        raise _certificate_error(error, pair) from None


def _certificate_error(error: ssl.SSLError, pair: KeyPair) -> CertificateError:
    if error.reason == "KEY_VALUES_MISMATCH":
        return CertificateError("the key does not belong to the certificate", "私钥与证书不匹配")
    if b"ENCRYPTED" in pair.key:
        return CertificateError(
            "the key is encrypted; allowed: a key without a password", "私钥已加密；应为不带密码的私钥"
        )
    detail = f" ({error.reason})" if error.reason else ""
    return CertificateError(
        f"OpenSSL can't read them or considers them too weak{detail}",
        f"OpenSSL 无法读取，或认为强度不足{detail}",
    )


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Yield a path of this content: Python loads certificates only from paths. On Linux it is in memory."""
    if sys.platform == "linux":
        file = os.fdopen(os.memfd_create("pem"), "w+b")
        folder = "/proc/self/fd"
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
        folder = "/dev/fd"
    with file:
        file.write(content)
        file.flush()
        file.seek(0)
        yield f"{folder}/{file.fileno()}"


def _verify_clients(context: ssl.SSLContext, settings: TlsServerConfig, client_ca: bytes) -> None:
    context.verify_mode = _VERIFY[settings.client_auth_type]
    # As in Go, each certificate of the file is trusted, also an intermediate one without its root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not client_ca:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return
    try:
        context.load_verify_locations(cadata=client_ca.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError):
        raise ClientCaError(
            "contains no certificates; allowed: certificates in PEM form", "不含证书；应为 PEM 格式的证书"
        ) from None
