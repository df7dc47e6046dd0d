"""The pool of idle connections."""

import re

import structlog

from wx_domain_exporter.backoff import Cooldown
from wx_domain_exporter.http.connection import Connection
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.http.origin import Origin

log = structlog.get_logger(__name__)

_SECONDS_DISABLED = 600.0
"""How long no connections are kept to a server that sent a response without a request."""
_QUIET_SECONDS = 10.0
"""A connection that was idle for so long without receiving anything has no response under way."""
_REQUEST_TIMEOUT = re.compile(rb"HTTP/1\.[0-9] 408\b")
"""A server may send this response before it closes an idle connection (RFC 9110, section 15.5.9)."""


class ConnectionPool:
    """Idle connections by origin; the one that was used last is taken first.

    HTTP/1.1 responses do not say which request they belong to. If a server sends one response too many on
    a connection, every later call on it gets the response of the call before, which is that of another
    app. The only sign is data that arrives without a request, so idle connections are watched. After that
    the pool keeps no connections to this server for a while, so that each call opens its own, and records the
    period in `desyncs`, so that answers that were kept are not used again.
    """

    def __init__(self, size: int, desyncs: Desyncs) -> None:
        """Create an empty pool.

        Args:
            size: how many connections are kept for each origin.
            desyncs: receives the periods in which responses may have belonged to other requests.
        """
        self._size = size
        self._desyncs = desyncs
        self._idle: dict[Origin, list[Connection]] = {}
        self._disabled: dict[Origin, Cooldown] = {}
        self._closed = False

    def take(self, origin: Origin) -> Connection | None:
        """Return an idle connection that received no data since its last response; None if there is none."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            connection.stop_watching()
            if connection.is_idle():
                now = self._desyncs.clock.monotonic()
                if now - connection.idle_since >= _QUIET_SECONDS:
                    connection.in_sync_at = now
                return connection
            self._close_unexpected(connection)
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose last response was read completely, or close it."""
        idle = self._idle.setdefault(connection.origin, [])
        if len(idle) < self._size and not self._closed and not self._is_disabled(connection.origin):
            connection.idle_since = self._desyncs.clock.monotonic()
            connection.watch(self._idle_connection_received)
            idle.append(connection)
        else:
            connection.close()

    def discard(self, connection: Connection) -> None:
        """Close a connection whose last response was not what had been asked for; it is idle, or closed."""
        idle = self._idle.get(connection.origin, [])
        if connection in idle:
            idle.remove(connection)
        connection.close()

    def close_idle(self) -> None:
        """Close all idle connections, for example because the process has no file descriptor left."""
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    def disable(self, connection: Connection) -> None:
        """Keep no connections to a server for a while, because it sent a response without a request."""
        origin = connection.origin
        self._desyncs.note(connection.in_sync_at)
        already_disabled = self._is_disabled(origin)
        self._disabled.setdefault(origin, Cooldown(self._desyncs.clock)).begin(_SECONDS_DISABLED)
        for idle in self._idle.pop(origin, ()):
            idle.close()
        if not already_disabled:
            log.warning(
                "a server sent a response without a request; responses of the last scrape may belong to "
                "other apps; its connections are not kept for 10 minutes, and tokens, names and quotas are "
                "requested again",
                server=origin.netloc,
            )

    def close(self) -> None:
        """Close all connections and keep no more."""
        self._closed = True
        self.close_idle()

    def _idle_connection_received(self, connection: Connection) -> None:
        idle = self._idle.get(connection.origin, [])
        if connection in idle and not connection.is_idle():
            idle.remove(connection)
            self._close_unexpected(connection)

    def _close_unexpected(self, connection: Connection) -> None:
        """Close a connection on which something arrived while it was idle."""
        data = connection.unexpected_data()
        connection.close()
        if data and not _REQUEST_TIMEOUT.match(data):
            self.disable(connection)

    def _is_disabled(self, origin: Origin) -> bool:
        cooldown = self._disabled.get(origin)
        return cooldown is not None and cooldown.is_active()
