"""One HTTP/1.1 connection on gevent's sockets, direct or through a proxy, for one task at a time.

The caller limits the time with a `gevent.Timeout`, which interrupts these methods wherever they wait.
"""

import contextlib
import re
import select
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from socket import AddressFamily
from typing import Any

import gevent
from gevent.socket import socket
from gevent.ssl import SSLContext, SSLSocket
from requests import PreparedRequest
from requests.exceptions import ProxyError

from wx_domain_exporter.http.dialing import dial
from wx_domain_exporter.http.origin import Origin, target_of
from wx_domain_exporter.http.response import HttpResponse, NotHttpError

_LINE_END = re.compile(r"[\r\n\0]")
_RECEIVE_BYTES = 1 << 16
"""More than a TLS record holds, so that no decrypted data stays in the TLS layer between two calls."""
_REMEMBERED_REQUESTS = 4
"""After so many surplus responses at most, a response still shows no secret of its own request."""
_READS_IN_A_ROW = 4
"""Reads after which other tasks get a turn, so that a fast peer does not delay the other calls."""
_OVERHEAD_BYTES = 1 << 18
"""How many bytes a response may have besides its body: heads, chunk sizes and trailers."""
_READ = 1
"""libev's EV_READ."""
_SUCCESSFUL = range(200, 300)
"""The statuses with which a proxy accepts a tunnel."""


class SecretRequest(PreparedRequest):
    """A request that knows the secrets in it, because a response may repeat them."""

    secrets: Sequence[str] = ()


class Connection:
    """A connection to an origin; the first `exchange` opens it."""

    def __init__(
        self,
        origin: Origin,
        tls: SSLContext,
        now: float,
        family: AddressFamily = AddressFamily.AF_UNSPEC,
    ) -> None:
        """Prepare a connection.

        Args:
            origin: the server.
            tls: the context for https.
            now: the monotonic time.
            family: the only kind of the server's addresses to try; a proxy may have any.
        """
        self.origin = origin
        self.in_sync_at = now
        """The last monotonic time at which no response was under way on it; set by the pool."""
        self.idle_since = now
        """The monotonic time at which it became idle; set by the pool."""
        self._tls = tls
        self._family = family if origin.proxy is None else AddressFamily.AF_UNSPEC
        self._sent: deque[Sequence[str]] = deque(maxlen=_REMEMBERED_REQUESTS)
        """The secrets of the last requests."""
        self._watcher: Any = None
        self._sock: socket | SSLSocket | None = None
        self._left = 0
        """How many more bytes the peer may send in this exchange."""
        self._reads = 0
        self._headers: Mapping[str, str | bytes] | None = None
        """The headers of the last request and, in `_lines`, their bytes: most calls have the same headers."""
        self._lines = b""

    def exchange(self, request: PreparedRequest, response: HttpResponse, cap: int, deadline: float) -> None:
        """Send a request and read the whole response.

        Args:
            request: its body is bytes or None; the headers must not be modified after they were sent once.
            response: receives the data.
            cap: the maximum size of the body in bytes.
            deadline: in seconds of `time.monotonic()`; divided among the addresses of the host.

        Raises:
            NotHttpError: the response is not valid HTTP, or the peer sends too many bytes.
            IncompleteResponseError: the connection was closed before the response was complete.
            ContentDecodingError: the body is larger than the cap.
            ProxyError: the proxy refuses the tunnel.
            ValueError: the request contains characters that would end a line.
            OSError: the connection could not be opened, or broke.
        """
        if isinstance(request, SecretRequest):
            self._sent.append(request.secrets)
        self._left, self._reads = cap + _OVERHEAD_BYTES, 0
        data = self._as_bytes(request)
        sock = self._sock or self._open(deadline)
        sock.sendall(data)
        while not response.complete:
            self._receive(sock, response)

    @property
    def family(self) -> AddressFamily | None:
        """Return the kind of the server's address; None without a connection, or behind a proxy."""
        return None if self._sock is None or self.origin.proxy is not None else self._sock.family

    @property
    def secrets(self) -> list[str]:
        """Return the secrets of the last requests: a response may belong to one of those before."""
        return [secret for secrets in self._sent for secret in secrets]

    def watch(self, received: "Callable[[Connection], None]") -> None:
        """Call a function once anything arrives, also the end of the connection, until `stop_watching`."""
        if self._watcher is None and self._sock is not None:
            self._watcher = gevent.get_hub().loop.io(self._sock.fileno(), _READ)
        if self._watcher is not None:
            self._watcher.start(received, self)

    def stop_watching(self) -> None:
        """End `watch`."""
        if self._watcher is not None:
            self._watcher.stop()

    def close(self) -> None:
        """Close the connection."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def is_idle(self) -> bool:
        """Return whether the connection is open and there is nothing to receive, not even its end."""
        return self._sock is not None and not self._readable.poll(0)

    def unexpected_data(self) -> bytes:
        """Return the data that the peer sent without a request; empty if there is none."""
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.settimeout(0)
                return self._sock.recv(_RECEIVE_BYTES)
        return b""

    @cached_property
    def _readable(self) -> "select.poll":
        poll = select.poll()
        if self._sock is not None:
            poll.register(self._sock.fileno(), select.POLLIN)
        return poll

    def _open(self, deadline: float) -> socket | SSLSocket:
        origin = self.origin
        peer = origin.proxy or origin
        sock = self._sock = dial(peer.host, peer.port, deadline, self._family)
        if origin.scheme == "https":
            if origin.proxy is not None:
                self._open_tunnel(sock)
            sock = self._sock = self._tls.wrap_socket(
                sock, server_hostname=origin.host, do_handshake_on_connect=False
            )
            sock.do_handshake()
        return sock

    def _open_tunnel(self, sock: socket) -> None:
        authority = f"{self.origin.ascii_host}:{self.origin.port}"
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        if self.origin.proxy is not None and self.origin.proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {self.origin.proxy.authorization}")
        sock.sendall("\r\n".join((*lines, "", "")).encode())
        response = HttpResponse(0)
        while not response.has_head:
            self._receive(sock, response)
        response.close()
        if response.status not in _SUCCESSFUL:
            raise ProxyError(f"the proxy refuses with status {response.status}")

    def _receive(self, sock: socket | SSLSocket, response: HttpResponse) -> None:
        data = sock.recv(_RECEIVE_BYTES)
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
        """Return the bytes of a request.

        Raises:
            ValueError: it contains characters that would end a line.
        """
        url = request.url or ""
        target = url if self.origin.proxy is not None and self.origin.scheme == "http" else target_of(url)
        if not (target.isascii() and target.isprintable()) or " " in target:
            raise ValueError("the URL contains a character that would end the request line")
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
        if any(_LINE_END.search(line) for line in lines):
            raise ValueError("a header contains a character that would end its line")
        return "\r\n".join((*lines, "", "")).encode("latin-1")


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
