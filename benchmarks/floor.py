"""The least that a client in Python can cost: an event loop that only sends, reads and compares bytes.

The row `floor` runs it in a process of its own: `python -m benchmarks.floor BASE_URL CA_FILE APPS CONNECTIONS
ROUNDS` prints a line for each round: the seconds of processor time and of wall clock.
"""

import select
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"Content-Length: "


class Floor:
    """Calls getwxadevinfo for all apps, over kept connections with TLS."""

    def __init__(self, base_url: str, ca_file: str, apps: int, connections: int) -> None:
        """Open the connections."""
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port or 443
        context = ssl.create_default_context(cafile=ca_file)
        self._epoll = select.epoll()
        self._sockets: dict[int, ssl.SSLSocket] = {}
        for _ in range(connections):
            plain = socket.create_connection((host, port))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock = context.wrap_socket(plain, server_hostname=host)
            sock.settimeout(0)
            self._sockets[sock.fileno()] = sock
            self._epoll.register(sock.fileno(), select.EPOLLIN)
        path = f"{parts.path}/wxa/getwxadevinfo?access_token=wx"
        lines = ("", f"Host: {host}:{port}", "Content-Type: application/json", "Content-Length: 2", "", "{}")
        rest = " HTTP/1.1" + "\r\n".join(lines)
        self._requests = [f"POST {path}{number:016x}{rest}".encode() for number in range(apps)]
        self._bodies: list[bytes] = [b""] * apps
        """The last answers."""

    def run(self) -> int:
        """Call once for each app; return how many answers differ from those of the last time."""
        numbers = iter(range(len(self._requests)))
        waiting: dict[int, int] = {}
        received: dict[int, bytes] = {}
        changed = 0
        for descriptor in self._sockets:
            self._send(descriptor, numbers, waiting)
        while waiting:
            for descriptor, _ in self._epoll.poll():
                data = received.pop(descriptor, b"") + self._read(descriptor)
                body = _whole_body(data)
                if body is None:
                    received[descriptor] = data
                    continue
                number = waiting.pop(descriptor)
                if body != self._bodies[number]:
                    self._bodies[number] = body
                    changed += 1
                self._send(descriptor, numbers, waiting)
        return changed

    def _send(self, descriptor: int, numbers: Iterator[int], waiting: dict[int, int]) -> None:
        number = next(numbers, None)
        if number is not None:
            waiting[descriptor] = number
            self._sockets[descriptor].send(self._requests[number])

    def _read(self, descriptor: int) -> bytes:
        try:
            return self._sockets[descriptor].recv(1 << 16)
        except ssl.SSLWantReadError:
            return b""


def _whole_body(data: bytes) -> bytes | None:
    """Return the body of a response; None while it is not complete."""
    head, found, body = data.partition(_HEAD_END)
    if not found:
        return None
    length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])
    return body if len(body) == length else None


def main() -> None:
    """Print the costs of each round; the first one learns the answers."""
    base_url, ca_file, apps, connections, rounds = sys.argv[1:]
    floor = Floor(base_url, ca_file, int(apps), int(connections))
    floor.run()
    for _ in range(int(rounds)):
        wall, cpu = time.monotonic(), time.process_time()
        changed = floor.run()
        print(time.process_time() - cpu, time.monotonic() - wall, flush=True)
        if changed:
            sys.exit(f"{changed} answers differ")


if __name__ == "__main__":
    main()
