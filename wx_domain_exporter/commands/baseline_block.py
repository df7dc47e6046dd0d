"""Writes lists of domains as YAML for the `baselines` block of the configuration, for `--baseline`."""

import re
from collections.abc import Mapping

import yaml

from wx_domain_exporter.config.baseline_entries import mistake_in_entry
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.domains.baseline import has_stray_wildcard, has_wildcard
from wx_domain_exporter.domains.domain_list import DomainList, MalformedDomainError, covers, normal_form

HEAD = "baselines:\n"
# Characters that YAML does not allow anywhere, not even in a comment. Names have no control characters.
_NOT_YAML = re.compile("[\ufeff\ufffe\uffff]")


def baseline_entry(app: AppSettings, lists: Mapping[str, DomainList], action: str | None = None) -> str:
    """Return the baseline of one mini program, which its current lists match.

    The baseline is named after the appid, and so applies to that mini program alone.

    Args:
        app: the mini program.
        lists: its lists by category.
        action: `wechat.action` of the configuration; categories that it does not cover are left out.
    """
    comment = f"  # {_NOT_YAML.sub('', app.name)}\n" if app.name != app.appid else ""
    rules = {
        category: _rule(category, listed) for category, listed in lists.items() if covers(action, category)
    }
    tree = {app.appid: {category: rule for category, rule in rules.items() if rule}}
    text = yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf"))
    return comment + "".join(f"  {line}\n" for line in text.rstrip("\n").split("\n"))


def _rule(category: str, listed: DomainList) -> dict[str, list[str]]:
    """Return a baseline that a list matches, and as few other lists as possible.

    A domain that looks like a pattern with a wildcard can't be required, but it can be allowed, because such
    a pattern matches itself. If it is not a valid pattern, or a domain is one that a baseline can't contain,
    the baseline allows any other domain as well.
    """
    odd = [domain for domain in listed.domains if mistake_in_entry(category, domain) is not None]
    patterns = [domain for domain in listed.domains if has_wildcard(domain)]
    if not patterns and not odd:
        return {"exact": [_spelling(domain) for domain in listed.domains]}
    required = [_spelling(domain) for domain in listed.domains if domain not in {*patterns, *odd}]
    if odd or any(has_stray_wildcard(domain) for domain in patterns):
        return {"required": required} if required else {}
    return {"required": required, "allowed": [_spelling(domain) for domain in patterns]}


def _spelling(domain: str) -> str:
    """Return a text whose normal form is the domain: it differs for a domain that itself ends in a slash."""
    try:
        return domain if normal_form(domain) == domain else f"{domain}/"
    except MalformedDomainError:
        return f"{domain}/"


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as YAML is usually written by hand."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's own signature
        super().increase_indent(flow, indentless=False)
