from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from helpers.adapters import LONG, SHORT, RunningAdapter, prepared
from helpers.fault_behaviours import domain_of
from helpers.fault_table import BEHAVIOURS
from helpers.faults import CANARY, FaultyApi, Peer, token_for
from helpers.ports import free_port
from helpers.proxy import Proxy as ProxyServer
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import InvalidProxyURL, ProxyError, SSLError, Timeout

from wx_domain_exporter.http.origin import Origin, Proxy, target_of
from wx_domain_exporter.http.response import NotHttpError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from helpers.tls import Certificates

PASSWORD = "Zp4ssw0rd"
CREDENTIALS = f"us er:{PASSWORD}/ä"
BASIC = f"Basic {base64.b64encode(CREDENTIALS.encode()).decode()}"


@pytest.fixture
def adapter(certificates: Certificates) -> Iterator[RunningAdapter]:
    adapter = RunningAdapter(str(certificates.ca_file))
    yield adapter
    adapter.end()


@pytest.fixture
def plain() -> Iterator[FaultyApi]:
    with FaultyApi(BEHAVIOURS) as api:
        yield api


@pytest.fixture
def secure(certificates: Certificates) -> Iterator[FaultyApi]:
    with FaultyApi(BEHAVIOURS, certificates.good) as api:
        yield api


def url_of(server: ProxyServer, credentials: str | None = CREDENTIALS) -> str:
    if credentials is None:
        return f"http://127.0.0.1:{server.port}"
    user, _, password = credentials.partition(":")
    return f"http://{quote(user, safe='')}:{quote(password, safe='')}@127.0.0.1:{server.port}"


def call(
    adapter: RunningAdapter,
    url: str,
    proxy: str | None,
    fault: str = "healthy-first",
    timeout: float = LONG,
) -> Any:
    proxies = {"http": proxy, "https": proxy} if proxy is not None else {}
    return adapter.send(prepared(url, fault), timeout=timeout, proxies=proxies).json()


class TestProxyUrl:
    @pytest.mark.parametrize(
        ("url", "host", "port", "user"),
        [
            ("http://proxy.example.com", "proxy.example.com", 80, None),
            ("http://proxy.example.com:3128", "proxy.example.com", 3128, None),
            ("HTTP://Proxy.Example.COM:3128/", "proxy.example.com", 3128, None),
            ("proxy.example.com:3128", "proxy.example.com", 3128, None),
            ("http://[::1]:3128", "::1", 3128, None),
            ("http://me:secret@proxy.example.com", "proxy.example.com", 80, "me:secret"),
            ("me:secret@proxy.example.com:1", "proxy.example.com", 1, "me:secret"),
            ("http://me@proxy.example.com", "proxy.example.com", 80, "me:"),
            ("http://:secret@proxy.example.com", "proxy.example.com", 80, ":secret"),
            ("http://m%40e:s%2Fe%25c%3A@proxy.example.com", "proxy.example.com", 80, "m@e:s/e%c:"),
            ("http://%C3%A4:%C3%B6@proxy.example.com", "proxy.example.com", 80, "ä:ö"),
        ],
    )
    def test_a_good_one_is_taken_apart(self, url: str, host: str, port: int, user: str | None) -> None:
        expected = None if user is None else f"Basic {base64.b64encode(user.encode()).decode()}"
        assert Proxy.of(url) == Proxy(host, port, expected)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "http://",
            "http://:3128",
            f"https://me:{PASSWORD}@proxy.example.com",
            f"socks5://me:{PASSWORD}@proxy.example.com",
            f"http://me:{PASSWORD}@proxy.example.com:port",
            f"http://me:{PASSWORD}@proxy.example.com:65536",
            f"http://me:{PASSWORD}@[::1",
        ],
    )
    def test_a_bad_one_is_refused_and_not_quoted(self, url: str) -> None:
        with pytest.raises(InvalidProxyURL, match=r"^the proxy's URL ") as caught:
            Proxy.of(url)
        assert PASSWORD not in str(caught.value)
        assert "example.com" not in str(caught.value)


