"""The program as a process: failed starts, signals, reloads, rotated secrets, too many scrapes, shutdown."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers.exporter_process import exporter, run_exporter
from helpers.fleets import APPSECRET, SmallFleet, appid, fleet_config
from helpers.http_requests import Answer, request
from helpers.repository import REPOSITORY
from helpers.samples import series, value
from helpers.volumes import Volume
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


STATIC = {"appid": appid(5), "token": {"type": "access_token", "access_token": "t"}}


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def scrape_in(pool: ThreadPoolExecutor, url: str, timeout: float = 20) -> Future[Answer]:
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)}
    return pool.submit(request, f"{url}/metrics", headers=headers)


class TestFailedStarts:
    def test_a_missing_file(self, tmp_path: Path) -> None:
        ended = run_exporter("--config.file=nowhere.yml", cwd=tmp_path)
        assert ended.returncode == 1
        file = tmp_path / "nowhere.yml"
        assert ended.stderr == f"wx-domain-exporter: {file}: can't be read: No such file or directory\n"

    def test_all_errors_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "config.yml").write_text(
            "wechat: {timeout: fast}\napps:\n- {appid: wx1}\n"
            "- {appid: wx0000000000000001, token: {type: access_token, access_token: {file: nowhere}}}\n"
        )
        ended = run_exporter(cwd=tmp_path)
        assert ended.returncode == 1
        assert [line.split(": ")[1:3] for line in ended.stderr.splitlines()] == [
            ["config.yml:1", "wechat.timeout"],
            ["config.yml:3", "apps[0].appid"],
            ["config.yml:3", "apps[0].token"],
            ["config.yml:4", "apps.token.access_token (wx0000000000000001)"],
        ]
        assert "Traceback" not in ended.stderr

    def test_an_occupied_port(self, fleet: SmallFleet) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            ended = run_exporter(f"--config.file={fleet.path}", f"--web.listen-address={address}")
        assert ended.returncode == 1
        assert (
            f"wx-domain-exporter: --web.listen-address {address}: can't listen: Address already in use; stop"
            in ended.stderr
        )
        assert "Traceback" not in ended.stderr

    def test_an_unknown_flag(self) -> None:
        ended = run_exporter("--config.fle=x")
        assert ended.returncode == 1
        assert "unknown flag --config.fle; did you mean --config.file?" in ended.stderr
        assert "Traceback" not in ended.stderr


every_way_to_start = pytest.mark.parametrize(
    "program",
    [
        pytest.param(["-m", "wx_domain_exporter"], id="module"),
        pytest.param([str(REPOSITORY / "exporter.py")], id="checkout"),
        pytest.param([str(Path(sys.executable).with_name("wx-domain-exporter"))], id="command"),
    ],
)


def signal_during_imports(program: list[str], number: signal.Signals) -> tuple[int, list[str]]:
    """Send a signal while the program imports its modules; return its exit status and its standard error."""
    command = [sys.executable, "-X", "importtime", *program, "--version"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:  # one for each module, as soon as it is imported
            if line.endswith(" wx_domain_exporter.commands\n"):
                process.send_signal(number)
                break
        errors = [line for line in process.stderr if not line.startswith("import time:")]
    return process.returncode, errors


class TestSignalsDuringStart:
    @every_way_to_start
    def test_sighup_is_ignored(self, program: list[str]) -> None:
        assert signal_during_imports(program, signal.SIGHUP) == (0, [])

    @every_way_to_start
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_sigint_and_sigterm_end_it_quietly(
        self, program: list[str], number: signal.Signals, status: int
    ) -> None:
        assert signal_during_imports(program, number) == (status, [])


class TestReload:
    def test_sighup_adds_an_app_and_keeps_the_tokens(self, fleet: SmallFleet) -> None:
        with exporter(f"--config.file={fleet.path}") as program:
            first = program.scrape()
            world = fleet.world
            added = world.apps[appid(0)].model_copy(deep=True, update={"appid": appid(7), "name": "new"})
            world.add(added)
            fleet.configure()
            program.send(signal.SIGHUP)
            wait_until(lambda: "configuration reloaded" in program.log, "the reload is logged")
            second = program.scrape()
        assert set(series(first, "wx_domain_up", "appid")) == {appid(0), appid(1)}
        assert series(second, "wx_domain_up", "appid") == {appid(0): 1, appid(1): 1, appid(7): 1}
        assert {one: world.calls["stable_token", one] for one in world.apps} == dict.fromkeys(world.apps, 1)
        hashes = [value(text, "wx_domain_exporter_config_hash") for text in (first, second)]
        assert hashes[0] != hashes[1]

    def test_a_changed_file_is_loaded_by_itself_if_wanted(self, fleet: SmallFleet, tmp_path: Path) -> None:
        """A ConfigMap's file is a link whose target changes as a whole."""
        volume = Volume(tmp_path / "volume")
        volume.update(config=fleet.path.read_text())
        file = volume.path / "config"
        with exporter(f"--config.file={file}", "--config.auto-reload-interval=100ms") as program:
            volume.update(config=fleet_config(fleet.world, fleet.url, apps=[STATIC]))
            wait_until(lambda: "configuration reloaded" in program.log, "the reload is logged")
            assert set(series(program.scrape(), "wx_domain_up", "appid")) == {appid(5)}
            volume.update(config="apps: [")
            wait_until(lambda: "configuration rejected" in program.log, "the error is logged")
            broken = program.scrape()
        assert set(series(broken, "wx_domain_up", "appid")) == {appid(5)}
        assert value(broken, "wx_domain_exporter_config_last_reload_successful") == 0
        assert program.log.count("configuration rejected") == 1

    def test_a_bad_file_changes_nothing_but_the_gauge_and_the_log(self, fleet: SmallFleet) -> None:
        with exporter(f"--config.file={fleet.path}", "--web.enable-lifecycle") as program:
            program.scrape()
            good = fleet.path.read_text()
            fleet.path.write_text("apps: [{appid: nonsense}]")
            answer = request(f"{program.url}/-/reload", method="POST")
            assert answer.status == 500
            broken = program.scrape()
            fleet.path.write_text(good)
            assert request(f"{program.url}/-/reload", method="POST").status == 200
            mended = program.scrape()
        assert "config.yml:1: apps[0].appid: is not an appid" in program.log
        assert series(broken, "wx_domain_up", "appid") == {appid(0): 1, appid(1): 1}
        name = "wx_domain_exporter_config_last_reload_successful"
        assert (value(broken, name), value(mended, name)) == (0, 1)

    def test_a_scrape_in_flight_finishes_on_the_old_configuration(
        self, fleet: SmallFleet, pool: ThreadPoolExecutor
    ) -> None:
        fleet.world.patch(appid(0), {"hang": True})
        fleet.configure(wechat={"timeout": "2m"})
        with exporter(f"--config.file={fleet.path}", "--web.enable-lifecycle") as program:
            scrape = scrape_in(pool, program.url, timeout=10)
            fleet.world.wait_for_calls("getwxadevinfo", appid(0))
            fleet.configure(apps=[STATIC])
            assert request(f"{program.url}/-/reload", method="POST").status == 200
            assert not scrape.done()
            old, new = scrape.result().text, program.scrape()
        # What hangs has no answer until the deadline.
        assert series(old, "wx_domain_up", "appid") == {appid(0): 0, appid(1): 1}
        assert set(series(new, "wx_domain_up", "appid")) == {appid(5)}

    def test_reloading_over_http_is_off_unless_allowed(self, fleet: SmallFleet) -> None:
        with exporter(f"--config.file={fleet.path}") as program:
            assert request(f"{program.url}/-/reload", method="POST").status == 403
            assert request(f"{program.url}/-/reload").status == 405


