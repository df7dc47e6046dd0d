"""One HTTP/1.1 connection: `http.client` on sockets that keep a deadline, straight or through a proxy."""

import base64
import http.client
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
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

if TYPE_CHECKING:
    import socket

_HTTP_PORT = 80
_PORTS = {"http": _HTTP_PORT, "https": 443}
_FIRST_FINAL_STATUS = 200
_WITHOUT_BODY = {204, 304}
_MOST_HEADERS = 100
_LONGEST_LINE = 65536
_PIECE = 1 << 16
"""Bytes asked of a socket at once: more than a TLS record has, so that nothing is left between."""


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
        return _origin(url.partition("?")[0], proxy)

    @property
    def netloc(self) -> str:
        """Return the host, with the port where it is not the scheme's own, as requests name it."""
        host = self.host if self.host.isascii() else self.host.encode("idna").decode()
        if ":" in host:
            host = f"[{host}]"
        return host if self.port == _PORTS.get(self.scheme) else f"{host}:{self.port}"


# The URLs of all apps' calls differ in what comes after the question mark.
@lru_cache(256)
def _origin(url: str, proxy: Proxy | None) -> Origin:
    parts = urlsplit(url)
    return Origin(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme], proxy)


def target_of(url: str) -> str:
    """Return what of a URL the server itself is asked for."""
    base, mark, query = url.partition("?")
    return _path(base) + mark + query


@lru_cache(256)
def _path(url: str) -> str:
    return urlsplit(url).path or "/"


class Inbox:
    """What a connection received and nobody has read yet; `http.client` reads it as a file."""

    def __init__(self, sock: DeadlineSocket | DeadlineSSLSocket) -> None:
        self._sock = sock
        self._unread = b""

    def __bool__(self) -> bool:
        """Return whether there is something to read without waiting."""
        return bool(self._unread)

    def makefile(self, _mode: str) -> "Inbox":
        """Return what an answer is read from."""
        return self

    def readline(self, limit: int) -> bytes:
        """Return a line with its end; less where it has more than `limit` bytes, or the peer sends no more.

        Raises:
            RemoteDisconnected: nothing of it came.
        """
        end = self._unread.find(b"\n") + 1
        while not end and len(self._unread) < limit and (piece := self._sock.recv(_PIECE)):
            self._unread += piece
            end = self._unread.find(b"\n") + 1
        if not self._unread:
            raise http.client.RemoteDisconnected("the connection was closed before the answer's end")
        return self._take(min(end or limit, limit))

    def read(self, amount: int) -> bytes:
        """Return that many bytes; fewer if the peer sends no more.

        Raises:
            ValueError: it is no number of bytes: what http.client makes of a chunk of -1 bytes.
        """
        if amount < 0:
            raise ValueError("a number of bytes below 0")
        if len(self._unread) >= amount:
            return self._take(amount)
        pieces, missing = [self._unread], amount - len(self._unread)
        self._unread = b""
        while missing > 0 and (piece := self._sock.recv(_PIECE)):
            pieces.append(piece)
            missing -= len(piece)
        self._unread = b"".join(pieces)
        return self._take(amount)

    def flush(self) -> None:
        """Do nothing, as a file that is read does."""

    def close(self) -> None:
        """Do nothing: the next answer comes from here too."""

    def _take(self, amount: int) -> bytes:
        taken, self._unread = self._unread[:amount], self._unread[amount:]
        return taken


class Answer(http.client.HTTPResponse):
    """An answer of which the head is there; `http.client` reads the body.

    `http.client` alone takes an interim answer for the final one, which would then be that of the next call
    on the connection: another app's. And it reads a head as if it were an e-mail's, which takes longer than
    all the rest.
    """

    headers: Any
    """By name in lower case; the values of several headers of one name are joined."""

    def __init__(self, inbox: Inbox, method: str | None) -> None:
        """Read the head.

        Raises:
            HTTPException: it is none, or too long.
        """
        super().__init__(cast("socket.socket", inbox), method=method)
        version, status, reason = self._read_status()
        headers = _read_headers(inbox)
        while status < _FIRST_FINAL_STATUS:
            version, status, reason = self._read_status()
            headers = _read_headers(inbox)
        if not version.startswith("HTTP/1."):
            raise http.client.UnknownProtocol(version)
        self.version = 10 if version == "HTTP/1.0" else 11
        self.status, self.reason, self.headers = status, reason.strip(), headers
        self.chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(headers.get("content-length", ""))
        if status in _WITHOUT_BODY or method == "HEAD":
            self.length = 0
        self.will_close = self._check_close() or (self.length is None and not self.chunked)

    if TYPE_CHECKING:
        chunked: Any
        chunk_left: Any
        length: Any

        def _read_status(self) -> tuple[str, int, str]: ...
        def _check_close(self) -> bool: ...


def _read_headers(inbox: Inbox) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = inbox.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise http.client.LineTooLong("header line")
        text = line.decode("latin-1").strip()
        if not text:
            return headers
        name, _, value = text.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise http.client.HTTPException(f"more than {_MOST_HEADERS} headers")


def _length(text: str) -> int | None:
    """Return what a Content-Length says; None, so that the connection's end counts, if it says nothing."""
    return int(text) if text.isascii() and text.isdecimal() else None


class Connection(http.client.HTTPConnection):
    """A connection to an origin, used by one thread at a time."""

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

    def exchange(self, request: PreparedRequest, deadline: float, allowance: int) -> Answer:
        """Send a request and read the head of its response.

        Args:
            request: with a body of bytes, or none.
            deadline: in seconds of `time.monotonic()`; it holds for the body's reading too.
            allowance: bytes that may be received, head and body together.

        Raises:
            TooManyBytesError: more came.
        """
        self.deadline, self.allowance = deadline, allowance
        sock = self.sock
        if sock is None:
            self.connect()
            sock = self.sock
            if sock is None:
                raise AssertionError("a connection without a socket")
            self._inbox = Inbox(sock)
        else:
            sock.deadline, sock.allowance = deadline, allowance
        sock.sendall(_as_bytes(request, self.origin))
        sock.awaits = True
        return Answer(self._inbox, request.method)

    def is_quiet(self) -> bool:
        """Whether the connection is open and holds nothing that would pass for the next call's answer."""
        return self.sock is not None and not self._inbox and self.sock.is_quiet()


def _as_bytes(request: PreparedRequest, origin: Origin) -> bytes:
    """Return a request as it travels.

    Raises:
        ValueError: a part of it would pass for something else.
    """
    target = target_of(request.url or "")
    lines = [
        f"Host: {origin.netloc}",
        *(f"{name}: {_text(value)}" for name, value in request.headers.items()),
    ]
    if origin.proxy is not None and origin.scheme == "http":
        target = request.url or ""
        if origin.proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {origin.proxy.authorization}")
    head = "\r\n".join((f"{request.method} {target} HTTP/1.1", *lines, "", ""))
    ends = len(lines) + 2
    if not head.count("\n") == head.count("\r") == ends or " " in target or "\0" in head:
        raise ValueError("a request with a character that would end or split a part of it")
    body = request.body or b""
    return head.encode("latin-1") + (body.encode() if isinstance(body, str) else body)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
