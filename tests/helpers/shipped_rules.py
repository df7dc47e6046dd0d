"""Reads the shipped rules, writes them for other intervals, and finds the metrics of an expression."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml
from helpers.ports import free_port
from helpers.programs import FORKY
from helpers.real_prometheus import Prometheus, configured_prometheus, remote_write
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

RULES = REPOSITORY / "rules" / "wx-domain.rules.yml"
RULE_FILES = sorted((REPOSITORY / "rules").glob("*.rules.yml"))
(RUNBOOK,) = re.findall(
    r'^RUNBOOK = "(.*)"$', (REPOSITORY / "scripts" / "rule_texts.py").read_text(), re.MULTILINE
)
"""The URL of the runbook in the shipped files."""


def written_rules(*arguments: str) -> str:
    """The output of scripts/rules.py."""
    script = REPOSITORY / "scripts" / "rules.py"
    completed = subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, check=True
    )
    return completed.stdout


def _rules(text: str | None) -> list[dict[str, Any]]:
    tree = yaml.safe_load(text or RULES.read_text())
    return [rule for group in tree["groups"] for rule in group["rules"]]


def alerts(text: str | None = None) -> list[dict[str, Any]]:
    """The alerting rules of a rule file, by default the shipped one."""
    return [rule for rule in _rules(text) if "alert" in rule]


def records(text: str | None = None) -> list[dict[str, Any]]:
    """The recording rules of a rule file, by default the shipped one."""
    return [rule for rule in _rules(text) if "record" in rule]


def expressions(text: str | None = None) -> list[tuple[str, str]]:
    """Each rule's name, followed by its class if several have that name, and its expression."""
    return [
        (rule.get("alert") or f"{rule['record']}{rule.get('labels', {}).get('class', '')}", rule["expr"])
        for rule in _rules(text)
    ]


def jobs_of_the_alerts() -> str:
    """The regular expression with which WxDomainScrapeFailed selects jobs."""
    (scrape_failed,) = (rule["expr"] for rule in alerts() if rule["alert"] == "WxDomainScrapeFailed")
    (pattern,) = re.findall(r'job=~"([^"]+)"', scrape_failed)
    return str(pattern)


def metrics_of(expression: str) -> set[str]:
    """The metrics in an expression, without recorded ones."""
    stripped = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|group_left) \([^)]*\)', " ", expression)
    names = set(re.findall(r"(?<![\w:])[a-z_][\w:]*(?![\w:])(?!\s*\()", stripped))
    return {name for name in names if ":" not in name} - {"and", "or", "unless", "offset"}


@contextlib.contextmanager
def ruled_prometheus(
    folder: Path,
    targets: Sequence[str],
    *flags: str,
    alertmanager: str = "",
    release: str = FORKY,
    rules: Sequence[str] = (),
    external_labels: Mapping[str, str] = MappingProxyType({}),
    copies: Sequence[Prometheus] = (),
) -> Iterator[Prometheus]:
    """Run Prometheus with the shipped rules, scaled from a minute to a second, and these exporters' URLs.

    It also scrapes itself, loads all `*.rules.yml` of the folder, and sends its samples to the `copies`.
    `flags` are Prometheus', `rules` those of scripts/rules.py.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RULES.name).write_text(written_rules("--scrape-interval=1s", *rules))
    address = f"127.0.0.1:{free_port()}"
    configuration: dict[str, Any] = {
        "global": {
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "evaluation_interval": "1s",
            "external_labels": dict(external_labels),
        },
        "rule_files": ["*.rules.yml"],
        "remote_write": [remote_write(copy.url) for copy in copies],
        "scrape_configs": [
            {
                "job_name": "wx_domain",
                "static_configs": [{"targets": [url.removeprefix("http://") for url in targets]}],
            },
            {"job_name": "prometheus", "static_configs": [{"targets": [address]}]},
        ],
    }
    if alertmanager:
        configuration["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    flags = ("--query.lookback-delta=5s", *flags)
    with configured_prometheus(folder, configuration, *flags, release=release, address=address) as running:
        yield running
