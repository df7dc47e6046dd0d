"""The texts of the alerts: in another language, with other links, and with the name of the server."""

import re
import textwrap

RUNBOOK = "https://git.example.com/wx_domain_exporter/blob/main/docs/runbook.md"
"""Where the runbook can be read, in the shipped files: a place-holder for the repository's URL."""

_ALERT = re.compile(
    r"(?P<head>^      - alert: (?P<name>\w+)\n(?:^        .*\n|\n)*?^        annotations:\n)"
    r"(?P<texts>(?:^          .*\n)+?)(?P<runbook>^          runbook_url: .*\n)",
    re.MULTILINE,
)
_TEXTS = re.compile(r"^(\w+):\n((?:  .*\n)+)", re.MULTILINE)


def translated(rules: str, texts: str) -> str:
    """The rules with these summaries and descriptions: the contents of a file of rules/texts.

    Raises:
        KeyError: An alert has none.
    """
    texts_of = dict(_TEXTS.findall(texts))
    return _ALERT.sub(
        lambda alert: alert["head"] + textwrap.indent(texts_of[alert["name"]], " " * 8) + alert["runbook"],
        rules,
    )


def with_status_links(rules: str, url: str) -> str:
    """The rules with a link to the exporter's page of the mini program, or to its status page."""

    def with_link(alert: re.Match[str]) -> str:
        page = "/apps/{{ $labels.appid }}" if "$labels.appid" in alert["texts"] else "/"
        return f"{alert[0]}          status_url: {url.rstrip('/')}{page}\n"

    return _ALERT.sub(with_link, rules)


def with_server(rules: str, label: str) -> str:
    """The rules whose summaries and descriptions end with the value of an external label of Prometheus."""
    suffix = f" [{{{{ $externalLabels.{label} }}}}]"

    def with_suffixes(alert: re.Match[str]) -> str:
        texts = re.sub(
            r'^( {10}summary: (?:>-\n +)?.*?)("?\n)',
            lambda summary: f"{summary[1]}{suffix}{summary[2]}",
            alert["texts"],
            flags=re.MULTILINE,
        )
        return f"{alert['head']}{texts.rstrip()}{suffix}\n{alert['runbook']}"  # The description comes last.

    return _ALERT.sub(with_suffixes, rules)
