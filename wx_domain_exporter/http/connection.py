"""One HTTP/1.1 connection, straight or through a proxy, on gevent's sockets. Used by one task at a time.

Whoever calls keeps the time: a `gevent.Timeout` ends any of these methods wherever it waits.
"""

import contextlib
import re
import select
from collections.abc import Mapping
from functools import cached_property

import gevent
from gevent.socket import socket
from gevent.ssl import SSLContext, SSLSocket
from requests import PreparedRequest
from requests.exceptions import ProxyError

from wx_domain_exporter.http.dialing import dial
from wx_domain_exporter.http.origin import Origin, target_of
from wx_domain_exporter.http.response import (
    HttpResponse,
    NotHttpError,
)

_ENDS = re.compile(r"[\r\n\0]")
_PIECE = 1 << 16
"""Bytes asked of a socket at once: more than a TLS record has, so that nothing is left between."""
_LOOK = 4096
_READS_IN_A_ROW = 4
"""A peer that sends fast must not hold up the calls of others."""
_BESIDE_THE_BODY = 1 << 18
"""Bytes that an answer may have beside its body: for heads, chunk sizes and trailers."""
_FIRST_SUCCESS, _FIRST_NO_SUCCESS = 200, 300


class Connection:
    """A connection to an origin; `exchange` opens it where it has to."""

    def __init__(self, origin: Origin, tls: SSLContext) -> None:
        self.origin = origin
        self._tls = tls
        self._sock: socket | SSLSocket | None = None
        self._left = 0
        """How many bytes the peer may still send in this exchange."""
        self._reads = 0
        self._headers: Mapping[str, str | bytes] | None = None
        """Those of the last request, and as they travelled: a client's calls share theirs."""
        self._lines = b""

    def exchange(self, request: PreparedRequest, response: HttpResponse, cap: int, deadline: float) -> None:
        """Send a request, and read its answer to the end.

        Args:
            request: with a body of bytes, or none; headers that were sent once are not changed any more.
            response: takes what arrives.
            cap: how many bytes a body may have.
            deadline: in seconds of `time.monotonic()`, to share it among the host's addresses.

        Raises:
            NotHttpError: the answer is not HTTP, or has more bytes than a call may receive.
            IncompleteResponseError: the connection ends before the answer does.
            ContentDecodingError: the body has more bytes than the cap.
            ProxyError: the proxy refuses.
            ValueError: a part of the request would pass for something else.
            OSError: no connection, or it broke.
        """
        self._left, self._reads = cap + _BESIDE_THE_BODY, 0
        sending = self._as_bytes(request)
        sock = self._sock or self._open(deadline)
        sock.sendall(sending)
        while not response.complete:
            self._receive(sock, response)

    def close(self) -> None:
        """End it."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def is_quiet(self) -> bool:
        """Whether it is open, and nothing is there to receive, the end neither."""
        return self._sock is not None and not self._coming.poll(0)

    def unasked(self) -> bytes:
        """Return what is there to receive, though nothing was asked."""
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.settimeout(0)
                return self._sock.recv(_LOOK)
        return b""

    @cached_property
    def _coming(self) -> "select.poll":
        poll = select.poll()
        if self._sock is not None:
            poll.register(self._sock.fileno(), select.POLLIN)
        return poll

    def _open(self, deadline: float) -> socket | SSLSocket:
        origin = self.origin
        peer = origin.proxy or origin
        sock = self._sock = dial(peer.host, peer.port, deadline)
        if origin.scheme == "https":
            if origin.proxy is not None:
                self._open_tunnel(sock)
            sock = self._sock = self._tls.wrap_socket(
                sock, server_hostname=origin.host, do_handshake_on_connect=False
            )
            sock.do_handshake()
        return sock

    def _open_tunnel(self, sock: socket) -> None:
        to = f"{self.origin.ascii_host}:{self.origin.port}"
        lines = [f"CONNECT {to} HTTP/1.1", f"Host: {to}"]
        if self.origin.proxy is not None and self.origin.proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {self.origin.proxy.authorization}")
        sock.sendall("\r\n".join((*lines, "", "")).encode())
        response = HttpResponse(0)
        while not response.has_head:
            self._receive(sock, response)
        response.close()
        if not _FIRST_SUCCESS <= response.status < _FIRST_NO_SUCCESS:
            raise ProxyError(f"the proxy refuses with status {response.status}")

    def _receive(self, sock: socket | SSLSocket, response: HttpResponse) -> None:
        data = sock.recv(_PIECE)
        if not data:
            response.feed_eof()
            return
        self._left -= len(data)
        if self._left < 0:
            raise NotHttpError("the peer sends more than a call may receive")
        response.feed(data)
        self._reads += 1
        if self._reads % _READS_IN_A_ROW == 0:
            gevent.sleep(0)

    def _as_bytes(self, request: PreparedRequest) -> bytes:
        """Return a request as it travels.

        Raises:
            ValueError: a part of it would pass for something else.
        """
        url = request.url or ""
        target = url if self.origin.proxy is not None and self.origin.scheme == "http" else target_of(url)
        if not (target.isascii() and target.isprintable()) or " " in target:
            raise ValueError("a target with a character that would end it")
        if request.headers is not self._headers:
            self._headers, self._lines = request.headers, self._header_lines(request.headers)
        body = request.body or b""
        head = f"{request.method} {target} HTTP/1.1\r\n".encode()
        return b"".join((head, self._lines, body.encode() if isinstance(body, str) else body))

    def _header_lines(self, headers: Mapping[str, str | bytes]) -> bytes:
        lines = [f"Host: {self.origin.netloc}", *(f"{name}: {_text(headers[name])}" for name in headers)]
        proxy = self.origin.proxy
        if proxy is not None and proxy.authorization is not None and self.origin.scheme == "http":
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        if any(_ENDS.search(line) for line in lines):
            raise ValueError("a header with a character that would end it")
        return "\r\n".join((*lines, "", "")).encode("latin-1")


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
