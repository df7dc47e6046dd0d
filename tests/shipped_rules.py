"""The shipped rules as trees, as text for another interval, and the metrics that an expression names."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import yaml
from support import REPOSITORY

RULES = REPOSITORY / "rules" / "wx-domain.rules.yml"


def written_rules(*arguments: str) -> str:
    """What scripts/rules.py writes."""
    script = REPOSITORY / "scripts" / "rules.py"
    done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def _rules(text: str | None) -> list[dict[str, Any]]:
    tree = yaml.safe_load(text or RULES.read_text())
    return [rule for group in tree["groups"] for rule in group["rules"]]


def alerts(text: str | None = None) -> list[dict[str, Any]]:
    """The alerting rules of the shipped file, or of this one."""
    return [rule for rule in _rules(text) if "alert" in rule]


def records(text: str | None = None) -> list[dict[str, Any]]:
    """The recording rules of the shipped file, or of this one."""
    return [rule for rule in _rules(text) if "record" in rule]


def expressions(text: str | None = None) -> list[tuple[str, str]]:
    """Each rule's name, with its class where several share one, and its expression."""
    return [
        (rule.get("alert") or f"{rule['record']}{rule.get('labels', {}).get('class', '')}", rule["expr"])
        for rule in _rules(text)
    ]


_FUNCTIONS_AND_WORDS = re.compile(
    r"\b(?:absent|avg_over_time|changes|count|increase|last_over_time|max|max_over_time|min|time|timestamp|topk)"
    r"(?= ?\(| by)|\b(?:and|or|unless|on|by|offset|group_left|ignoring)\b"
)


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression names, without recorded ones."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|(?:by|on|group_left) \([^)]*\)', " ", expression)
    names = re.findall(r"(?<![\w:])[a-z_][\w:]*(?![\w:])", _FUNCTIONS_AND_WORDS.sub(" ", bare))
    return {name for name in names if ":" not in name}
