"""Runs promtool's tests of the rules in vmalert-tool.

`python -m helpers.vmalert_rules` runs those files that take minutes each, and prints their results.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from helpers.json_text import as_json
from helpers.programs import FORKY, program
from helpers.repository import REPOSITORY

FOLDER = REPOSITORY / "rules" / "tests"
ORDER = "order.test.yml"
QUICK = ("minimal.test.yml", "targets.test.yml")
SLOW = sorted(path.name for path in FOLDER.glob("*.test.yml") if path.name not in {ORDER, *QUICK})
"""vmalert-tool takes minutes for each of these, because it evaluates hours of groups of one rule."""

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


def main() -> None:
    """Run the slow files."""
    for name in SLOW:
        with tempfile.TemporaryDirectory() as folder:
            run_in_vmalert_tool(name, Path(folder), in_order=True)
        print(f"vmalert-tool: {name} holds", flush=True)  # noqa: T201 - a command
    sys.exit(0)


if __name__ == "__main__":
    main()
