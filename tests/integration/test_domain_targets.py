"""A real blackbox_exporter probes the domains from `/sd/domains` over TLS, for a real Prometheus."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from helpers.examples import DOMAINS, MODULE, PROBES, scrape_jobs
from helpers.exporter_process import exporter
from helpers.real_prometheus import blackbox_exporter, configured_prometheus, prometheus
from helpers.shipped_rules import written_rules

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.fleets import SmallFleet
    from helpers.real_prometheus import Prometheus
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


def module_that_trusts(certificates: Certificates) -> dict[str, Any]:
    """The module of the docs, for servers whose certificates the tests' authority signed."""
    module = MODULE["modules"]["wx_domain"]
    tls = {"tls_config": {"ca_file": str(certificates.ca_file)}}
    return {"modules": {"wx_domain": {**module, "http": {**module["http"], **tls}}}}


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
    with (
        exporter(f"--config.file={fleet.path}") as program,
        blackbox_exporter(tmp_path, module_that_trusts(certificates), release) as blackbox,
        prometheus(
            tmp_path / "prometheus",
            [*scrape_jobs(PROBES, program), *scrape_jobs(DOMAINS, program, blackbox=blackbox)],
            release,
        ) as server,
    ):
        probed = 'count(probe_success{job="wx_domain_targets"}) == 3'
        then = server.when(f"{probed} and on () sum(wx_domain_up) == 2 and on () sum(probe_success) == 2")
        websocket = f"https://127.0.0.1:{ports[0]}/chat"
        assert then.values("probe_success", "instance") == {good: 1, websocket: 1, expired: 0}
        assert set(then.values(f'probe_success{{instance="{good}"}}', "apps")) == {"app 0,app 1"}
        expiry = then.values("probe_ssl_earliest_cert_expiry", "instance")
        assert expiry[good] == expiry[websocket] > time.time()
        assert then.values("wx_domain_up", "appid") == {first: 1, second: 1}
        assert set(then.values("wx_domain_exporter_apps", "job")) == {"wx_domain_exporter"}


def texts_of(server: Prometheus, name: str) -> dict[str, str]:
    """The annotations of the only alert of this name, once it fires."""
    server.wait_for(f'ALERTS{{alertname="{name}", alertstate="firing"}}')
    [alert] = [one for one in server.get("/api/v1/alerts")["alerts"] if one["labels"]["alertname"] == name]
    return dict(alert["annotations"])


def test_prometheus_alerts_on_certificates_domains_and_probes(
    fleet: SmallFleet, certificates: Certificates, release: str, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as stack:
        expiring, expired = (
            f"https://localhost:{stack.enter_context(answering(context))}"
            for context in (certificates.expiring, certificates.expired)
        )
        for one in fleet.world.apps:
            fleet.world.patch(one, {"domains": {"requestdomain": [expiring, expired]}})
        program = stack.enter_context(exporter(f"--config.file={fleet.path}"))
        blackbox_stack = stack.enter_context(contextlib.ExitStack())
        blackbox = blackbox_stack.enter_context(
            blackbox_exporter(tmp_path, module_that_trusts(certificates), release)
        )
        rules = tmp_path / "targets.rules.yml"
        rules.write_text(written_rules(rules.name, "--scrape-interval=1s"))
        configuration = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [
                *scrape_jobs(PROBES, program),
                *scrape_jobs(DOMAINS, program, blackbox=blackbox),
            ],
        }
        server = stack.enter_context(
            configured_prometheus(tmp_path / "prometheus", configuration, release=release)
        )

        certificate = texts_of(server, "WxDomainCertificateExpiring")
        assert certificate["summary"].startswith(f"The certificate of {expiring} expires in 9d 23h ")
        assert "The mini programs that have this domain: app 0,app 1. They" in certificate["description"]
        unreachable = texts_of(server, "WxDomainUnreachable")
        assert unreachable["summary"] == f"{expired} can't be reached."
        assert "The mini programs that have this domain: app 0,app 1. If" in unreachable["description"]

        blackbox_stack.close()
        texts = texts_of(server, "WxDomainTargetsNotProbed")
        assert f": 2, such as {', '.join(sorted((expiring, expired)))}. Prometheus" in texts["description"]
