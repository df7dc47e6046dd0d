from __future__ import annotations

import io
import logging
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import structlog
from fleets import SmallFleet, appid, small_fleet
from support import request, samples, series, value, wait_until

from wx_domain_exporter import __version__, cli
from wx_domain_exporter.flags import FLAGS
from wx_domain_exporter.watch import Outcome, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wx_domain_exporter.wechat.client import Budget

A, B = appid(0), appid(1)
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path) as running:
        yield running


class Gate:
    """Where all fetches wait until the test opens it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate, fetch = Gate(), Watch.fetch

    def wait_and_fetch(watch: Watch, budget: Budget) -> Outcome:
        gate.reached.set()
        assert gate.open.wait(30)
        return fetch(watch, budget)

    monkeypatch.setattr(Watch, "fetch", wait_and_fetch)
    yield gate
    gate.open.set()


class Served:
    """The program as it serves in the tests' own process, and a client in a thread."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self.log = ""

    def read(self) -> str:
        self.log += self._capture.readouterr().err
        return self.log

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.read(), text)

    @property
    def urls(self) -> list[str]:
        self.wait_for("msg=listening")
        lines = [line for line in self.read().splitlines() if "msg=listening" in line]
        return [line.split("url=")[1].split()[0].rstrip("/") for line in lines]

    def run(self, client: Callable[[], None], *arguments: str, number: int = signal.SIGTERM) -> int:
        """Serve until the client is done; the exit status. Signals go to the main thread, as ever."""
        failures: list[BaseException] = []
        ended = threading.Event()

        def work() -> None:
            try:
                client()
            except BaseException as error:  # noqa: BLE001 - raised again below
                failures.append(error)
            finally:
                if not ended.is_set():
                    os.kill(os.getpid(), number)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            status = cli.run(arguments)
        finally:
            ended.set()
        thread.join()
        self.read()
        if failures:
            raise failures[0]
        return status


@pytest.fixture
def served(capsys: Capture) -> Served:
    return Served(capsys)


