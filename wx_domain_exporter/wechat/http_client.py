"""One HTTP exchange with a deadline, and every failure as a type of ours."""

from collections.abc import Mapping

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from wx_domain_exporter.http.adapter import DeadlineAdapter
from wx_domain_exporter.http.tls import tls_context
from wx_domain_exporter.tasks import blocking
from wx_domain_exporter.wechat.errors import (
    BrokenConnectionError,
    CallTimeoutError,
    DeadlineError,
    DecodeError,
    HttpError,
    TlsError,
)

_FIRST_BAD_STATUS = 300
_SECONDS_FOR_CA_FILE = 3.0


class HttpClient:
    """Sends requests over connections that trust the same authorities; `send` and `close` are for tasks.

    The adapter is called without a requests.Session, which would cost a third as much as the call itself. It
    would also follow redirects, which could send tokens to another server, and keep cookies, which would make
    calls depend on one another.
    """

    def __init__(
        self,
        *,
        ca_file: str | None,
        idle_connections: int,
        max_response_bytes: int,
        timeout: float,
    ) -> None:
        """Open no connection yet.

        Args:
            ca_file: the trusted authorities; those that come with requests unless given.
            idle_connections: how many are kept for the next exchange.
            max_response_bytes: the cap on a body.
            timeout: seconds that an exchange has where nothing else is short of time.

        Raises:
            OSError: `ca_file` can't be read or holds no certificate.
        """
        self.timeout = timeout
        self._adapter = DeadlineAdapter(
            tls=blocking(tls_context, ca_file or DEFAULT_CA_BUNDLE_PATH, seconds=_SECONDS_FOR_CA_FILE),
            idle_connections=idle_connections,
            max_response_bytes=max_response_bytes,
        )

    def close(self) -> None:
        """Close the idle connections."""
        self._adapter.close()

    def send(
        self, request: requests.PreparedRequest, allowed_seconds: float, proxies: Mapping[str, str]
    ) -> bytes:
        """Send a request and return the body of its answer.

        Args:
            request: what to send.
            allowed_seconds: from the name's look-up to the last byte.
            proxies: as requests has them, scheme to URL.

        Raises:
            FetchError: no answer with an HTTP status below 300 came.
        """
        try:
            response = self._adapter.send(request, timeout=allowed_seconds, proxies=proxies)
        except requests.exceptions.Timeout as error:
            if allowed_seconds < self.timeout:
                raise DeadlineError("the call was cut short: too many apps wait for their turn") from None
            raise CallTimeoutError(str(error)) from None
        except requests.exceptions.SSLError as error:
            raise TlsError(str(error)) from None
        except requests.exceptions.ConnectionError as error:
            raise BrokenConnectionError(str(error)) from None
        except requests.exceptions.ContentDecodingError as error:
            raise DecodeError(str(error)) from None
        except requests.exceptions.RequestException as error:
            raise HttpError(str(error)) from None
        if response.status_code >= _FIRST_BAD_STATUS:
            raise HttpError(f"HTTP status {response.status_code}")
        return response.content
