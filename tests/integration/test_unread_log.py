"""Standard error that takes nothing: a pipe that is full because nobody reads it, and a full disk."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers.fleets import SmallFleet, appid
from helpers.http_requests import request
from helpers.ports import free_port
from helpers.samples import series
from helpers.waiting import wait_until

from wx_domain_exporter.standard_error import MAX_QUEUED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


FORMATS = pytest.mark.parametrize("log_format", ["logfmt", "json"])
FULL_DISK = Path("/dev/full")


@pytest.fixture
def full_pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe that takes no more bytes."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"\n")
    os.set_blocking(writer, True)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "wx_domain_exporter", *arguments]


def answers(url: str) -> bool:
    try:
        return request(f"{url}/-/healthy").status == 200
    except OSError:
        return False


def serve_and_stop(stderr: int, *arguments: str) -> int:
    """Scrape an exporter of which an app fails, reload it, and end it; return the exit status."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = [f"--web.listen-address=127.0.0.1:{port}", "--web.enable-lifecycle", "--log.level=debug"]
    with subprocess.Popen(command(*options, *arguments), stderr=stderr) as program:
        try:
            wait_until(lambda: answers(url), "the exporter answers")
            for _ in range(2):
                assert set(series(request(f"{url}/metrics").text, "wx_domain_up", "appid").values()) == {0, 1}
                assert request(f"{url}/-/reload", method="POST").status == 200
            program.send_signal(signal.SIGTERM)
            return program.wait(30)
        finally:
            program.kill()


@FORMATS
def test_a_log_that_nobody_reads_delays_nothing(
    fleet: SmallFleet, full_pipe: tuple[int, int], log_format: str
) -> None:
    fleet.world.patch(appid(1), {"errcode": 48001})
    options = [f"--config.file={fleet.path}", f"--log.format={log_format}"]
    assert serve_and_stop(full_pipe[1], *options) == 0


@FORMATS
def test_a_full_disk_under_the_log_changes_nothing(log_format: str) -> None:
    with FULL_DISK.open("wb") as full:
        assert serve_and_stop(full.fileno(), "--demo", f"--log.format={log_format}") == 0


@pytest.mark.parametrize("kind", ["pipe", "disk"])
@pytest.mark.parametrize(
    ("arguments", "status"), [(["--once"], 0), (["--doctor"], 0), (["--once", "--log.level=nonsense"], 1)]
)
def test_a_command_ends_with_its_own_status(
    fleet: SmallFleet, full_pipe: tuple[int, int], kind: str, arguments: list[str], status: int
) -> None:
    with FULL_DISK.open("wb") as full:
        ended = subprocess.run(
            command(f"--config.file={fleet.path}", *arguments),
            stdout=subprocess.PIPE,
            stderr=full_pipe[1] if kind == "pipe" else full.fileno(),
            timeout=60,
            check=False,
        )
    assert ended.returncode == status
    assert bool(ended.stdout) == (status == 0)


def test_all_errors_arrive_where_somebody_reads(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text('app_files: ["*.json"]')
    for number in range(40):
        (tmp_path / f"{number}.json").write_text(json.dumps([{"appid": f"wx{'0' * 200}"}] * 500))
    ended = subprocess.run(
        command("--config.check", f"--config.file={config}"), capture_output=True, text=True, check=False
    )
    lines = ended.stderr.splitlines()
    assert (ended.returncode, len(lines)) == (1, 40 * 501)
    assert all(line.startswith("wx-domain-exporter: ") for line in lines)


def test_the_whole_log_arrives_where_somebody_reads(fleet: SmallFleet) -> None:
    unreachable = {"type": "access_token", "access_token": "a-token-of-its-own"}
    apps = [
        {
            "appid": appid(100 + number),
            "name": "n" * 50,
            "token": {**unreachable, "access_token": f"t{number}"},
        }
        for number in range(1000)
    ]
    fleet.configure(apps=apps)
    ended = subprocess.run(
        command("--once", "--log.format=json", f"--config.file={fleet.path}"),
        capture_output=True,
        text=True,
        check=False,
    )
    failing = [json.loads(line)["appid"] for line in ended.stderr.splitlines() if "app fails" in line]
    assert ended.returncode == 1
    assert len(ended.stderr) < MAX_QUEUED_BYTES  # so that a slow reader loses nothing either
    assert sorted(failing) == [app["appid"] for app in apps]
