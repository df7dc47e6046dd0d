"""TCP ports for programs that must be given one, and for addresses where nobody listens."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on and that no other test gets while this process runs.

    A socket stays bound to it until then. It does not listen, and so a server that sets SO_REUSEADDR, as most
    servers do, can listen on the port. The kernel gives no outgoing connection a port of this range.
    """
    lowest_ephemeral = int(_EPHEMERAL_RANGE.read_text().split()[0])
    while True:
        port = secrets.randbelow(lowest_ephemeral // 2) + lowest_ephemeral // 2
        reservation = socket.socket()
        try:
            reservation.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            continue
        # Set after the bind, which would otherwise succeed beside another test's reservation.
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.detach()
        return port
