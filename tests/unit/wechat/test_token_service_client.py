from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from helpers.adapters import LONG, SHORT
from helpers.api_clients import Recorder, answering, settings, time_left
from helpers.fault_table import BEHAVIOURS
from helpers.faults import CANARY, FaultyApi, token_for
from helpers.proxy import Proxy

from wx_domain_exporter import __version__
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import DeadlineError, FetchError, HttpError, Reason, TlsError
from wx_domain_exporter.wechat.responses import read_json
from wx_domain_exporter.wechat.token_service_client import TokenRequest

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.faults import Call
    from helpers.tls import Certificates

ANSWER = {"access_token": "made", "expires_in": 7200}
"""What a token service answers: it has no errcode, or one of its own that means nothing here."""


@pytest.fixture
def calls() -> Recorder:
    return Recorder()


@pytest.fixture
def client(calls: Recorder) -> Iterator[ApiClient]:
    client = ApiClient(settings("http://127.0.0.1:1"), calls)
    yield client
    client.close()


def url(api: FaultyApi, fault: str = "it") -> str:
    return f"{api.url}/token?access_token=fault-{fault}.&appId=wx0123456789abcdef"


def ask(
    client: ApiClient, where: str, ca_file: Path | None = None, seconds: float = LONG, **headers: str
) -> Any:
    request = TokenRequest(where, headers, {}, as_form=False)
    return client.token_service.call(request, None if ca_file is None else str(ca_file), seconds, read_json)


class TestRequest:
    def test_it_is_a_get_with_the_headers(self, client: ApiClient, calls: Recorder) -> None:
        with FaultyApi({"it": answering(ANSWER)}) as api:
            assert ask(client, url(api), Authorization="Bearer canary", Accept="text/json") == ANSWER
            (request,) = api.requests
        assert (request.method, request.path, request.body) == ("GET", "/token", b"")
        assert request.headers["authorization"] == "Bearer canary"
        assert request.headers["accept"] == "text/json"
        assert request.headers["user-agent"] == f"wx_domain_exporter/{__version__}"
        assert calls.noted == [("http", 0)]

    def test_an_errcode_in_its_answer_is_not_wechats(self, client: ApiClient, calls: Recorder) -> None:
        answer = {**ANSWER, "errcode": 40001}
        with FaultyApi({"it": answering(answer)}) as api:
            assert ask(client, url(api)) == answer
        assert calls.noted == [("http", 0)]

    def test_connections_are_kept_and_closed_with_the_client(self, client: ApiClient) -> None:
        with FaultyApi({"it": answering(ANSWER)}) as api:
            for _ in range(3):
                ask(client, url(api))
            assert api.accepted == 1
            client.close()
            api.wait_for_ended(1)

    def test_it_ends_with_the_time_of_the_fetch(self, client: ApiClient, calls: Recorder) -> None:
        deadline = time_left()
        deadline.limit(0.1)
        with (
            FaultyApi({"it": BEHAVIOURS["hang"]}) as api,
            pytest.raises(DeadlineError, match="the call was cut short because"),
        ):
            ask(client, url(api), seconds=Caller(client, deadline, {}).call_timeout())
        assert calls.noted == [("http", "deadline")]


