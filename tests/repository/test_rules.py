"""The shipped alerting rules: promtool's tests of them, and what rules and tests must contain."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.documents import anchors, text_of
from helpers.json_text import as_json
from helpers.programs import program
from helpers.repository import REPOSITORY
from helpers.shipped_rules import RULE_FILES, RULES, RUNBOOK, alerts, expressions, metrics_of, records

from wx_domain_exporter.domains.domain_list import EMPTY
from wx_domain_exporter.errcodes.lookup import TABLE
from wx_domain_exporter.errcodes.types import ErrcodeGroup
from wx_domain_exporter.metrics.definitions import GAUGES, PLATFORM_GAUGES, SELF_METRICS
from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from pathlib import Path

TESTS = sorted((REPOSITORY / "rules" / "tests").glob("*.yml"))
GROUPS: dict[str, list[dict[str, Any]]] = {file.name: [] for file in RULE_FILES}
"""The groups of promtool's tests of each rule file."""
for file in TESTS:
    tree = yaml.safe_load(file.read_text())
    GROUPS[tree["rule_files"][0].removeprefix("../")] += tree["tests"]
FULL, TARGETS = RULES, RULES.with_name("targets.rules.yml")
ALERTS = {alert["alert"]: alert for file in (FULL, TARGETS) for alert in alerts(file.read_text())}
"""Those that have a section of the runbook; minimal.rules.yml has alerts of the same names."""
EACH = [(file.name, alert) for file in RULE_FILES for alert in alerts(file.read_text())]
RUNBOOKS = ("docs/runbook.md", "docs/runbook.zh-CN.md")
OF_PROMETHEUS = {
    "up",
    "scrape_duration_seconds",
    "scrape_timeout_seconds",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_iterations_missed_total",
}


def promtool(*arguments: str) -> str:
    completed = subprocess.run(
        [program("promtool", "prometheus"), *arguments], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def fired(group: dict[str, Any]) -> list[set[str]]:
    """The alerts that fire at each time at which a test checks all alerts."""
    return [
        set(re.findall(r'alertname="(\w+)"', str(test["exp_samples"])))
        for test in group["promql_expr_test"]
        if test["expr"].startswith("count by (alertname") and '{alertstate="firing"}' in test["expr"]
    ]


def expected_alerts(file: str, name: str) -> list[dict[str, Any]]:
    """The alerts of this name that promtool's tests of a rule file expect, with all their texts."""
    return [
        expected
        for group in GROUPS[file]
        for test in group.get("alert_rule_test", ())
        if test["alertname"] == name
        for expected in test["exp_alerts"]
    ]


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_they_hold_in_the_tests_of_promtool(file: Any) -> None:
    promtool("test", "rules", str(file))


@pytest.mark.parametrize(("down", "expected"), [(50, [{"labels": "{}", "value": 50}]), (49, [])])
def test_fifty_are_many_in_any_fleet(down: int, expected: list[Any], tmp_path: Path) -> None:
    series = [
        {"series": f'{metric}{{appid="wx{number}"}}', "values": values}
        for number in range(501)
        for metric, values in (
            ("wx_domain_app_info", "1 1"),
            ("wx_domain_up", "1 0" if number < down else "1 1"),
        )
    ]
    test = {"expr": "sum(wx_domain_down:many)", "eval_time": "5m", "exp_samples": expected}
    file = tmp_path / "fifty.yml"
    file.write_text(
        as_json(
            {
                "rule_files": [str(RULES)],
                "evaluation_interval": "5m",
                "tests": [{"interval": "5m", "input_series": series, "promql_expr_test": [test]}],
            }
        )
    )
    promtool("test", "rules", str(file))


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.name)
def test_prometheus_can_load_them(file: Path) -> None:
    text = file.read_text()
    assert f"{len(alerts(text)) + len(records(text))} rules found" in promtool("check", "rules", str(file))


@pytest.mark.parametrize(
    ("file", "alert"), EACH, ids=[f"{file.partition('.')[0]}-{alert['alert']}" for file, alert in EACH]
)
class TestEachAlert:
    def test_fires_at_one_time_of_a_test_and_not_at_another(self, file: str, alert: Any) -> None:
        name, firing = alert["alert"], [fired(group) for group in GROUPS[file]]
        assert any(
            any(name in alerts for alerts in group) and any(name not in alerts for alerts in group)
            for group in firing
        )

    def test_has_its_text_tested(self, file: str, alert: Any) -> None:
        annotations = [one["exp_annotations"] for one in expected_alerts(file, alert["alert"])]
        assert any(set(texts) == {"summary", "description", "runbook_url"} for texts in annotations)

    def test_has_a_severity_and_complete_annotations(self, file: str, alert: Any) -> None:
        assert alert["labels"] == {"severity": alert["labels"]["severity"]}
        severities = set(re.findall(r"\b(?:critical|warning|info)\b", alert["labels"]["severity"]))
        assert severities == {one["exp_labels"]["severity"] for one in expected_alerts(file, alert["alert"])}
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}

    def test_its_summary_names_what_it_is_about(self, file: str, alert: Any) -> None:
        summary = alert["annotations"]["summary"]
        labels = {label for one in expected_alerts(file, alert["alert"]) for label in one["exp_labels"]}
        if alert["alert"] == "WxDomainAbsent":
            assert "{{" not in summary
        elif named := labels & {"name", "job", "instance", "file", "platform"}:
            assert any(f"$labels.{label}" in summary for label in named)
        else:
            assert re.search(r"query .*\b(?:top|bottom)k\(5, .*\$row\.Labels\.name", summary)
            assert "{{ if gt $value 5.0 }} and others{{ end }}" in summary

    def test_its_texts_use_labels_that_it_has(self, file: str, alert: Any) -> None:
        used = set(re.findall(r"\$labels\.(\w+)", " ".join(alert["annotations"].values())))
        expected = expected_alerts(file, alert["alert"])
        assert expected
        assert all(used <= one["exp_labels"].keys() for one in expected)

    @pytest.mark.parametrize("page", RUNBOOKS)
    def test_has_its_section_of_the_runbook(self, file: str, alert: Any, page: str) -> None:
        name = alert["alert"].lower()
        assert alert["annotations"]["runbook_url"] == f"{RUNBOOK}#{name}", file
        assert name in anchors(page)


