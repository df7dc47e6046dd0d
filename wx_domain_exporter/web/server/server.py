"""The HTTP server: uvicorn with our listener, its limits and its own way to stop."""

import socket
from collections.abc import Callable, Sequence

import uvicorn
from starlette.types import ASGIApp

from wx_domain_exporter.web.server.addresses import BACKLOG
from wx_domain_exporter.web.server.limited_protocol import ConnectionLimits
from wx_domain_exporter.web.server.listener import ConnectionListener
from wx_domain_exporter.web.server.uvicorn_internals import MAX_HEAD_BYTES, UvicornServer
from wx_domain_exporter.web.web_config.tls_context import ServerTls

_GRACE = 25
"""Seconds that scrapes in flight have after SIGTERM; Kubernetes kills after 30."""


class Server(UvicornServer):
    """Serves an application over HTTP or HTTPS until it is stopped."""

    def __init__(
        self,
        app: ASGIApp,
        tls: Callable[[], ServerTls | None] | None = None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        """Make a server; `serve` begins to accept.

        Args:
            app: answers the requests.
            tls: returns the TLS settings for a new connection; without it, plain text.
            limits: of the connections.
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
                proxy_headers=False,  # nothing depends on the client's address
                workers=1,
                server_header=False,
                backlog=BACKLOG,
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._tls = tls or (lambda: None)
        self._limits = limits or ConnectionLimits()

    def open_listener(self, sockets: Sequence[socket.socket]) -> ConnectionListener:
        """Accept connections within the limits."""
        return ConnectionListener(self, sockets, self._tls, self._limits)

    def stop(self) -> None:
        """Accept no new connections, answer the requests in flight, and end; fit for a signal handler."""
        self.should_exit = True
