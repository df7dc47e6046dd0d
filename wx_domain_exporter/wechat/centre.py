"""Asking a central token service: one GET, its answer as a JSON object, and no errcode."""

import threading
from collections.abc import Mapping

import requests

from wx_domain_exporter import __version__
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.wechat.errors import BrokenConnectionError, FetchError
from wx_domain_exporter.wechat.observer import CallObserver
from wx_domain_exporter.wechat.proxies import environment_proxies
from wx_domain_exporter.wechat.redaction import foreign_text
from wx_domain_exporter.wechat.responses import JsonObject, read_json
from wx_domain_exporter.wechat.wire import Wire

NAME = "http"
"""What it is called where APIs are counted: the type of the token source."""


class CentreClient:
    """All central token services; safe to share between threads."""

    def __init__(self, settings: Wechat, observer: CallObserver, clock: Clock = SYSTEM_CLOCK) -> None:
        """Make a client without connections."""
        self._settings = settings
        self._observer = observer
        self._clock = clock
        self._wires: dict[str | None, Wire] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            wires = list(self._wires.values())
        for wire in wires:
            wire.close()

    def get(self, url: str, headers: Mapping[str, str], ca_file: str | None, timeout: float) -> JsonObject:
        """Ask once.

        Args:
            url: whom to ask.
            headers: beside the usual ones; their values are secrets.
            ca_file: the authorities it is trusted by; those that come with requests unless given.
            timeout: seconds that it may take.

        Raises:
            FetchError: no JSON object came.
        """
        wire = self._wire(ca_file)
        usual = {"Accept": "application/json", "User-Agent": f"wx_domain_exporter/{__version__}"}
        try:
            request = requests.Request("GET", url, headers={**usual, **headers}).prepare()
        except requests.RequestException as error:
            raise BrokenConnectionError(f"the URL can't be asked: {foreign_text(str(error))}") from None
        proxies = environment_proxies(self._settings, url)
        begin = self._clock.monotonic()
        try:
            answer = read_json(wire.send(request, timeout, proxies))
        except FetchError as error:
            self._observer.failed(NAME, error.reason, self._clock.monotonic() - begin)
            raise
        self._observer.answered(NAME, 0, self._clock.monotonic() - begin)
        return answer

    def _wire(self, ca_file: str | None) -> Wire:
        with self._lock:
            wire = self._wires.get(ca_file)
            if wire is None:
                wire = self._wires[ca_file] = self._new_wire(ca_file)
            return wire

    def _new_wire(self, ca_file: str | None) -> Wire:
        try:
            return Wire(
                ca_file=ca_file,
                idle_connections=self._settings.max_concurrency,
                max_response_bytes=self._settings.max_response_bytes,
                timeout=self._settings.timeout,
            )
        except OSError as error:
            raise BrokenConnectionError(f"ca_file can't be read: {error.strerror}") from None
