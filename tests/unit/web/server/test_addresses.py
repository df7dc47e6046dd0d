from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from helpers.ports import free_port
from helpers.web_setup import connects

from wx_domain_exporter.web.server.addresses import ListenError, listen

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def listening(address: str) -> Iterator[list[socket.socket]]:
    sockets = listen(address)
    try:
        yield sockets
    finally:
        for sock in sockets:
            sock.close()


@pytest.mark.parametrize(
    ("address", "host", "reached", "not_reached"),
    [
        ("127.0.0.1:{}", "127.0.0.1", ["127.0.0.1"], ["::1"]),
        ("[::1]:{}", "::1", ["::1"], ["127.0.0.1"]),
        ("[::]:{}", "::", ["127.0.0.1", "::1"], []),
        ("0.0.0.0:{}", "0.0.0.0", ["127.0.0.1"], ["::1"]),
        (":{}", "::", ["127.0.0.1", "::1"], []),
    ],
    ids=["IPv4", "IPv6", "all of both, as IPv6", "all of IPv4", "all of both"],
)
def test_an_address_is_listened_on_and_no_other(
    address: str, host: str, reached: list[str], not_reached: list[str]
) -> None:
    port = free_port()
    with listening(address.format(port)) as (sock,):
        assert sock.getsockname()[:2] == (host, port)
        assert [one for one in (*reached, *not_reached) if connects(one, port)] == reached


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the test has names resolve to."""
    names: dict[str, list[str]] = {}
    resolve = socket.getaddrinfo

    def resolve_names(host: str, port: int, **more: Any) -> list[Any]:
        return [found for address in names.get(host, [host]) for found in resolve(address, port, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve_names)
    return names


@pytest.mark.parametrize(
    ("found", "listened_on"),
    [
        (["127.0.0.1", "::1"], ["127.0.0.1", "::1"]),
        (["::1", "127.0.0.1", "127.0.0.1"], ["::1", "127.0.0.1"]),
        (["192.0.2.1", "127.0.0.1"], ["127.0.0.1"]),
    ],
    ids=["both", "one twice", "one of another machine"],
)
def test_a_name_is_listened_on_at_all_its_addresses_here(
    names: dict[str, list[str]], found: list[str], listened_on: list[str]
) -> None:
    names["localhost"] = found
    for port in (0, free_port()):
        with listening(f"localhost:{port}") as sockets:
            assert [sock.getsockname()[0] for sock in sockets] == listened_on
            ports = {sock.getsockname()[1] for sock in sockets}
            assert len(ports) == 1
            assert port in {0, *ports}


def test_without_ipv6_a_name_is_listened_on_at_its_ipv4_address(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_ipv6(family: int, *more: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return make(family, *more)

    make = socket.socket
    names["localhost"] = ["::1", "127.0.0.1"]
    monkeypatch.setattr(socket, "socket", without_ipv6)
    with listening("localhost:0") as (sock,):
        assert sock.getsockname()[0] == "127.0.0.1"


def test_a_name_of_which_one_address_is_taken_is_an_error(names: dict[str, list[str]]) -> None:
    names["localhost"] = ["127.0.0.1", "::1"]
    with listening("[::1]:0") as (taken,):
        address = f"localhost:{taken.getsockname()[1]}"
        with pytest.raises(ListenError, match="Address already in use"):
            listen(address)


def test_port_0_takes_a_free_one() -> None:
    with listening("127.0.0.1:0") as (one,), listening("127.0.0.1:0") as (other,):
        assert 0 < one.getsockname()[1] != other.getsockname()[1] > 0


def test_without_ipv6_all_of_ipv4_is_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    with listening(":0") as (sock,):
        assert sock.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", ":0"])
def test_small_answers_are_not_delayed(address: str) -> None:
    # With protocol 0 asyncio would leave Nagle's algorithm on.
    with listening(address) as (sock,):
        assert sock.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("form", ["127.0.0.1:{}", ":{}", "[::1]:{}"])
def test_an_address_in_use_is_an_error_that_names_it(form: str) -> None:
    with listening(form.format(0)) as (taken,):
        address = form.format(taken.getsockname()[1])
        with pytest.raises(ListenError) as raised:
            listen(address)
    assert str(raised.value).startswith(
        f"--web.listen-address {address}: can't listen: Address already in use; stop the other program"
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        ":",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:http",
        "127.0.0.1:-1",
        "127.0.0.1:80/metrics",
        "127.0.0.1:8\uff10",
        "127.0.0.1:80\n",
        "::1:8080",
        "[::1]",
        "[::1:8080",
        "[]:8080",
    ],
)
def test_an_invalid_address_is_an_error(address: str) -> None:
    with pytest.raises(ListenError) as raised:
        listen(address)
    assert str(raised.value) == (
        f"--web.listen-address {address}: is not a valid address; allowed: HOST:PORT, :PORT, [IPV6]:PORT"
    )


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1:0", "nowhere.invalid:0", "a..b:0", f"{'a' * 64}.example:0", "[::1%nothing]:0"],
    ids=["of another machine", "unknown name", "empty label", "long label", "unknown zone"],
)
def test_an_address_that_cannot_be_listened_on_is_an_error_that_names_it(address: str) -> None:
    with pytest.raises(ListenError, match=r"^--web\.listen-address .*: .+") as raised:
        listen(address)
    assert address in str(raised.value)
    assert "None" not in str(raised.value)
