"""Sockets that keep a deadline of the wall clock, however slowly the peer sends or reads.

A socket's own timeout starts anew with every read, so a peer that drips one byte at a time can hold a
call for ever. These never block: a strand waits in its loop and a thread in `poll`, for what remains until
the deadline. That is cheaper too: a timeout of the socket's own makes Python ask the system before each read
and write.
"""

import contextlib
import errno
import math
import os
import select
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from wx_domain_exporter.green.loop import Watched, current_strand
from wx_domain_exporter.green.waiting import Sign, sleep

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class TooManyBytesError(Exception):
    """The peer sent more than a call may receive, whatever it called it."""


Address = tuple[str, int] | tuple[str, int, int, int]

_Result = TypeVar("_Result")

_OVER = "the deadline has passed"
_STEPS = 4
_PIECE = 4096


class _Bounded(Watched):
    """What the two kinds of socket have in common; set both attributes before a call."""

    deadline: float = math.inf
    """In seconds of `time.monotonic()`."""
    allowance: int = 0
    """Bytes that may still be received."""
    _steps: int = 0
    """How many reads and writes came one after the other without waiting."""
    awaits: bool = False
    """Whether nothing can be there to receive yet: a request has just been sent."""

    if TYPE_CHECKING:

        def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
            """Send as much as there is room for."""

    def is_quiet(self) -> bool:
        """Whether nothing is there to receive, the end neither."""
        return not self._coming.poll(0)

    def received_at_once(self) -> bytes:
        """Return what is there to receive; nothing where one would have to wait, or at the end."""
        with contextlib.suppress(OSError):
            return super().recv(_PIECE)  # type: ignore[misc,no-any-return] # the socket's
        return b""

    @cached_property
    def _coming(self) -> "select.poll":
        return _poll(self.fileno(), select.POLLIN)

    def wait_for(self, event: int) -> None:
        """Wait for an event of `selectors`.

        Raises:
            TimeoutError: the deadline has passed.
        """
        self._steps = 0
        remaining = _remaining(self.deadline)
        strand = current_strand()
        if strand is not None:
            came = strand.loop.wait_for(self, event, remaining)
        else:
            poll = self._coming if event == selectors.EVENT_READ else _poll(self.fileno(), select.POLLOUT)
            came = bool(poll.poll(None if remaining is None else 1000 * remaining))
        if not came:
            raise TimeoutError(_OVER)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send all of it within the deadline."""
        left = memoryview(data).cast("B")
        while left:
            left = left[self.send(left, flags) :]

    def _patiently(self, step: Callable[[], _Result], event: int = selectors.EVENT_READ) -> _Result:
        """Take a step as soon as the peer lets it be taken.

        Args:
            step: fails at once where it would have to wait.
            event: what it waits for, unless TLS knows better.

        Raises:
            TimeoutError: the deadline has passed.
        """
        _remaining(self.deadline)
        if self.awaits:
            self.awaits = False
            self.wait_for(selectors.EVENT_READ)
        while True:
            try:
                result = step()
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                writes = event == selectors.EVENT_WRITE or isinstance(error, ssl.SSLWantWriteError)
            else:
                self._steps += 1
                if self._steps >= _STEPS:  # a peer that sends fast must not hold up the calls of others
                    self._steps = 0
                    sleep(0)
                return result
            self.wait_for(selectors.EVENT_WRITE if writes else selectors.EVENT_READ)

    def _counted(self, received: int) -> int:
        self.allowance -= received
        if self.allowance < 0:
            raise TooManyBytesError("the peer sends more than a call may receive")
        return received


class DeadlineSocket(_Bounded, socket.socket):
    """A TCP socket with a deadline and an allowance."""

    def connect(self, address: Address) -> None:  # type: ignore[override]
        """Connect within the deadline.

        Raises:
            TimeoutError: the deadline has passed.
            OSError: there is no connection.
        """
        self.settimeout(0)
        _remaining(self.deadline)
        failure = self.connect_ex(address)
        if failure == errno.EINPROGRESS:
            self.wait_for(selectors.EVENT_WRITE)
            failure = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))

    def recv(self, bufsize: int, flags: int = 0) -> bytes:  # noqa: D102
        received = self._patiently(lambda: super(DeadlineSocket, self).recv(bufsize, flags))
        self._counted(len(received))
        return received

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:  # noqa: D102
        return self._counted(
            self._patiently(lambda: super(DeadlineSocket, self).recv_into(buffer, nbytes, flags))
        )

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:  # noqa: D102
        return self._patiently(lambda: super(DeadlineSocket, self).send(data, flags), selectors.EVENT_WRITE)


class DeadlineSSLSocket(_Bounded, ssl.SSLSocket):
    """The same with TLS, where one read or write can wait for the socket many times."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:  # noqa: D102
        received = self._patiently(lambda: super(DeadlineSSLSocket, self).recv(buflen, flags))
        self._counted(len(received))
        return received

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:  # noqa: D102
        return self._counted(
            self._patiently(lambda: super(DeadlineSSLSocket, self).recv_into(buffer, nbytes, flags))
        )

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:  # noqa: D102
        return self._patiently(lambda: super(DeadlineSSLSocket, self).send(data, flags))

    def do_handshake(self, block: bool = False) -> None:  # noqa: D102, FBT001, FBT002 - ssl's signature
        self._patiently(lambda: super(DeadlineSSLSocket, self).do_handshake(block))


