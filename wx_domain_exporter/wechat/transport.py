"""The transport adapter under requests: a call's wall clock and its answer's size are bounded.

Mounted on a `requests.Session`, its own extension point. requests' stock adapter starts its timeout anew
with every read and takes a body of any size; this one keeps one deadline from the connect to the last
byte, counts a body while it arrives, and keeps as many idle connections as there are callers.
"""

import http.client
import io
import re
import ssl
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
    ProxyError,
    RequestException,
    SSLError,
    Timeout,
)
from requests.utils import select_proxy

from wx_domain_exporter.wechat.connection import Connection, Origin, Proxy
from wx_domain_exporter.wechat.deadline_socket import Resolver, TooManyBytesError
from wx_domain_exporter.wechat.http_answer import Answer
from wx_domain_exporter.wechat.http_head import Head
from wx_domain_exporter.wechat.idle_connections import IdleConnections

_CHUNK = 65536
_HEAD_BYTES = 262144
"""For a response's head and its chunks' sizes, beside the cap on the body."""
_FIRST_BAD_STATUS = 300
_REFUSED_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")  # as http.client says it
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
        self._idle = IdleConnections(idle_connections)
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
        except (OSError, ValueError, http.client.HTTPException, TooManyBytesError) as error:
            if isinstance(error, RequestException):
                raise
            raise _told(error, request) from None

    def close(self) -> None:
        """Close the idle connections; calls under way close theirs as they end."""
        self._idle.close()

    def _send(self, request: requests.PreparedRequest, origin: Origin, deadline: float) -> requests.Response:
        allowance = self._max_response_bytes + _HEAD_BYTES
        connection = self._idle.take(origin)
        answer = None
        if connection is not None:
            answer = _exchange_unless_stale(connection, request, deadline, allowance)
        if connection is None or answer is None:
            connection = Connection(origin, self._resolver, self._tls)
        try:
            answer = answer or connection.exchange(request, deadline, allowance)
            body = self._body_of(answer)
        except BaseException:
            if answer is not None:
                answer.close()
            connection.close()
            raise
        if answer.will_close or not answer.isclosed():
            answer.close()
            connection.close()
        else:
            self._idle.give_back(connection)
        return _response(request, answer.head, body)

    def _body_of(self, answer: Answer) -> bytes:
        try:
            return _read_body(answer, self._max_response_bytes)
        except ContentDecodingError:
            if answer.head.status < _FIRST_BAD_STATUS:
                raise
            return b""  # such a status says enough, whatever the body is


def _told(error: Exception, request: requests.PreparedRequest) -> RequestException:  # noqa: PLR0911 - a table
    """Say what happened in requests' types and our words: those of a cause may hold the URL's token."""
    match error:
        case TimeoutError():
            return Timeout("no whole answer in time", request=request)
        case ssl.SSLCertVerificationError():
            return SSLError(f"certificate refused: {error.verify_message}", request=request)
        case ssl.SSLEOFError():
            return RequestsConnectionError("the TLS connection was cut", request=request)
        case ssl.SSLError():
            return SSLError(f"TLS failed: {error.reason}", request=request)
        case http.client.IncompleteRead() | http.client.RemoteDisconnected():
            what = "the connection was closed before the answer's end"
            return RequestsConnectionError(what, request=request)
        case OSError() if refused := _REFUSED_TUNNEL.match(str(error)):
            return ProxyError(f"the proxy refuses with status {refused[1]}", request=request)
        case OSError():
            what = error.strerror or type(error).__name__
            return RequestsConnectionError(f"connection failed: {what}", request=request)
        case TooManyBytesError():
            return NotHttpError(str(error), request=request)
        case _:  # a ValueError is what http.client makes of a chunk of -1 bytes
            return NotHttpError(f"the answer is not HTTP: {type(error).__name__}", request=request)


def _exchange_unless_stale(
    connection: Connection, request: requests.PreparedRequest, deadline: float, allowance: int
) -> Answer | None:
    """Use a kept connection; None if the peer had closed it meanwhile, which no caller shall feel.

    Sending once more is safe: no API that is called here changes anything.
    """
    try:
        return connection.exchange(request, deadline, allowance)
    except (ConnectionError, ssl.SSLError):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise


def _read_body(answer: Answer, cap: int) -> bytes:
    encoding = answer.head.encoding
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise ContentDecodingError("the body has a Content-Encoding that was not asked for")
    decoder = None if encoding == "identity" else zlib.decompressobj(_GZIP)
    body = bytearray()
    received = 0
    while chunk := answer.read(_CHUNK):
        received += len(chunk)
        try:
            body += chunk if decoder is None else decoder.decompress(chunk, cap + 1)
        except zlib.error:
            raise ContentDecodingError("the body is not gzip") from None
        if max(received, len(body)) > cap:
            raise ResponseTooLargeError(f"the body has more than {cap} bytes")
    if answer.length:
        raise http.client.IncompleteRead(b"")
    if decoder is not None and not decoder.eof:
        raise ContentDecodingError("the gzip body ends early")
    return bytes(body)


def _response(request: requests.PreparedRequest, head: Head, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code = head.status
    response.reason = head.reason
    response.headers = head.headers
    response.url = request.url or ""
    response.request = request
    response.raw = io.BytesIO(body)
    return response
