"""uvicorn's HTTP protocol with limits: no client holds a connection for longer than it has a use for it."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from wx_domain_exporter.web.server.client_certificates import client_names, is_allowed_client
from wx_domain_exporter.web.web_config.tls_context import Admission

log = structlog.get_logger(__name__)

_MAX_BYTES_OF_A_BODY = 1 << 16


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Seconds, and numbers of connections."""

    handshake: float = 10.0
    """From the connect to the end of the TLS handshake."""
    headers: float = 10.0
    """From the connect, or from the first byte of a request, to the end of its headers."""
    stall: float = 30.0
    """For a client to read on, when an answer fills the connection's buffers."""
    answer: float = 120.0
    """From there to the end of the answer; no scrape waits longer."""
    connections: int = 1000
    """Open at once; the one that has been without a request for longest gives way to a new one."""
    stalled: int = 16
    """Answers at once that wait to be read; the one that waits longest is given up for a new one."""


class ConnectionOwner(Protocol):
    """Who keeps count of the connections."""

    def admission(self) -> Admission | None:
        """Return which clients are let in now."""

    def answered(self, protocol: "LimitedProtocol") -> None:
        """Hear that a request was answered."""

    def stalled(self, protocol: "LimitedProtocol") -> None:
        """Hear that an answer waits to be read."""

    def flowing(self, protocol: "LimitedProtocol") -> None:
        """Hear that it does no longer."""

    def lost(self, protocol: "LimitedProtocol") -> None:
        """Hear that the connection is gone."""


class LimitedProtocol(H11Protocol):
    """One connection."""

    def __init__(
        self, config: uvicorn.Config, state: ServerState, owner: ConnectionOwner, limits: ConnectionLimits
    ) -> None:
        super().__init__(config, state, {})
        self.connected = False
        self._owner = owner
        self._limits = limits
        self._admission = owner.admission()
        self._header_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._bytes_after_headers = 0
        self._read_by: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def cut(self) -> None:
        """Close the connection without a word, whatever was to be sent."""
        if self.connected:
            self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Begin, if the client's certificate is one of those that are let in."""
        super().connection_made(transport)
        self.connected = True
        self._start_header_timer()
        ssl_object: Any = transport.get_extra_info("ssl_object")
        allowed = self._admission.allowed_sans if self._admission is not None else None
        certificate = ssl_object.getpeercert() if ssl_object is not None and allowed is not None else None
        if not is_allowed_client(certificate, allowed):
            names = ", ".join(sorted(client_names(certificate or {}))) or "none"
            log.info("client refused: none of its names is in client_allowed_sans", names=names)
            self.cut()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_header_timer()
        self._stop_stall_timer()
        self._owner.lost(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request, as long as they come in time and are not too many."""
        if self.transport.is_closing():
            return
        if self.busy or self.conn.their_state is h11.SEND_BODY:
            self._bytes_after_headers += len(data)
            if self._bytes_after_headers > _MAX_BYTES_OF_A_BODY:
                self.cut()
                return
        if not self.busy and self._admission != self._owner.admission():
            self.transport.close()  # it was let in by rules that are no longer in force
            return
        if not self.busy and self._header_timer is None:
            self._start_header_timer()
        super().data_received(data)

    def handle_events(self) -> None:
        """Let uvicorn read what has arrived, and see whether that began a request."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._bytes_after_headers = 0
            self._read_by = None
            self._stop_header_timer()

    def on_response_complete(self) -> None:
        """Wait for the next request, for as long as uvicorn keeps idle connections."""
        self._owner.answered(self)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Give the client some time to read."""
        super().pause_writing()
        now = self.loop.time()
        if self._read_by is None:
            self._read_by = now + self._limits.answer
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_at(min(now + self._limits.stall, self._read_by), self.cut)
            self._owner.stalled(self)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        self._stop_stall_timer()
        super().resume_writing()

    def _start_header_timer(self) -> None:
        self._header_timer = self.loop.call_later(self._limits.headers, self.cut)

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
            self._owner.flowing(self)
