"""Serves the simulated WeChat over HTTP or HTTPS in a thread."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Self, cast

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from wx_domain_exporter.simulator.application import Application

if TYPE_CHECKING:
    from os import PathLike

    from wx_domain_exporter.simulator.world import World

_BACKLOG = 2048
_STOP_SECONDS = 10.0


class SimulatorServer:
    """Serves a world in a daemon thread that has its own event loop.

    A context manager. After it was stopped it can be started again on the same port.

    Args:
        world: The state to serve.
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.
        certfile: Certificate chain (PEM), for TLS.
        keyfile: Its key.
        ssl_context: For TLS, in place of the two files.
        keep_alive: Seconds after which an idle connection is closed.

    Attributes:
        world: The state that is served.
        port: The port in use, once started.
    """

    def __init__(
        self,
        world: World,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        certfile: str | PathLike[str] | None = None,
        keyfile: str | PathLike[str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        keep_alive: float = 65.0,
    ) -> None:
        self.world = world
        self.host = host
        self.port = port
        if certfile is not None and ssl_context is None:
            ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ssl_context.load_cert_chain(certfile, keyfile)
        self._ssl_context = ssl_context
        self._config = Config(
            Application(world),
            http=H11Protocol,
            ws="none",
            interface="asgi3",
            lifespan="off",
            proxy_headers=False,
            workers=1,  # whatever WEB_CONCURRENCY says
            log_config=None,
            # The access log would contain tokens.
            access_log=False,
            # uvicorn passes the number on to the event loop, which accepts fractions.
            timeout_keep_alive=cast("int", keep_alive),
        )
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        scheme = "http" if self._ssl_context is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Start to serve; connections are accepted when this returns.

        Raises:
            OSError: The address is not available.
        """
        if self._thread is not None:
            raise RuntimeError("the simulator is already running")
        listener = self._listen()
        started = threading.Event()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, started)), name="wechat-simulator", daemon=True
        )
        self._thread.start()
        started.wait()

    def stop(self) -> None:
        """Close all connections, including those with unanswered calls, and wait for the thread."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError("the simulator did not stop")
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # With protocol 0, asyncio would not set TCP_NODELAY on the connections.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(_BACKLOG)
            self.port = listener.getsockname()[1]
        except BaseException:
            listener.close()
            raise
        return listener

    async def _serve(self, listener: socket.socket, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        state = ServerState()
        try:
            server = await self._loop.create_server(
                lambda: H11Protocol(self._config, state, {}),
                sock=listener,
                ssl=self._ssl_context,
                backlog=_BACKLOG,
            )
        finally:
            started.set()
        await self._closing.wait()
        server.close()
        await _abort_connections(state)


async def _abort_connections(state: ServerState) -> None:
    for connection in list(state.connections):
        transport = getattr(connection, "transport", None)
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
    # Lets the protocols notice the end; otherwise they would log errors about unanswered calls.
    await asyncio.sleep(0)
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
