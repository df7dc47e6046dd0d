"""The connections that are kept for the next call."""

import re
import time

import structlog

from wx_domain_exporter.http.connection import Connection
from wx_domain_exporter.http.origin import Origin

log = structlog.get_logger(__name__)

_DISTRUST = 600.0
"""Seconds for which no connection is kept to a server that answered more than it was asked."""
_GOODBYE = re.compile(rb"HTTP/1\.[0-9] 408\b")
"""What a server may say before it closes an idle connection (RFC 9110, 15.5.9)."""


class ConnectionPool:
    """Idle connections of all origins, the one used last first.

    HTTP/1.1 has no number on an answer. A server that once sends an answer too many gives each further call
    on that connection the answer of the call before: another app's. What comes without having been asked for
    is the one sign of it; from then on each call to that server has a connection of its own.
    """

    def __init__(self, size: int) -> None:
        """Keep none yet.

        Args:
            size: how many are kept for an origin.
        """
        self._size = size
        self._idle: dict[Origin, list[Connection]] = {}
        self._distrusted_until: dict[Origin, float] = {}
        self._closed = False

    def take(self, origin: Origin) -> Connection | None:
        """Return a connection on which nothing came since it was given back; None if there is none."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_quiet():
                return connection
            unasked = connection.unasked()
            connection.close()
            if unasked and not _GOODBYE.match(unasked):
                self.distrust(origin)
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose last answer was read to its end, or close it."""
        idle = self._idle.setdefault(connection.origin, [])
        if len(idle) < self._size and not self._closed and not self._is_distrusted(connection.origin):
            idle.append(connection)
        else:
            connection.close()

    def distrust(self, origin: Origin) -> None:
        """Keep no connection to a server for a while: it answered more than it was asked."""
        known = self._is_distrusted(origin)
        self._distrusted_until[origin] = time.monotonic() + _DISTRUST
        for connection in self._idle.get(origin, ()):
            connection.close()
        self._idle.get(origin, []).clear()
        if not known:
            log.warning(
                "a server answers more than it is asked: answers of the last scrape may be other apps'; "
                "its connections are not kept for 10 minutes",
                server=origin.netloc,
            )

    def close(self) -> None:
        """Close all, and keep none any more."""
        self._closed = True
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    def _is_distrusted(self, origin: Origin) -> bool:
        until = self._distrusted_until.get(origin)
        return until is not None and time.monotonic() < until
