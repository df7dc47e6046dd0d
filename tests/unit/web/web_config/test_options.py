"""Each option of a web configuration, as real clients see it."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import subprocess
import warnings
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme
from helpers.http_requests import request
from helpers.web_setup import PASSWORD, TLS, basic, hashed, serving, users

from wx_domain_exporter.web.server.client_certificates import client_names, is_allowed_client

if TYPE_CHECKING:
    from helpers.web_certificates import WebFolder


def tls(**settings: str) -> str:
    return TLS[:-2] + "".join(f", {key}: {value}" for key, value in settings.items()) + "}\n"


def mutual(auth: str = "RequireAndVerifyClientCert", **settings: str) -> str:
    return tls(client_ca_file="ca.pem", client_auth_type=auth, **settings)


def handshake(url: str, client: ssl.SSLContext) -> ssl.SSLSocket:
    """A connection on which the server has answered a request; to be closed."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 0)
    connection = client.wrap_socket(socket.create_connection(address, timeout=30), server_hostname=address[0])
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    if not connection.recv(100).startswith(b"HTTP/1.1 200"):
        connection.close()
        raise ConnectionError("no answer")
    return connection


def is_served(url: str, client: ssl.SSLContext) -> bool:
    try:
        handshake(url, client).close()
    except OSError:  # ssl.SSLError too
        return False
    return True


def old_client(folder: WebFolder, version: ssl.TLSVersion) -> ssl.SSLContext:
    client = folder.client()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version = client.maximum_version = version
    client.set_ciphers("DEFAULT@SECLEVEL=0")
    return client


VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class TestTls:
    @pytest.mark.parametrize(
        "text",
        [
            TLS,
            "tls_server_config: {cert: @CERT@, key: @KEY@}",
            "tls_server_config: {cert_file: server.pem, key: @KEY@}",
            "tls_server_config: {cert: @CERT@, key_file: server.key}",
        ],
        ids=["files", "inline", "key inline", "cert inline"],
    )
    def test_it_is_served_and_nothing_else_is(self, folder: WebFolder, text: str) -> None:
        with serving(folder, text) as url:
            assert request(url, tls=folder.client()).text == "good\n"
            with pytest.raises(OSError, match=r".*"):
                request(url.replace("https:", "http:"))

    @pytest.mark.parametrize("text", ["", "basic_auth_users: {}", "http_server_config: {http2: true}"])
    def test_without_the_section_there_is_none(self, folder: WebFolder, text: str) -> None:
        with serving(folder, text) as url:
            assert url.startswith("http://")
            assert request(url).text == "good\n"

    @pytest.mark.parametrize(
        ("settings", "served"),
        [
            ({}, ["TLS12", "TLS13"]),
            ({"min_version": "TLS10"}, ["TLS10", "TLS11", "TLS12", "TLS13"]),
            ({"min_version": "TLS11", "max_version": "TLS12"}, ["TLS11", "TLS12"]),
            ({"min_version": "TLS13"}, ["TLS13"]),
            ({"max_version": "TLS12"}, ["TLS12"]),
            ({"cipher_suites": "[TLS_AES_128_GCM_SHA256]"}, ["TLS13"]),
        ],
    )
    def test_versions(self, folder: WebFolder, settings: dict[str, str], served: list[str]) -> None:
        with serving(folder, tls(**settings)) as url:
            accepted = [
                name for name, version in VERSIONS.items() if is_served(url, old_client(folder, version))
            ]
        assert accepted == served

    def test_cipher_suites_and_their_order(self, folder: WebFolder) -> None:
        suites = "[TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]"
        client = folder.client()
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        client.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA")
        chosen = {}
        for prefer in ("true", "false"):
            settings = tls(cipher_suites=suites, prefer_server_cipher_suites=prefer)
            with serving(folder, settings) as url, handshake(url, client) as connection:
                chosen[prefer] = (connection.cipher() or ("",))[0]
        assert chosen == {"true": "ECDHE-ECDSA-AES256-SHA", "false": "ECDHE-ECDSA-AES128-GCM-SHA256"}
        client.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
        with serving(folder, tls(cipher_suites=suites)) as url:
            assert not is_served(url, client)

    @pytest.mark.parametrize(
        ("curve", "openssl"),
        [
            ("CurveP256", "prime256v1"),
            ("CurveP384", "secp384r1"),
            ("CurveP521", "secp521r1"),
            ("X25519", "X25519"),
        ],
    )
    def test_a_curve(self, folder: WebFolder, curve: str, openssl: str) -> None:
        # A chain signed on P-256 is no reason to refuse another curve for the key exchange.
        with serving(folder, tls(curve_preferences=f"[{curve}]")) as url:
            host = url.removeprefix("https://")
            for group, good in ((openssl, True), ("X448", False)):
                command = ["openssl", "s_client", "-connect", host, "-groups", group, "-tls1_3"]
                ended = subprocess.run(command, input=b"", capture_output=True, timeout=30, check=False)
                assert (ended.returncode == 0) == good, ended.stderr

    def test_clients_that_offer_http_2_get_http_1_1(self, folder: WebFolder) -> None:
        client = folder.client()
        client.set_alpn_protocols(["h2", "http/1.1"])
        text = TLS + "http_server_config: {http2: true}"
        with serving(folder, text) as url, handshake(url, client) as connection:
            assert connection.selected_alpn_protocol() == "http/1.1"


