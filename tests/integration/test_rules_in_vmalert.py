"""The rules hold in vmalert as they do in Prometheus: promtool's tests of them, in vmalert-tool."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.documents import blocks
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.ports import free_port
from helpers.programs import FORKY, program
from helpers.real_prometheus import running
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = REPOSITORY / "rules" / "tests"
ORDER = "order.test.yml"
FILES = sorted(path.name for path in FOLDER.glob("*.test.yml") if path.name != ORDER)

Group = dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    """A YAML file with every scalar as text, for `0x30` is no number here."""
    tree: dict[str, Any] = yaml.BaseLoader(path.read_text()).get_single_data()
    return tree


def one_after_the_other(groups: list[Group]) -> list[Group]:
    """The rules in groups of which each sees what those before it recorded, as rules do in Prometheus."""
    rules = [rule for group in groups for rule in group["rules"]]
    records = [rule for rule in rules if "record" in rule]
    alerts = {"name": "alerts", "rules": [rule for rule in rules if "alert" in rule]}
    return [*({"name": f"record {number}", "rules": [rule]} for number, rule in enumerate(records)), alerts]


def run_in_vmalert_tool(name: str, folder: Path, *, in_order: bool) -> None:
    """Run a file of tests, with the rules one after the other, or in the groups in which they are shipped."""
    tests = read(FOLDER / name)
    [rules] = tests["rule_files"]
    groups = read(FOLDER / rules)["groups"]
    if in_order:
        groups = one_after_the_other(groups)
    group_of = {
        rule["alert"]: group["name"] for group in groups for rule in group["rules"] if "alert" in rule
    }
    for test in tests["tests"]:
        for alert_test in test.get("alert_rule_test", ()):
            alert_test["groupname"] = group_of[alert_test["alertname"]]
        test["metricsql_expr_test"] = test.pop("promql_expr_test")
        for sample in (one for each in test["metricsql_expr_test"] for one in each["exp_samples"]):
            sample["value"] = float(sample["value"])
    (folder / "rules.yml").write_text(as_json({"groups": groups}))
    order = [group["name"] for group in groups]
    (folder / "tests.yml").write_text(
        as_json({**tests, "rule_files": ["rules.yml"], "group_eval_order": order})
    )
    command = [program("vmalert-tool", "victoria-metrics", FORKY), "unittest", "--files=tests.yml"]
    completed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert completed.stdout.count("SUCCESS") == 1


@pytest.mark.parametrize("name", FILES)
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