class TestOrigin:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://api.example.com/a?b", ("https", "api.example.com", 443)),
            ("http://api.example.com", ("http", "api.example.com", 80)),
            ("https://API.example.com:8443/", ("https", "api.example.com", 8443)),
            ("http://[::1]:8080/", ("http", "::1", 8080)),
        ],
    )
    def test_it_is_where_a_url_leads(self, url: str, expected: tuple[str, str, int]) -> None:
        assert Origin.of(url, None) == Origin(*expected, None)

    def test_the_way_there_is_part_of_it(self) -> None:
        proxy = Proxy("proxy.example.com", 80, None)
        assert Origin.of("https://api.example.com", proxy) != Origin.of("https://api.example.com", None)

    @pytest.mark.parametrize(
        ("url", "netloc"),
        [
            ("https://api.example.com", "api.example.com"),
            ("https://api.example.com:443/", "api.example.com"),
            ("https://api.example.com:8443/", "api.example.com:8443"),
            ("http://api.example.com:443", "api.example.com:443"),
            ("http://[::1]", "[::1]"),
            ("http://[::1]:8080/", "[::1]:8080"),
            ("https://例子.测试", "xn--fsqu00a.xn--0zwm56d"),
        ],
    )
    def test_requests_name_its_port_where_it_is_not_the_schemes_own(self, url: str, netloc: str) -> None:
        assert Origin.of(url, None).netloc == netloc

    @pytest.mark.parametrize(
        ("url", "target"),
        [
            ("https://api.example.com", "/"),
            ("https://api.example.com?a=b", "/?a=b"),
            ("https://api.example.com/a/b?c=d?e", "/a/b?c=d?e"),
            ("https://api.example.com/a?", "/a?"),
        ],
    )
    def test_a_server_is_asked_for_what_comes_after_it(self, url: str, target: str) -> None:
        assert target_of(url) == target


class TestRequest:
    @pytest.mark.parametrize("character", ["\r", "\n", "\0"])
    def test_a_header_that_would_end_early_is_not_sent(
        self, adapter: RunningAdapter, plain: FaultyApi, character: str
    ) -> None:
        request = prepared(plain.url)
        request.headers["X-More"] = f"a{character}b"
        with pytest.raises(NotHttpError):
            adapter.send(request, timeout=LONG)
        assert not plain.requests

    @pytest.mark.parametrize("character", [" ", "\r", "\n", "\0", "ä"])
    def test_a_target_that_would_end_early_is_not_sent(
        self, adapter: RunningAdapter, plain: FaultyApi, character: str
    ) -> None:
        request = prepared(plain.url)
        request.url = f"{request.url}{character}x"
        with pytest.raises(NotHttpError):
            adapter.send(request, timeout=LONG)
        assert not plain.requests

    def test_each_request_has_its_own_headers_on_a_kept_connection(
        self, adapter: RunningAdapter, plain: FaultyApi
    ) -> None:
        for number in range(3):
            request = prepared(plain.url)
            request.headers["X-Number"] = str(number)
            adapter.send(request, timeout=LONG)
        assert [one.headers["x-number"] for one in plain.requests] == ["0", "1", "2"]
        assert plain.accepted == 1


class TestPlainHttpThroughAProxy:
    def test_the_proxy_gets_the_whole_url_and_the_api_the_request(
        self, adapter: RunningAdapter, plain: FaultyApi
    ) -> None:
        with ProxyServer() as proxy:
            answer = call(adapter, plain.url, url_of(proxy, None))
        assert answer["requestdomain"] == [domain_of("healthy-first")]
        (forwarded,) = proxy.requests
        assert forwarded.target.startswith(f"{plain.url}/wxa/getwxadevinfo?access_token=")
        assert forwarded.headers["host"] == f"127.0.0.1:{plain.port}"
        assert "proxy-authorization" not in forwarded.headers
        assert plain.requests[0].token == token_for("healthy-first")

    def test_the_proxy_gets_its_credentials(self, adapter: RunningAdapter, plain: FaultyApi) -> None:
        with ProxyServer(CREDENTIALS) as proxy:
            call(adapter, plain.url, url_of(proxy))
        assert proxy.requests[0].headers["proxy-authorization"] == BASIC

    def test_a_refusal_is_an_answer_with_its_status(self, adapter: RunningAdapter, plain: FaultyApi) -> None:
        request = requests.Request("POST", plain.url, data=b"{}").prepare()
        with ProxyServer("other:person") as proxy:
            response = adapter.send(request, timeout=LONG, proxies={"http": url_of(proxy)})
        assert response.status_code == 407
        assert not plain.requests


