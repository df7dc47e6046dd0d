"""A server with a web configuration and a small application, in the process of the tests."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import bcrypt
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.compressed_body import CompressedBody
from wx_domain_exporter.web.compressed_response import CompressedResponse
from wx_domain_exporter.web.middleware.access import AccessMiddleware
from wx_domain_exporter.web.server.addresses import listen, url_of
from wx_domain_exporter.web.server.server import Server
from wx_domain_exporter.web.web_config.current import CurrentWebConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.web_certificates import WebFolder
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wx_domain_exporter.web.server.limited_protocol import ConnectionLimits

PASSWORD = "canary-of-a-password"
LARGE = b"x" * (8 << 20)
TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"


def hashed(password: str = PASSWORD, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode()


def users(**passwords: str) -> str:
    """The section of these users with hashes of their passwords."""
    return "basic_auth_users:\n" + "".join(
        f"  {name}: {hashed(password)}\n" for name, password in passwords.items()
    )


def basic(user: str = "alice", password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def connects(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=30).close()
    except ConnectionRefusedError:
        return False
    return True


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `good`; a large text in pieces on `/large`, and with a header on `/page`."""
    if scope["path"] == "/large":
        request, headers = Request(scope), {"Content-Type": "text/plain"}
        await CompressedResponse(CompressedBody.of([LARGE]), request, AnswerMemory(), headers)(
            scope, receive, send
        )
        return
    headers = {"Content-Security-Policy": "default-src 'self'"} if scope["path"] == "/page" else {}
    await PlainTextResponse(b"good\n", headers=headers)(scope, receive, send)


@contextlib.contextmanager
def serving(
    folder: WebFolder, text: str, limits: ConnectionLimits | None = None, app: ASGIApp = application
) -> Iterator[str]:
    """Serve an application with this web configuration; yield the URL, without a slash at its end."""
    folder.configure(text)
    current = CurrentWebConfig(folder.web_file)
    server = Server(AccessMiddleware(app, current), current.tls, limits)
    sock = listen("127.0.0.1:0")[0]
    url = url_of(sock, "http" if current.tls() is None else "https").rstrip("/")
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([sock])))
    thread.start()
    try:
        yield url
    finally:
        server.stop()
        thread.join(120)
        assert not thread.is_alive()
