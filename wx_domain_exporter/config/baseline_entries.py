"""Finds domains of a baseline that no list of WeChat can contain, and proposes the right text."""

import re

from wx_domain_exporter.config.typing_mistakes import full_width_character, half_width, problem_with, variable
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.errcodes.types import BilingualText

_SCHEMES = {
    "requestdomain": "https",
    "wsrequestdomain": "wss",
    "uploaddomain": "https",
    "downloaddomain": "https",
    "udpdomain": "udp",
    "tcpdomain": "tcp",
    "bizdomain": "https",
}
"""The scheme that WeChat requires in each category; others are not documented.

For bizdomain see https://developers.weixin.qq.com/doc/oplatform/en/openApi/OpenApiDoc/miniprogram-management/domain-management/modifyJumpDomain.html.
"""
_SCHEME = re.compile(r"(?:https?|wss?|udp|tcp):/*|[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,;|]+")
_UNUSUAL = re.compile(r"[\s,;|$]")


def mistake_in_entry(category: str, domain: str) -> BilingualText | None:
    """Return why a domain, in normal form, can't be in a list of WeChat; None if it can be."""
    wanted = _SCHEMES.get(category)
    has_right_scheme = wanted is None or domain.startswith(f"{wanted}://")
    if has_right_scheme and domain.isascii() and not _UNUSUAL.search(domain):
        return None  # as most are
    unreplaced = variable(domain, secret=False)
    if unreplaced is not None:
        return unreplaced
    char, scheme = full_width_character(domain), _scheme(domain)
    if char is not None:
        problem = problem_with(char)
    elif len(_parts(domain)) > 1:
        problem = BilingualText("contains several domains", "含有多个域名")
    elif has_right_scheme:
        return None
    elif scheme:
        problem = BilingualText(
            f"begins with {scheme}://, which {category} never contains",
            f"以 {scheme}:// 开头，而 {category} 中不会有这样的域名",
        )
    else:
        problem = BilingualText("has no scheme", "缺少协议")
    proposals = _proposals(category, domain)
    listed = one_line(", ".join(proposals))
    each = BilingualText(" (an entry each)", "（各占一项）") if len(proposals) > 1 else BilingualText("", "")
    return BilingualText(f"{problem.en}; allowed: {listed}{each.en}", f"{problem.zh}；应为 {listed}{each.zh}")


def _proposals(category: str, domain: str) -> list[str]:
    """Return the domains that are probably meant."""
    return [_with_scheme(category, part) for part in _parts(half_width(domain))]


def _parts(text: str) -> list[str]:
    """Return the domains in a text, several only if each of them looks like one."""
    parts = [part.strip("\"'[]") for part in _SEPARATORS.split(text)]
    parts = [part for part in parts if part]
    return parts if parts and all("." in part or "://" in part for part in parts) else [text]


def _with_scheme(category: str, domain: str) -> str:
    wanted = _SCHEMES.get(category)
    return domain if wanted is None else f"{wanted}://{_SCHEME.sub('', domain, count=1)}"


def _scheme(domain: str) -> str:
    scheme, separator, _ = domain.partition("://")
    return scheme if separator else ""
