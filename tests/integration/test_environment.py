"""Variables of other programs in the environment have no effect, and no file is written because of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import gevent
import pytest
from helpers.exporter_process import exporter, run_exporter
from helpers.fleets import SmallFleet, appid
from helpers.http_requests import request
from helpers.web_certificates import make_web_folder

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "http://127.0.0.1:1"
UNREADABLE = "/nonexistent/file"
VALUES = {
    "ALL_PROXY": NOWHERE,
    "CURL_CA_BUNDLE": UNREADABLE,
    "FORCE_COLOR": "1",
    "FORWARDED_ALLOW_IPS": "*",
    "GEVENT_DEBUG": "nonsense",
    "GEVENT_PURE_PYTHON": "1",
    "HTTPS_PROXY": NOWHERE,
    "LIBEV_FLAGS": "999999999",
    "NETRC": UNREADABLE,
    "NO_COLOR": "1",
    "PROMETHEUS_DISABLE_CREATED_SERIES": "1",
    "PROMETHEUS_LEGACY_NAME_VALIDATION": "1",
    "PURE_PYTHON": "1",
    "PYDANTIC_DISABLE_PLUGINS": "nonsense",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONIOENCODING": "ascii:strict",
    "PYTHONUTF8": "0",
    "PYTHONINSPECT": "1",
    "PYTHONWARNINGS": "error",
    "PYTHON_COLORS": "1",
    "REQUESTS_CA_BUNDLE": UNREADABLE,
    "UVICORN_WORKERS": "nonsense",
    "WEB_CONCURRENCY": "auto",
    "ZOPE_INTERFACE_STRICT_IRO": "1",
    "all_proxy": NOWHERE,
    "http_proxy": NOWHERE,
    "https_proxy": NOWHERE,
    **{setting.environment_key: "nonsense" for setting in gevent.config.settings.values()},
}
del VALUES["PYTHONTRACEMALLOC"]  # Python itself reads it before any program runs
NAME_OF_SAMPLE = re.compile(r"^[a-z_]+(?:\{[^}]*\})?", re.MULTILINE)


def variables(folder: Path) -> dict[str, str]:
    """The variables, of which some name this folder."""
    folder.mkdir()
    return {
        **VALUES,
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
        "prometheus_multiproc_dir": str(folder),
        "SSLKEYLOGFILE": str(folder / "keys"),
    }


def names(text: str) -> list[str]:
    """The samples of an exposition without their values."""
    return NAME_OF_SAMPLE.findall(text)


def test_metrics_and_files_stay_as_they_are(fleet: SmallFleet, tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    files = make_web_folder(web)
    files.configure("tls_server_config: {cert_file: server.pem, key_file: server.key}")
    options = [f"--config.file={fleet.path}", f"--web.config.file={files.web_file}"]
    (tmp_path / "cwd").mkdir()
    expositions, logs = [], []
    for env in ({}, variables(tmp_path / "other")):
        with exporter(*options, env=env, cwd=tmp_path / "cwd") as program:
            answer = request(f"{program.url}/metrics", tls=files.client())
            assert program.stop() == 0
        expositions.append(names(answer.text))
        logs.append(len(program.lines))
    assert expositions[0] == expositions[1]
    assert logs[0] == logs[1]
    assert list((tmp_path / "other").iterdir()) == list((tmp_path / "cwd").iterdir()) == []


@pytest.mark.parametrize("value", ["", "auto", "4"])
def test_the_number_of_workers_of_another_server(value: str) -> None:
    with exporter("--demo", env={"WEB_CONCURRENCY": value}) as program:
        assert request(f"{program.url}/-/healthy").status == 200


def test_a_file_of_session_keys_that_cannot_be_opened(fleet: SmallFleet) -> None:
    ended = run_exporter("--once", f"--config.file={fleet.path}", env={"SSLKEYLOGFILE": UNREADABLE})
    assert (ended.returncode, ended.stderr) == (0, "")


def test_pythons_prompt_at_the_end(fleet: SmallFleet) -> None:
    fleet.world.patch(appid(1), {"errcode": 48001})
    ended = run_exporter("--once", f"--config.file={fleet.path}", env={"PYTHONINSPECT": "1"})
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


def test_texts_are_utf_8_whatever_the_locale(fleet: SmallFleet) -> None:
    apps = fleet.path.parent / "应用.yml"
    apps.write_text("- {appid: 错误}")
    fleet.configure(app_files=["应*.yml"])
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii:strict"}
    ended = run_exporter("--config.check", f"--config.file={fleet.path}", env=env)
    assert ended.returncode == 1
    assert "/应用.yml:1: [0].appid: is not an appid" in ended.stderr


_EMBEDDED = """
import os, sys
before = dict(os.environ)
from wx_domain_exporter import DomainCollector
with DomainCollector.from_file(sys.argv[1]) as collector:
    assert len(list(collector.collect())) > 3
import gevent
assert dict(os.environ) == before
assert gevent.config.resolver.__module__ == "gevent.resolver.blocking"
"""


def test_a_program_that_embeds_the_collector_keeps_its_environment(fleet: SmallFleet) -> None:
    own = {"GEVENT_RESOLVER": "block", "WEB_CONCURRENCY": "4", "FORCE_COLOR": "1", "PYTHONWARNINGS": "ignore"}
    ended = subprocess.run(
        [sys.executable, "-c", _EMBEDDED, str(fleet.path)],
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
