"""Users, certificates and client CAs change while the server runs; with a broken file nobody is served."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme
from helpers.http_requests import request
from helpers.web_setup import PASSWORD, TLS, basic, serving, users
from structlog.testing import capture_logs

if TYPE_CHECKING:
    import ssl

    from helpers.web_certificates import WebFolder

MUTUAL = TLS[:-2] + ", client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert}\n"
TLS_AND_USER = TLS + users(alice=PASSWORD)


def status(url: str, client: ssl.SSLContext | None = None, **credentials: str) -> int:
    return request(url, tls=client, headers=basic(**credentials)).status


def certificate_of(url: str, client: ssl.SSLContext) -> object:
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=client, timeout=30)
    connection.connect()
    try:
        return (connection.sock.getpeercert() or {})["serialNumber"]
    finally:
        connection.close()


class TestRotation:
    def test_a_changed_password_counts_at_once(self, folder: WebFolder) -> None:
        with serving(folder, users(alice="old", bob="bob")) as url:
            assert [status(url, password=one) for one in ("old", "new")] == [200, 401]
            folder.configure(users(alice="new", bob="bob"))
            assert [status(url, password=one) for one in ("old", "new")] == [401, 200]
            folder.configure(users(bob="bob"))
            assert status(url, password="new") == 401
            assert status(url, user="bob", password="bob") == 200

    def test_users_can_be_added_to_none(self, folder: WebFolder) -> None:
        with serving(folder, "") as url:
            assert request(url).status == 200
            folder.configure(users(alice=PASSWORD))
            assert request(url).status == 401
            assert status(url) == 200

    def test_headers_and_limits_too(self, folder: WebFolder) -> None:
        with serving(folder, "") as url:
            folder.configure("http_server_config: {headers: {X-Frame-Options: deny}}")
            assert request(url).headers["x-frame-options"] == "deny"
            folder.configure("rate_limit: {interval: 1h, burst: 1}")
            assert [request(url).status for _ in range(2)] == [200, 429]

    def test_a_renewed_certificate_is_shown_at_the_next_handshake(self, folder: WebFolder) -> None:
        client = folder.client()
        with serving(folder, TLS) as url:
            before = certificate_of(url, client)
            folder.renew()
            assert certificate_of(url, client) != before

    def test_client_cas_change_for_open_connections_too(self, folder: WebFolder) -> None:
        old, other = folder.client("client.example.com"), trustme.CA()
        new = folder.client("client.example.com", authority=other)
        with serving(folder, MUTUAL) as url:
            parts = urlsplit(url)
            kept = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=old, timeout=30)
            kept.request("GET", "/")
            assert kept.getresponse().read() == b"good\n"
            assert kept.sock is not None
            folder.write("ca.pem", other.cert_pem.bytes())
            assert request(url, tls=new).status == 200
            kept.sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert kept.sock.recv(100) == b""
            kept.close()
            with pytest.raises(OSError, match=r".*"):
                request(url, tls=old)


class TestBroken:
    @pytest.mark.parametrize(
        "text",
        ["", "basic_auth_users: {alice: canary}", "nonsense: 1", "[", TLS, users(alice=PASSWORD)],
        ids=["empty", "no hash", "unknown key", "no YAML", "without users", "without TLS"],
    )
    def test_every_request_is_refused_until_it_is_repaired(self, folder: WebFolder, text: str) -> None:
        client = folder.client()
        with serving(folder, TLS_AND_USER) as url, capture_logs() as logs:
            assert status(url, client) == 200
            folder.configure(text)
            for _ in range(3):
                answer = request(url, tls=client, headers=basic())
                assert (answer.status, answer.text) == (500, "Internal Server Error\n")
            assert request(url, tls=client).status == 500
            folder.configure(TLS_AND_USER)
            assert (status(url, client), request(url, tls=client).status) == (200, 401)
        events = [line["event"] for line in logs if line["log_level"] == "error"]
        assert 1 <= len(events) <= 2  # once for each sentence
        assert "canary" not in str(logs)

    def test_a_missing_file_too(self, folder: WebFolder) -> None:
        with serving(folder, users(alice=PASSWORD)) as url, capture_logs() as logs:
            folder.web_file.unlink()
            assert [status(url) for _ in range(3)] == [500] * 3
            assert len(logs) == 1
            assert logs[0]["error"] == f"{folder.web_file}: can't be read: No such file or directory"
            folder.configure(users(alice=PASSWORD))
            assert status(url) == 200

    @pytest.mark.parametrize("text", [MUTUAL.replace("Require", "No such "), TLS])
    def test_client_certificates_are_not_dropped_by_a_change(self, folder: WebFolder, text: str) -> None:
        client = folder.client("client.example.com")
        with serving(folder, MUTUAL) as url:
            folder.configure(text)
            assert request(url, tls=client).status == 500
            with pytest.raises(OSError, match=r".*"):
                request(url, tls=folder.client())

    def test_tls_cannot_be_added_while_it_runs(self, folder: WebFolder) -> None:
        with serving(folder, "") as url, capture_logs() as logs:
            folder.configure(TLS)
            assert request(url).status == 500
        assert logs[0]["error"] == f"{folder.web_file}: TLS can't be added without a restart"

    def test_with_a_broken_client_ca_every_request_is_refused(self, folder: WebFolder) -> None:
        client = folder.client("client.example.com")
        with serving(folder, MUTUAL) as url:
            folder.write("ca.pem", b"nothing")
            assert request(url, tls=client).status == 500
            folder.write("ca.pem", folder.authority.cert_pem.bytes())
            assert request(url, tls=client).status == 200

    def test_a_key_that_is_written_after_its_certificate_fails_no_request(self, folder: WebFolder) -> None:
        client = folder.client()
        key = (folder.path / "server.key").read_bytes()
        with serving(folder, TLS) as url, capture_logs() as logs:
            before = certificate_of(url, client)
            folder.renew()
            new_key = (folder.path / "server.key").read_bytes()
            folder.write("server.key", key)
            assert request(url, tls=client).status == 200
            assert certificate_of(url, client) == before
            assert [line["event"] for line in logs if line["log_level"] == "error"] == [
                "the certificate can't be replaced: the last valid one stays in use"
            ]
            folder.write("server.key", new_key)
            assert certificate_of(url, client) != before
            (folder.path / "server.key").unlink()
            assert request(url, tls=client).status == 200
