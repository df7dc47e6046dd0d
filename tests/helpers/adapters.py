"""Runs the HTTP adapter in tasks, against the faulty API, and the durations that its calls may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
from helpers.fault_behaviours import CAP
from helpers.faults import token_for

from wx_domain_exporter.http.adapter import DeadlineAdapter
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.http.tls import tls_context
from wx_domain_exporter.tasks import Tasks

if TYPE_CHECKING:
    from concurrent.futures import Future

    from wx_domain_exporter.http.connection import Connection

SHORT = 1.5
"""Seconds for a call that should time out, although its request has reached the server."""

LONG = 300.0
"""Seconds for a call that should not time out, on a machine of any speed."""


class RunningAdapter:
    """An adapter whose calls run as tasks."""

    def __init__(self, ca_file: str, idle_connections: int = 8) -> None:
        context = tls_context(ca_file)
        self.desyncs = Desyncs()
        self.adapter = DeadlineAdapter(
            tls=context, idle_connections=idle_connections, max_response_bytes=CAP, desyncs=self.desyncs
        )
        self._tasks = Tasks()

    def begin(self, request: requests.PreparedRequest, **more: Any) -> Future[requests.Response]:
        return self._tasks.submit(self.adapter.send, request, **more)

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        return self.begin(request, **more).result(2 * LONG)

    def close(self) -> None:
        self._tasks.submit(self.adapter.close).result()

    def end(self) -> None:
        self._tasks.close(self.adapter.close)

    @property
    def kept(self) -> list[Connection]:
        return [connection for idle in self.adapter._pool._idle.values() for connection in idle]


def prepared(url: str, fault: str = "healthy-first", data: bytes = b"{}") -> requests.PreparedRequest:
    target = f"{url}/wxa/getwxadevinfo?access_token={quote(token_for(fault), safe='')}"
    return requests.Request("POST", target, data=data).prepare()
