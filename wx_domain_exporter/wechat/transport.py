"""The transport adapter under requests: a call's wall clock and its answer's size are bounded.

Mounted on a `requests.Session`, its own extension point. requests' stock adapter starts its timeout anew
with every read and takes a body of any size; this one keeps one deadline from the connect to the last
byte, counts a body while it arrives, and keeps as many idle connections as there are callers.
"""

import http.client
import io
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.exceptions import (
    ConnectionError as RequestsConnectionError,
)
from requests.exceptions import (
    ContentDecodingError,
    RequestException,
    SSLError,
    Timeout,
)
from requests.structures import CaseInsensitiveDict
from requests.utils import select_proxy

from wx_domain_exporter.wechat.connection import Connection, Origin, Proxy
from wx_domain_exporter.wechat.deadline_socket import Resolver

_CHUNK = 65536
_GZIP = 16 + zlib.MAX_WBITS


class NotHttpError(RequestException):
    """The peer answered something that is not HTTP/1.1."""


class ResponseTooLargeError(ContentDecodingError):
    """A body, decoded, is larger than the cap; it was read no further."""


class DeadlineAdapter(BaseAdapter):
    """Sends requests' PreparedRequests; safe to share between threads."""

    def __init__(self, *, tls: ssl.SSLContext, idle_connections: int, max_response_bytes: int) -> None:
        """Make an adapter without connections.

        Args:
            tls: the one context of all connections: to load certificates costs 17 ms each time.
            idle_connections: how many connections are kept for the next call.
            max_response_bytes: the cap on a body, as sent and as decoded.
        """
        super().__init__()
        self._tls = tls
        self._resolver = Resolver()
        self._idle = _IdleConnections(idle_connections)
        self._max_response_bytes = max_response_bytes

    def send(  # noqa: PLR0917 - requests' signature
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - requests' signature
        timeout: Any = None,  # noqa: ANN401 - requests' signature
        verify: Any = True,  # noqa: ANN401, ARG002, FBT002 - requests' signature
        cert: Any = None,  # noqa: ANN401, ARG002 - requests' signature
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request and read its whole response.

        Args:
            request: what to send.
            stream: no difference: a body is always read at once.
            timeout: seconds for the whole call, from the connect to the last byte.
            verify: no difference: the TLS context decides.
            cert: no difference: the TLS context decides.
            proxies: as requests has them, scheme to URL.

        Raises:
            Timeout: the time was over first.
            SSLError: TLS failed, the peer's certificate above all.
            RequestsConnectionError: no connection, or it broke.
            NotHttpError: the answer is not HTTP.
            ContentDecodingError: the body is not what its Content-Encoding says, or too large.
        """
        deadline = time.monotonic() + timeout
        proxy = select_proxy(request.url or "", dict(proxies)) if proxies else None
        origin = Origin.of(request.url or "", Proxy.of(proxy) if proxy else None)
        try:
            return self._send(request, origin, deadline)
        # The texts below are ours: that of a cause may hold the URL, and the URL holds the token.
        except TimeoutError:
            raise Timeout("no whole answer in time", request=request) from None
        except ssl.SSLCertVerificationError as error:
            raise SSLError(f"certificate refused: {error.verify_message}", request=request) from None
        except ssl.SSLEOFError:
            raise RequestsConnectionError("the TLS connection was cut", request=request) from None
        except ssl.SSLError as error:
            raise SSLError(f"TLS failed: {error.reason}", request=request) from None
        except (http.client.IncompleteRead, http.client.RemoteDisconnected):
            raise RequestsConnectionError(
                "the connection was closed before the answer's end", request=request
            ) from None
        except http.client.HTTPException as error:
            raise NotHttpError(f"the answer is not HTTP: {type(error).__name__}", request=request) from None
        except RequestException:
            raise
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise RequestsConnectionError(f"connection failed: {what}", request=request) from None

    def close(self) -> None:
        """Close the idle connections; calls under way close theirs as they end."""
        self._idle.close()

    def _send(self, request: requests.PreparedRequest, origin: Origin, deadline: float) -> requests.Response:
        connection = self._idle.take(origin)
        head = None
        if connection is not None:
            head = _exchange_unless_stale(connection, request, deadline)
        if connection is None or head is None:
            connection = Connection(origin, self._resolver, self._tls)
        try:
            head = head or connection.exchange(request, deadline)
            body = _read_body(head, self._max_response_bytes)
        except BaseException:
            connection.close()
            raise
        if head.will_close or not head.isclosed():
            connection.close()
        else:
            self._idle.give_back(connection)
        return _response(request, head, body)


class _IdleConnections:
    """The connections that wait for the next call, the one used last first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._idle: dict[Origin, list[Connection]] = {}
        self._closed = False

    def take(self, origin: Origin) -> Connection | None:
        with self._lock:
            idle = self._idle.get(origin)
            return idle.pop() if idle else None

    def give_back(self, connection: Connection) -> None:
        with self._lock:
            idle = self._idle.setdefault(connection.origin, [])
            if len(idle) < self._size and not self._closed:
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            connections = [one for idle in self._idle.values() for one in idle]
            self._idle.clear()
        for connection in connections:
            connection.close()


def _exchange_unless_stale(
    connection: Connection, request: requests.PreparedRequest, deadline: float
) -> http.client.HTTPResponse | None:
    """Use a kept connection; None if the peer had closed it meanwhile, which no caller shall feel.

    Sending once more is safe: no API that is called here changes anything.
    """
    try:
        return connection.exchange(request, deadline)
    except (ConnectionError, ssl.SSLError):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise


def _read_body(head: http.client.HTTPResponse, cap: int) -> bytes:
    encoding = (head.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise ContentDecodingError("the body has a Content-Encoding that was not asked for")
    decoder = None if encoding == "identity" else zlib.decompressobj(_GZIP)
    body = bytearray()
    received = 0
    while chunk := head.read(_CHUNK):
        received += len(chunk)
        try:
            body += chunk if decoder is None else decoder.decompress(chunk, cap + 1)
        except zlib.error:
            raise ContentDecodingError("the body is not gzip") from None
        if max(received, len(body)) > cap:
            raise ResponseTooLargeError(f"the body has more than {cap} bytes")
    if head.length:
        raise http.client.IncompleteRead(b"")
    if decoder is not None and not decoder.eof:
        raise ContentDecodingError("the gzip body ends early")
    return bytes(body)


def _response(
    request: requests.PreparedRequest, head: http.client.HTTPResponse, body: bytes
) -> requests.Response:
    response = requests.Response()
    response.status_code = head.status
    response.reason = head.reason
    response.headers = CaseInsensitiveDict(head.getheaders())
    response.url = request.url or ""
    response.request = request
    response.raw = io.BytesIO(body)
    return response
