"""Single HTTP requests for the tests."""

from __future__ import annotations

import gzip
import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


_SECONDS = 150
"""Longer than any scrape."""


def request(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send one request on a new connection. Header names are in lower case; a gzip body is decompressed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SECONDS)
    if tls is not None:
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or 443, timeout=_SECONDS, context=tls
        )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        content = response.read()
        received = {name.lower(): value for name, value in response.getheaders()}
        if received.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        return Answer(response.status, received, content)
    finally:
        connection.close()
