"""Adapters that call the faulty API, and the seconds that their calls may take."""

from __future__ import annotations

from urllib.parse import quote

import requests
from fault_behaviours import CAP
from faults import token_for

from wx_domain_exporter.wechat.deadline_socket import tls_context
from wx_domain_exporter.wechat.transport import DeadlineAdapter

SHORT = 0.6
"""Seconds for a call that is to time out."""

LONG = 30.0
NOISE = 5.0
"""By how much a slow machine may be late, in seconds."""


def new_adapter(ca_file: str, idle_connections: int = 8) -> DeadlineAdapter:
    context = tls_context(ca_file)
    return DeadlineAdapter(tls=context, idle_connections=idle_connections, max_response_bytes=CAP)


def prepared(url: str, fault: str = "healthy-first", data: bytes = b"{}") -> requests.PreparedRequest:
    target = f"{url}/wxa/getwxadevinfo?access_token={quote(token_for(fault), safe='')}"
    return requests.Request("POST", target, data=data).prepare()
