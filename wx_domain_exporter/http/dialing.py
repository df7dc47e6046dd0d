"""Opening TCP connections within a deadline."""

import socket
import time

import gevent
import gevent.socket

from wx_domain_exporter.tasks import blocking

Address = tuple[str, int] | tuple[str, int, int, int]


def dial(
    host: str, port: int, deadline: float, family: socket.AddressFamily = socket.AF_UNSPEC
) -> gevent.socket.socket:
    """Open a TCP connection to the first address of a host that accepts it.

    Args:
        host: a name or an IP address.
        port: the TCP port.
        deadline: in seconds of `time.monotonic()`; the remaining time is divided among the addresses.
        family: the only kind of addresses to try; AF_UNSPEC: all.

    Raises:
        TimeoutError: no address accepted it before the deadline.
        OSError: the name can't be resolved, or every address refuses: the error of the last one.
    """
    addresses = blocking(resolve, host, port, family)
    failure: OSError = OSError("the name has no address")
    for tried, (its_family, address) in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - tried)
        try:
            return _dial(its_family, address, share)
        except OSError as error:
            failure = error
    raise failure


def resolve(
    host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
) -> list[tuple[socket.AddressFamily, Address]]:
    """Return the addresses of a host, or those of one kind, in the system's order of preference.

    Raises:
        OSError: the name can't be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("not a valid host name") from None
    return [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]


def _dial(family: socket.AddressFamily, address: Address, seconds: float) -> gevent.socket.socket:
    sock = gevent.socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with gevent.Timeout(seconds, TimeoutError("the address does not answer")):
            sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
