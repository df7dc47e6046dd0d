from __future__ import annotations

import contextlib
from socket import AddressFamily
from typing import TYPE_CHECKING

import pytest
from helpers.api_clients import GOOD_ANSWER, Recorder, answering, ask, client_of, settings
from helpers.faults import FaultyApi
from helpers.ports import free_port
from helpers.proxy import Proxy
from helpers.tls import make_certificates
from requests.utils import get_netrc_auth, select_proxy

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.config.secret import SecretError
from wx_domain_exporter.wechat.client import ApiClient, Credential
from wx_domain_exporter.wechat.errors import (
    ApiError,
    BrokenConnectionError,
    DecodeError,
    FetchError,
    TlsError,
)
from wx_domain_exporter.wechat.proxies import environment_proxies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with Proxy("me:Zp4ss") as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://me:Zp4ss@127.0.0.1:{proxy.port}")
            monkeypatch.delenv(name.upper(), raising=False)
        for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield proxy


class TestConnection:
    @pytest.mark.parametrize(("second", "connections"), [(GOOD_ANSWER, 1), ("a token", 2)])
    def test_after_an_answer_to_something_else_the_connection_is_not_used_again(
        self, second: object, connections: int
    ) -> None:
        """It may belong to the request before, and the next one would be the answer to this request."""
        with client_of(GOOD_ANSWER, second, GOOD_ANSWER) as (client, api):
            ask(client)
            with contextlib.suppress(DecodeError):
                ask(client)
            assert ask(client) == GOOD_ANSWER
            assert api.accepted == connections

    def test_proxy_url_is_used(self) -> None:
        with Proxy("me:Zp4ss") as proxy:
            with client_of(GOOD_ANSWER, proxy_url=f"http://me:Zp4ss@127.0.0.1:{proxy.port}") as (client, _):
                assert ask(client) == GOOD_ANSWER
            assert len(proxy.requests) == 1

    def test_only_calls_to_another_base_url_use_no_proxy(self) -> None:
        proxy = "http://127.0.0.1:1"
        client = ApiClient(Wechat.model_validate({"proxy_url": proxy}), Recorder())
        assert proxy in client.proxies(None).values()
        assert proxy in client.proxies(Credential("t")).values()
        assert client.proxies(Credential("t", base_url="http://api.weixin.qq.com")) == {}

    def test_a_late_response_shows_no_secret_of_the_request_that_it_belongs_to(self) -> None:
        echo = {"errcode": 61007, "errmsg": "denied: fault-it.5/one"}
        with client_of(GOOD_ANSWER, echo) as (client, api):
            ask(client, token="fault-it.5/one")
            with pytest.raises(ApiError) as raised:
                ask(client, token="fault-it.5/two")
            assert api.accepted == 1
        assert "denied: <secret>" in str(raised.value)

    @pytest.mark.parametrize("family", ["any", "ipv4"])
    def test_addresses_of_the_wanted_kind_are_used(self, family: str) -> None:
        with client_of(GOOD_ANSWER, address_family=family) as (client, _):
            assert set(client.http.families) == set()
            assert ask(client) == GOOD_ANSWER
            assert set(client.http.families) == {AddressFamily.AF_INET}

    def test_addresses_of_the_other_kind_are_not(self) -> None:
        with client_of(GOOD_ANSWER, address_family="ipv6") as (client, api):
            with pytest.raises(BrokenConnectionError):
                ask(client)
            assert api.accepted == 0

    def test_a_proxy_may_have_any_address(self) -> None:
        with Proxy() as proxy:
            more = {"proxy_url": f"http://127.0.0.1:{proxy.port}", "address_family": "ipv6"}
            with client_of(GOOD_ANSWER, **more) as (client, _):
                assert ask(client) == GOOD_ANSWER
                assert set(client.http.families) == set()

    def test_the_environments_proxies_are_not_used_by_themselves(
        self, proxies_of_the_environment: Proxy
    ) -> None:
        with client_of(GOOD_ANSWER) as (client, _):
            assert ask(client) == GOOD_ANSWER
        assert not proxies_of_the_environment.requests

    def test_the_environments_proxies_are_used_where_they_are_trusted(
        self, proxies_of_the_environment: Proxy
    ) -> None:
        with client_of(GOOD_ANSWER, trust_env=True) as (client, _):
            assert ask(client) == GOOD_ANSWER
        assert len(proxies_of_the_environment.requests) == 1

    def test_the_environment_can_name_hosts_without_a_proxy(
        self, proxies_of_the_environment: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with client_of(GOOD_ANSWER, trust_env=True) as (client, _):
            assert ask(client) == GOOD_ANSWER
        assert not proxies_of_the_environment.requests

    @pytest.mark.parametrize(
        ("no_proxy", "url", "bypassed"),
        [
            ("10.0.0.0/8", "https://10.1.2.3", True),
            ("10.0.0.0/8", "https://11.1.2.3", False),
            ("192.0.2.1, ::1", "http://[::1]:8080", True),
            ("::1", "http://[::2]:8080", False),
            (".example.com", "https://api.example.com", True),
            ("example.com:8443", "https://api.example.com:8443", True),
            ("example.com:8443", "https://api.example.com", False),
            ("*", "https://api.example.com", True),
        ],
    )
    @pytest.mark.usefixtures("proxies_of_the_environment")
    def test_no_proxy_is_read_as_requests_reads_it(
        self, monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, *, bypassed: bool
    ) -> None:
        monkeypatch.setenv("NO_PROXY", no_proxy)
        trusting = Wechat.model_validate({"trust_env": True})
        assert (select_proxy(url, environment_proxies(trusting, url)) is None) == bypassed

    @pytest.mark.usefixtures("proxies_of_the_environment")
    def test_proxy_url_goes_before_the_environment(self) -> None:
        with Proxy() as proxy:
            url = f"http://127.0.0.1:{proxy.port}"
            with client_of(GOOD_ANSWER, trust_env=True, proxy_url=url) as (client, _):
                ask(client)
            assert len(proxy.requests) == 1

    def test_no_netrc_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password Zp4ss")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        with client_of(GOOD_ANSWER, trust_env=True) as (client, api):
            ask(client)
            assert get_netrc_auth(api.url) == ("me", "Zp4ss")
        assert "authorization" not in api.requests[0].headers

    @pytest.mark.parametrize(
        ("reason", "credentials"), [("http", "me:wrong"), ("connection", None)], ids=["refuses", "is gone"]
    )
    def test_a_proxy_that_fails_has_its_reason(self, reason: str, credentials: str | None) -> None:
        with Proxy("me:right") as proxy:
            port = proxy.port if credentials else free_port()
            url = f"http://{credentials or 'me:wrong'}@127.0.0.1:{port}"
            with client_of(GOOD_ANSWER, proxy_url=url) as (client, api):
                with pytest.raises(FetchError) as caught:
                    ask(client)
                assert not api.requests
        assert caught.value.reason == reason
        assert "wrong" not in str(caught.value)

    def test_a_secret_of_a_proxy_that_is_not_there_is_an_error(self) -> None:
        wechat = Wechat.model_validate({"proxy_url": {"env": "NO_SUCH_VARIABLE"}})
        with pytest.raises(SecretError):
            ApiClient(wechat, Recorder())

    def test_a_ca_file_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        wechat = Wechat.model_validate({"ca_file": str(tmp_path / "none.pem")})
        with pytest.raises(FileNotFoundError):
            ApiClient(wechat, Recorder())

    def test_ca_file_decides_whom_to_trust(self, tmp_path: Path) -> None:
        certificates = make_certificates(tmp_path)
        with FaultyApi({"it": answering(GOOD_ANSWER)}, certificates.good) as api:
            trusting = ApiClient(settings(api.url, ca_file=str(certificates.ca_file)), Recorder())
            assert ask(trusting) == GOOD_ANSWER
            trusting.close()
            strict = ApiClient(settings(api.url), Recorder())
            with pytest.raises(TlsError, match="certificate refused"):
                ask(strict)
            strict.close()
            assert len(api.requests) == 1

    def test_closing_the_client_closes_its_connections(self) -> None:
        with client_of(GOOD_ANSWER) as (client, api):
            ask(client)
            client.close()
            api.wait_for_ended(1)