@pytest.mark.parametrize("page", RUNBOOKS)
def test_each_section_of_the_runbook_is_of_an_alert(page: str) -> None:
    assert re.findall(r"^### (.*)$", text_of(page), re.MULTILINE) == list(ALERTS)


def test_each_metric_they_name_is_exported() -> None:
    named = {name for _, expression in expressions() for name in metrics_of(expression)}
    named |= {
        name
        for alert in alerts()
        for name in re.findall(r"\bwx_domain_\w+", alert["annotations"]["description"])
    }
    known = {metric.name for metric in (*GAUGES, *PLATFORM_GAUGES, *SELF_METRICS)}
    assert len(named & known) > 15
    # Templates also contain names of recorded series, whose last part is the metric that they are made from.
    recorded = {part for record in records() for part in record["record"].split(":")}
    assert named - known - recorded == OF_PROMETHEUS


def test_each_record_is_used_by_an_alert_or_another_record() -> None:
    names = {record["record"] for record in records()}
    texts = [str(rule.get("annotations", "")) + rule["expr"] for rule in (*alerts(), *records())]
    for name in names:
        assert any(re.search(rf"(?<![\w:]){name}(?![\w:])", text) for text in texts), name


def test_a_record_whose_samples_bound_those_of_another_comes_before_it() -> None:
    """A scrape can arrive between two rules of one evaluation: the later one must not have fewer samples."""
    order = [record["record"] for record in records()]
    over_time = r"count_over_time\(([\w:]+)\[\w+\]\)"
    pairs = [
        pair
        for _, expression in expressions()
        for pair in re.findall(rf"{over_time}\s*>=[^\[]*?{over_time}", expression)
    ]
    assert pairs != []
    for counted, bound in pairs:
        assert order.index(bound) < order.index(counted)


def test_each_errcode_and_reason_they_name_is_known() -> None:
    codes = {str(row.code) for row in TABLE}
    patterns = re.findall(r'errcode=~"([^"]+)"', RULES.read_text())
    assert len(patterns) == 4
    for pattern in patterns:
        codes_of_range = "|".join(f"8950{digit}" for digit in range(1, 8))
        assert set(pattern.replace("8950[1-7]", codes_of_range).split("|")) <= codes
    assert set(re.findall(r'reason="(\w+)"', RULES.read_text())) <= set(Reason)


def test_the_hash_of_an_empty_list_is_the_exporters() -> None:
    [empty] = (expression for name, expression in expressions() if name == "WxDomainListEmpty")
    assert re.findall(r"hash\S* == (\d+)", empty) == [str(EMPTY.hash)] * 2


@pytest.mark.parametrize("group", ErrcodeGroup)
def test_a_class_has_the_errcodes_of_its_group(group: ErrcodeGroup) -> None:
    (expression,) = (record["expr"] for record in records() if record.get("labels") == {"class": group})
    (pattern,) = re.findall(r'errcode=~"([^"]+)"', expression)
    assert {row.code for row in TABLE if re.fullmatch(pattern, str(row.code))} == {
        row.code for row in TABLE if row.group is group
    }


def test_no_errcode_is_in_two_classes() -> None:
    patterns = re.findall(r'errcode=~"([^"]+)"', RULES.read_text())
    for code in {str(row.code) for row in TABLE}:
        assert sum(bool(re.fullmatch(pattern, code)) for pattern in patterns) <= 1


class TestChineseRunbook:
    """It has the contents of the English one."""

    def test_each_section_has_the_same_four_parts(self) -> None:
        english, chinese = (
            [len(re.findall(r"^- \*\*", section, re.MULTILINE)) for section in text_of(page).split("\n### ")]
            for page in RUNBOOKS
        )
        assert english == chinese == [0, *[4] * len(ALERTS)]

    def test_names_the_same_things_and_errcodes(self) -> None:
        for pattern in (r"`([^`\n]+)`", r"(?<![0-9A-Za-z])(-?\d{5,6})(?![0-9A-Za-z])"):
            english, chinese = (set(re.findall(pattern, text_of(page))) for page in RUNBOOKS)
            assert len(english) > 10
            assert english == chinese
