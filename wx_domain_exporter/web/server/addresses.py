"""Addresses to listen on, as `--web.listen-address` has them, and their sockets."""

import re
import socket

BACKLOG = 1024
"""Connections that the system accepts before the server does."""
_MAX_PORT = 65535
_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})")


class ListenError(Exception):
    """An address can't be listened on; the text says which and why."""


def listen(address: str) -> socket.socket:
    """Open a listening socket.

    Args:
        address: `HOST:PORT`, `[IPV6]:PORT`, or `:PORT` for every address of this machine.

    Raises:
        ListenError: the address is not valid, not this machine's, or taken.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > _MAX_PORT:
        raise ListenError(
            f"--web.listen-address {address}: is not a valid address; allowed: HOST:PORT, :PORT, [IPV6]:PORT"
        )
    host, port = match["ipv6"] or match["host"], int(match["port"])
    try:
        if not host:
            return _listen_everywhere(port)
        family, _, _, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(family, target)
    except OSError as error:
        raise ListenError(f"--web.listen-address {address}: can't listen: {error.strerror}") from None
    except UnicodeError:  # The DNS can't hold such a name, for example one with two dots in a row.
        raise ListenError(
            f"--web.listen-address {address}: can't listen: the host is not a valid name"
        ) from None


def _listen_everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return _bound(socket.AF_INET6, ("::", port), dualstack=True)
    return _bound(socket.AF_INET, ("0.0.0.0", port))  # noqa: S104 - this is what :PORT asks for


def _bound(family: int, target: tuple[object, ...], *, dualstack: bool = False) -> socket.socket:
    # With protocol 0 asyncio would leave Nagle's algorithm on: a small answer would take 45 ms instead of 2.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dualstack else 1)
        sock.bind(target)
        sock.listen(BACKLOG)
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
