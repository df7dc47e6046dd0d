from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import requests
from helpers.repository import REPOSITORY

from wx_domain_exporter.simulator.__main__ import parser, seconds


class TestProgram:
    @pytest.mark.parametrize(("text", "value"), [("50ms", 0.05), ("1.5s", 1.5), ("2m", 120)])
    def test_durations_are_read(self, text: str, value: float) -> None:
        assert seconds(text) == pytest.approx(value)

    def test_what_is_no_duration_is_a_usage_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            parser().parse_args(["--latency", "fast"])
        assert "'fast' is not a duration" in capsys.readouterr().err

    @pytest.mark.parametrize("flags", [[], ["--apps", "2", "--hanging", "1", "--latency", "1ms"]])
    def test_it_says_where_it_listens_and_ends_on_sigterm(self, flags: list[str]) -> None:
        program = subprocess.Popen(
            [sys.executable, "-m", "wx_domain_exporter.simulator", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        assert program.stdout is not None
        line = program.stdout.readline()
        url = line.removeprefix("listening on ").strip()
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(f"{url}/_simulator/calls", timeout=100).json() == {}
        program.send_signal(signal.SIGTERM)
        stdout, stderr = program.communicate(timeout=20)
        assert (program.returncode, stdout, stderr) == (0, "", "")
