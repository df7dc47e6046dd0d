from __future__ import annotations

import http.client
import logging
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import requests
import trustme
from helpers.simulated_client import APPID, OTHER, SECRET, Client

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    from pathlib import Path


class TestServer:
    def test_a_hanging_call_ends_with_its_connection(
        self, server: SimulatorServer, client: Client, world: World, app: SimulatedApp
    ) -> None:
        app.hang = True
        token = client.token()
        with pytest.raises(requests.exceptions.ReadTimeout):
            client.session.post(
                f"{server.url}/wxa/getwxadevinfo?access_token={token}", data=b"{}", timeout=(10, 0.05)
            )
        assert world.wait_until_idle()
        app.hang = False
        assert client.info(token)["errcode"] == 0
        assert world.calls["getwxadevinfo", APPID] == 2
        assert world.peak_in_flight == 1

    def test_hanging_and_slow_calls_do_not_hinder_the_stop(
        self, world: World, app: SimulatedApp, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.add(SimulatedApp(appid=OTHER, appsecret=SECRET, token_latency=3600))
        app.token_hang = True
        caplog.set_level(logging.DEBUG)
        server = SimulatorServer(world)
        with server, Client(server) as client:
            failures: list[Exception] = []

            def call(appid: str) -> None:
                try:
                    client.stable(appid=appid)
                except requests.RequestException as failure:
                    failures.append(failure)

            callers = [threading.Thread(target=call, args=(appid,)) for appid in (APPID, OTHER)]
            for caller in callers:
                caller.start()
            assert world.wait_for_calls("stable_token", APPID)
            assert world.wait_for_calls("stable_token", OTHER)
            server.stop()
            for caller in callers:
                caller.join()
        assert len(failures) == 2
        assert world.in_flight == 0
        assert not [record for record in caplog.records if record.levelno > logging.INFO]

    def test_an_idle_connection_is_closed(self, world: World) -> None:
        with (
            SimulatorServer(world, keep_alive=0.02) as server,
            socket.create_connection((server.host, server.port), timeout=100) as connection,
        ):
            connection.sendall(b"GET /_simulator/calls HTTP/1.1\r\nHost: a\r\n\r\n")
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.read() == b"{}"
            assert connection.recv(1) == b""

    def test_a_stopped_server_starts_again_on_its_port(self, world: World) -> None:
        server = SimulatorServer(world)
        urls = []
        for _ in range(2):
            with server, pytest.raises(RuntimeError, match="already running"):
                server.start()
            urls.append(server.url)
        server.stop()
        assert urls[0] == urls[1]

    def test_a_taken_port_is_an_error(self, server: SimulatorServer, world: World) -> None:
        with pytest.raises(OSError, match="in use"):
            SimulatorServer(world, port=server.port).start()

    def test_tls_is_served_also_while_a_silent_client_waits(self, world: World, tmp_path: Path) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
        certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
        server = SimulatorServer(world, certfile=tmp_path / "cert.pem", keyfile=tmp_path / "key.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        for served in (server, SimulatorServer(world, ssl_context=context)):
            with (
                served,
                socket.create_connection((served.host, served.port), timeout=100),
                Client(served, tmp_path / "ca.pem") as client,
            ):
                assert served.url.startswith("https://")
                assert client.info()["errcode"] == 0
                served.stop()

    def test_ipv6_addresses_are_bracketed(self, world: World) -> None:
        assert SimulatorServer(world, host="::1", port=80).url == "http://[::1]:80"
