"""The TLS context of the client."""

import ssl

from gevent.ssl import SSLContext


def tls_context(ca_file: str) -> SSLContext:
    """Return a client context that trusts only the certificate authorities in a file.

    `ssl.create_default_context` is not used: it writes session keys to the file named by SSLKEYLOGFILE, and
    from Python 3.13 on it refuses private authorities that older versions accept.

    Raises:
        OSError: the file can't be read, or holds no certificate (`ssl.SSLError`).
    """
    context = SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    return context
