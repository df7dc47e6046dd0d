"""scripts/rules.py: the rule files with a user's own choices."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.documents import text_of
from helpers.json_text import as_json
from helpers.programs import FORKY, program
from helpers.repository import REPOSITORY
from helpers.shipped_rules import RULE_FILES, RULES, RUNBOOK, alerts, expressions, written_rules

if TYPE_CHECKING:
    from pathlib import Path

ALERTMANAGER = "alertmanager.example.yml"
TARGETS, MINIMAL = "targets.rules.yml", "minimal.rules.yml"
CHANGED = {
    "many": ("0.25", "wx_domain_down:many", " >= 0.25 * wx_domain_app:fleet", 1),
    "many-apps": ("7", "wx_domain_down:many", " >= 7 and", 1),
    "many-in-any-fleet": ("70", "wx_domain_down:many", "sudden) >= 70\n", 1),
    "many-within": ("2h", "appid:wx_domain_down:sudden", "since_timestamp > time() - 7200 > 0", 1),
    "unsteady": ("0.55", "WxDomainAppUnsteady", "(wx_domain_up[30m])) < 0.55\n", 1),
    "unsteady-outages": ("4", "WxDomainAppUnsteady", "(wx_domain_up[30m])) > 4\n", 1),
    "gone-for": ("3h", "appid:wx_domain_app:gone", "> 300 <= 10800", 1),
    "forget-after": ("30d", "appid:wx_domain_app:seen_timestamp", "> time() - 2592000)", 1),
    "figures-old": ("20m", "WxDomainFiguresStale", "> 1200", 3),
    "emptied-within": ("3d", "appid_category:wx_domain_domains:nonempty_timestamp", "> time() - 259200)", 1),
    "nearly-full": ("0.85", "WxDomainNearLimit", ">= 0.85\n", 1),
    "quota-nearly-used": ("0.75", "WxDomainQuotaNearlyUsed", "\n    > 0.75\n", 1),
    "scrapes-good": ("0.5", "WxDomainScrapeFailed", "[15m]) < 0.5", 2),
    "scrape-slow": ("0.75", "WxDomainScrapeSlow", "> 0.75\n", 1),
    "scrape-timeout": ("30s", "WxDomainScrapeSlow", "* 0 + 30\n", 1),
    "certificate-expires": ("30d", "WxDomainCertificateExpiring", "< 2592000\n", 1),
}
"""For each threshold a value, the rule that has it, and what then is in that rule how often."""


def rules_by_name(text: str) -> dict[str, dict[str, Any]]:
    """All rules; of those with the same name, only the last one."""
    return {
        rule.get("alert") or rule["record"]: rule
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    }


def text_of_rule(rule: dict[str, Any]) -> str:
    return "\n".join((rule["expr"], *rule.get("annotations", {}).values(), ""))


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


class TestThresholds:
    def test_each_has_a_flag(self) -> None:
        script = (REPOSITORY / "scripts" / "rule_thresholds.py").read_text()
        flags = re.findall(r'^    Threshold\(\s*"([a-z-]+)"', script, re.MULTILINE)
        assert flags == list(CHANGED)

    @pytest.mark.parametrize("flag", CHANGED)
    def test_a_flag_changes_its_rule_and_no_other(self, flag: str) -> None:
        value, name, expected, times = CHANGED[flag]
        file = TARGETS if flag == "certificate-expires" else RULES.name
        before, after = (
            rules_by_name(written_rules(file, *arguments)) for arguments in ((), (f"--{flag}={value}",))
        )
        assert text_of_rule(after[name]).count(expected) == times
        assert text_of_rule(before[name]).count(expected) == 0
        assert [one for one in before if before[one] != after[one]] == [name]

    @pytest.mark.parametrize("flag", CHANGED)
    def test_its_help_says_what_is_shipped(self, flag: str) -> None:
        file = TARGETS if flag == "certificate-expires" else RULES.name
        (shipped,) = re.findall(rf"--{flag} [A-Z]+\s[^-]*?default\s+(\S+)\s", written_rules("--help"))
        written = (written_rules(file), written_rules(file, f"--{flag}={shipped}"))
        before, after = (text.replace("14 * 86400", str(14 * 86400)) for text in written)
        assert before == after

    def test_the_docs_list_each_with_what_is_shipped(self) -> None:
        documented = re.findall(
            r"^\| `--([a-z-]+)` \| ([\d.]+[a-z]?) \|", text_of("docs/alerting.md"), re.MULTILINE
        )
        help_text = re.findall(
            r"--([a-z-]+) [A-Z]+\s[^-]*?default\s+([\d.]+[a-z]?)\s", written_rules("--help")
        )
        assert dict(documented) == {"scrape-interval": "60s", **dict(help_text)}
        assert set(dict(documented)) == {"scrape-interval", *CHANGED}

    def test_an_interval_does_not_scale_what_a_flag_says(self) -> None:
        rules = written_rules("--scrape-interval=5m", "--figures-old=20m", "--for=WxDomainAppDown=3m")
        stale, down = (rules_by_name(rules)[name] for name in ("WxDomainFiguresStale", "WxDomainAppDown"))
        assert "> 1200\n" in str(stale["expr"])
        assert (stale["for"], down["for"]) == ("25m", "3m")

    def test_the_minimal_file_has_one(self) -> None:
        rules = written_rules(MINIMAL, "--nearly-full=0.85", "--for=WxDomainAbsent=10m")
        near, absent = (rules_by_name(rules)[name] for name in ("WxDomainNearLimit", "WxDomainAbsent"))
        assert ">= 0.85\n" in str(near["expr"])
        assert absent["for"] == "10m"


INVALID = (
    *(
        "--scrape-interval=soon",
        "--scrape-interval=0s",
        "--label=a-b",
        "--label=__a",
        "--lang=fr",
        "--fleet-label=appid",
    ),
    *(f"--label={name}" for name in ("name", "appid", "category", "severity", "hash", "class", "alertname")),
    *("--many=0", "--many=1.5", "--many-apps=0", "--figures-old=600", "--for=WxDomainAppDown=soon"),
    *("--runbook-url=docs/runbook.md", "--status-url=wx.example.com"),
)


@pytest.mark.parametrize("argument", INVALID)
def test_an_invalid_argument_is_named(argument: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        written_rules(argument)
    assert argument.partition("=")[2] in caught.value.stderr


@pytest.mark.parametrize(
    ("file", "argument", "message"),
    [
        (MINIMAL, "--many=0.2", f"{MINIMAL} has no wx_domain_down:many, which"),
        (RULES.name, "--certificate-expires=3d", "has no WxDomainCertificateExpiring, which"),
        (RULES.name, "--for=WxDomainUnexpectedDomain=3m", "has no WxDomainUnexpectedDomain, which"),
        (RULES.name, "--for=WxDomainNothing=3m", "has no WxDomainNothing, which"),
        (TARGETS, "--label=team", f"{TARGETS} has no wx_domain_app_info, which"),
        (ALERTMANAGER, "--nearly-full=0.8", f"{ALERTMANAGER} has a use for --fleet-label only"),
    ],
)
def test_an_argument_without_effect_is_an_error(file: str, argument: str, message: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        written_rules(file, argument)
    assert message in caught.value.stderr


def test_output_that_overwrote_its_source_is_an_error(tmp_path: Path) -> None:
    for folder in ("rules", "scripts"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    with (tmp_path / "rules" / RULES.name).open("w") as output:  # as a shell does before it starts the script
        ended = subprocess.run(
            [sys.executable, str(tmp_path / "scripts" / "rules.py"), "--lang=zh"],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert f"`git checkout rules/{RULES.name}`" in ended.stderr


def test_labels_and_the_url_of_the_runbook_can_be_changed() -> None:
    rules = written_rules("--label=team", "--label=env", "--runbook-url=https://wiki.example.com/wx")
    assert "group_left (name)" not in rules
    assert "by (appid, name)" not in rules
    assert "group_left (name, team, env)" in rules
    assert RUNBOOK not in rules
    assert alerts(rules)[0]["annotations"]["runbook_url"].startswith("https://wiki.example.com/wx#wxdomain")


def test_alerts_link_to_the_page_of_their_mini_program() -> None:
    rules = rules_by_name(written_rules("--status-url=https://wx.example.com/"))
    links = {name: rule["annotations"]["status_url"] for name, rule in rules.items() if "alert" in rule}
    assert len(links) == len(alerts())
    assert links["WxDomainListChanged"] == "https://wx.example.com/apps/{{ $labels.appid }}"
    assert links["WxDomainManyAppsDown"] == links["WxDomainAbsent"] == "https://wx.example.com/"


class TestFleetLabel:
    @pytest.mark.parametrize("language", ["en", "zh"])
    @pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.name)
    def test_texts_end_with_its_value(self, file: Path, language: str) -> None:
        """The descriptions, too: messages in chats have no summaries of firing alerts."""
        shipped, written = (
            alerts(written_rules(file.name, f"--lang={language}", *flags))
            for flags in ((), ("--fleet-label=site",))
        )
        for before, after in zip(shipped, written, strict=True):
            for part in ("summary", "description"):
                expected = f"{before['annotations'][part]} [{{{{ $externalLabels.site }}}}]"
                assert after["annotations"][part] == expected

    @pytest.mark.parametrize("file", [ALERTMANAGER, "alertmanager.wechat.example.yml"])
    def test_inhibition_and_messages_stay_within_its_value(self, file: str) -> None:
        configuration = yaml.safe_load(written_rules(file, "--fleet-label=site"))
        [rule] = configuration["inhibit_rules"]
        assert rule["source_matchers"] == ["alertname = WxDomainAbsent", 'site != ""']
        assert rule["equal"] == ["site"]
        assert configuration["route"]["group_by"] == ["alertname", "site"]

    def test_without_one_nothing_is_inhibited(self) -> None:
        assert written_rules(ALERTMANAGER) == (RULES.parent / ALERTMANAGER).read_text()
        assert yaml.safe_load(written_rules(ALERTMANAGER))["inhibit_rules"] == []


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.name)
class TestChinese:
    def test_each_alert_has_texts_of_its_own(self, file: Path) -> None:
        chinese = alerts(written_rules(file.name, "--lang=zh"))
        texts = (file.parent / "texts" / f"{file.name.partition('.')[0]}.zh.yml").read_text()
        assert [alert["alert"] for alert in chinese] == list(yaml.safe_load(texts))
        for alert in chinese:
            link = alert["annotations"].pop("runbook_url")
            assert link == f"{RUNBOOK.replace('.md', '.zh-CN.md')}#{alert['alert'].lower()}"
            assert set(alert["annotations"]) == {"summary", "description"}
            assert all(re.search(r"[\u4e00-\u9fff]", text) for text in alert["annotations"].values())

    def test_they_ask_and_show_the_same(self, file: Path) -> None:
        """The same queries, and the same values of labels and series."""
        english, chinese = (alerts(written_rules(file.name, *language)) for language in ((), ("--lang=zh",)))
        for one, other in zip(english, chinese, strict=True):
            for part in ("summary", "description"):
                actions = [
                    sorted(
                        re.findall(r"\{\{ (?:range .*?|with .*?|[$.][\w.]+(?: \| \w+)?) \}\}", texts[part])
                    )
                    for texts in (one["annotations"], other["annotations"])
                ]
                missing = set(actions[0]) - set(actions[1])
                assert missing <= {"{{ $labels.category }}"}, (one["alert"], part, missing)
                assert set(actions[1]) <= set(actions[0]) | {"{{ $labels.name }}"}, (one["alert"], part)

    def test_nothing_else_differs(self, file: Path) -> None:
        english, chinese = written_rules(file.name), written_rules(file.name, "--lang=zh")
        assert expressions(english) == expressions(chinese)
        assert [alert["labels"] for alert in alerts(english)] == [
            alert["labels"] for alert in alerts(chinese)
        ]


def test_promtool_expands_the_chinese_texts(tmp_path: Path) -> None:
    rules = tmp_path / RULES.name
    rules.write_text(written_rules("--lang=zh"))
    app = 'appid="wx01", job="wx_domain", instance="a"'
    series = {
        f'wx_domain_app_info{{name="商城", {app}}}': "1x40",
        f"wx_domain_up{{{app}}}": "1x40",
        f'wx_domain_hash{{category="requestdomain", {app}}}': "7x29 8x10",
        f'wx_domain_domains{{category="requestdomain", {app}}}': "2x29 1x10",
        f'wx_domain_info{{category="requestdomain", domain="https://a.cn", {app}}}': "1x40",
        f'wx_domain_info{{category="requestdomain", domain="https://old.cn", {app}}}': "1x29 stale",
    }
    labels = {"severity": "info", "appid": "wx01", "name": "商城", "category": "requestdomain", "hash": "8"}
    texts = {
        "summary": "商城 的 requestdomain 有变化",
        "description": "小程序 商城（wx01）的 requestdomain 有变化。删除：1 个（https://old.cn）。新增：无。"
        "如果不是自己人改的，请查明是谁改的。一段时间后本告警自动结束。",
        "runbook_url": f"{RUNBOOK.replace('.md', '.zh-CN.md')}#wxdomainlistchanged",
    }
    test = {
        "eval_time": "31m",
        "alertname": "WxDomainListChanged",
        "exp_alerts": [{"exp_labels": labels, "exp_annotations": texts}],
    }
    group = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [test],
    }
    file = tmp_path / "zh.test.yml"
    file.write_text(as_json({"rule_files": [rules.name], "evaluation_interval": "1m", "tests": [group]}))
    run(program("promtool", "prometheus"), "test", "rules", str(file))


CHOICES: tuple[tuple[str, ...], ...] = (
    ("--lang=zh", "--status-url=https://wx.example.com", "--fleet-label=site"),
    ("--scrape-interval=30s", "--runbook-url=https://wiki.example.com/wx"),
)


@pytest.mark.parametrize("choices", CHOICES)
@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.name)
def test_prometheus_can_load_what_is_written(file: Path, choices: tuple[str, ...], tmp_path: Path) -> None:
    written = tmp_path / file.name
    written.write_text(written_rules(file.name, *choices))
    run(program("promtool", "prometheus"), "check", "rules", str(written))


def run(*command: str) -> None:
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


class TestAlertmanager:
    """Its shipped and written configurations are valid, and name alerts that exist."""

    def files(self, folder: Path) -> list[Path]:
        shipped = sorted(RULES.parent.glob("alertmanager*.yml"))
        assert len(shipped) == 2
        for file in shipped:
            (folder / file.name).write_text(written_rules(file.name, "--fleet-label=site"))
        written = [folder / file.name for file in shipped]
        return [*written, *shipped, REPOSITORY / "deploy/compose/alertmanager.yml"]

    def test_each_is_valid(self, release: str, tmp_path: Path) -> None:
        amtool = program("amtool", "prometheus-alertmanager", release)
        modes = [[], ["--enable-feature=utf8-strict-mode"]] if release == FORKY else [[]]
        for mode in modes:
            for file in self.files(tmp_path):
                run(amtool, *mode, "check-config", str(file))

    def test_each_knows_the_alerts(self, tmp_path: Path) -> None:
        known = {alert["alert"] for file in RULE_FILES for alert in alerts(file.read_text())}
        named = {
            name for file in self.files(tmp_path) for name in re.findall(r"WxDomain\w+", file.read_text())
        }
        assert "WxDomainAbsent" in named
        assert named <= known
