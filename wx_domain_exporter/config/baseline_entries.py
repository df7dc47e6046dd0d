"""Finds domains of a baseline that no list of WeChat can contain, and proposes the right text."""

import re

from wx_domain_exporter.config.typing_mistakes import full_width, half_width
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

For bizdomain see https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/domain-management/modifyJumpDomain.html.
"""
_SCHEME = re.compile(r"(?:https?|wss?|udp|tcp):/*|[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,;|]+")


def mistake_in_entry(category: str, domain: str) -> BilingualText | None:
    """Return why a domain, in normal form, can't be in a list of WeChat; None if it can be."""
    allowed = ", ".join(_proposals(category, domain))
    full_width_character = full_width(domain)
    if full_width_character is not None:
        en, zh = full_width_character.en.partition("; allowed")[0], full_width_character.zh.partition("；")[0]
    elif len(_parts(domain)) > 1:
        en, zh = "contains several domains; each needs an entry of its own", "含有多个域名，应各占一项"
    else:
        scheme, wanted = _scheme(domain), _SCHEMES.get(category)
        if wanted is None or scheme == wanted:
            return None
        en = f"begins with {scheme}://, which {category} never contains" if scheme else "has no scheme"
        zh = f"以 {scheme}:// 开头，而 {category} 中不会有这样的域名" if scheme else "缺少协议"
    return BilingualText(f"{en}; allowed: {one_line(allowed)}", f"{zh}；应为 {one_line(allowed)}")


def _proposals(category: str, domain: str) -> list[str]:
    """Return the domains that are probably meant."""
    return [_with_scheme(category, part) for part in _parts(half_width(domain))]


def _parts(text: str) -> list[str]:
    """Return the domains in a text, several only if each of them looks like one."""
    parts = [part.strip("\"'[]") for part in _SEPARATORS.split(text)]
    parts = [part for part in parts if part]
    return parts if all("." in part or "://" in part for part in parts) else [text]


def _with_scheme(category: str, domain: str) -> str:
    wanted = _SCHEMES.get(category)
    return domain if wanted is None else f"{wanted}://{_SCHEME.sub('', domain, count=1)}"


def _scheme(domain: str) -> str:
    scheme, separator, _ = domain.partition("://")
    return scheme if separator else ""
