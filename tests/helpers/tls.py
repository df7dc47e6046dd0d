"""Certificates for the tests, good ones and bad ones, and servers' contexts that use them."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

YESTERDAY, SOON = (dt.datetime.now(dt.UTC) + dt.timedelta(days=days) for days in (-1, 10))


@dataclass(frozen=True)
class Certificates:
    """Contexts for servers on 127.0.0.1; all but the last are signed by the authority in `ca_file`."""

    ca_file: Path
    good: ssl.SSLContext
    expiring: ssl.SSLContext
    expired: ssl.SSLContext
    wrong_name: ssl.SSLContext
    unknown_ca: ssl.SSLContext


def make_certificates(folder: Path) -> Certificates:
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Certificates(
        ca_file=ca_file,
        good=server_context(authority.issue_cert("localhost", "127.0.0.1")),
        expiring=server_context(authority.issue_cert("localhost", "127.0.0.1", not_after=SOON)),
        expired=server_context(authority.issue_cert("localhost", "127.0.0.1", not_after=YESTERDAY)),
        wrong_name=server_context(authority.issue_cert("other.example.com")),
        unknown_ca=server_context(trustme.CA().issue_cert("localhost", "127.0.0.1")),
    )


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
