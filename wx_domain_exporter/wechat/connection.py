"""One HTTP/1.1 connection: `http.client` on sockets that keep a deadline, straight or through a proxy."""

import base64
import http.client
import ssl
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from requests import PreparedRequest
from requests.exceptions import InvalidProxyURL

from wx_domain_exporter.wechat.deadline_socket import (
    DeadlineSocket,
    DeadlineSSLSocket,
    Resolver,
    connect,
    start_tls,
)

_HTTPS_PORT = 443
_HTTP_PORT = 80
_FIRST_FINAL_STATUS = 200


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy: CONNECT for https, absolute URLs for http."""

    host: str
    port: int
    authorization: str | None = field(repr=False)

    @classmethod
    def of(cls, url: str) -> "Proxy":
        """Read a proxy's URL, `http://[USER:PASSWORD@]HOST[:PORT]`.

        Raises:
            InvalidProxyURL: it is none; the text quotes nothing of it, for it may hold a password.
        """
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or _HTTP_PORT
        except ValueError:
            raise InvalidProxyURL("the proxy's URL can't be read") from None
        if parts.scheme != "http" or not parts.hostname:
            raise InvalidProxyURL("the proxy's URL is not http://[USER:PASSWORD@]HOST[:PORT]")
        authorization = None
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return cls(parts.hostname, port, authorization)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads: requests to the same origin can share it."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None

    @classmethod
    def of(cls, url: str, proxy: Proxy | None) -> "Origin":
        """Return the origin of a URL."""
        parts = urlsplit(url)
        port = parts.port or (_HTTPS_PORT if parts.scheme == "https" else _HTTP_PORT)
        return cls(parts.scheme, parts.hostname or "", port, proxy)


class _Head:
    """What a response's head is read from: its end before the blank line is the connection's end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readline(self, limit: int) -> bytes:
        line = self._file.readline(limit)
        if not line:
            raise http.client.RemoteDisconnected("the connection was closed in the head of the answer")
        return line

    def close(self) -> None:
        self._file.close()


class _Response(http.client.HTTPResponse):
    """http.client alone takes an interim answer for the final one, and half a head for a whole one.

    The final answer would then be that of the next call on the connection: another app's.
    """

    fp: Any
    headers: Any

    def begin(self) -> None:
        file = self.fp
        self.fp = _Head(file)
        try:
            super().begin()
            while self.status < _FIRST_FINAL_STATUS:
                self.headers = None  # that is how begin() knows that it has work to do
                super().begin()
        finally:
            if self.fp is not None:
                self.fp = file


class Connection(http.client.HTTPConnection):
    """A connection to an origin, used by one thread at a time."""

    response_class = _Response
    sock: DeadlineSocket | DeadlineSSLSocket | None

    def __init__(self, origin: Origin, resolver: Resolver, tls: ssl.SSLContext) -> None:
        peer = origin.proxy or origin
        super().__init__(peer.host, peer.port)
        self.origin = origin
        self.deadline = 0.0
        self.allowance = 0
        self._tls = tls
        # HTTPConnection.connect calls this; connecting by a way of our own is what it is there for.
        self._create_connection = lambda *_: self._dial(resolver)
        if origin.proxy is not None and origin.scheme == "https":
            headers = {}
            if origin.proxy.authorization is not None:
                headers["Proxy-Authorization"] = origin.proxy.authorization
            self.set_tunnel(origin.host, origin.port, headers)

    def _dial(self, resolver: Resolver) -> DeadlineSocket:
        sock = connect(resolver, self.host, self.port, self.deadline)
        sock.allowance = self.allowance
        return sock

    def connect(self) -> None:
        """Open the connection, with the proxy's tunnel and TLS where they belong."""
        super().connect()
        if self.origin.scheme == "https" and isinstance(self.sock, DeadlineSocket):
            self.sock = start_tls(self.sock, self._tls, self.origin.host)

    def exchange(self, request: PreparedRequest, deadline: float, allowance: int) -> http.client.HTTPResponse:
        """Send a request and read the head of its response.

        Args:
            request: with a body of bytes, or none.
            deadline: in seconds of `time.monotonic()`; it holds for the body's reading too.
            allowance: bytes that may be received, head and body together.

        Raises:
            TooManyBytesError: more came.
        """
        self.deadline, self.allowance = deadline, allowance
        if self.sock is None:
            self.connect()
        else:
            self.sock.deadline, self.sock.allowance = deadline, allowance
        self.putrequest(request.method or "GET", self._target(request), skip_accept_encoding=True)
        for name, value in request.headers.items():
            self.putheader(name, value)
        proxy = self.origin.proxy
        if proxy is not None and proxy.authorization is not None and self.origin.scheme == "http":
            self.putheader("Proxy-Authorization", proxy.authorization)
        body = request.body
        self.endheaders(body.encode() if isinstance(body, str) else body)
        return self.getresponse()

    def _target(self, request: PreparedRequest) -> str:
        if self.origin.proxy is not None and self.origin.scheme == "http":
            return request.url or "/"
        return request.path_url
