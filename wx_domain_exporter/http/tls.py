"""Whom connections trust."""

import ssl

from gevent.ssl import SSLContext


def tls_context(ca_file: str) -> SSLContext:
    """Return a client's context that trusts the certificate authorities in a file, and only those.

    It is made by hand: the standard library's default context writes keys where SSLKEYLOGFILE says.

    Raises:
        OSError: the file can't be read, or holds no certificate (`ssl.SSLError`).
    """
    context = SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    return context