class TestClientCertificates:
    @pytest.mark.parametrize(
        ("auth", "nobody", "known", "stranger"),
        [
            ("NoClientCert", True, True, True),
            ("VerifyClientCertIfGiven", True, True, False),
            ("RequireAndVerifyClientCert", False, True, False),
        ],
    )
    def test_which_clients_are_allowed(
        self, folder: WebFolder, auth: str, *, nobody: bool, known: bool, stranger: bool
    ) -> None:
        text = tls(client_auth_type=auth) if auth == "NoClientCert" else mutual(auth)
        with serving(folder, text) as url:
            clients = (
                folder.client(),
                folder.client("client.example.com"),
                folder.client("client.example.com", authority=trustme.CA()),
            )
            assert [is_served(url, client) for client in clients] == [nobody, known, stranger]

    def test_a_ca_may_stand_inline(self, folder: WebFolder) -> None:
        text = tls(client_ca="@CA@", client_auth_type="RequireAndVerifyClientCert")
        with serving(folder, text) as url:
            assert is_served(url, folder.client("client.example.com"))
            assert not is_served(url, folder.client())

    def test_without_a_ca_only_the_authorities_of_the_system_count(self, folder: WebFolder) -> None:
        for auth_type, expected in (("NoClientCert", True), ("RequireAndVerifyClientCert", False)):
            with serving(folder, tls(client_auth_type=auth_type)) as url:
                assert is_served(url, folder.client("client.example.com")) is expected

    def test_a_single_certificate_can_be_trusted_as_in_go(self, folder: WebFolder) -> None:
        pinned = folder.authority.issue_cert("pinned.example.com")
        folder.write("ca.pem", pinned.cert_chain_pems[0].bytes())
        client = folder.client()
        pinned.configure_cert(client)
        with serving(folder, mutual()) as url:
            assert is_served(url, client)
            assert not is_served(url, folder.client("pinned.example.com"))

    @pytest.mark.parametrize(
        ("name", "allowed_client"),
        [
            ("prometheus.example.com", True),
            ("10.1.2.3", True),
            ("2001:db8::1", True),
            ("ops@example.com", True),
            ("other.example.com", False),
            ("10.1.2.4", False),
            ("*.example.com", False),
        ],
    )
    def test_names(self, folder: WebFolder, name: str, *, allowed_client: bool) -> None:
        allowed = "[prometheus.example.com, 10.1.2.3, '2001:db8::1', ops@example.com]"
        with serving(folder, mutual(client_allowed_sans=allowed)) as url:
            assert is_served(url, folder.client(name)) == allowed_client

    def test_an_empty_list_of_names_allows_no_client(self, folder: WebFolder) -> None:
        for allowed, expected in (("[]", False), ("[client.example.com]", True)):
            with serving(folder, mutual(client_allowed_sans=allowed)) as url:
                assert is_served(url, folder.client("client.example.com")) is expected

    def test_names_are_checked_only_if_there_is_a_certificate(self, folder: WebFolder) -> None:
        text = mutual("VerifyClientCertIfGiven", client_allowed_sans="[a.example.com]")
        with serving(folder, text) as url:
            assert is_served(url, folder.client())
            assert is_served(url, folder.client("a.example.com"))
            assert not is_served(url, folder.client("b.example.com"))