class TestFailures:
    def test_a_redirect_is_not_followed(self, client: ApiClient, calls: Recorder) -> None:
        async def move(call: Call) -> None:
            location = f"Location: {url(api, 'elsewhere')}".encode()
            await call.peer.send(b"HTTP/1.1 302 Found\r\n", location, b"\r\nContent-Length: 0\r\n\r\n")

        with FaultyApi({"it": move, "elsewhere": answering(ANSWER)}) as api:
            with pytest.raises(HttpError, match="HTTP status 302"):
                ask(client, url(api), Authorization="canary")
            assert [request.fault for request in api.requests] == ["it"]
        assert calls.noted == [("http", "http")]

    @pytest.mark.parametrize("body", ["<html>", "[]", '"text"', "", "\xff", "{" * 9])
    def test_what_is_not_a_json_object_is_malformed(
        self, client: ApiClient, calls: Recorder, body: str
    ) -> None:
        async def page(call: Call) -> None:
            await call.answer(body.encode("latin-1"))

        with FaultyApi({"it": page}) as api, pytest.raises(FetchError) as caught:
            ask(client, url(api))
        assert caught.value.reason is Reason.DECODE
        assert calls.noted == [("http", "decode")]

    def test_a_byte_order_mark_is_ignored(self, client: ApiClient) -> None:
        async def marked(call: Call) -> None:
            await call.answer(b"\xef\xbb\xbf" + json.dumps(ANSWER).encode())

        with FaultyApi({"it": marked}) as api:
            assert ask(client, url(api)) == ANSWER

    def test_no_error_quotes_the_url(self, client: ApiClient) -> None:
        with FaultyApi(BEHAVIOURS) as api:
            for fault in ("301", "reset", "hang-in-body"):
                seconds = SHORT if fault == "hang-in-body" else LONG
                with pytest.raises(FetchError) as caught:
                    ask(client, f"{api.url}/token?access_token={token_for(fault)}", seconds=seconds)
                assert CANARY not in str(caught.value)


class TestTls:
    def test_each_token_service_is_trusted_by_its_own_ca_file(
        self, client: ApiClient, calls: Recorder, certificates: Certificates
    ) -> None:
        with FaultyApi({"it": answering(ANSWER)}, certificates.good) as api:
            assert ask(client, url(api), certificates.ca_file) == ANSWER
            with pytest.raises(TlsError, match="certificate refused"):
                ask(client, url(api))
            assert len(api.requests) == 1
        assert calls.noted == [("http", 0), ("http", "tls")]

    @pytest.mark.parametrize("kind", ["expired", "wrong_name", "unknown_ca"])
    def test_an_invalid_certificate_is_refused(
        self, client: ApiClient, certificates: Certificates, kind: str
    ) -> None:
        context: ssl.SSLContext = getattr(certificates, kind)
        with FaultyApi({"it": answering(ANSWER)}, context) as api:
            with pytest.raises(TlsError, match="certificate refused"):
                ask(client, url(api), certificates.ca_file, Authorization="canary")
            assert not api.requests

    @pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "of something else"])
    def test_a_ca_file_that_cannot_be_read_is_reported(
        self, client: ApiClient, tmp_path: Path, content: str | None
    ) -> None:
        ca_file = tmp_path / "ca.pem"
        if content is not None:
            ca_file.write_text(content)
        with pytest.raises(FetchError, match="ca_file can't be read: "):
            ask(client, "https://127.0.0.1:1/token", ca_file)


class TestProxy:
    @pytest.mark.parametrize("trusted", [True, False])
    def test_the_environments_proxies_are_used_where_they_are_trusted(
        self, monkeypatch: pytest.MonkeyPatch, *, trusted: bool
    ) -> None:
        with Proxy() as proxy, FaultyApi({"it": answering(ANSWER)}) as api:
            for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY", "HTTP_PROXY"):
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            client = ApiClient(settings(api.url, trust_env=trusted), Recorder())
            assert ask(client, url(api)) == ANSWER
            client.close()
        assert len(proxy.requests) == int(trusted)


@pytest.mark.parametrize("body", [{"action": "delete", "wxa_server_domain": "a.example.com"}, {}])
def test_a_token_service_can_not_change_a_platforms_domains(body: dict[str, str]) -> None:
    with FaultyApi(BEHAVIOURS) as api:
        client = ApiClient(settings(api.url), Recorder())
        where = f"{api.url}/cgi-bin/component/modify_wxa_server_domain?access_token=fault-it."
        request = TokenRequest(where, {}, body, as_form=False)
        with pytest.raises(HttpError, match="would change a platform's domains; it was not sent"):
            client.token_service.call(request, None, LONG, read_json)
        assert api.accepted == 0
        client.close()
