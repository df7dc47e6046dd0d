"""The client of token services: one request, whose answer has no errcode."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import requests

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.wechat.errors import BrokenConnectionError, FetchError
from wx_domain_exporter.wechat.http_client import USER_AGENT, HttpClient
from wx_domain_exporter.wechat.observer import CallObserver
from wx_domain_exporter.wechat.proxies import environment_proxies
from wx_domain_exporter.wechat.redaction import redact

Result = TypeVar("Result")

NAME = "http"
"""The value of the metric label `api`: the type of the token source."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token: a GET, or a POST if it has a body.

    Attributes:
        url: the URL of the token service.
        headers: sent in addition to the usual ones; their values are secrets.
        body: the fields to send; their values are secrets.
        as_form: whether they are sent as a form, in place of a JSON object.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, str] = field(repr=False)
    as_form: bool

    def prepared(self) -> requests.PreparedRequest:
        """Return it as requests sends it.

        Raises:
            RequestException: the URL is not valid.
        """
        headers = {"Accept": "application/json, text/plain;q=0.9", "User-Agent": USER_AGENT, **self.headers}
        if not self.body:
            return requests.Request("GET", self.url, headers).prepare()
        if self.as_form:
            return requests.Request("POST", self.url, headers, data=self.body).prepare()
        return requests.Request("POST", self.url, headers, json=self.body).prepare()


class TokenServiceClient:
    """Requests tokens from all token services; `call` and `close` are for tasks."""

    def __init__(
        self,
        settings: Wechat,
        observer: CallObserver,
        desyncs: Desyncs,
        close_idle: Callable[[], object] | None = None,
    ) -> None:
        """Create a client; connections are opened when they are needed."""
        self._settings = settings
        self._observer = observer
        self._clock = desyncs.clock
        self._desyncs = desyncs
        self._close_idle = close_idle
        self._http: dict[str | None, HttpClient] = {}
        """By `ca_file`."""

    def close(self) -> None:
        """Close the idle connections."""
        for http in self._http.values():
            http.close()

    def close_idle(self) -> None:
        """Close the idle connections; new ones are kept."""
        for http in self._http.values():
            http.close_idle()

    def call(
        self, asked: TokenRequest, ca_file: str | None, timeout: float, parse: Callable[[bytes], Result]
    ) -> Result:
        """Send one request.

        Args:
            asked: the request.
            ca_file: the trusted certificate authorities; None: those that come with requests.
            timeout: seconds that it may take.
            parse: parses the body of the response, or raises a DecodeError.

        Raises:
            FetchError: there is no valid response.
        """
        http = self._http_client(ca_file)
        try:
            request = asked.prepared()
        except requests.RequestException as error:
            raise BrokenConnectionError(f"the URL is not valid: {redact(str(error))}") from None
        proxies = environment_proxies(self._settings, asked.url)
        begin = self._clock.monotonic()
        try:
            answer = http.send(request, timeout, proxies, lambda body, _: parse(body))
        except FetchError as error:
            self._observer.failed(NAME, error.reason, self._clock.monotonic() - begin)
            raise
        self._observer.answered(NAME, 0, self._clock.monotonic() - begin)
        return answer

    def _http_client(self, ca_file: str | None) -> HttpClient:
        if ca_file not in self._http:
            try:
                http = HttpClient(ca_file, self._settings, self._desyncs, self._close_idle)
            except OSError as error:
                raise BrokenConnectionError(f"ca_file can't be read: {error.strerror or error}") from None
            self._http.setdefault(ca_file, http)  # another task may have created one meanwhile
        return self._http[ca_file]
