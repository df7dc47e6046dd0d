"""Addresses to listen on, as `--web.listen-address` has them, and their sockets."""

import contextlib
import errno
import re
import socket

from wx_domain_exporter.bilingual_error import BilingualError
from wx_domain_exporter.errcodes.types import BilingualText

BACKLOG = 1024
"""Connections that the system accepts before the server does."""
_MAX_PORT = 65535
_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""The machine does not have the address, or no IPv6."""
_EVERY_ADDRESS = frozenset({"", "::", "0.0.0.0"})  # noqa: S104 - compared, not bound
_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,9})")


class ListenError(BilingualError):
    """An address can't be listened on; the text says which, why, and what to do."""

    def __init__(self, address: str, en: str, zh: str) -> None:
        super().__init__(f"--web.listen-address {address}: {en}", f"--web.listen-address {address}：{zh}")


def listen(address: str) -> list[socket.socket]:
    """Open the listening sockets of an address, one for each IP address.

    Args:
        address: `HOST:PORT`, `[IPV6]:PORT`, or `:PORT` for every address of this machine, as `[::]:PORT`.

    Raises:
        ListenError: the address is not valid, not this machine's, or taken.
    """
    host, port = _parsed(address)
    try:
        if host in {"", "::"} and socket.has_dualstack_ipv6():
            return [_bound(socket.AF_INET6, ("::", port), dualstack=True)]
        return _listen_on_all(host or "0.0.0.0", port)  # noqa: S104 - this is what :PORT asks for
    except OSError as error:
        why = _why(error, address, port)
        raise ListenError(address, why.en, why.zh) from None
    except UnicodeError:  # The DNS can't hold such a name, for example one with two dots in a row.
        raise ListenError(
            address, "can't listen: the host is not a valid name", "无法监听：主机名无效"
        ) from None


def _why(error: OSError, address: str, port: int) -> BilingualText:
    """Return why an address can't be listened on, and what to do."""
    reason = f"can't listen: {error.strerror}"
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < _MAX_PORT else port - 1
        choice = f"--web.listen-address={address.removesuffix(str(port))}{other}"
        return BilingualText(
            f"{reason}; stop the other program (see `ss -ltnp`), or choose another port, such as {choice}",
            f"端口 {port} 已被占用；请停止占用它的程序（可用 `ss -ltnp` 查看），或换一个端口，例如 {choice}",
        )
    if error.errno == errno.EACCES:
        return BilingualText(
            f"{reason}; choose a port from 1024 on", f"没有权限监听端口 {port}；请换用 1024 及以上的端口"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return BilingualText(
            f"{reason}; allowed: an address of this machine, or :{port} for all of them",
            f"本机没有这个地址；应为本机已有的地址，或用 :{port} 监听所有地址",
        )
    return BilingualText(reason, f"无法监听：{error.strerror}")


def connect_target(address: str) -> tuple[str, int]:
    """Return the host and the port at which a program on this machine reaches an address that is listened on.

    Raises:
        ListenError: the address is not valid.
    """
    host, port = _parsed(address)
    return "localhost" if host in _EVERY_ADDRESS else host, port


def _parsed(address: str) -> tuple[str, int]:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        meant = _probably_meant(address)
        raise ListenError(
            address,
            f"is not a valid address; {meant and f'did you mean {meant}? '}"
            "allowed: HOST:PORT, :PORT, [IPV6]:PORT",
            f"不是有效的地址；{meant and f'是否想用 {meant}？'}应为 HOST:PORT、:PORT 或 [IPV6]:PORT",
        )
    if int(match["port"]) > _MAX_PORT:
        raise ListenError(
            address,
            f"port {match['port']} is out of range; allowed: 1 to {_MAX_PORT}, or 0 for any free port",
            f"端口 {match['port']} 超出范围；应为 1 到 {_MAX_PORT}，或用 0 表示任意空闲端口",
        )
    return match["ipv6"] or match["host"], int(match["port"])


def _probably_meant(address: str) -> str:
    """Return the address that a port alone, or an address after `http://`, stands for; or an empty text."""
    for candidate in (f":{address}", re.sub(r"https?://([^/]*)/?", r"\1", address)):
        match = _ADDRESS.fullmatch(candidate)
        if match is not None and int(match["port"]) <= _MAX_PORT:
            return candidate
    return ""


def _listen_on_all(host: str, port: int) -> list[socket.socket]:
    """Listen on all addresses of a host that this machine has, such as both of `localhost`.

    Raises:
        OSError: it has none of them, or the port is taken at one of them.
    """
    missing: OSError | None = None
    with contextlib.ExitStack() as stack:
        sockets: list[socket.socket] = []
        for family, _, _, _, target in dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)):
            # With port 0 the first address gets a free port, and the others the same one.
            port_of_first = sockets[0].getsockname()[1] if sockets else port
            try:
                sock = _bound(family, (target[0], port_of_first, *target[2:]))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error
            else:
                sockets.append(stack.enter_context(sock))
        if missing is not None and not sockets:
            raise missing
        stack.pop_all()
        return sockets


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
    if host in _EVERY_ADDRESS:
        host = "localhost"
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
