"""One HTTP exchange with a deadline: requests' Session, and every failure as a type of ours."""

from collections.abc import Iterator, Mapping

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from wx_domain_exporter.wechat.deadline_socket import tls_context
from wx_domain_exporter.wechat.errors import (
    BrokenConnectionError,
    CallTimeoutError,
    DeadlineError,
    DecodeError,
    HttpError,
    TlsError,
)
from wx_domain_exporter.wechat.transport import DeadlineAdapter

_FIRST_BAD_STATUS = 300


class _Session(requests.Session):
    def resolve_redirects(self, *_: object, **__: object) -> Iterator[requests.Response]:
        """Follow no redirect: tokens don't go where a stranger points."""
        return iter(())


class Wire:
    """Connections that trust the same authorities and go the same way; safe to share between threads."""

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
        self._session = _Session()
        self._session.trust_env = False
        adapter = DeadlineAdapter(
            tls=tls_context(ca_file or DEFAULT_CA_BUNDLE_PATH),
            idle_connections=idle_connections,
            max_response_bytes=max_response_bytes,
        )
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        """Close the idle connections."""
        self._session.close()

    def send(self, request: requests.PreparedRequest, allowed: float, proxies: Mapping[str, str]) -> bytes:
        """Send a request and return the body of its answer.

        Args:
            request: what to send.
            allowed: seconds from the connect to the last byte.
            proxies: as requests has them, scheme to URL.

        Raises:
            FetchError: no answer with an HTTP status below 300 came.
        """
        try:
            response = self._session.send(
                request, timeout=allowed, allow_redirects=False, proxies=dict(proxies)
            )
            content = response.content
        except requests.exceptions.Timeout as error:
            if allowed < self.timeout:
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
        return content
