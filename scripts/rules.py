"""Write the alerting rules for another scrape interval, with more labels, or with other runbook links.

Run as `python3 scripts/rules.py --scrape-interval=2m --label=team > wx-domain.rules.yml`, from the checkout;
nothing but Python is needed. The comment at the top of rules/wx-domain.rules.yml says how to write durations.
"""

import argparse
import re
import sys
from pathlib import Path

RULES = Path(__file__).resolve().parent.parent / "rules" / "wx-domain.rules.yml"
RUNBOOK = "docs/runbook.md"
SHIPPED_INTERVAL = 60_000
"""The scrape interval, in milliseconds, for which the file is written."""
FIXED_FROM = 3_600_000
"""Durations from this one on, in milliseconds, are not scaled: they are chosen for people."""
MIN_SCRAPES_OF_FIXED = 12
"""Such a duration must span at least this many scrapes, because the alerts within it wait for up to ten."""

_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(
    r"(?P<before>\[|\boffset |^ +(?:- )?(?:for|interval): )(?P<number>\d+)(?P<unit>ms|[smhd])\b", re.MULTILINE
)
_MINUTES = re.compile(r"\b(\d+) \* 60\b")
_LABEL = re.compile(r"[a-z_][a-z0-9_]*")


def milliseconds(duration: str) -> int:
    """A duration such as `5m`, in milliseconds.

    Raises:
        ValueError: It is not a duration, or zero.
    """
    match = re.fullmatch(r"(\d+)(ms|[smhd])", duration)
    if match is None or int(match[1]) == 0:
        raise ValueError(duration)
    return int(match[1]) * _MILLISECONDS[match[2]]


def label(name: str) -> str:
    """The name of an additional label.

    Raises:
        ValueError: The exporter does not allow this name, or the rules use it.
    """
    if not _LABEL.fullmatch(name) or name in taken_labels(RULES.read_text()):
        raise ValueError(name)
    return name


def taken_labels(rules: str) -> set[str]:
    """The labels that alerts have, or by which rules aggregate and join, and those that Prometheus adds."""
    label_lists = re.findall(
        r"\b(?:by|on|group_left) \(([^)]*)\)|\blabels: \{(\w+):|count_values [^\"]*\"(\w+)\"", rules
    )
    return {"alertname", "alertstate"}.union(*(re.findall(r"\w+", " ".join(names)) for names in label_lists))


def as_duration(duration: int) -> str:
    """Milliseconds as a duration, in the largest unit that is exact."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if duration % _MILLISECONDS[unit] == 0)
    return f"{duration // _MILLISECONDS[unit]}{unit}"


def scaled(rules: str, interval: int) -> str:
    """The rules with all durations, and all constants in seconds, scaled to an interval in milliseconds."""

    def scale(duration: int) -> int:
        if duration >= FIXED_FROM:
            return max(duration, MIN_SCRAPES_OF_FIXED * interval)
        return max(duration * interval // SHIPPED_INTERVAL, 1)

    def scaled_duration(match: re.Match[str]) -> str:
        duration = int(match["number"]) * _MILLISECONDS[match["unit"]]
        return match["before"] + as_duration(scale(duration))

    rules = _DURATION.sub(scaled_duration, rules)
    return _MINUTES.sub(lambda match: f"{scale(int(match[1]) * 60_000) / 1000:g}", rules)


def labelled(rules: str, labels: list[str]) -> str:
    """The rules whose alerts have these labels of `wx_domain_app_info` beside the name."""
    names = ", ".join(["name", *labels])
    return rules.replace("by (appid, name)", f"by (appid, {names})").replace(
        "group_left (name)", f"group_left ({names})"
    )


def main() -> None:
    """Write the rules to standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--scrape-interval",
        type=milliseconds,
        default=SHIPPED_INTERVAL,
        metavar="DURATION",
        help="the interval of scrapes and evaluations, such as 5m; default 60s",
    )
    parser.add_argument(
        "--label",
        type=label,
        action="append",
        default=[],
        metavar="NAME",
        help="a key of the apps' labels to add to the alerts; repeatable",
    )
    parser.add_argument(
        "--runbook-url",
        default=RUNBOOK,
        metavar="URL",
        help="the URL at which docs/runbook.md can be read, without a fragment",
    )
    options = parser.parse_args()
    rules = labelled(scaled(RULES.read_text(), options.scrape_interval), options.label)
    sys.stdout.write(rules.replace(RUNBOOK, options.runbook_url))


if __name__ == "__main__":
    main()
