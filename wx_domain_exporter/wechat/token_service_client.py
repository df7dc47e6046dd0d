"""The client of token services: one GET request, answered with a JSON object without an errcode."""

from collections.abc import Callable, Mapping

import requests

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.wechat.errors import BrokenConnectionError, FetchError
from wx_domain_exporter.wechat.http_client import USER_AGENT, HttpClient
from wx_domain_exporter.wechat.observer import CallObserver
from wx_domain_exporter.wechat.proxies import environment_proxies
from wx_domain_exporter.wechat.redaction import redact
from wx_domain_exporter.wechat.responses import JsonObject, read_json

NAME = "http"
"""The value of the metric label `api`: the type of the token source."""


class TokenServiceClient:
    """Requests tokens from all token services; `get` and `close` are for tasks."""

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

    def get(self, url: str, headers: Mapping[str, str], ca_file: str | None, timeout: float) -> JsonObject:
        """Send one request.

        Args:
            url: the URL of the token service, with the appid in it.
            headers: sent in addition to the usual ones; their values are secrets.
            ca_file: the trusted certificate authorities; None: those that come with requests.
            timeout: seconds that it may take.

        Raises:
            FetchError: the response is not a JSON object, or there is none.
        """
        http = self._http_client(ca_file)
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **headers}
        try:
            request = requests.Request("GET", url, headers=headers).prepare()
        except requests.RequestException as error:
            raise BrokenConnectionError(f"the URL is not valid: {redact(str(error))}") from None
        proxies = environment_proxies(self._settings, url)
        begin = self._clock.monotonic()
        try:
            answer = http.send(request, timeout, proxies, read_json)
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
