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
from helpers.shipped_rules import RULES, alerts, expressions, metrics_of, records, written_rules

from wx_domain_exporter.domains.domain_list import EMPTY
from wx_domain_exporter.errcodes.lookup import TABLE
from wx_domain_exporter.errcodes.types import ErrcodeGroup
from wx_domain_exporter.metrics.definitions import GAUGES, SELF_METRICS
from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from pathlib import Path

TESTS = sorted((REPOSITORY / "rules" / "tests").glob("*.yml"))
GROUPS: list[dict[str, Any]] = [
    group for file in TESTS for group in yaml.safe_load(file.read_text())["tests"]
]
ALERTS = {alert["alert"]: alert for alert in alerts()}
RUNBOOKS = ("docs/runbook.md", "docs/runbook.zh-CN.md")
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_timeout_seconds"}


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


def test_prometheus_can_load_them() -> None:
    assert f"{len(alerts()) + len(records())} rules found" in promtool("check", "rules", str(RULES))


@pytest.mark.parametrize("name", ALERTS)
class TestEachAlert:
    def test_fires_at_one_time_of_a_test_and_not_at_another(self, name: str) -> None:
        firing = [fired(group) for group in GROUPS]
        assert any(
            any(name in alerts for alerts in group) and any(name not in alerts for alerts in group)
            for group in firing
        )

    def test_has_its_text_tested(self, name: str) -> None:
        annotations = [
            expected["exp_annotations"]
            for group in GROUPS
            for test in group.get("alert_rule_test", ())
            if test["alertname"] == name
            for expected in test["exp_alerts"]
        ]
        assert any(set(texts) == {"summary", "description", "runbook_url"} for texts in annotations)

    def test_has_a_severity_and_complete_annotations(self, name: str) -> None:
        alert = ALERTS[name]
        assert alert["labels"] == {"severity": alert["labels"]["severity"]}
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
        assert "{{" not in alert["annotations"]["summary"]

    @pytest.mark.parametrize("page", RUNBOOKS)
    def test_has_its_section_of_the_runbook(self, name: str, page: str) -> None:
        assert ALERTS[name]["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
        assert name.lower() in anchors(page)


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
    known = {metric.name for metric in (*GAUGES, *SELF_METRICS)}
    assert len(named & known) > 15
    # Templates also contain names of recorded series, whose last part is the metric that they are made from.
    recorded = {part for record in records() for part in record["record"].split(":")}
    assert named - known - recorded == OF_PROMETHEUS


def test_each_record_is_used_by_an_alert_or_another_record() -> None:
    names = {record["record"] for record in records()}
    texts = [str(rule.get("annotations", "")) + rule["expr"] for rule in (*alerts(), *records())]
    for name in names:
        assert any(re.search(rf"(?<![\w:]){name}(?![\w:])", text) for text in texts), name


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


class TestForAnotherInterval:
    def windows(self, rules: str) -> list[float]:
        """The durations in all expressions, in seconds."""
        seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}
        texts = "".join(text for _, text in expressions(rules))
        durations = re.findall(r"(?:\[|offset )(\d+)([smhd])", texts)
        return [float(number) * seconds[unit] for number, unit in durations]

    @pytest.mark.parametrize("interval", ["5m", "15s"])
    def test_scales_durations_below_an_hour(self, interval: str) -> None:
        ratio = {"5m": 5, "15s": 0.25}[interval]
        shipped = self.windows(RULES.read_text())
        scaled = self.windows(written_rules(f"--scrape-interval={interval}"))
        assert len(shipped) > 20
        assert scaled == [seconds * ratio if seconds < 3600 else seconds for seconds in shipped]

    def test_longer_durations_span_twelve_scrapes(self) -> None:
        rules = written_rules("--scrape-interval=1h")
        assert "[12h]" in rules
        assert "[2h]" not in rules
        assert {alert["alert"]: alert.get("for") for alert in alerts(rules)}["WxDomainNotInForce"] == "12h"
        assert "> time() - 604800)" in rules

    def test_scales_how_long_an_alert_waits_and_how_often_it_is_evaluated(self) -> None:
        rules = written_rules("--scrape-interval=1s")
        waits = {alert["alert"]: alert.get("for") for alert in alerts(rules)}
        assert waits["WxDomainAppDown"] == "2s"
        assert waits["WxDomainNotInForce"] == "1h"
        assert waits["WxDomainListChanged"] is None
        assert {group["interval"] for group in yaml.safe_load(rules)["groups"]} == {"1s"}

    def test_writes_every_number_of_seconds(self) -> None:
        rules = written_rules("--scrape-interval=30s")
        assert " * 60" not in "".join(expression for _, expression in expressions(rules))
        assert "[2h]) > time() - 604800)" in rules
        assert "appid:wx_domain_app:seen_timestamp > 150 <= 7200\n" in rules


@pytest.mark.parametrize(
    "argument",
    ["--scrape-interval=soon", "--scrape-interval=0s", "--label=a-b"]
    + [f"--label={name}" for name in ("name", "appid", "category", "severity", "hash", "class", "alertname")],
)
def test_an_invalid_argument_is_named(argument: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        written_rules(argument)
    assert argument.partition("=")[2] in caught.value.stderr


def test_labels_and_the_url_of_the_runbook_can_be_changed() -> None:
    rules = written_rules("--label=team", "--label=env", "--runbook-url=https://wiki.example.com/wx")
    assert "group_left (name)" not in rules
    assert "by (appid, name)" not in rules
    assert "group_left (name, team, env)" in rules
    assert alerts(rules)[0]["annotations"]["runbook_url"].startswith("https://wiki.example.com/wx#wxdomain")


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


def test_the_example_for_alertmanager_is_valid_and_knows_the_alerts(release: str) -> None:
    file = REPOSITORY / "rules" / "alertmanager.example.yml"
    command = [program("amtool", "prometheus-alertmanager", release), "check-config", str(file)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert set(re.findall(r"WxDomain\w+", file.read_text())) <= set(ALERTS)
