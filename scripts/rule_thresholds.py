"""The thresholds of the rule files: each one's flag for scripts/rules.py, and where the files have it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from rule_durations import as_seconds, milliseconds

_NUMBER = r"[\d.]+(?: \* \d+)?"


class MissingRuleError(Exception):
    """The file has no such rule, so a flag would change nothing."""


def share(text: str) -> str:
    """A number above 0, and at most 1.

    Raises:
        ValueError: It is not.
    """
    if not 0 < float(text) <= 1:
        raise ValueError(text)
    return text


def count(text: str) -> str:
    """A whole number above 0.

    Raises:
        ValueError: It is not.
    """
    if int(text) < 1:
        raise ValueError(text)
    return text


def duration(text: str) -> str:
    """A duration such as `10m`, as a number of seconds.

    Raises:
        ValueError: It is not a duration.
    """
    return as_seconds(milliseconds(text))


def wait(text: str) -> tuple[str, str]:
    """An alert and its `for`, such as `WxDomainNotInForce=1d`.

    Raises:
        ValueError: It is not of this form.
    """
    alert, _, waiting_time = text.partition("=")
    milliseconds(waiting_time)
    return alert, waiting_time


@dataclass(frozen=True)
class Threshold:
    """A number that users may choose."""

    flag: str
    parse: Callable[[str], str]
    rule: str
    """The alert, or the recorded series, that compares with it."""
    before: str
    """A regular expression for what precedes the number in this rule; `^` is the start of a line."""
    shipped: str
    help: str

    @property
    def key(self) -> str:
        """The attribute of the parsed arguments."""
        return self.flag.replace("-", "_")

    def applied(self, rules: str, value: str) -> str:
        """The rules with another value.

        Raises:
            MissingRuleError: They do not contain this threshold.
        """
        return changed_rule(rules, self.rule, f"({self.before}){_NUMBER}", rf"\g<1>{value}")


THRESHOLDS = (
    Threshold(
        "many", share, "wx_domain_down:many", r"sudden\) >= (?=[\d.]+ \* )", "0.1",
        "the share of the fleet that must go down together for WxDomainManyAppsDown",
    ),
    Threshold(
        "many-apps", count, "wx_domain_down:many", r"sudden\) >= (?=\d+ and)", "5",
        "the least number of mini programs for it",
    ),
    Threshold(
        "many-in-any-fleet", count, "wx_domain_down:many", r"sudden\) >= (?=\d+$)", "50",
        "the number of mini programs that is enough for it in any fleet",
    ),
    Threshold(
        "many-within", duration, "appid:wx_domain_down:sudden", r"since_timestamp > time\(\) - ", "1h",
        "the time within which they must go down for it",
    ),
    Threshold(
        "unsteady", share, "WxDomainAppUnsteady", r"avg_over_time\(wx_domain_up\[\w+\]\)\) < ", "0.7",
        "the share of good answers below which a mini program is unsteady",
    ),
    Threshold(
        "unsteady-outages", count, "WxDomainAppUnsteady", r"resets\(wx_domain_up\[\w+\]\)\) > ", "2",
        "the number of times that it went down, above which it is unsteady",
    ),
    Threshold(
        "gone-for", duration, "appid:wx_domain_app:gone", " <= ", "2h",
        "how long WxDomainAppsGone reports mini programs that are no longer exported",
    ),
    Threshold(
        "forget-after", duration, "appid:wx_domain_app:seen_timestamp", r"> time\(\) - ", "7d",
        "when what is known of mini programs that are no longer exported is forgotten",
    ),
    Threshold(
        "figures-old", duration, "WxDomainFiguresStale", "> ", "10m",
        "the age of figures for WxDomainFiguresStale",
    ),
    Threshold(
        "emptied-within", duration, "appid_category:wx_domain_domains:nonempty_timestamp",
        r"> time\(\) - ", "2d",
        "how long ago an empty list must have had domains for WxDomainListEmpty",
    ),
    Threshold(
        "nearly-full", share, "WxDomainNearLimit", ">= ", "0.9",
        "the share of WeChat's maximum from which a list is nearly full",
    ),
    Threshold(
        "quota-nearly-used", share, "WxDomainQuotaNearlyUsed", "^ +> ", "0.8",
        "the share of the daily quota above which it is nearly used up",
    ),
    Threshold(
        "scrapes-good", share, "WxDomainScrapeFailed", r"\[\w+\]\) < ", "0.6",
        "the share of good scrapes below which a target fails",
    ),
    Threshold(
        "scrape-slow", share, "WxDomainScrapeSlow", "^ +> ", "0.8",
        "the share of the scrape timeout above which scrapes are slow",
    ),
    Threshold(
        "scrape-timeout", duration, "WxDomainScrapeSlow", r"\* 0 \+ ", "10s",
        "the scrape timeout, where Prometheus has no scrape_timeout_seconds",
    ),
    Threshold(
        "certificate-expires", duration, "WxDomainCertificateExpiring", "^ +< ", "14d",
        "how long before its end a certificate expires soon",
    ),
)  # fmt: skip


def with_wait(rules: str, alert: str, waiting_time: str) -> str:
    """The rules with another `for` of an alert.

    Raises:
        MissingRuleError: They have no such alert, or it has no `for`.
    """
    return changed_rule(rules, alert, "^(        for: ).*", rf"\g<1>{waiting_time}")


def changed_rule(rules: str, name: str, pattern: str, replacement: str) -> str:
    """The rules with a replacement within one rule.

    Raises:
        MissingRuleError: They have no such rule, or the pattern is nowhere in it.
    """
    head = re.search(rf"^      - (?:alert|record): {re.escape(name)}\n", rules, re.MULTILINE)
    if head is None:
        raise MissingRuleError(name)
    following = re.search(r"^      - |^  - ", rules[head.end() :], re.MULTILINE)
    end = head.end() + following.start() if following else len(rules)
    text, changes = re.subn(pattern, replacement, rules[head.end() : end], flags=re.MULTILINE)
    if not changes:
        raise MissingRuleError(name)
    return rules[: head.end()] + text + rules[end:]
