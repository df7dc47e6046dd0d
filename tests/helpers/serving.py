"""The exporter's HTTP server in the process of the tests."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.routes import WebOptions, make_web_app
from wx_domain_exporter.web.server.addresses import listen, url_of
from wx_domain_exporter.web.server.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Serving:
    service: Service
    url: str


@contextlib.contextmanager
def serving_file(path: Path, options: WebOptions | None = None) -> Iterator[Serving]:
    """Serve a configuration file on a free port; discovery runs only when the test calls it."""
    service = Service(ConfigLoader(path))
    service.reloader.start()
    server = Server(make_web_app(service, options or WebOptions()))
    sock = listen("127.0.0.1:0")[0]
    url = url_of(sock).rstrip("/")
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([sock])))
    thread.start()
    try:
        yield Serving(service, url)
    finally:
        server.stop()
        thread.join(120)
        service.close()
        assert not thread.is_alive()