def _poll(descriptor: int, event: int) -> "select.poll":
    poll = select.poll()
    poll.register(descriptor, event)
    return poll


def _remaining(deadline: float) -> float | None:
    if deadline == math.inf:
        return None
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError(_OVER)
    return remaining


class Resolver:
    """Name resolution with a deadline, which the system's `getaddrinfo` can't keep itself.

    Each look-up has a thread of its own, at most one for a name at a time; those who ask meanwhile share its
    answer. Nothing is remembered: that is the system's resolver's business.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], _LookUp] = {}

    def resolve(self, host: str, port: int, deadline: float) -> list[tuple[socket.AddressFamily, Address]]:
        """Return the addresses of a host, in the system's order of preference.

        Raises:
            TimeoutError: the deadline passed first.
            OSError: the name can't be resolved (`socket.gaierror`).
        """
        with self._lock:
            look_up = self._running.get((host, port))
            if look_up is None:
                look_up = self._start(_LookUp(host, port))
        remaining = _remaining(deadline)
        if not look_up.done.wait(remaining):
            raise TimeoutError("the name was not resolved in time")
        if look_up.error is not None:
            raise OSError(*look_up.error.args)
        return look_up.addresses

    def _start(self, look_up: "_LookUp") -> "_LookUp":
        name = f"resolve {look_up.host}"
        try:
            threading.Thread(target=self._run, args=(look_up,), name=name, daemon=True).start()
        except RuntimeError:
            raise OSError("no thread can be started for the look-up") from None
        self._running[look_up.host, look_up.port] = look_up
        return look_up

    def _run(self, look_up: "_LookUp") -> None:
        try:
            found = socket.getaddrinfo(look_up.host, look_up.port, type=socket.SOCK_STREAM)
            look_up.addresses = [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]
        except (OSError, UnicodeError) as error:
            look_up.error = error
        finally:
            with self._lock:
                del self._running[look_up.host, look_up.port]
            look_up.done.set()


class _LookUp:
    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.done = Sign()
        self.addresses: list[tuple[socket.AddressFamily, Address]] = []
        self.error: Exception | None = None


def connect(resolver: Resolver, host: str, port: int, deadline: float) -> DeadlineSocket:
    """Open a TCP connection to the first address of a host that takes it.

    Args:
        resolver: finds the host's addresses.
        host: a name or an IP address.
        port: the TCP port.
        deadline: in seconds of `time.monotonic()`; each address gets its share of what remains.

    Raises:
        TimeoutError: the deadline passed first.
        OSError: no address takes it; the last one's error.
    """
    addresses = resolver.resolve(host, port, deadline)
    failure: OSError = OSError("the name has no address")
    for tried, (family, address) in enumerate(addresses):
        now = time.monotonic()
        share = now + (deadline - now) / (len(addresses) - tried)
        try:
            sock = _connect_to(family, address, share)
        except OSError as error:
            failure = error
        else:
            sock.deadline = deadline
            return sock
    raise failure


def _connect_to(family: socket.AddressFamily, address: Address, deadline: float) -> DeadlineSocket:
    sock = DeadlineSocket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.deadline = deadline
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Return a client's context that trusts the certificate authorities in a file, and only those.

    Raises:
        OSError: the file can't be read, or holds no certificate (`ssl.SSLError`).
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.sslsocket_class = DeadlineSSLSocket
    return context


def start_tls(sock: DeadlineSocket, context: ssl.SSLContext, host: str) -> DeadlineSSLSocket:
    """Turn a connection into one with TLS, within its deadline; its peer must prove to be `host`.

    Raises:
        TimeoutError: the deadline passed first.
        ssl.SSLError: the peer does not speak TLS, or its certificate does not hold.
        OSError: the connection broke.
    """
    wrapped = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    if not isinstance(wrapped, DeadlineSSLSocket):
        raise TypeError("the context is not one of tls_context()")
    try:
        wrapped.deadline, wrapped.allowance = sock.deadline, sock.allowance
        wrapped.do_handshake()
    except BaseException:
        wrapped.close()
        raise
    return wrapped
