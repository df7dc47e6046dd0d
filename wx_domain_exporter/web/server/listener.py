"""Accepts connections up to a limit, each with the TLS settings that are current when it comes."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence

import structlog

from wx_domain_exporter.open_files import max_clients
from wx_domain_exporter.web.server.limited_protocol import ConnectionLimits, LimitedProtocol
from wx_domain_exporter.web.server.uvicorn_internals import UvicornServer
from wx_domain_exporter.web.web_config.tls_context import ClientAuth, ServerTls

log = structlog.get_logger(__name__)

_SECONDS_AFTER_ACCEPT_ERROR = 0.1
_SECONDS_BETWEEN_LINES = 60.0
_TLS_SHUTDOWN_SECONDS = 2.0


class ConnectionListener:
    """Accepts connections on sockets, and limits how many are open and how many answers wait to be read."""

    def __init__(
        self,
        server: UvicornServer,
        sockets: Sequence[socket.socket],
        tls: Callable[[], ServerTls | None],
        limits: ConnectionLimits,
    ) -> None:
        """Begin to accept, in the running event loop.

        Args:
            server: answers the requests.
            sockets: they listen already.
            tls: returns the TLS settings for a new connection; None for plain text.
            limits: times and numbers.
        """
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._sockets = sockets
        self._tls = tls
        self._limits = limits
        self._max_connections = max_clients(limits.connections)
        # In the order in which their last request ended: the first one has been idle for longest.
        self._open: dict[LimitedProtocol, asyncio.Task[None]] = {}
        self._waiting_for_reader: dict[LimitedProtocol, None] = {}
        self._warnings = _LogInterval(self._loop)
        self._invalid_bodies = _LogInterval(self._loop)
        self._closed = False
        for listening in sockets:
            listening.settimeout(0)
            self._accept_on(listening)

    def close(self) -> None:
        """Accept no more connections, and abandon unfinished TLS handshakes."""
        self._closed = True
        for listening in self._sockets:
            self._loop.remove_reader(listening)
        for task in self._open.values():
            task.cancel()

    async def wait_closed(self) -> None:
        """Return at once: after `close`, nothing is accepted."""

    def client_auth(self) -> ClientAuth | None:
        """Return which clients are allowed now; None without TLS."""
        tls = self._tls()
        return None if tls is None else tls.client_auth

    def answered(self, connection: LimitedProtocol) -> None:
        """Move a connection to the end of the idle ones."""
        if connection in self._open:
            self._open[connection] = self._open.pop(connection)

    def writing_paused(self, connection: LimitedProtocol) -> None:
        """Take note that an answer waits for its client to read; cut the oldest one if there are too many."""
        self._waiting_for_reader[connection] = None
        if len(self._waiting_for_reader) > self._limits.stalled:
            self._warn(
                "too many answers wait for their clients to read: the oldest is cut", self._limits.stalled
            )
            next(iter(self._waiting_for_reader)).cut()

    def writing_resumed(self, connection: LimitedProtocol) -> None:
        """Take note that an answer no longer waits."""
        self._waiting_for_reader.pop(connection, None)

    def invalid_body_received(self) -> None:
        """Log that a connection is cut because the body of a request is not valid HTTP."""
        if self._invalid_bodies.is_over():
            log.debug("connection closed: the body of a request is not valid HTTP")

    def closed(self, connection: LimitedProtocol) -> None:
        """Take note that a connection is closed."""
        self._open.pop(connection, None)

    def _accept_on(self, listening: socket.socket) -> None:
        if not self._closed:
            self._loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        """Accept one connection; the event loop calls this again if more are waiting."""
        try:
            sock, _ = listening.accept()
        except (BlockingIOError, ConnectionError):  # The client has closed the connection already.
            return
        except OSError as error:
            self._warn(f"can't accept connections: {error.strerror}", len(self._open))
            self._cut_idle_connection()
            self._loop.remove_reader(listening)
            self._loop.call_later(_SECONDS_AFTER_ACCEPT_ERROR, self._accept_on, listening)
            return
        sock.settimeout(0)
        self._serve(sock)

    def _serve(self, sock: socket.socket) -> None:
        if len(self._open) >= self._max_connections:
            self._warn("too many connections: those without a request are cut", self._max_connections)
            if not self._cut_idle_connection():
                sock.close()
                return
        connection = LimitedProtocol(self._server, self, self._limits)
        task = self._loop.create_task(self._connect(sock, connection))
        self._open[connection] = task
        task.add_done_callback(lambda _: self._connect_ended(sock, connection))

    def _cut_idle_connection(self) -> bool:
        """Cut the connection that has been without a request for longest; return whether there is one."""
        for connection, task in self._open.items():
            if not connection.is_answering:
                task.cancel()
                connection.cut()
                del self._open[connection]
                return True
        return False

    async def _connect(self, sock: socket.socket, connection: LimitedProtocol) -> None:
        tls = self._tls()
        with contextlib.suppress(OSError):  # A handshake that fails is the client's problem.
            await self._loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=None if tls is None else tls.context,
                ssl_handshake_timeout=None if tls is None else self._limits.handshake,
                ssl_shutdown_timeout=None if tls is None else _TLS_SHUTDOWN_SECONDS,
            )

    def _connect_ended(self, sock: socket.socket, connection: LimitedProtocol) -> None:
        """Forget a connection whose handshake failed or never began; asyncio reports only others as lost."""
        if not connection.is_connected:
            sock.close()
            self.closed(connection)

    def _warn(self, event: str, connections: int) -> None:
        if self._warnings.is_over():
            log.warning(event, connections=connections)


class _LogInterval:
    """Limits one kind of log line to one a minute, because clients could cause any number of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._end = 0.0

    def is_over(self) -> bool:
        """Whether a line may be logged now; if so, the next interval begins."""
        now = self._loop.time()
        if now < self._end:
            return False
        self._end = now + _SECONDS_BETWEEN_LINES
        return True
