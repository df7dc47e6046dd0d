from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from types import SimpleNamespace

import pytest
from helpers.commands import Capture, Served, failure
from helpers.fleets import SmallFleet, appid
from helpers.http_requests import request
from helpers.samples import series, value
from helpers.waiting import Gate, wait_until

from wx_domain_exporter import __version__
from wx_domain_exporter.commands import demo_scrapes

A, B = appid(0), appid(1)


def test_the_flags_set_addresses_path_and_lifecycle(fleet: SmallFleet, served: Served) -> None:
    def client() -> None:
        for url in served.urls:
            text = request(f"{url}/m").text
            assert series(text, "wx_domain_up", "appid") == {A: 1, B: 1}
            assert request(f"{url}/metrics").status == 404
        assert len(served.urls) == 2
        assert request(f"{served.urls[0]}/-/reload", method="POST").status == 200

    addresses = ["--web.listen-address=127.0.0.1:0", "--web.listen-address=[::1]:0"]
    flags = ["--web.telemetry-path=/m", "--web.enable-lifecycle", f"--config.file={fleet.path}"]
    assert served.run(client, *addresses, *flags) == 0
    assert f"version={__version__}" in served.log
    assert "metrics=/m" in served.log
    assert "msg=stopped" in served.log
    assert "Traceback" not in served.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_and_further_signals_are_ignored(
    fleet: SmallFleet, served: Served, number: signal.Signals
) -> None:
    flags = ["--web.listen-address=127.0.0.1:0", f"--config.file={fleet.path}"]
    client = lambda: served.wait_for("msg=listening")  # noqa: E731
    assert served.run(client, *flags, number=number) == 0
    assert set(served.handlers_afterwards) == {signal.SIG_IGN}
    wait_until(
        lambda: not [thread for thread in threading.enumerate() if thread.name == "reload"],
        "the reload thread ends",
    )


def test_a_signal_that_arrives_while_it_becomes_ignored_leaves_no_message(
    fleet: SmallFleet, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: reported.append(unraisable.exc_value))
    client = lambda: served.wait_for("msg=listening")  # noqa: E731
    assert served.run(client, "--web.listen-address=127.0.0.1:0", f"--config.file={fleet.path}") == 0
    other = OSError("another error")
    for error in (OSError("Signal 15 ignored due to race condition"), other):  # Python's own words
        sys.unraisablehook(SimpleNamespace(exc_value=error))
    assert reported == [other]


def test_sighup_reloads(fleet: SmallFleet, served: Served) -> None:
    def client() -> None:
        url = served.urls[0]
        fleet.path.write_text("apps: []")
        os.kill(os.getpid(), signal.SIGHUP)
        served.wait_for("configuration rejected")
        text = request(f"{url}/metrics").text
        assert value(text, "wx_domain_exporter_config_last_reload_successful") == 0
        fleet.configure(defaults={"labels": {"team": "growth"}})
        os.kill(os.getpid(), signal.SIGHUP)
        served.wait_for("configuration reloaded")
        text = request(f"{url}/metrics").text
        assert series(text, "wx_domain_app_info", "team") == {"growth": 1}

    flags = ["--web.listen-address=127.0.0.1:0", f"--config.file={fleet.path}"]
    assert served.run(client, *flags) == 0


def test_max_requests_limits_the_scrapes(fleet: SmallFleet, served: Served, gate: Gate) -> None:
    def client() -> None:
        url = served.urls[0]
        first = threading.Thread(target=request, args=(f"{url}/metrics",))
        first.start()
        assert gate.reached.wait(120)
        assert request(f"{url}/metrics").status == 503
        gate.open.set()
        first.join()

    flags = ["--web.listen-address=127.0.0.1:0", f"--config.file={fleet.path}"]
    assert served.run(client, *flags, "--web.max-requests=1") == 0


def test_the_demo_is_served(served: Served) -> None:
    def client() -> None:
        text = request(f"{served.urls[0]}/metrics").text
        assert len(series(text, "wx_domain_up", "appid")) >= 10

    assert served.run(client, "--demo", "--web.listen-address=127.0.0.1:0") == 0
    assert "demo=true" in served.log.lower()


def test_the_demo_scrapes_itself_at_the_start_and_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_scrapes, "INTERVAL_SECONDS", 0.1)

    def client() -> None:
        def page() -> str:
            return request(f"{served.urls[0]}/").text

        wait_until(lambda: "pet-hotel" in page(), "the platform is discovered")
        wait_until(lambda: "not fetched yet" not in page(), "every mini program is fetched")
        one = "name[]=wx_domain_exporter_api_requests_total"

        def fetches() -> float | None:
            text = request(f"{served.urls[0]}/metrics?{one}").text
            return value(text, "wx_domain_exporter_api_requests_total", api="getwxadevinfo", errcode="0")

        before = fetches() or 0.0
        wait_until(lambda: (fetches() or 0.0) > before, "the demo scrapes itself again")

    assert served.run(client, "--demo", "--web.listen-address=127.0.0.1:0") == 0
    assert "Traceback" not in served.log


@pytest.mark.parametrize("address", ["12324", "localhost", "[::1", "127.0.0.1:99999", "a..b:80"])
def test_an_invalid_address_is_an_error(fleet: SmallFleet, capsys: Capture, address: str) -> None:
    text = failure(capsys, f"--config.file={fleet.path}", f"--web.listen-address={address}")
    assert text.startswith(f"wx-domain-exporter: --web.listen-address {address}: ")


def test_a_taken_address_is_an_error(fleet: SmallFleet, capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        addresses = ["--web.listen-address=127.0.0.1:0", f"--web.listen-address={address}"]
        text = failure(capsys, f"--config.file={fleet.path}", *addresses)
    assert text.startswith(
        f"wx-domain-exporter: --web.listen-address {address}: can't listen: Address already in use; stop"
    )


def test_a_system_without_threads_is_an_error(
    fleet: SmallFleet, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    flags = ["--web.listen-address=127.0.0.1:0", f"--config.file={fleet.path}"]
    assert "refuses to start a thread" in failure(capsys, *flags)
