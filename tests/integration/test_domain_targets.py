"""A real blackbox_exporter probes the domains from `/sd/domains` over TLS, for a real Prometheus."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from typing import TYPE_CHECKING

import pytest
from helpers.examples import DOMAINS, MODULE, PROBES, scrape_jobs
from helpers.exporter_process import exporter
from helpers.real_prometheus import blackbox_exporter, prometheus

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.fleets import SmallFleet
    from helpers.tls import Certificates


class _Answering(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextlib.contextmanager
def answering(context: ssl.SSLContext) -> Iterator[int]:
    """Run an HTTPS server; yield its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def ports(certificates: Certificates) -> Iterator[tuple[int, int]]:
    with answering(certificates.good) as good, answering(certificates.expired) as expired:
        yield good, expired


def test_prometheus_gets_the_expiry_of_the_domains_certificates(
    fleet: SmallFleet, certificates: Certificates, ports: tuple[int, int], release: str, tmp_path: Path
) -> None:
    good, expired = (f"https://localhost:{port}" for port in ports)
    [first, second] = fleet.world.apps
    fleet.world.patch(
        first,
        {
            "domains": {
                "requestdomain": [good],
                "wsrequestdomain": [f"wss://127.0.0.1:{ports[0]}/chat", "wss://https://localhost"],
                "udpdomain": ["udp://localhost"],
            }
        },
    )
    fleet.world.patch(second, {"domains": {"requestdomain": [good], "bizdomain": [expired]}})
    module = MODULE["modules"]["wx_domain"]
    module["http"]["tls_config"] = {"ca_file": str(certificates.ca_file)}
    with (
        exporter(f"--config.file={fleet.path}") as program,
        blackbox_exporter(tmp_path, {"modules": {"wx_domain": module}}, release) as blackbox,
        prometheus(
            tmp_path / "prometheus",
            [*scrape_jobs(PROBES, program), *scrape_jobs(DOMAINS, program, blackbox=blackbox)],
            release,
        ) as server,
    ):
        server.wait_for('count(probe_success{job="wx_domain_targets"}) == 3')
        websocket = f"https://127.0.0.1:{ports[0]}/chat"
        assert server.values("probe_success", "instance") == {good: 1, websocket: 1, expired: 0}
        assert set(server.values(f'probe_success{{instance="{good}"}}', "apps")) == {"app 0,app 1"}
        expiry = server.values("probe_ssl_earliest_cert_expiry", "instance")
        assert expiry[good] == expiry[websocket] > time.time()
        assert server.values("wx_domain_up", "appid") == {first: 1, second: 1}
        assert set(server.values("wx_domain_exporter_apps", "job")) == {"wx_domain_exporter"}
