"""What `--baseline` prints: today's lists as a `baselines` block of the configuration."""

import re
from collections.abc import Mapping

import yaml

from wx_domain_exporter.config.loader import AppSettings
from wx_domain_exporter.domains.baseline import has_stray_wildcard, has_wildcard
from wx_domain_exporter.domains.domain_list import DomainList, MalformedDomainError, covers, normal_form

HEAD = "baselines:\n"
# What YAML allows nowhere, not even in a comment, beside the control characters that no name has.
_UNREADABLE = re.compile("[\ufeff\ufffe\uffff]")


def baseline_entry(app: AppSettings, lists: Mapping[str, DomainList], action: str | None = None) -> str:
    """Return one mini program's part of the block: YAML, named after its appid, which makes it that app's.

    Args:
        app: the mini program.
        lists: those of a good answer.
        action: what WeChat is asked for; a baseline for another category would be refused.
    """
    name = f"  # {_UNREADABLE.sub('', app.name)}\n" if app.name != app.appid else ""
    said = {category: _as_it_is(listed) for category, listed in lists.items() if covers(action, category)}
    tree = {app.appid: {category: one for category, one in said.items() if one}}
    text = yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf"))
    return name + "".join(f"  {line}\n" for line in text.rstrip("\n").split("\n"))


def _as_it_is(listed: DomainList) -> dict[str, list[str]]:
    """Return what a list matches, and as few others as can be said.

    A domain that reads as one with a wildcard can't be required. It is allowed, as a wildcard matches itself;
    where it makes no sense as a pattern, nothing is said of what else may be there.
    """
    odd = [domain for domain in listed.domains if has_wildcard(domain)]
    if not odd:
        return {"exact": [_written(domain) for domain in listed.domains]}
    required = [_written(domain) for domain in listed.domains if domain not in odd]
    if any(has_stray_wildcard(domain) for domain in odd):
        return {"required": required} if required else {}
    return {"required": required, "allowed": [_written(domain) for domain in odd]}


def _written(domain: str) -> str:
    """Return a spelling whose normal form is the domain: of what once ended in two slashes, one is left."""
    try:
        return domain if normal_form(domain) == domain else f"{domain}/"
    except MalformedDomainError:
        return f"{domain}/"


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's own signature
        super().increase_indent(flow, indentless=False)
