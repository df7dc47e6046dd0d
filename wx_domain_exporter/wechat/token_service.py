"""The client of token services: one GET request, answered with a JSON object without an errcode."""

from collections.abc import Mapping

import requests

from wx_domain_exporter import __version__
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.wechat.errors import BrokenConnectionError, FetchError
from wx_domain_exporter.wechat.http_client import HttpClient
from wx_domain_exporter.wechat.observer import CallObserver
from wx_domain_exporter.wechat.proxies import environment_proxies
from wx_domain_exporter.wechat.redaction import foreign_text
from wx_domain_exporter.wechat.responses import JsonObject, read_json

NAME = "http"
"""The value of the metric label `api`: the type of the token source."""


class TokenServiceClient:
    """Requests tokens from all token services; `get` and `close` are for tasks."""

    def __init__(self, settings: Wechat, observer: CallObserver, clock: Clock = SYSTEM_CLOCK) -> None:
        """Create a client; connections are opened when they are needed."""
        self._settings = settings
        self._observer = observer
        self._clock = clock
        self._http: dict[str | None, HttpClient] = {}
        """By `ca_file`."""

    def close(self) -> None:
        """Close the idle connections."""
        for http in self._http.values():
            http.close()

    def get(self, url: str, headers: Mapping[str, str], ca_file: str | None, timeout: float) -> JsonObject:
        """Send one request.

        Args:
            url: whom to ask.
            headers: beside the usual ones; their values are secrets.
            ca_file: the authorities it is trusted by; those that come with requests unless given.
            timeout: seconds that it may take.

        Raises:
            FetchError: no JSON object came.
        """
        http = self._http_client(ca_file)
        usual = {"Accept": "application/json", "User-Agent": f"wx_domain_exporter/{__version__}"}
        try:
            request = requests.Request("GET", url, headers={**usual, **headers}).prepare()
        except requests.RequestException as error:
            raise BrokenConnectionError(f"the URL can't be asked: {foreign_text(str(error))}") from None
        proxies = environment_proxies(self._settings, url)
        begin = self._clock.monotonic()
        try:
            answer = read_json(http.send(request, timeout, proxies))
        except FetchError as error:
            self._observer.failed(NAME, error.reason, self._clock.monotonic() - begin)
            raise
        self._observer.answered(NAME, 0, self._clock.monotonic() - begin)
        return answer

    def _http_client(self, ca_file: str | None) -> HttpClient:
        http = self._http.get(ca_file)
        if http is None:
            http = self._new_http_client(ca_file)
            http = self._http.setdefault(ca_file, http)  # another task may have made it meanwhile
        return http

    def _new_http_client(self, ca_file: str | None) -> HttpClient:
        try:
            return HttpClient(
                ca_file=ca_file,
                idle_connections=self._settings.max_concurrency,
                max_response_bytes=self._settings.max_response_bytes,
                timeout=self._settings.timeout,
            )
        except OSError as error:
            raise BrokenConnectionError(f"ca_file can't be read: {error.strerror or error}") from None
