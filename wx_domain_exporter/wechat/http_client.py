"""Sends HTTP requests with a timeout, and raises a `FetchError` for each failure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from socket import AddressFamily
from typing import TypeVar
from urllib.parse import unquote

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from wx_domain_exporter import __version__
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.http.adapter import DeadlineAdapter
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.http.response import FIRST_BAD_STATUS
from wx_domain_exporter.http.tls import tls_context
from wx_domain_exporter.tasks import blocking
from wx_domain_exporter.wechat.apis import READ_ONLY_BODIES
from wx_domain_exporter.wechat.errors import (
    BrokenConnectionError,
    CallTimeoutError,
    DeadlineError,
    DecodeError,
    HttpError,
    TlsError,
)

Result = TypeVar("Result")

USER_AGENT = f"wx_domain_exporter/{__version__}"
_CA_FILE_TIMEOUT = 3.0


class HttpClient:
    """Sends requests over connections that trust the same authorities; `send` and `close` are for tasks.

    The adapter is called without a requests.Session, which would cost a third as much as the call itself. It
    would also follow redirects, which could send tokens to another server, and keep cookies, which would make
    calls depend on one another.
    """

    def __init__(
        self,
        ca_file: str | None,
        settings: Wechat,
        desyncs: Desyncs,
        close_idle: Callable[[], object] | None = None,
        family: AddressFamily = AddressFamily.AF_UNSPEC,
    ) -> None:
        """Create a client; connections are opened when they are needed.

        Args:
            ca_file: the trusted certificate authorities; None: those that come with requests.
            settings: limits.
            desyncs: receives the periods in which responses may have belonged to other requests.
            close_idle: see `DeadlineAdapter`.
            family: likewise.

        Raises:
            OSError: `ca_file` can't be read or holds no certificate.
        """
        self._full_timeout = settings.timeout
        self._adapter = DeadlineAdapter(
            tls=blocking(tls_context, ca_file or DEFAULT_CA_BUNDLE_PATH, seconds=_CA_FILE_TIMEOUT),
            idle_connections=settings.max_concurrency,
            max_response_bytes=settings.max_response_bytes,
            desyncs=desyncs,
            family=family,
            close_idle=close_idle,
        )

    @property
    def families(self) -> Collection[AddressFamily]:
        """Return the kinds of addresses from which responses came without a proxy."""
        return self._adapter.families

    def close(self) -> None:
        """Close the idle connections and keep no more."""
        self._adapter.close()

    def close_idle(self) -> None:
        """Close the idle connections; new ones are kept."""
        self._adapter.close_idle()

    def send(
        self,
        request: requests.PreparedRequest,
        timeout: float,
        proxies: Mapping[str, str],
        parse: Callable[[bytes, Sequence[str]], Result],
    ) -> Result:
        """Send a request and return the parsed body of the response.

        Args:
            request: the request.
            timeout: seconds from the name look-up to the last byte; less than the configured timeout where
                other apps wait.
            proxies: as requests has them, scheme to URL.
            parse: parses the body, and masks secrets that it may repeat; if it raises a DecodeError, the
                connection is not used again.

        Raises:
            FetchError: there was no complete response with an HTTP status below 300, or `parse` raised it.
        """
        _refuse_changes(request)
        try:
            response = self._adapter.send(request, timeout=timeout, proxies=proxies)
        except requests.exceptions.Timeout as error:
            if timeout < self._full_timeout:
                raise DeadlineError("the call was cut short because other apps were waiting") from None
            raise CallTimeoutError(str(error)) from None
        except requests.exceptions.SSLError as error:
            raise TlsError(str(error)) from None
        except requests.exceptions.ConnectionError as error:
            raise BrokenConnectionError(str(error)) from None
        except requests.exceptions.ContentDecodingError as error:
            raise DecodeError(str(error)) from None
        except requests.exceptions.RequestException as error:
            raise HttpError(str(error)) from None
        if response.status_code >= FIRST_BAD_STATUS:
            raise HttpError(f"HTTP status {response.status_code}")
        try:
            return parse(response.content, response.secrets)
        except DecodeError:
            self._adapter.discard(response)
            raise


def _refuse_changes(request: requests.PreparedRequest) -> None:
    """Refuse a request that would change something at WeChat, also one to a token service.

    Raises:
        HttpError: its path names an API of `READ_ONLY_BODIES`, in any spelling, and its body is another.
    """
    path = unquote((request.url or "").partition("?")[0]).lower()
    for known, body in READ_ONLY_BODIES.items():
        if known.rpartition("/")[2] in path and request.body != body:
            raise HttpError("the request would change a platform's domains; it was not sent")
