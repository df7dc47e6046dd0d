"""The rules hold in vmalert, too; scripts/try-victoriametrics runs the tests that take long."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from helpers.documents import blocks
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.ports import free_port
from helpers.programs import FORKY, program
from helpers.real_prometheus import running
from helpers.vmalert_rules import FOLDER, ORDER, QUICK, run_in_vmalert_tool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", QUICK)
def test_the_tests_of_promtool_hold(name: str, tmp_path: Path) -> None:
    run_in_vmalert_tool(name, tmp_path, in_order=True)


def test_vmalert_accepts_the_file_of_notifiers_in_the_docs(tmp_path: Path) -> None:
    [block] = [block for block in blocks("docs/alerting.md", "yaml") if "alert_relabel_configs" in block]
    file, address = tmp_path / "notifiers.yml", f"127.0.0.1:{free_port()}"
    file.write_text(as_json(yaml.safe_load(block)))
    command = [program("vmalert", "victoria-metrics", FORKY), f"-httpListenAddr={address}"]
    command += [f"-notifier.config={file}", f"-rule={FOLDER.parent / 'minimal.rules.yml'}"]
    with running(
        [*command, "-datasource.url=http://127.0.0.1:1"], tmp_path / "log", f"http://{address}/health"
    ):
        notifiers = json.loads(request(f"http://{address}/api/v1/notifiers").text)["data"]["notifiers"]
    assert [target["address"] for one in notifiers for target in one["targets"]] == [
        "http://localhost:9093/api/v2/alerts"
    ]


def test_no_alert_comes_twice_although_records_are_seen_a_minute_late(tmp_path: Path) -> None:
    run_in_vmalert_tool(ORDER, tmp_path, in_order=False)