class TestRotation:
    def test_a_corrected_appsecret_file_needs_no_restart(self, fleet: SmallFleet, tmp_path: Path) -> None:
        secret = tmp_path / "appsecret"
        secret.write_text("f" * 32 + "\n")
        token = {"type": "stable_token", "appsecret": {"file": "appsecret"}}
        fleet.configure(apps=[{"appid": appid(0), "token": token}])
        with exporter(f"--config.file={fleet.path}") as program:
            wrong = [program.scrape() for _ in range(5)]
            asked_while_wrong = fleet.world.calls["stable_token", appid(0)]
            secret.write_text(APPSECRET)
            mended = program.scrape()
        for text in wrong:
            assert value(text, "wx_domain_up", appid=appid(0)) == 0
            labels = {"appid": appid(0), "api": "stable_token", "errcode": "40125"}
            assert value(text, "wx_domain_api_error", **labels) == 1
            assert value(text, "wx_domain_fetch_error", appid=appid(0), reason="token") == 1
        assert asked_while_wrong == 1
        assert value(mended, "wx_domain_up", appid=appid(0)) == 1
        assert series(mended, "wx_domain_api_error", "errcode") == {}

    def test_a_pipe_in_place_of_a_secret_blocks_nothing(self, fleet: SmallFleet, tmp_path: Path) -> None:
        secret = tmp_path / "appsecret"
        secret.write_text(APPSECRET)
        token = {"type": "stable_token", "appsecret": {"file": "appsecret"}}
        fleet.configure(apps=[{"appid": appid(0), "token": token}])
        with exporter(f"--config.file={fleet.path}") as program:
            secret.unlink()
            os.mkfifo(secret)
            text = program.scrape(timeout=10)
            secret.unlink()
            secret.write_text(APPSECRET)
            mended = program.scrape()
        assert value(text, "wx_domain_fetch_error", appid=appid(0), reason="token") == 1
        assert value(mended, "wx_domain_up", appid=appid(0)) == 1
        secret.unlink()
        os.mkfifo(secret)
        ended = run_exporter("--config.check", f"--config.file={fleet.path}")
        assert ended.returncode == 1
        assert "it is not a regular file" in ended.stderr