class TestClientNames:
    def test_are_written_as_go_writes_them(self) -> None:
        certificate = {
            "subjectAltName": (
                ("DNS", "a.example.com"),
                ("email", "ops@example.com"),
                ("URI", "spiffe://example.com/a"),
                ("IP Address", "10.0.0.1"),
                ("IP Address", "2001:DB8:0:0:0:0:0:1\n"),
                ("IP Address", "0:0:0:0:0:FFFF:A00:2"),
                ("IP Address", "<invalid>"),
                ("DirName", (("x", "y"),)),
            )
        }
        assert client_names(certificate) == {
            "a.example.com",
            "ops@example.com",
            "spiffe://example.com/a",
            "10.0.0.1",
            "2001:db8::1",
            "10.0.0.2",
            "<invalid>",
        }
        assert ipaddress.ip_address("2001:db8::1").compressed == "2001:db8::1"

    def test_a_certificate_without_names_is_not_allowed(self) -> None:
        assert not is_allowed_client({"subject": ()}, {"a"})


HEADERS = """http_server_config:
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Content-Type-Options: nosniff
    X-Frame-Options: deny
    X-XSS-Protection: 0
    Content-Security-Policy: default-src 'none'
"""


class TestHeaders:
    def test_are_on_every_answer(self, folder: WebFolder) -> None:
        with serving(folder, HEADERS + users(alice=PASSWORD)) as url:
            answers = [request(url, headers=basic()), request(url)]
        assert [answer.status for answer in answers] == [200, 401]
        for answer in answers:
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "deny"
            assert answer.headers["x-xss-protection"] == "0"
            assert answer.headers["content-security-policy"] == "default-src 'none'"

    def test_a_page_keeps_its_own(self, folder: WebFolder) -> None:
        with serving(folder, HEADERS) as url:
            answer = request(f"{url}/page")
        assert answer.headers["content-security-policy"] == "default-src 'self'"

    def test_an_empty_one_is_not_sent(self, folder: WebFolder) -> None:
        with serving(folder, "http_server_config: {headers: {Content-Security-Policy: ''}}") as url:
            answer = request(url)
        assert answer.status == 200
        assert "content-security-policy" not in answer.headers


class TestUsers:
    @pytest.mark.parametrize("version", ["$2a$", "$2b$", "$2y$"])
    def test_each_kind_of_bcrypt_is_known(self, folder: WebFolder, version: str) -> None:
        with serving(folder, f"basic_auth_users: {{alice: {version}{hashed()[4:]}}}") as url:
            assert request(url, headers=basic()).text == "good\n"
            assert request(url, headers=basic(password="wrong")).status == 401

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "Basic",
            "Basic !!!",
            "Basic YWxpY2U=",
            "Bearer abc",
            basic("bob")["Authorization"],
            basic("Alice")["Authorization"],
            basic(password="")["Authorization"],
            basic(password="a\0b")["Authorization"],
            basic()["Authorization"] + "x",
        ],
    )
    def test_all_other_credentials_get_401(self, folder: WebFolder, header: str | None) -> None:
        with serving(folder, users(alice=PASSWORD)) as url:
            answer = request(url, headers={} if header is None else {"Authorization": header})
        assert (answer.status, answer.text) == (401, "Unauthorized\n")
        assert answer.headers["www-authenticate"] == 'Basic realm="wx_domain_exporter"'

    def test_passwords_count_up_to_the_72nd_byte_as_in_go(self, folder: WebFolder) -> None:
        with serving(folder, users(alice="x" * 72)) as url:
            statuses = [request(url, headers=basic(password="x" * n)).status for n in (71, 72, 73, 100)]
        assert statuses == [401, 200, 200, 200]

    def test_names_and_passwords_may_be_chinese(self, folder: WebFolder) -> None:
        with serving(folder, users(小明="密码:1")) as url:
            assert request(url, headers=basic("小明", "密码:1")).status == 200

    def test_with_tls_and_client_certificates_all_must_fit(self, folder: WebFolder) -> None:
        with serving(folder, mutual() + users(alice=PASSWORD)) as url:
            client = folder.client("client.example.com")
            assert request(url, tls=client, headers=basic()).status == 200
            assert request(url, tls=client).status == 401
            with pytest.raises(OSError, match=r".*"):
                request(url, tls=folder.client(), headers=basic())


class TestRateLimit:
    def test_a_burst_is_let_through_and_no_more(self, folder: WebFolder) -> None:
        with serving(folder, "rate_limit: {interval: 1h, burst: 3}\n" + users(alice=PASSWORD)) as url:
            statuses = [request(url, headers=basic()).status for _ in range(4)]
            assert (statuses, request(url).status) == ([200, 200, 200, 429], 429)
