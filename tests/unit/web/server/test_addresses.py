from __future__ import annotations

import socket

import pytest
from helpers.ports import free_port
from helpers.web_setup import connects

from wx_domain_exporter.web.server.addresses import ListenError, listen


@pytest.mark.parametrize(
    ("address", "host", "reached", "not_reached"),
    [
        ("127.0.0.1:{}", "127.0.0.1", ["127.0.0.1"], ["::1"]),
        ("[::1]:{}", "::1", ["::1"], ["127.0.0.1"]),
        ("[::]:{}", "::", ["::1"], ["127.0.0.1"]),
        ("0.0.0.0:{}", "0.0.0.0", ["127.0.0.1"], ["::1"]),
        (":{}", "::", ["127.0.0.1", "::1"], []),
    ],
    ids=["IPv4", "IPv6", "all of IPv6", "all of IPv4", "all of both"],
)
def test_an_address_is_listened_on_and_no_other(
    address: str, host: str, reached: list[str], not_reached: list[str]
) -> None:
    port = free_port()
    with listen(address.format(port)) as sock:
        assert sock.getsockname()[:2] == (host, port)
        assert [one for one in (*reached, *not_reached) if connects(one, port)] == reached


def test_a_name_is_resolved() -> None:
    with listen("localhost:0") as sock:
        assert sock.getsockname()[0] in {"127.0.0.1", "::1"}


def test_port_0_takes_a_free_one() -> None:
    with listen("127.0.0.1:0") as one, listen("127.0.0.1:0") as other:
        assert 0 < one.getsockname()[1] != other.getsockname()[1] > 0


def test_without_ipv6_all_of_ipv4_is_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    with listen(":0") as sock:
        assert sock.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", ":0"])
def test_small_answers_are_not_delayed(address: str) -> None:
    # With protocol 0 asyncio would leave Nagle's algorithm on.
    with listen(address) as sock:
        assert sock.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("form", ["127.0.0.1:{}", ":{}", "[::1]:{}"])
def test_an_address_in_use_is_an_error_that_names_it(form: str) -> None:
    with listen(form.format(0)) as taken:
        address = form.format(taken.getsockname()[1])
        with pytest.raises(ListenError) as raised:
            listen(address)
    assert str(raised.value) == f"--web.listen-address {address}: can't listen: Address already in use"


@pytest.mark.parametrize(
    "address",
    [
        "",
        ":",
        "8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:http",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:999999",
        "127.0.0.1:80/metrics",
        "127.0.0.1:8\uff10",
        "127.0.0.1:80\n",
        "http://127.0.0.1:80",
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