class TestTooManyScrapes:
    def test_more_scrapes_than_allowed_get_503_and_share_one_call(
        self, fleet: SmallFleet, pool: ThreadPoolExecutor
    ) -> None:
        fleet.world.patch(appid(0), {"hang": True})
        fleet.configure(wechat={"timeout": "2m"})
        with exporter(f"--config.file={fleet.path}", "--web.max-requests=2") as program:
            first = scrape_in(pool, program.url, timeout=10)
            fleet.world.wait_for_calls("getwxadevinfo", appid(0))
            others = [scrape_in(pool, program.url, timeout=10) for _ in range(3)]
            wait_until(lambda: sum(scrape.done() for scrape in others) == 2, "two are refused")
            statuses = sorted(scrape.result().status for scrape in (first, *others))
            assert request(f"{program.url}/-/healthy").status == 200
        assert statuses == [200, 200, 503, 503]
        assert fleet.world.calls["getwxadevinfo", appid(0)] == 1

    def test_scrapes_closer_than_min_interval_share_one_outcome(self, fleet: SmallFleet) -> None:
        fleet.configure(scrape={"min_interval": "1h"})
        with exporter(f"--config.file={fleet.path}") as program:
            first, second = program.scrape(), program.scrape()
        name = "wx_domain_fetch_timestamp_seconds"
        assert series(first, name, "appid") == series(second, name, "appid")
        assert fleet.calls() == len(fleet.world.apps)

    def test_a_client_that_disconnects_makes_room_for_another(self, fleet: SmallFleet) -> None:
        fleet.world.patch(appid(0), {"hang": True})
        fleet.configure(wechat={"timeout": "60s"})
        with exporter(f"--config.file={fleet.path}", "--web.max-requests=2") as program:
            host, port = re.findall(r"http://(.*):(\d+)", program.url)[0]
            for _ in range(2):
                with socket.create_connection((host, int(port))) as client:
                    header = b"X-Prometheus-Scrape-Timeout-Seconds: 100\r\n"
                    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n")
                    fleet.world.wait_for_calls("getwxadevinfo", appid(0))
            headers = {"X-Prometheus-Scrape-Timeout-Seconds": "1"}
            url = f"{program.url}/metrics"
            wait_until(lambda: request(url, headers=headers).status == 200, "another scrape is accepted")

    def test_a_scrape_too_short_for_its_apps_is_not_shared(self, fleet: SmallFleet) -> None:
        for one in fleet.world.apps:
            fleet.world.patch(one, {"token_latency": 0.5})
        fleet.configure(scrape={"min_interval": "1h"})
        with exporter(f"--config.file={fleet.path}") as program:
            short = program.scrape(timeout=0.2)
            fleet.world.wait_until_idle()
            longer = program.scrape(timeout=10)
        assert set(series(short, "wx_domain_fetch_error", "reason")) == {"deadline"}
        assert series(longer, "wx_domain_up", "appid") == {appid(0): 1, appid(1): 1}


