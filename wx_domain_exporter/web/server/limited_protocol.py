"""One connection of a client, with limits on how long it may take and how much it may send."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from wx_domain_exporter.open_files import MAX_CLIENTS
from wx_domain_exporter.web.server.client_certificates import client_names, is_allowed_client
from wx_domain_exporter.web.server.uvicorn_internals import UvicornConnection, UvicornServer
from wx_domain_exporter.web.web_config.tls_context import ClientAuth

log = structlog.get_logger(__name__)

_MAX_BODY_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Times in seconds, and numbers of connections."""

    handshake: float = 10.0
    """From the connect to the end of the TLS handshake."""
    headers: float = 10.0
    """From the connect, or from the first byte of a request, to the end of its headers."""
    stall: float = 30.0
    """For a client to read on after an answer has filled the connection's buffers."""
    answer: float = 120.0
    """From the first time that an answer has filled the buffers to its end; no scrape waits longer."""
    connections: int = MAX_CLIENTS
    """Open at once; a new one beyond replaces the one that has been without a request for longest."""
    stalled: int = 64
    """Answers at once that wait for their clients to read; beyond, the one that has waited longest is cut."""


class ConnectionObserver(Protocol):
    """Knows all open connections; each one reports its changes to it."""

    def client_auth(self) -> ClientAuth | None:
        """Return which clients are allowed now; None without TLS."""

    def answered(self, connection: "LimitedProtocol") -> None:
        """Take note that a request was answered."""

    def writing_paused(self, connection: "LimitedProtocol") -> None:
        """Take note that an answer waits for its client to read."""

    def writing_resumed(self, connection: "LimitedProtocol") -> None:
        """Take note that the answer no longer waits."""

    def invalid_body_received(self) -> None:
        """Take note that a connection is cut because the body of a request is not valid HTTP."""

    def closed(self, connection: "LimitedProtocol") -> None:
        """Take note that the connection is closed."""


class LimitedProtocol(UvicornConnection):
    """One connection, which is cut when it exceeds a limit."""

    def __init__(self, server: UvicornServer, observer: ConnectionObserver, limits: ConnectionLimits) -> None:
        super().__init__(server)
        self._loop = asyncio.get_running_loop()
        self._observer = observer
        self._limits = limits
        self._client_auth = observer.client_auth()
        self._header_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._bytes_after_headers = 0
        self._answer_deadline: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Begin, unless the client's certificate has none of the allowed names."""
        super().connection_made(transport)
        self._start_header_timer()
        ssl_object: Any = transport.get_extra_info("ssl_object")
        allowed = self._client_auth.allowed_sans if self._client_auth is not None else None
        certificate = ssl_object.getpeercert() if ssl_object is not None and allowed is not None else None
        if not is_allowed_client(certificate, allowed):
            names = ", ".join(sorted(client_names(certificate or {}))) or "none"
            log.info("client refused: none of its names is in client_allowed_sans", names=names)
            self.cut()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._stop_header_timer()
        self._stop_stall_timer()
        self._observer.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what the client sent, unless that is too much or the client is no longer allowed."""
        if self.is_closing:
            return
        if self.is_answering or self.expects_body:
            self._bytes_after_headers += len(data)
            if self._bytes_after_headers > _MAX_BODY_BYTES:
                self.cut()
                return
        if not self.is_answering and self._client_auth != self._observer.client_auth():
            self.close()  # The client was verified by rules that have changed since.
            return
        if not self.is_answering and self._header_timer is None:
            self._start_header_timer()
        super().data_received(data)

    def request_started(self) -> None:
        """Begin to count the bytes after the head; the time for the head is over."""
        self._bytes_after_headers = 0
        self._answer_deadline = None
        self._stop_header_timer()

    def invalid_body_received(self) -> None:
        """Report that the connection is cut because of the body."""
        self._observer.invalid_body_received()

    def response_sent(self) -> None:
        """Report that the connection waits for its next request."""
        self._observer.answered(self)

    def pause_writing(self) -> None:
        """Limit the time until the client reads on; asyncio calls this when the buffers are full."""
        super().pause_writing()
        now = self._loop.time()
        if self._answer_deadline is None:
            self._answer_deadline = now + self._limits.answer
        if self._stall_timer is None:
            self._stall_timer = self._loop.call_at(
                min(now + self._limits.stall, self._answer_deadline), self.cut
            )
            self._observer.writing_paused(self)

    def resume_writing(self) -> None:
        """Send on; asyncio calls this when the client has read."""
        self._stop_stall_timer()
        super().resume_writing()

    def _start_header_timer(self) -> None:
        self._header_timer = self._loop.call_later(self._limits.headers, self.cut)

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
            self._observer.writing_resumed(self)
