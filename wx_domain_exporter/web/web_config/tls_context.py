"""An SSLContext made of the web configuration."""

import os
import ssl
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wx_domain_exporter.web.web_config.schema import TlsServerConfig
from wx_domain_exporter.web.web_config.tls_names import CURVES, SUITES, VERSIONS

CHOOSES_CURVES = hasattr(ssl.SSLContext, "set_groups")
"""Whether this Python can offer more than one curve of choice (3.15 and later)."""

_VERIFY = {"VerifyClientCertIfGiven": ssl.CERT_OPTIONAL, "RequireAndVerifyClientCert": ssl.CERT_REQUIRED}
_OLD = ("TLS10", "TLS11")


class CertificateError(Exception):
    """Certificate and key can't be used; the text says why and quotes nothing of them."""


class ClientCaError(Exception):
    """The client CAs can't be used; the text says why."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """The server's certificate chain and its key, as PEM."""

    cert: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class ClientAuth:
    """Which clients are let in; a connection that was let in by other rules is not served any more."""

    client_auth_type: str
    client_ca: bytes
    allowed_sans: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What a new connection is served with."""

    context: ssl.SSLContext
    client_auth: ClientAuth


def verifies_clients(settings: TlsServerConfig) -> bool:
    """Whether clients that show a certificate have it verified."""
    return settings.client_auth_type in _VERIFY


def make_context(settings: TlsServerConfig, pair: KeyPair, client_ca: bytes) -> ssl.SSLContext:
    """Make a context that serves as the settings say.

    Args:
        settings: valid ones.
        pair: certificate and key.
        client_ca: PEM; empty for the system's authorities.

    Raises:
        CertificateError: OpenSSL does not take the certificate or the key.
        ClientCaError: OpenSSL does not take the client CAs.
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
        warnings.simplefilter("ignore", DeprecationWarning)  # somebody asked for the old ones on purpose
        context.minimum_version = VERSIONS[settings.min_version]
        context.maximum_version = VERSIONS[settings.max_version]


def _choose_suites(context: ssl.SSLContext, settings: TlsServerConfig) -> None:
    chosen = [SUITES[name] for name in settings.cipher_suites if name in SUITES]
    if settings.cipher_suites and not chosen:
        context.minimum_version = ssl.TLSVersion.TLSv1_3  # as in Go: older versions have no suite in common
    elif settings.min_version in _OLD:
        # OpenSSL holds the signatures of these versions too weak at any other level.
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
        raise CertificateError("the certificate is not in PEM form")
    if b"PRIVATE KEY-----" not in pair.key:
        raise CertificateError("the key is not in PEM form")
    try:
        with _as_file(pair.cert) as cert, _as_file(pair.key) as key:
            # Without a password OpenSSL would ask for that of an encrypted key on the terminal.
            context.load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        raise CertificateError(_why(error, pair)) from None


def _why(error: ssl.SSLError, pair: KeyPair) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not that of the certificate"
    if b"ENCRYPTED" in pair.key:
        return "the key is encrypted; allowed: a key without a password"
    detail = f" ({error.reason})" if error.reason else ""
    return f"OpenSSL can't read them or holds them too weak{detail}"


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Yield a path with this content, on Linux of a file in memory: Python loads certificates from paths."""
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
    # As in Go, each certificate of the file is trusted by itself, also one that another has signed.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not client_ca:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return
    try:
        context.load_verify_locations(cadata=client_ca.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError):
        raise ClientCaError("holds no certificates; allowed: certificates in PEM form") from None