class TestDeadline:
    def test_an_app_that_hangs_affects_no_other_app(self, fleet: SmallFleet) -> None:
        fleet.world.patch(appid(0), {"hang": True})
        fleet.configure(wechat={"timeout": "2m"})
        with exporter(f"--config.file={fleet.path}") as program:
            text = program.scrape(timeout=5)
        assert series(text, "wx_domain_up", "appid") == {appid(0): 0, appid(1): 1}
        assert value(text, "wx_domain_fetch_error", appid=appid(0), reason="deadline") == 1


class TestShutdown:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_scrape_in_flight_is_answered_and_the_exit_status_is_0(
        self, fleet: SmallFleet, pool: ThreadPoolExecutor, number: signal.Signals
    ) -> None:
        fleet.world.patch(appid(0), {"latency": 2.0})
        with exporter(f"--config.file={fleet.path}") as program:
            scrape = scrape_in(pool, program.url)
            fleet.world.wait_for_calls("getwxadevinfo", appid(0))
            status = program.stop(number)
            assert value(scrape.result().text, "wx_domain_up", appid=appid(0)) == 1
        assert status == 0
        assert "Traceback" not in program.log

    def test_further_signals_do_not_change_the_exit_status(self, fleet: SmallFleet) -> None:
        with exporter(f"--config.file={fleet.path}") as program:
            while program.process.poll() is None:  # at every moment until the process has ended
                program.send(signal.SIGTERM)
        assert program.process.returncode == 0
        assert "Traceback" not in program.log

    def test_a_hanging_api_does_not_delay_the_end(self, fleet: SmallFleet, pool: ThreadPoolExecutor) -> None:
        fleet.world.patch(appid(0), {"hang": True})
        fleet.configure(wechat={"timeout": "100s"})
        with exporter(f"--config.file={fleet.path}") as program:
            scrape = scrape_in(pool, program.url, timeout=4)
            fleet.world.wait_for_calls("getwxadevinfo", appid(0))
            assert program.stop() == 0
            assert scrape.result().status == 200

    def test_an_idle_keep_alive_client_does_not_delay_the_end(self, fleet: SmallFleet) -> None:
        with exporter(f"--config.file={fleet.path}") as program:
            host, port = re.findall(r"http://(.*):(\d+)", program.url)[0]
            with socket.create_connection((host, int(port))) as idle:
                idle.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
                assert idle.recv(100).startswith(b"HTTP/1.1 200")
                assert program.stop() == 0


class TestOnce:
    def test_prints_one_clean_scrape_and_says_whether_all_are_up(self, fleet: SmallFleet) -> None:
        good = run_exporter("--once", f"--config.file={fleet.path}")
        fleet.world.patch(appid(1), {"errcode": 48001})
        bad = run_exporter("--once", f"--config.file={fleet.path}")
        assert (good.returncode, bad.returncode) == (0, 1)
        assert series(good.stdout, "wx_domain_up", "appid") == {appid(0): 1, appid(1): 1}
        assert series(bad.stdout, "wx_domain_up", "appid") == {appid(0): 1, appid(1): 0}
        assert "wx_domain_exporter_" not in good.stdout
        assert "process_" not in good.stdout


def test_json_logs_are_json_and_name_the_failing_app(fleet: SmallFleet) -> None:
    fleet.world.patch(appid(1), {"errcode": 48001})
    ended = run_exporter("--once", "--log.format=json", f"--config.file={fleet.path}")
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    failing = [event for event in events if event["msg"] == "app fails"]
    assert [(event["level"], event["appid"], event["reason"]) for event in failing] == [
        ("warning", appid(1), "api")
    ]
