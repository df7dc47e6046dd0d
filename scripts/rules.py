"""Write a file of rules/ with your own choices: interval, thresholds, labels, links, language.

Run as `python3 scripts/rules.py --scrape-interval=2m --label=team > wx-domain.rules.yml`, from the checkout;
nothing but Python is needed. The comment at the top of rules/wx-domain.rules.yml says how to write durations.
"""

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also with PYTHONSAFEPATH

from rule_durations import SHIPPED_INTERVAL, milliseconds, scaled
from rule_texts import RUNBOOK, translated, with_server, with_status_links
from rule_thresholds import THRESHOLDS, MissingRuleError, wait, with_wait

FOLDER = Path(__file__).resolve().parent.parent / "rules"
RULES = "wx-domain.rules.yml"
ALERTMANAGER = ("alertmanager.example.yml", "alertmanager.wechat.example.yml")
FILES = (RULES, "minimal.rules.yml", "targets.rules.yml", *ALERTMANAGER)

_LABEL = re.compile(r"(?!__)[a-z_][a-z0-9_]*")
_INHIBIT_RULES = """\
inhibit_rules:
  # While a server watches nothing, its own other alerts are no news. Without the label, nothing is inhibited.
  - source_matchers: [alertname = WxDomainAbsent, NAME != ""]
    target_matchers: [alertname =~ "WxDomain.+", alertname != WxDomainAbsent]
    equal: [NAME]
"""


def label(name: str) -> str:
    """The name of an additional label.

    Raises:
        ValueError: The exporter does not allow this name, or the rules use it.
    """
    if not _LABEL.fullmatch(name) or name in taken_labels((FOLDER / RULES).read_text()):
        raise ValueError(name)
    return name


def taken_labels(rules: str) -> set[str]:
    """The labels that alerts have, or by which rules aggregate and join, and those that Prometheus adds."""
    label_lists = re.findall(
        r"\b(?:by|on|group_left) \(([^)]*)\)|\blabels: \{(\w+):|count_values [^\"]*\"(\w+)\"", rules
    )
    return {"alertname", "alertstate"}.union(*(re.findall(r"\w+", " ".join(names)) for names in label_lists))


def url(text: str) -> str:
    """An absolute URL without a fragment.

    Raises:
        ValueError: It is not.
    """
    if not re.fullmatch(r"https?://[^\s#\"'{}]+", text):
        raise ValueError(text)
    return text


def labelled(rules: str, labels: list[str]) -> str:
    """The rules whose alerts have these labels of `wx_domain_app_info` beside the name.

    Raises:
        MissingRuleError: They have no alert with this name.
    """
    if labels and "group_left (name)" not in rules:
        raise MissingRuleError("wx_domain_app_info")
    names = ", ".join(["name", *labels])
    return rules.replace("by (appid, name)", f"by (appid, {names})").replace(
        "group_left (name)", f"group_left ({names})"
    )


def chosen_rules(rules: str, options: argparse.Namespace) -> str:
    """The rules with all that the arguments say.

    Raises:
        MissingRuleError: An argument is about a rule that is not in the file.
    """
    runbook = RUNBOOK
    if options.lang != "en":
        texts = FOLDER / "texts" / options.file.replace(".rules.yml", f".{options.lang}.yml")
        rules, runbook = translated(rules, texts.read_text()), RUNBOOK.replace(".md", ".zh-CN.md")
    rules = labelled(scaled(rules, options.scrape_interval), options.label)
    for threshold in THRESHOLDS:
        value = getattr(options, threshold.key)
        if value is not None:
            rules = threshold.applied(rules, value)
    for alert, duration in options.waits:
        rules = with_wait(rules, alert, duration)
    if options.fleet_label:
        rules = with_server(rules, options.fleet_label)
    if options.status_url:
        rules = with_status_links(rules, options.status_url)
    return rules.replace(RUNBOOK, options.runbook_url or runbook)


def with_inhibition(alertmanager: str, fleet_label: str) -> str:
    """Alertmanager's configuration in which one server's alerts inhibit its own only."""
    rules = _INHIBIT_RULES.replace("NAME", fleet_label)
    alertmanager = re.sub(r"(?:^#.*\n)*^inhibit_rules: \[\]\n", rules, alertmanager, flags=re.MULTILINE)
    return alertmanager.replace("group_by: [alertname]", f"group_by: [alertname, {fleet_label}]")


def parser() -> argparse.ArgumentParser:
    """The flags."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "file", nargs="?", choices=FILES, default=RULES, metavar="FILE", help=", ".join(FILES)
    )
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
        "--fleet-label",
        type=label,
        metavar="NAME",
        help="an external label with another value on each Prometheus server: the texts show it, and "
        "Alertmanager inhibits nothing across its values; default none: nothing is inhibited",
    )
    parser.add_argument(
        "--lang", choices=("en", "zh"), default="en", help="the language of the alerts' texts"
    )
    parser.add_argument(
        "--runbook-url", type=url, metavar="URL", help=f"where the runbook can be read; default {RUNBOOK}"
    )
    parser.add_argument(
        "--status-url",
        type=url,
        metavar="URL",
        help="the exporter's status page, for a link to the mini program's page in the annotation status_url",
    )
    parser.add_argument(
        "--for",
        dest="waits",
        type=wait,
        action="append",
        default=[],
        metavar="ALERT=DURATION",
        help="how long the condition of an alert must hold, such as WxDomainNotInForce=1d; repeatable",
    )
    for threshold in THRESHOLDS:
        parser.add_argument(
            f"--{threshold.flag}",
            type=threshold.parse,
            metavar=threshold.parse.__name__.upper(),
            help=f"{threshold.help}; default {threshold.shipped}",
        )
    return parser


def main() -> None:
    """Write the file to standard output."""
    flags = parser()
    options = flags.parse_args()
    text = (FOLDER / options.file).read_text()
    if not text.strip():
        flags.error(
            f"{FOLDER / options.file} is empty; perhaps the output was written to it, which empties it "
            f"before it is read. Get it back with `git checkout rules/{options.file}`, and write elsewhere"
        )
    if options.file in ALERTMANAGER:
        given = {key for key, value in vars(options).items() if value != flags.get_default(key)}
        if given - {"file", "fleet_label"}:
            flags.error(f"{options.file} has a use for --fleet-label only")
        sys.stdout.write(with_inhibition(text, options.fleet_label) if options.fleet_label else text)
        return
    try:
        sys.stdout.write(chosen_rules(text, options))
    except MissingRuleError as error:
        flags.error(f"{options.file} has no {error}, which one of the flags is about")


if __name__ == "__main__":
    main()
