"""Accepts connections, so many and no more, each with the TLS settings of its moment."""

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import Callable, Sequence

import structlog
import uvicorn
from uvicorn.server import ServerState

from wx_domain_exporter.web.server.limited_protocol import ConnectionLimits, LimitedProtocol
from wx_domain_exporter.web.web_config.tls_context import Admission, ServerTls

log = structlog.get_logger(__name__)

_PAUSE = 0.1
"""Seconds without accepting after the system had no descriptor left."""
_QUIET = 60.0
"""Seconds between two log lines on too many connections."""
_SHUTDOWN = 2.0
"""Seconds that a client has to say goodbye in TLS."""


def _most(limits: ConnectionLimits) -> int:
    """Return how many connections may be open, so that half of the descriptors are left for other things."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return limits.connections
    return min(limits.connections, max(1, descriptors // 2))


class ConnectionListener:
    """Listens on sockets for uvicorn's server, which only wants to close it."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        config: uvicorn.Config,
        state: ServerState,
        tls: Callable[[], ServerTls | None],
        limits: ConnectionLimits,
    ) -> None:
        """Begin to accept, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._sockets = sockets
        self._config, self._state = config, state
        self._tls = tls
        self._limits = limits
        self._most = _most(limits)
        # Those that wait longest for a request come first.
        self._open: dict[LimitedProtocol, asyncio.Task[None]] = {}
        self._stalled: dict[LimitedProtocol, None] = {}
        self._next_word = 0.0
        for sock in sockets:
            sock.settimeout(0)
        self._listening = [self._loop.create_task(self._accept_on(sock)) for sock in sockets]

    def close(self) -> None:
        """Accept no more, and give up the handshakes that are not done."""
        for sock in self._sockets:
            self._loop.remove_reader(sock)
        for task in (*self._listening, *self._open.values()):
            task.cancel()

    async def wait_closed(self) -> None:
        """Return when nothing is accepted any more."""
        await asyncio.gather(*self._listening, return_exceptions=True)

    def admission(self) -> Admission | None:
        """Return which clients are let in now; None without TLS."""
        tls = self._tls()
        return None if tls is None else tls.admission

    def answered(self, protocol: LimitedProtocol) -> None:
        """Count a connection as the one that waited shortest."""
        if protocol in self._open:
            self._open[protocol] = self._open.pop(protocol)

    def stalled(self, protocol: LimitedProtocol) -> None:
        """Note that an answer waits to be read, and give up the oldest one of too many."""
        self._stalled[protocol] = None
        if len(self._stalled) > self._limits.stalled:
            self._warn("too many answers wait to be read: the oldest is given up", self._limits.stalled)
            next(iter(self._stalled)).cut()

    def flowing(self, protocol: LimitedProtocol) -> None:
        """Note that an answer is read on."""
        self._stalled.pop(protocol, None)

    def lost(self, protocol: LimitedProtocol) -> None:
        """Note that a connection is gone."""
        self._open.pop(protocol, None)

    async def _accept_on(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = await self._loop.sock_accept(listener)
            except ConnectionError:  # the client is gone already
                continue
            except OSError as error:
                self._warn(f"can't accept connections: {error.strerror}", len(self._open))
                self._make_room()
                await asyncio.sleep(_PAUSE)
                continue
            self._admit(sock)
            await asyncio.sleep(0)  # many who come at once keep nobody else waiting

    def _admit(self, sock: socket.socket) -> None:
        if len(self._open) >= self._most:
            self._warn("too many connections: those without a request give way", self._most)
            if not self._make_room():
                sock.close()
                return
        protocol = LimitedProtocol(self._config, self._state, self, self._limits)
        self._open[protocol] = self._loop.create_task(self._connect(sock, protocol))

    def _make_room(self) -> bool:
        """Cut the connection that has been without a request for longest; return whether there is one."""
        for protocol, task in self._open.items():
            if not protocol.busy:
                task.cancel()
                protocol.cut()
                del self._open[protocol]
                return True
        return False

    async def _connect(self, sock: socket.socket, protocol: LimitedProtocol) -> None:
        tls = self._tls()
        try:
            # Whatever goes wrong with a handshake is the client's affair.
            with contextlib.suppress(OSError):
                await self._loop.connect_accepted_socket(
                    lambda: protocol,
                    sock,
                    ssl=None if tls is None else tls.context,
                    ssl_handshake_timeout=None if tls is None else self._limits.handshake,
                    ssl_shutdown_timeout=None if tls is None else _SHUTDOWN,
                )
        finally:
            if not protocol.connected:  # there was no handshake, and nobody else will tell
                self.lost(protocol)

    def _warn(self, what: str, number: int) -> None:
        now = time.monotonic()
        if now >= self._next_word:
            self._next_word = now + _QUIET
            log.warning(what, connections=number)
