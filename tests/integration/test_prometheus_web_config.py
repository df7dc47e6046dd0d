"""A real Prometheus scrapes the exporter on TLS with a password and a certificate, while both are rotated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import trustme
from helpers.exporter_process import exporter
from helpers.fleets import small_fleet
from helpers.http_requests import request
from helpers.real_prometheus import prometheus
from helpers.waiting import wait_until
from helpers.web_certificates import make_web_folder
from helpers.web_setup import PASSWORD, basic, users

if TYPE_CHECKING:
    from pathlib import Path

TLS = """tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example.com]
"""
HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

SCRAPE_SECONDS = 2
"""The interval and the timeout of the scrapes. One that takes longer says nothing about the exporter."""
REFUSED = f"((up == 0) and on (job, instance) (scrape_duration_seconds < {SCRAPE_SECONDS}))"
REFUSALS = f"count_over_time({REFUSED}[1h:500ms])"
BROKEN = "HTTP status 500 Internal Server Error"


def test_scrapes_go_on_through_all_rotations_and_no_secret_is_shown(tmp_path: Path) -> None:
    folder = make_web_folder(tmp_path)
    folder.configure(TLS + users(alice=PASSWORD))

    def issue(authority: trustme.CA) -> None:
        issued = authority.issue_cert("prometheus.example.com")
        folder.write("client.pem", issued.private_key_and_cert_chain_pem.bytes())

    issue(folder.authority)
    folder.write("server-ca.pem", folder.authority.cert_pem.bytes())
    folder.write("password", PASSWORD.encode())
    arguments = (f"--web.config.file={folder.web_file}", "--log.level=debug")
    with small_fleet(tmp_path) as fleet, exporter(f"--config.file={fleet.path}", *arguments) as program:
        job = {
            "job_name": "wx",
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "scrape_timeout": f"{SCRAPE_SECONDS}s",
            "scheme": "https",
            "basic_auth": {"username": "alice", "password_file": str(tmp_path / "password")},
            "tls_config": {
                "ca_file": str(tmp_path / "server-ca.pem"),
                "cert_file": str(tmp_path / "client.pem"),
                "key_file": str(tmp_path / "client.pem"),
            },
            "static_configs": [{"targets": [program.url.removeprefix("https://")]}],
        }
        with prometheus(tmp_path / "prometheus", [job]) as server:

            def is_up() -> bool:
                return server.values("up", "job") == {"wx": 1}

            def is_refused(*errors: str) -> bool:
                last_error: str = server.get("/api/v1/targets")["activeTargets"][0]["lastError"]
                return last_error.endswith(errors) and not is_up()

            def good_scrapes() -> float:
                return sum(server.values("sum_over_time(up[1h])", "job").values())

            def wait_for_scrapes() -> None:
                so_far = good_scrapes()
                wait_until(lambda: good_scrapes() >= so_far + 2, "Prometheus goes on scraping")

            wait_until(is_up, "Prometheus scrapes")
            folder.renew()
            wait_for_scrapes()
            folder.configure(TLS + users(alice=PASSWORD, bob="x") + f"  carol: {HASH}\n")
            wait_for_scrapes()
            assert server.query(REFUSALS) == []
            folder.configure(TLS + users(alice="another"))
            wait_until(lambda: is_refused("HTTP status 401 Unauthorized"), "the old password is refused")
            server.wait_for(REFUSALS)
        folder.write("password", b"another")
        # Prometheus 3.5 keeps using the password that it read first: prometheus/common#981.
        with prometheus(tmp_path / "prometheus-anew", [job]) as server:
            wait_until(is_up, "the new password is accepted")
            new = trustme.CA()
            folder.write("ca.pem", new.cert_pem.bytes())
            ended = ("EOF", "connection reset by peer")
            wait_until(lambda: is_refused(*ended), "the old authority's certificate is refused")
            issue(new)
            wait_until(is_up, "the new authority's certificate is accepted")
            folder.configure(TLS + f"basic_auth_users: {{alice: {PASSWORD}}}")
            wait_until(lambda: is_refused(BROKEN), "a broken file refuses everybody")
            folder.configure(TLS + users(alice="another"))
            wait_until(is_up, "a corrected file accepts Prometheus")
        client = folder.client("prometheus.example.com", authority=new)
        pages = [
            request(program.url + path, tls=client, headers=headers).text
            for path in ("/", "/metrics", "/nothing")
            for headers in (basic(password="another"), basic(password="wrong"), {})
        ]
        key = (folder.path / "server.key").read_text().splitlines()[1]
    assert program.log.count("the web configuration is broken") == 1
    everything = program.log + "".join(pages)
    secrets = (PASSWORD, "another", HASH[7:20], key, "PRIVATE KEY")
    assert [secret for secret in secrets if secret in everything] == []
    assert not re.search(r"\$2[aby]\$[0-9]", everything)
