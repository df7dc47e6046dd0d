"""The transport adapter for requests, which limits the duration of a call and the size of its response.

The stock adapter of requests restarts its timeout with every read and accepts a body of any size. Here one
`gevent.Timeout` covers the whole call, from name resolution to the last byte. The adapter can be mounted on a
`requests.Session`, which is the extension point that requests offers.
"""

import io
import ssl
import time
from collections.abc import Callable, Mapping
from socket import AddressFamily
from typing import Any

import gevent
import requests
from gevent.ssl import SSLContext
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ContentDecodingError, RequestException, SSLError, Timeout
from requests.utils import select_proxy

from wx_domain_exporter.http.connection import Connection
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.http.origin import Origin, Proxy
from wx_domain_exporter.http.pool import ConnectionPool
from wx_domain_exporter.http.response import (
    FIRST_BAD_STATUS,
    HttpResponse,
    IncompleteResponseError,
    NotHttpError,
)
from wx_domain_exporter.open_files import are_exhausted

_STALE = (ConnectionError, ssl.SSLError, IncompleteResponseError)
_TIMEOUT_MESSAGE = "no whole answer in time"


class Exchanged(requests.Response):
    """A response that knows the connection that it came over."""

    exchanged_over: Connection

    @property
    def secrets(self) -> list[str]:
        """The secrets that it may repeat."""
        return self.exchanged_over.secrets