class TestTlsThroughAProxy:
    def test_the_proxy_sees_only_where_it_leads(self, adapter: RunningAdapter, secure: FaultyApi) -> None:
        with ProxyServer() as proxy:
            answer = call(adapter, secure.url, url_of(proxy, None))
        assert answer["requestdomain"] == [domain_of("healthy-first")]
        (connect,) = proxy.requests
        assert (connect.method, connect.target) == ("CONNECT", f"127.0.0.1:{secure.port}")
        assert "proxy-authorization" not in connect.headers

    def test_an_ipv6_address_is_in_brackets(self, adapter: RunningAdapter) -> None:
        with ProxyServer(tunnel=cannot_reach_it) as proxy, pytest.raises(ProxyError):
            call(adapter, "https://[2001:db8::1]", url_of(proxy, None))
        (connect,) = proxy.requests
        assert connect.target == connect.headers["host"] == "[2001:db8::1]:443"

    def test_its_credentials_go_to_the_proxy_and_no_further(
        self, adapter: RunningAdapter, secure: FaultyApi
    ) -> None:
        with ProxyServer(CREDENTIALS) as proxy:
            call(adapter, secure.url, url_of(proxy))
        assert proxy.requests[0].headers["proxy-authorization"] == BASIC
        assert not {"proxy-authorization", "authorization"} & secure.requests[0].headers.keys()
        assert secure.requests[0].target.startswith("/wxa/getwxadevinfo?access_token=")

    def test_the_tunnel_is_kept_for_the_next_call(self, adapter: RunningAdapter, secure: FaultyApi) -> None:
        with ProxyServer() as proxy:
            for _ in range(3):
                call(adapter, secure.url, url_of(proxy, None))
            assert len(proxy.requests) == 1

    def test_a_kept_direct_connection_is_not_used_in_its_place(
        self, adapter: RunningAdapter, secure: FaultyApi
    ) -> None:
        call(adapter, secure.url, None)
        with ProxyServer() as proxy:
            call(adapter, secure.url, url_of(proxy, None))
            assert len(proxy.requests) == 1

    def test_a_stale_tunnel_costs_no_call(self, adapter: RunningAdapter, secure: FaultyApi) -> None:
        with ProxyServer() as proxy:
            call(adapter, secure.url, url_of(proxy, None), "closed-unannounced")
            proxy.wait_for_ended(1)
            call(adapter, secure.url, url_of(proxy, None))
            assert len(proxy.requests) == 2

    def test_the_certificate_is_the_apis(self, adapter: RunningAdapter, certificates: Certificates) -> None:
        with FaultyApi(BEHAVIOURS, certificates.wrong_name) as api, ProxyServer() as proxy:
            with pytest.raises(SSLError, match="certificate refused"):
                call(adapter, api.url, url_of(proxy, None))
            assert not api.requests


async def hangs(peer: Peer) -> None:
    await peer.hang()


async def drips(peer: Peer) -> None:
    await peer.drip(b"HTTP/1.1 200 Connection established\r\n" * 1000, 0.05)


async def never_ends_its_headers(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 200 Connection established\r\n")
    await peer.without_end(b"X-More: x\r\n", 0.001)


async def lets_tls_hang(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await peer.hang()


async def hangs_up(_: Peer) -> None:
    pass


async def talks_nonsense(peer: Peer) -> None:
    await peer.send(b"SSH-2.0-OpenSSH\r\n\r\n")


async def speaks_no_tls(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await peer.reader.read(1)
    await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def cannot_reach_it(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")


class TestTroubleWithAProxy:
    @pytest.mark.parametrize(
        ("tunnel", "kind"),
        [
            (hangs, Timeout),
            (drips, Timeout),
            (never_ends_its_headers, NotHttpError),
            (lets_tls_hang, Timeout),
            (hangs_up, RequestsConnectionError),
            (cannot_reach_it, ProxyError),
            (talks_nonsense, NotHttpError),
            (speaks_no_tls, SSLError),
        ],
    )
    def test_a_tunnel_that_fails_has_its_type_and_ends_in_time(
        self,
        adapter: RunningAdapter,
        tunnel: Callable[[Peer], Awaitable[None]],
        kind: type[requests.RequestException],
    ) -> None:
        timeout = SHORT if kind is Timeout else LONG
        with ProxyServer(CREDENTIALS, tunnel) as proxy:
            with pytest.raises(requests.RequestException) as caught:
                call(adapter, "https://api.example.com", url_of(proxy), timeout=timeout)
            assert type(caught.value) is kind, str(caught.value)
            proxy.wait_for_ended(1)
        assert not [secret for secret in (CANARY, PASSWORD, BASIC[6:]) if secret in str(caught.value)]

    def test_a_refused_tunnel_says_which_status(self, adapter: RunningAdapter, secure: FaultyApi) -> None:
        with ProxyServer(CREDENTIALS) as proxy:
            with pytest.raises(ProxyError, match="407") as caught:
                call(adapter, secure.url, url_of(proxy, f"someone:{PASSWORD}"))
            proxy.wait_for_ended(1)
        assert PASSWORD not in str(caught.value)
        assert not secure.requests

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_proxy_that_is_not_there_is_a_connection_error(
        self, adapter: RunningAdapter, scheme: str
    ) -> None:
        proxy = f"http://me:{PASSWORD}@127.0.0.1:{free_port()}"
        with pytest.raises(RequestsConnectionError, match="Connection refused") as caught:
            call(adapter, f"{scheme}://api.example.com", proxy)
        assert PASSWORD not in str(caught.value)

    def test_a_faulty_answer_through_a_tunnel_times_out_as_one_without(
        self, adapter: RunningAdapter, secure: FaultyApi
    ) -> None:
        with ProxyServer() as proxy:
            with pytest.raises(Timeout):
                call(adapter, secure.url, url_of(proxy, None), "drip-body", SHORT)
            proxy.wait_for_ended(1)
