"""The undocumented parts of uvicorn that we need: this module alone uses them.

uvicorn has no limit for TLS handshakes, request heads, open connections and answers that nobody reads, and
after a signal that ended it, it raises that signal again. So our own listener accepts the connections, and
their protocol exposes what the limits depend on. `tests/unit/web/server/test_uvicorn_internals.py` says what
is missing when an upgrade of uvicorn breaks this.
"""

import asyncio
import contextlib
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Protocol

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from wx_domain_exporter.web.asgi_state import state_of_connection

MAX_HEAD_BYTES = 16 << 10
"""Of the request line and the headers."""


class Listener(Protocol):
    """What uvicorn closes when it stops; otherwise a server of asyncio."""

    def close(self) -> None:
        """Accept no more connections."""

    async def wait_closed(self) -> None:
        """Return when none is accepted any more."""


class UvicornServer(uvicorn.Server, ABC):
    """uvicorn's server with a listener of our own, which leaves the signals to its caller."""

    @abstractmethod
    def open_listener(self, sockets: Sequence[socket.socket]) -> Listener:
        """Accept connections on sockets that listen already; called in the server's event loop."""

    async def startup(self, sockets: Sequence[socket.socket] | None = None) -> None:
        """Accept connections; uvicorn calls this once, before its main loop."""
        await self.lifespan.startup()
        self.servers = [self.open_listener(sockets or ())]  # type: ignore[list-item] # uvicorn only closes them
        self.started = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: uvicorn would raise it again at its end, and the exit status would not be 0."""
        yield


class UvicornConnection(H11Protocol):
    """uvicorn's protocol of one connection, with hooks for the begin and the end of each request."""

    def __init__(self, server: UvicornServer) -> None:
        super().__init__(server.config, server.server_state, state_of_connection(self.cut))
        self.is_connected = False

    @property
    def is_answering(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def expects_body(self) -> bool:
        """Whether the client has not sent the whole body of its request yet."""
        return self.conn.their_state is h11.SEND_BODY

    @property
    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self.transport.is_closing()

    def close(self) -> None:
        """Close the connection when everything that was written is sent."""
        self.transport.close()

    def cut(self) -> None:
        """Close the connection at once, whatever remains to be sent; without one, do nothing."""
        if self.is_connected:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Let uvicorn parse what has arrived; a head over the limit is 400, also when it comes at once.

        h11 looks at the size of a head only while its end is missing.
        """
        room = max(0, MAX_HEAD_BYTES - len(self.conn.trailing_data[0]))
        for part in (data[:room], data[room : room + 1], data[room + 1 :]):
            if part and not self.is_closing:
                super().data_received(part)

    def invalid_body_received(self) -> None:
        """Hook for the moment when the body of a request breaks HTTP; the connection is cut afterwards."""

    def request_started(self) -> None:
        """Hook for the moment when the head of a request has arrived."""

    def response_sent(self) -> None:
        """Hook for the moment when the whole answer to a request was written."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Begin; asyncio calls this once the TLS handshake is done."""
        super().connection_made(transport)
        self.is_connected = True

    def handle_events(self) -> None:
        """Let uvicorn parse what has arrived, and see whether that began a request."""
        previous = self.cycle
        super().handle_events()
        if self.cycle is not previous:
            self.request_started()

    def on_response_complete(self) -> None:
        """Let uvicorn wait for the next request; it calls this after each answer."""
        self.response_sent()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer 400 to a head that is not HTTP; after a head, another answer is on its way or was sent."""
        if self.conn.our_state is h11.IDLE:
            super().send_400_response(msg)
        else:
            self.invalid_body_received()
            self.cut()