class DeadlineAdapter(BaseAdapter):
    """Sends prepared requests over kept connections. Its methods are for tasks (see `tasks.py`)."""

    def __init__(
        self,
        *,
        tls: SSLContext,
        idle_connections: int,
        max_response_bytes: int,
        desyncs: Desyncs,
        family: AddressFamily = AddressFamily.AF_UNSPEC,
        close_idle: Callable[[], object] | None = None,
    ) -> None:
        """Create an adapter; connections are opened when they are needed.

        Args:
            tls: the context of all connections; loading the certificates for each one would cost 17 ms.
            idle_connections: how many idle connections are kept for each origin.
            max_response_bytes: the limit on a body, both as received and as decoded.
            desyncs: receives the periods in which responses may have belonged to other requests.
            family: the only kind of a server's addresses to connect to; AF_UNSPEC: all.
            close_idle: closes idle connections when the process has no file descriptor left for a new one;
                None: those of this adapter.
        """
        super().__init__()
        self._tls = tls
        self._family = family
        self.families: set[AddressFamily] = set()
        """The kinds of addresses from which responses came without a proxy."""
        self._desyncs = desyncs
        self._pool = ConnectionPool(idle_connections, desyncs)
        self._cap = max_response_bytes
        self._close_idle = close_idle or self.close_idle

    def send(  # noqa: PLR0917 - requests' signature
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - requests' signature
        timeout: Any = None,  # noqa: ANN401 - requests' signature
        verify: Any = True,  # noqa: ANN401, ARG002, FBT002 - requests' signature
        cert: Any = None,  # noqa: ANN401, ARG002 - requests' signature
        proxies: Mapping[str, str] | None = None,
    ) -> Exchanged:
        """Send a request and read its whole response.

        Args:
            request: what to send.
            stream: ignored; the body is always read completely.
            timeout: seconds for the whole call, from name resolution to the last byte.
            verify: ignored; the TLS context decides.
            cert: ignored; the TLS context decides.
            proxies: URLs of proxies by scheme, as in requests.

        Raises:
            Timeout: the response was not complete in time.
            SSLError: the TLS handshake failed, for instance because of the certificate.
            RequestsConnectionError: the connection could not be opened, or broke.
            NotHttpError: the response is not valid HTTP/1.1.
            ContentDecodingError: the body does not match its Content-Encoding, or is too large.
        """
        url = request.url or ""
        proxy = select_proxy(url, dict(proxies)) if proxies else None
        origin = Origin.of(url, Proxy.of(proxy) if proxy else None)
        try:
            with gevent.Timeout(timeout) as timer:
                return self._send(request, origin, time.monotonic() + timeout)
        except gevent.Timeout as over:
            if over is not timer:
                raise
            raise Timeout(_TIMEOUT_MESSAGE) from None
        except RequestException:
            raise
        except (OSError, ValueError, IncompleteResponseError) as error:
            raise _requests_error(error) from None

    def discard(self, response: Exchanged) -> None:
        """Close the connection of the response that `send` has just returned: it is not what was asked for.

        It may be the response to the request before; the next one would be the response to this request.
        """
        self._pool.discard(response.exchanged_over)

    def close(self) -> None:
        """Close the idle connections; running calls close theirs when they end."""
        self._pool.close()

    def close_idle(self) -> None:
        """Close the idle connections; new ones are kept."""
        self._pool.close_idle()

    def _send(self, request: requests.PreparedRequest, origin: Origin, deadline: float) -> Exchanged:
        connection = self._pool.take(origin)
        if connection is not None:
            response = self._exchange(connection, request, deadline, kept=True)
            if response is not None:
                return response
        try:
            response = self._exchange(self._new_connection(origin), request, deadline)
        except OSError as error:
            if not are_exhausted(error):
                raise
            self._close_idle()
            response = self._exchange(self._new_connection(origin), request, deadline)
        if response is None:
            raise AssertionError("a new connection cannot be stale")
        return response

    def _new_connection(self, origin: Origin) -> Connection:
        return Connection(origin, self._tls, self._desyncs.clock.monotonic(), self._family)

    def _exchange(
        self,
        connection: Connection,
        request: requests.PreparedRequest,
        deadline: float,
        *,
        kept: bool = False,
    ) -> Exchanged | None:
        """Send a request over a connection and return it to the pool if possible.

        Returns:
            The response; None if the connection came from the pool and the peer had closed it, or sent more
            than one response: the first one may belong to the previous call, which was another app's. The
            request can be sent again then, because no API that the exporter calls changes anything.
        """
        response = HttpResponse(self._cap)
        try:
            connection.exchange(request, response, self._cap, deadline)
            content = response.content()
        except BaseException as error:
            connection.close()
            if kept and not response.started and isinstance(error, _STALE):
                return None
            if isinstance(error, ContentDecodingError) and response.status >= FIRST_BAD_STATUS:
                # The body of an error response is not used.
                return _response(request, response, b"", connection)
            raise
        finally:
            response.close()
        if not kept and connection.family is not None:
            self.families.add(connection.family)
        self._release(connection, response)
        if kept and response.surplus and not response.surplus_is_timeout:
            return None
        return _response(request, response, content, connection)

    def _release(self, connection: Connection, response: HttpResponse) -> None:
        if response.keep_alive and not response.surplus:
            self._pool.give_back(connection)
            return
        connection.close()
        if response.keep_alive and not response.surplus_is_timeout:
            self._pool.disable(connection)


def _requests_error(error: Exception) -> RequestException:  # noqa: PLR0911 - a table
    """Return the exception of requests for a failure; the original message could contain the URL's token."""
    match error:
        case TimeoutError():
            return Timeout(_TIMEOUT_MESSAGE)
        case ssl.SSLCertVerificationError():
            return SSLError(f"certificate refused: {error.verify_message}")
        case ssl.SSLEOFError():
            return RequestsConnectionError("the TLS connection was cut")
        case ssl.SSLError():
            return SSLError(f"TLS failed: {error.reason}")
        case IncompleteResponseError():
            return RequestsConnectionError("the connection was closed before the answer's end")
        case OSError():
            return RequestsConnectionError(f"connection failed: {error.strerror or type(error).__name__}")
        case _:  # a ValueError: the request itself is invalid
            return NotHttpError(f"the request can't be sent: {error}")


def _response(
    request: requests.PreparedRequest, answer: HttpResponse, content: bytes, connection: Connection
) -> Exchanged:
    response = Exchanged()
    response.status_code = answer.status
    response.reason = answer.reason.decode("latin-1").strip()
    response.headers = answer.headers.by_name
    response.url = request.url or ""
    response.request = request
    response.raw = io.BytesIO(content)
    response.exchanged_over = connection
    return response