def failure(capsys: Capture, *arguments: str) -> str:
    """What a command says that ends with 1 at once: whole sentences of the program's own."""
    assert cli.run(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    for line in captured.err.splitlines():
        assert line.startswith("wx-domain-exporter: ")
    return captured.err


class TestInformation:
    def test_version(self, capsys: Capture) -> None:
        with pytest.raises(SystemExit) as ended:
            cli.run(["--version"])
        assert ended.value.code == 0
        assert capsys.readouterr().out == f"wx_domain_exporter {__version__}\n"

    def test_help_names_every_flag_with_its_default(
        self, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "1000")
        with pytest.raises(SystemExit) as ended:
            cli.run(["--help"])
        assert ended.value.code == 0
        text = capsys.readouterr().out
        for flag in FLAGS:
            assert f"--{flag.name}" in text
            assert flag.help in text
            if flag.default:
                assert f"{flag.help} Default: {flag.default}\n" in text

    def test_the_flags_are_those_that_users_rely_on(self) -> None:
        assert {flag.name: flag.default for flag in FLAGS} == {
            "config.file": "config.yml",
            "config.check": "",
            "once": "",
            "demo": "",
            "web.listen-address": ":12324",
            "web.telemetry-path": "/metrics",
            "web.enable-lifecycle": "",
            "web.max-requests": "40",
            "log.level": "info",
            "log.format": "logfmt",
            "version": "",
        }

    def test_main_exits_with_the_status(self, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        monkeypatch.setattr(sys, "argv", ["wx-domain-exporter", "--nonsense"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 1
        assert "--nonsense" in capsys.readouterr().err


class TestBadFlags:
    @pytest.mark.parametrize(
        ("arguments", "named", "allowed"),
        [
            (["--nonsense"], "--nonsense", "--help"),
            (["--conf.file=x"], "--conf.file", "--help"),
            (["--config.fil=x"], "--config.fil", "--help"),
            (["config.yml"], "config.yml", "--help"),
            (["--config.file"], "--config.file", "expected one argument"),
            (["--once=yes"], "--once", "'yes'"),
            (["--log.level=loud"], "--log.level", "warning"),
            (["--log.format=xml"], "--log.format", "json"),
            (["--demo", "--config.file=config.yml"], "--demo", "leave --config.file out"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_they_are_named_with_what_is_allowed(
        self, capsys: Capture, arguments: list[str], named: str, allowed: str
    ) -> None:
        text = failure(capsys, *arguments)
        assert named in text
        assert allowed in text
        assert len(text.splitlines()) == 1

    @pytest.mark.parametrize(
        ("flag", "bad", "allowed"),
        [
            ("--web.max-requests", "0", "whole number above 0"),
            ("--web.max-requests", "-3", "whole number above 0"),
            ("--web.max-requests", "many", "whole number above 0"),
            ("--web.telemetry-path", "metrics", "slash"),
            ("--web.telemetry-path", "", "slash"),
            ("--web.telemetry-path", "/a b", "slash"),
            ("--web.telemetry-path", "/{x}", "slash"),
            ("--web.telemetry-path", "/a?b", "slash"),
        ],
    )
    def test_bad_values_are_named_in_words_of_the_docs(
        self, capsys: Capture, flag: str, bad: str, allowed: str
    ) -> None:
        text = failure(capsys, f"{flag}={bad}")
        assert flag in text
        assert repr(bad) in text
        assert allowed in text
        assert "_count" not in text
        assert "_path" not in text


class TestBadConfiguration:
    @pytest.mark.parametrize("mode", ["--once", "--config.check", "--log.level=error"])
    def test_a_missing_file_is_named(self, tmp_path: Path, capsys: Capture, mode: str) -> None:
        file = tmp_path / "nowhere.yml"
        text = failure(capsys, f"--config.file={file}", mode)
        assert text == f"wx-domain-exporter: {file}: can't be read: No such file or directory\n"

    def test_a_folder_is_no_file(self, tmp_path: Path, capsys: Capture) -> None:
        assert f"{tmp_path}: can't be read" in failure(capsys, f"--config.file={tmp_path}")

    def test_config_yml_of_the_working_directory_is_the_default(
        self, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert "config.yml: can't be read" in failure(capsys)

    def test_each_error_has_its_line_with_file_and_place(self, fleet: SmallFleet, capsys: Capture) -> None:
        token = {"type": "stable_token", "appsecret": "0" * 32}
        fleet.configure(scrape={"timeout": "soon"}, apps=[{"appid": "wx1", "token": token}])
        lines = failure(capsys, f"--config.file={fleet.path}").splitlines()
        assert [line.split(": ")[1:3] for line in lines] == [
            [str(fleet.path), "scrape.timeout"],
            [str(fleet.path), "apps[0].appid"],
        ]


class TestConfigCheck:
    def test_a_good_one_is_told_and_nothing_is_called(self, fleet: SmallFleet, capsys: Capture) -> None:
        assert cli.run(["--config.check", f"--config.file={fleet.path}"]) == 0
        captured = capsys.readouterr()
        assert captured.out == f"{fleet.path}: good, 2 apps\n"
        assert captured.err == ""
        assert not fleet.world.calls

    def test_that_of_the_demo_is_not_taken_for_a_file(self, capsys: Capture) -> None:
        assert cli.run(["--config.check", "--demo"]) == 0
        out = capsys.readouterr().out
        assert "good, 10 apps" in out
        assert "config.yml" not in out


class TestOnce:
    def test_all_up_is_0_and_one_clean_scrape(self, fleet: SmallFleet, capsys: Capture) -> None:
        assert cli.run(["--once", f"--config.file={fleet.path}"]) == 0
        captured = capsys.readouterr()
        assert series(captured.out, "wx_domain_up", "appid") == {A: 1, B: 1}
        assert captured.err == ""
        names = {name for name, _ in samples(captured.out)}
        assert not [name for name in names if name.startswith(("process_", "python_", "wx_domain_exporter_"))]
        assert fleet.calls() == 2

    @pytest.mark.parametrize(
        "settings",
        [{"errcode": 61007}, {"whitelisted": False}, {"hang": True}],
        ids=["an errcode", "no token", "no answer"],
    )
    def test_an_app_that_fails_is_1_and_all_are_printed(
        self, fleet: SmallFleet, capsys: Capture, settings: dict[str, object]
    ) -> None:
        fleet.configure(scrape={"timeout": "1s"})
        fleet.world.patch(A, settings)
        assert cli.run(["--once", f"--config.file={fleet.path}"]) == 1
        captured = capsys.readouterr()
        assert series(captured.out, "wx_domain_up", "appid") == {A: 0, B: 1}
        assert "Traceback" not in captured.err

    def test_two_apps_of_one_token_are_1(self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in (0, 1):
            monkeypatch.setenv(f"WX_TEST_TOKEN_{number}", "the same")
        fleet.world.patch(A, {"access_tokens": ["the same"]})
        sources = [
            {"type": "access_token", "access_token": {"env": f"WX_TEST_TOKEN_{number}"}} for number in (0, 1)
        ]
        fleet.configure(
            apps=[{"appid": one, "token": token} for one, token in zip((A, B), sources, strict=True)]
        )
        assert cli.run(["--once", f"--config.file={fleet.path}"]) == 1

    def test_the_demo_shows_good_and_bad_apps(self, capsys: Capture) -> None:
        assert cli.run(["--demo", "--once"]) == 1
        ups = series(capsys.readouterr().out, "wx_domain_up", "appid")
        assert sorted(ups.values()) == [0] * 4 + [1] * 6

    def test_it_prints_utf_8_whatever_the_locale(
        self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fleet.configure(defaults={"labels": {"team": "增长"}})
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
        assert cli.run(["--once", f"--config.file={fleet.path}"]) == 0
        assert 'team="增长"' in raw.getvalue().decode()

    @pytest.mark.parametrize(
        ("form", "expected"), [("logfmt", "level=warning"), ("json", '"level": "warning"')]
    )
    def test_the_log_goes_to_stderr_in_the_wanted_form(
        self, fleet: SmallFleet, capsys: Capture, form: str, expected: str
    ) -> None:
        fleet.world.patch(A, {"errcode": 61007})
        cli.run(["--once", f"--config.file={fleet.path}", f"--log.format={form}"])
        captured = capsys.readouterr()
        assert expected in captured.err
        assert "app fails" in captured.err
        assert "app fails" not in captured.out

    def test_the_log_has_the_wanted_level(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch(A, {"errcode": 61007})
        cli.run(["--once", f"--config.file={fleet.path}", "--log.level=error"])
        assert capsys.readouterr().err == ""


class TestServe:
    def test_it_serves_as_the_flags_say(self, fleet: SmallFleet, served: Served) -> None:
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
    def test_a_signal_ends_it_with_0_and_leaves_the_signals_as_they_were(
        self, fleet: SmallFleet, served: Served, number: signal.Signals
    ) -> None:
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = [signal.getsignal(one) for one in numbers]
        flags = ["--web.listen-address=127.0.0.1:0", f"--config.file={fleet.path}"]
        client = lambda: served.wait_for("msg=listening")  # noqa: E731
        assert served.run(client, *flags, number=number) == 0
        assert [signal.getsignal(one) for one in numbers] == before
        wait_until(
            lambda: not [thread for thread in threading.enumerate() if thread.name == "reload"],
            "the thread that reloads goes",
        )

    def test_sighup_reloads(self, fleet: SmallFleet, served: Served) -> None:
        def client() -> None:
            url = served.urls[0]
            fleet.path.write_text("apps: []")
            os.kill(os.getpid(), signal.SIGHUP)
            served.wait_for("configuration refused")
            text = request(f"{url}/metrics").text
            assert value(text, "wx_domain_exporter_config_last_reload_successful") == 0
            fleet.configure(defaults={"labels": {"team": "growth"}})
            os.kill(os.getpid(), signal.SIGHUP)
            served.wait_for("configuration reloaded")
            text = request(f"{url}/metrics").text
            assert series(text, "wx_domain_app_info", "team") == {"growth": 1}

        flags = ["--web.listen-address=127.0.0.1:0", f"--config.file={fleet.path}"]
        assert served.run(client, *flags) == 0

    def test_max_requests_is_the_flags(self, fleet: SmallFleet, served: Served, gate: Gate) -> None:
        def client() -> None:
            url = served.urls[0]
            first = threading.Thread(target=request, args=(f"{url}/metrics",))
            first.start()
            assert gate.reached.wait(30)
            assert request(f"{url}/metrics").status == 503
            gate.open.set()
            first.join()

        flags = ["--web.listen-address=127.0.0.1:0", f"--config.file={fleet.path}"]
        assert served.run(client, *flags, "--web.max-requests=1") == 0

    def test_the_demo_serves_too(self, served: Served) -> None:
        def client() -> None:
            text = request(f"{served.urls[0]}/metrics").text
            assert len(series(text, "wx_domain_up", "appid")) == 10

        assert served.run(client, "--demo", "--web.listen-address=127.0.0.1:0") == 0
        assert "demo=true" in served.log.lower()

    @pytest.mark.parametrize("address", ["12324", "localhost", "[::1", "127.0.0.1:99999", "a..b:80"])
    def test_a_bad_address_is_told(self, fleet: SmallFleet, capsys: Capture, address: str) -> None:
        text = failure(capsys, f"--config.file={fleet.path}", f"--web.listen-address={address}")
        assert text.startswith(f"wx-domain-exporter: --web.listen-address {address}: ")

    def test_a_taken_address_is_told_and_those_before_it_are_closed(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            addresses = ["--web.listen-address=127.0.0.1:0", f"--web.listen-address={address}"]
            text = failure(capsys, f"--config.file={fleet.path}", *addresses)
        assert text == (
            f"wx-domain-exporter: --web.listen-address {address}: can't listen: Address already in use\n"
        )
