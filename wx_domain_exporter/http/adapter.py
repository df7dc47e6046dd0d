"""The transport adapter under requests: a call's wall clock and its answer's size are bounded.

It can be mounted on a `requests.Session`, which is its own extension point. requests' stock adapter starts its
timeout anew with every read and takes a body of any size; here one `gevent.Timeout` holds from the name's look-up
to the last byte.
"""

import io
import ssl
import time
from collections.abc import Mapping
from typing import Any

import gevent
import requests
from gevent.ssl import SSLContext
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ContentDecodingError, RequestException, SSLError, Timeout
from requests.utils import select_proxy

from wx_domain_exporter.http.connection import Connection
from wx_domain_exporter.http.origin import Origin, Proxy
from wx_domain_exporter.http.pool import ConnectionPool
from wx_domain_exporter.http.response import HttpResponse, IncompleteResponseError, NotHttpError

_FIRST_BAD_STATUS = 300
_STALE = (ConnectionError, ssl.SSLError, IncompleteResponseError)
_TOO_LATE = "no whole answer in time"


class DeadlineAdapter(BaseAdapter):
    """Sends requests' PreparedRequests, all from tasks of one thread."""

    def __init__(self, *, tls: SSLContext, idle_connections: int, max_response_bytes: int) -> None:
        """Make an adapter without connections.

        Args:
            tls: the one context of all connections: to load certificates costs 17 ms each time.
            idle_connections: how many connections are kept for the next call.
            max_response_bytes: the cap on a body, as sent and as decoded.
        """
        super().__init__()
        self._tls = tls
        self._pool = ConnectionPool(idle_connections)
        self._cap = max_response_bytes

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
            timeout: seconds for the whole call, from the name's look-up to the last byte.
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
        url = request.url or ""
        proxy = select_proxy(url, dict(proxies)) if proxies else None
        origin = Origin.of(url, Proxy.of(proxy) if proxy else None)
        try:
            with gevent.Timeout(timeout) as timer:
                return self._send(request, origin, time.monotonic() + timeout)
        except gevent.Timeout as over:
            if over is not timer:
                raise
            raise Timeout(_TOO_LATE) from None
        except RequestException:
            raise
        except (OSError, ValueError, IncompleteResponseError) as error:
            raise _told(error) from None

    def close(self) -> None:
        """Close the idle connections; calls under way close theirs as they end."""
        self._pool.close()

    def _send(self, request: requests.PreparedRequest, origin: Origin, deadline: float) -> requests.Response:
        connection = self._pool.take(origin)
        if connection is not None:
            response = self._exchange(connection, request, deadline, kept=True)
            if response is not None:
                return response
        response = self._exchange(Connection(origin, self._tls), request, deadline)
        if response is None:
            raise AssertionError("a fresh connection is not stale")
        return response

    def _exchange(
        self,
        connection: Connection,
        request: requests.PreparedRequest,
        deadline: float,
        *,
        kept: bool = False,
    ) -> requests.Response | None:
        """Use a connection, and keep it if that can be; None if it was kept and the peer had closed it.

        Sending once more on a fresh one is safe then: no API that is called here changes anything.
        """
        response = HttpResponse(self._cap)
        try:
            connection.exchange(request, response, self._cap, deadline)
            content = response.content()
        except BaseException as error:
            connection.close()
            if kept and not response.started and isinstance(error, _STALE):
                return None
            if isinstance(error, ContentDecodingError) and response.status >= _FIRST_BAD_STATUS:
                return _response(request, response, b"")  # such a status says enough, whatever the body is
            raise
        finally:
            response.close()
        self._let_go(connection, response)
        return _response(request, response, content)

    def _let_go(self, connection: Connection, response: HttpResponse) -> None:
        if response.keep_alive and not response.surplus:
            self._pool.give_back(connection)
            return
        connection.close()
        if response.keep_alive and not response.goodbye:
            self._pool.distrust(connection.origin)


def _told(error: Exception) -> RequestException:  # noqa: PLR0911 - a table
    """Say what happened in requests' types and our words: those of a cause may hold the URL's token."""
    match error:
        case TimeoutError():
            return Timeout(_TOO_LATE)
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
        case _:  # of a request that would pass for something else
            return NotHttpError(f"the request can't be sent: {error}")


def _response(request: requests.PreparedRequest, answer: HttpResponse, content: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.reason = answer.reason.decode("latin-1").strip()
    response.headers = answer.headers.by_name
    response.url = request.url or ""
    response.request = request
    response.raw = io.BytesIO(content)
    return response
