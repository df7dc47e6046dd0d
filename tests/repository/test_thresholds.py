"""The rules and the docs have the same thresholds as the module that dashboards and pages use."""

from __future__ import annotations

import re

import pytest
from helpers.documents import text_of
from helpers.shipped_rules import alerts, expressions

from wx_domain_exporter.thresholds import (
    CHANGE_RECENT,
    FIGURES_OLD,
    LIST_NEARLY_FULL,
    MANY_DOWN,
    MANY_DOWN_IN_ANY_FLEET,
    MANY_DOWN_SHARE,
    QUOTA_NEARLY_USED,
    SCRAPE_SLOW,
)

EXPRESSIONS = dict(expressions())
FULL, USED, SLOW, MANY = (
    f"{share:.0%}".replace("%", " %")
    for share in (LIST_NEARLY_FULL, QUOTA_NEARLY_USED, SCRAPE_SLOW, MANY_DOWN_SHARE)
)
MINUTES = FIGURES_OLD // 60


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ("WxDomainNearLimit", [LIST_NEARLY_FULL]),
        ("WxDomainQuotaNearlyUsed", [0, QUOTA_NEARLY_USED]),
        ("WxDomainScrapeSlow", [SCRAPE_SLOW]),
        ("wx_domain_down:many", [MANY_DOWN, MANY_DOWN_SHARE, MANY_DOWN_IN_ANY_FLEET, 1]),
    ],
)
def test_a_rule_compares_with_these_numbers(rule: str, numbers: list[float]) -> None:
    assert [float(number) for number in re.findall(r">=? ([\d.]+)", EXPRESSIONS[rule])] == numbers


def test_figures_are_old_in_the_expression_and_in_both_texts() -> None:
    (stale,) = (alert for alert in alerts() if alert["alert"] == "WxDomainFiguresStale")
    assert re.findall(r"> (\d+) \* 60", str(stale)) == [str(MINUTES)] * 3


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("README.md", f"wx_domain_domains_limit >= {LIST_NEARLY_FULL}`"),
        ("README.zh-CN.md", f"wx_domain_domains_limit >= {LIST_NEARLY_FULL}`"),
        ("docs/status-page.md", f"A count from {FULL} of its limit on"),
        ("docs/status-page.md", f"within the last {CHANGE_RECENT // 3600} hours"),
        ("docs/runbook.md", f"{FULL} or more of the domains"),
        ("docs/runbook.zh-CN.md", f"上限的 {FULL} 或更多"),
        ("docs/runbook.md", f"more than {USED} of today's calls"),
        ("docs/runbook.zh-CN.md", f"用掉 {USED} 以上"),
        ("docs/runbook.md", f"more than {SLOW} of the scrape timeout"),
        ("docs/runbook.zh-CN.md", f"超时时间的 {SLOW}"),
        ("docs/runbook.md", f"good answers of more than {MINUTES} minutes ago"),
        ("docs/runbook.zh-CN.md", f"超过 {MINUTES} 分钟前的正常结果"),
        ("docs/runbook.md", f"{MANY} of the fleet and {MANY_DOWN} at least, or {MANY_DOWN_IN_ANY_FLEET}, or"),
        ("docs/runbook.zh-CN.md", f"{MANY} 且至少 {MANY_DOWN} 个，或达到 {MANY_DOWN_IN_ANY_FLEET} 个"),
        (
            "docs/alerting.md",
            f"at least {MANY} of the fleet and {MANY_DOWN} mini programs, or {MANY_DOWN_IN_ANY_FLEET}, or",
        ),
    ],
)
def test_a_page_has_these_numbers(page: str, text: str) -> None:
    assert text in " ".join(text_of(page).split())
