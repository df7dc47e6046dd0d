"""The HTTP server: uvicorn on sockets of our own, with our own way to stop."""

import contextlib
import re
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from wx_domain_exporter.web.server.limited_protocol import ConnectionLimits
from wx_domain_exporter.web.server.listener import ConnectionListener
from wx_domain_exporter.web.web_config.tls_context import ServerTls

_GRACE = 25
"""Seconds that scrapes in flight have after SIGTERM; Kubernetes kills after 30."""
_BACKLOG = 1024
_MAX_PORT = 65535
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})")


class ListenError(Exception):
    """An address can't be listened on; the text says which and why."""


def listen(address: str) -> socket.socket:
    """Open a listening socket.

    Args:
        address: `HOST:PORT`, `[IPV6]:PORT`, or `:PORT` for every address of this machine.

    Raises:
        ListenError: the address is none, is taken, or not this machine's.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"]) > _MAX_PORT:
        raise ListenError(
            f"--web.listen-address {address}: is no address; allowed: HOST:PORT, :PORT, [::1]:PORT"
        )
    host, port = found["six"] or found["host"], int(found["port"])
    try:
        if not host:
            return _listen_everywhere(port)
        family, _, _, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(family, target)
    except OSError as error:
        raise ListenError(f"--web.listen-address {address}: can't listen: {error.strerror}") from None
    except UnicodeError:  # a name that the domain name system can't hold, such as one with two dots in a row
        raise ListenError(f"--web.listen-address {address}: can't listen: the host is no name") from None


def _listen_everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return _bound(socket.AF_INET6, ("::", port), dualstack=True)
    return _bound(socket.AF_INET, ("0.0.0.0", port))  # noqa: S104 - what :PORT asks for


def _bound(family: int, target: tuple[object, ...], *, dualstack: bool = False) -> socket.socket:
    # With protocol 0 asyncio would not switch Nagle's algorithm off: 45 ms for a small answer, not 2.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dualstack else 1)
        sock.bind(target)
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def url_of(sock: socket.socket, scheme: str = "http") -> str:
    """Return the URL under which a listening socket is reached from this machine."""
    host, port, *_ = sock.getsockname()
    if host in {"::", "0.0.0.0"}:  # noqa: S104 - compared, not bound
        host = "localhost"
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


def _no_tls() -> None:
    return None


class Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: those re-raise, and the exit status is not 0.

    It accepts connections by itself: uvicorn's way knows no limit for handshakes and none for connections.
    """

    def __init__(
        self,
        app: ASGIApp,
        tls: Callable[[], ServerTls | None] | None = None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            app: what answers.
            tls: says, for each connection anew, what it is served with; plain text without.
            limits: how long, and how many.
        """
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._tls = tls or _no_tls
        self._limits = limits or ConnectionLimits()
        self.servers: list[ConnectionListener] = []  # type: ignore[assignment] # uvicorn only closes them

    async def startup(self, sockets: Sequence[socket.socket] | None = None) -> None:
        """Accept on sockets that listen already."""
        await self.lifespan.startup()
        self.servers = [
            ConnectionListener(sockets or (), self.config, self.server_state, self._tls, self._limits)
        ]
        self.started = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs the server."""
        yield

    def stop(self) -> None:
        """Take no new connections, answer the requests in flight, and end; fit for a signal handler."""
        self.should_exit = True
