"""One HTTP/1.1 connection: `http.client` on sockets that keep a deadline, straight or through a proxy."""

import base64
import http.client
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
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
from wx_domain_exporter.wechat.http_answer import Answer, Inbox

_HTTP_PORT = 80
_PORTS = {"http": _HTTP_PORT, "https": 443}
_ENDS = re.compile(r"[\r\n\0]")


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
        self._headers: Mapping[str, str | bytes] | None = None
        """Those of the last request, and as they travelled: a client's calls share theirs."""
        self._lines = b""
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
            request: with a body of bytes, or none; headers that were sent once are not changed any more.
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
        sock.sendall(self._as_bytes(request))
        sock.awaits = True
        return Answer(self._inbox, request.method)

    def is_quiet(self) -> bool:
        """Whether the connection is open and holds nothing that would pass for the next call's answer."""
        return self.sock is not None and not self._inbox and self.sock.is_quiet()

    def unasked(self) -> bytes:
        """Return what came of an answer, or of several, that nobody asked for."""
        return self._inbox.unread() or (self.sock.received_at_once() if self.sock is not None else b"")

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
