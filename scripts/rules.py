"""Write the alerting rules for another scrape interval, with more labels, or with links that lead elsewhere.

Run as `python3 scripts/rules.py --scrape-interval=2m --label=team > wx-domain.rules.yml`, from the checkout;
nothing but Python is needed. At the top of rules/wx-domain.rules.yml stands what it must look like for this.
"""

import argparse
import re
import sys
from pathlib import Path

RULES = Path(__file__).resolve().parent.parent / "rules" / "wx-domain.rules.yml"
RUNBOOK = "docs/runbook.md"
SHIPPED_INTERVAL = 60_000
"""Milliseconds between two scrapes, for which the file is written."""
HUMAN = 3_600_000
"""What is as long as this is a person's time, not a number of scrapes."""
SCRAPES_OF_AN_HOUR = 12
"""So many scrapes are the least that such a time must hold: the alerts within it wait for up to ten."""

_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(
    r"(?P<before>\[|\boffset |^ +(?:- )?(?:for|interval): )(?P<number>\d+)(?P<unit>ms|[smhd])\b", re.MULTILINE
)
_MINUTES = re.compile(r"\b(\d+) \* 60\b")
_LABEL = re.compile(r"[a-z_][a-z0-9_]*")


def milliseconds(duration: str) -> int:
    """A duration such as `5m`, in milliseconds.

    Raises:
        ValueError: It is none, or nothing.
    """
    found = re.fullmatch(r"(\d+)(ms|[smhd])", duration)
    if found is None or int(found[1]) == 0:
        raise ValueError(duration)
    return int(found[1]) * _MILLISECONDS[found[2]]


def label(name: str) -> str:
    """A label's name.

    Raises:
        ValueError: The exporter allows no such label, or the rules have one of this name.
    """
    if not _LABEL.fullmatch(name) or name in taken_labels(RULES.read_text()):
        raise ValueError(name)
    return name


def taken_labels(rules: str) -> set[str]:
    """The labels that alerts have already, or that rules compare by; those of Prometheus among them."""
    lists = re.findall(
        r"\b(?:by|on|group_left) \(([^)]*)\)|\blabels: \{(\w+):|count_values [^\"]*\"(\w+)\"", rules
    )
    return {"alertname", "alertstate"}.union(*(re.findall(r"\w+", " ".join(one)) for one in lists))


def written(duration: int) -> str:
    """Milliseconds as the shortest duration that is exact."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if duration % _MILLISECONDS[unit] == 0)
    return f"{duration // _MILLISECONDS[unit]}{unit}"


def scaled(rules: str, interval: int) -> str:
    """All durations and all constants in seconds, for another interval in milliseconds."""

    def scale(duration: int) -> int:
        if duration >= HUMAN:
            return max(duration, SCRAPES_OF_AN_HOUR * interval)
        return max(duration * interval // SHIPPED_INTERVAL, 1)

    def duration(found: re.Match[str]) -> str:
        length = int(found["number"]) * _MILLISECONDS[found["unit"]]
        return found["before"] + written(scale(length))

    rules = _DURATION.sub(duration, rules)
    return _MINUTES.sub(lambda found: f"{scale(int(found[1]) * 60_000) / 1000:g}", rules)


def labelled(rules: str, labels: list[str]) -> str:
    """The names of the mini programs with more labels of `wx_domain_app_info`."""
    more = ", ".join(["name", *labels])
    return rules.replace("by (appid, name)", f"by (appid, {more})").replace(
        "group_left (name)", f"group_left ({more})"
    )


def main() -> None:
    """Write the rules to standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--scrape-interval",
        type=milliseconds,
        default=SHIPPED_INTERVAL,
        metavar="DURATION",
        help="the interval of scrapes and evaluations, such as 5m; 60s unless given",
    )
    parser.add_argument(
        "--label",
        type=label,
        action="append",
        default=[],
        metavar="NAME",
        help="a key of the apps' labels that the alerts shall have too; may be repeated",
    )
    parser.add_argument(
        "--runbook-url", default=RUNBOOK, metavar="URL", help="where docs/runbook.md can be read; no #"
    )
    asked = parser.parse_args()
    rules = labelled(scaled(RULES.read_text(), asked.scrape_interval), asked.label)
    sys.stdout.write(rules.replace(RUNBOOK, asked.runbook_url))


if __name__ == "__main__":
    main()
