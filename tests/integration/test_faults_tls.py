"""Failures before a request is sent: names, ports, certificates, handshakes, proxies."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from helpers.api_clients import GOOD_ANSWER, answering
from helpers.exporter_process import run_exporter
from helpers.faults import (
    CANARY,
    FaultyApi,
    SocketServer,
    drips_from,
    full_backlog,
    hangs_up,
    resets_at_once,
    says_nothing,
    speaks_plain_http,
    token_for,
)
from helpers.json_text import as_json
from helpers.ports import free_port
from helpers.proxy import Proxy
from helpers.samples import series, value

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.tls import Certificates

APPID = "wx0123456789abcdef"
PASSWORD = "Zp4ssw0rd"
API = {"it": answering(GOOD_ANSWER)}


def scrape(folder: Path, base_url: str, **wechat: Any) -> str | None:
    """Run the exporter with --once; return the reason why the app failed, or None."""
    file = folder / "config.yml"
    app = {"appid": APPID, "token": {"type": "access_token", "access_token": token_for("it")}}
    settings = {"base_url": base_url, "timeout": "30s", **wechat}
    file.write_text(as_json({"wechat": settings, "apps": [app]}))
    ended = run_exporter(f"--config.file={file}", "--once", "--log.level=debug")
    for secret in (CANARY[:12], PASSWORD):
        assert secret not in ended.stdout
        assert secret not in ended.stderr
    assert "Traceback" not in ended.stderr
    up = value(ended.stdout, "wx_domain_up", appid=APPID)
    assert ended.returncode == (0 if up == 1 else 1), ended.stderr
    assert bool(series(ended.stdout, "wx_domain_hash", "category")) is (up == 1)
    reasons = list(series(ended.stdout, "wx_domain_fetch_error", "reason"))
    assert len(reasons) == (0 if up == 1 else 1)
    return reasons[0] if reasons else None


class TestCertificates:
    @pytest.mark.parametrize(
        ("kind", "reason"),
        [("good", None), ("expired", "tls"), ("wrong_name", "tls"), ("unknown_ca", "tls")],
    )
    def test_ca_file_decides(
        self, tmp_path: Path, certificates: Certificates, kind: str, reason: str | None
    ) -> None:
        with FaultyApi(API, getattr(certificates, kind)) as api:
            assert scrape(tmp_path, api.url, ca_file=str(certificates.ca_file)) == reason
            assert len(api.requests) == (0 if reason else 1)

    def test_without_ca_file_a_private_authority_is_unknown(
        self, tmp_path: Path, certificates: Certificates
    ) -> None:
        with FaultyApi(API, certificates.good) as api:
            assert scrape(tmp_path, api.url) == "tls"
            assert not api.requests

    def test_the_name_is_checked_and_not_only_the_address(
        self, tmp_path: Path, certificates: Certificates
    ) -> None:
        with FaultyApi(API, certificates.good) as api:
            url = f"https://localhost:{api.port}"
            assert scrape(tmp_path, url, ca_file=str(certificates.ca_file)) is None
            assert len(api.requests) == 1


class TestConnections:
    @pytest.mark.parametrize(
        ("serve", "reason"),
        [(speaks_plain_http, "tls"), (hangs_up, "connection"), (resets_at_once, "connection")],
    )
    def test_a_port_without_tls_has_its_reason(
        self, tmp_path: Path, serve: Callable[..., Any], reason: str
    ) -> None:
        with SocketServer(serve) as server:
            assert scrape(tmp_path, f"https://127.0.0.1:{server.port}") == reason

    def test_a_port_that_sends_nothing_is_a_timeout(self, tmp_path: Path) -> None:
        with SocketServer(says_nothing) as server:
            assert scrape(tmp_path, f"https://127.0.0.1:{server.port}", timeout="1s") == "timeout"

    def test_a_dripped_handshake_is_a_timeout(self, tmp_path: Path, certificates: Certificates) -> None:
        with FaultyApi(API, certificates.good) as api, SocketServer(drips_from(api.port, 0.05)) as slow:
            url = f"https://127.0.0.1:{slow.port}"
            ca_file = str(certificates.ca_file)
            assert scrape(tmp_path, url, ca_file=ca_file, timeout="1s") == "timeout"
            assert not api.requests

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_connection_that_nobody_accepts_is_a_timeout(self, tmp_path: Path, scheme: str) -> None:
        with full_backlog() as port:
            assert scrape(tmp_path, f"{scheme}://127.0.0.1:{port}", timeout="1s") == "timeout"

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_port_where_nobody_listens_is_a_connection_failure(self, tmp_path: Path, scheme: str) -> None:
        assert scrape(tmp_path, f"{scheme}://127.0.0.1:{free_port()}") == "connection"

    def test_a_name_that_does_not_exist_is_a_connection_failure(self, tmp_path: Path) -> None:
        assert scrape(tmp_path, "https://name.invalid") == "connection"


class TestProxies:
    @pytest.mark.parametrize(
        ("password", "reason"), [(PASSWORD, None), (f"{PASSWORD}2", "connection")], ids=["taken", "refused"]
    )
    def test_a_proxys_password_opens_it_and_shows_nowhere(
        self, tmp_path: Path, certificates: Certificates, password: str, reason: str | None
    ) -> None:
        with ExitStack() as stack:
            api = stack.enter_context(FaultyApi(API, certificates.good))
            proxy = stack.enter_context(Proxy(f"me:{PASSWORD}"))
            failure = scrape(
                tmp_path,
                api.url,
                ca_file=str(certificates.ca_file),
                proxy_url=f"http://me:{password}@127.0.0.1:{proxy.port}",
            )
            assert failure == reason
            assert len(proxy.requests) == 1
            assert len(api.requests) == (0 if reason else 1)
