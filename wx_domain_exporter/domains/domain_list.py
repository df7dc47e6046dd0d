"""Lists of domains: their normal form, count and hash."""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

MAX_DOMAIN_LENGTH = 1024
"""The maximum number of characters; an answer with a longer domain is malformed."""

DEFAULT_LIMITS = {
    "requestdomain": 200,
    "wsrequestdomain": 200,
    "uploaddomain": 200,
    "downloaddomain": 200,
    "udpdomain": 200,
    "tcpdomain": 200,
    "bizdomain": 300,
}
"""WeChat's maximum number of domains, by category."""

PLATFORM_LIMITS = {"wxa_server_domain": 1000, "wxa_jump_h5_domain": 300}
"""WeChat's maximum number of domains of a third-party platform itself, by category."""

DOCUMENTED_CATEGORIES = tuple(name for name in DEFAULT_LIMITS if name != "tcpdomain")
"""The categories that WeChat documents for getwxadevinfo, in the order of its documentation."""

SERVER_CATEGORIES = tuple(name for name in DOCUMENTED_CATEGORIES if name != "bizdomain")
"""服务器域名, for wx.request and similar APIs; bizdomain (业务域名) is for web-view."""

CATEGORY_PATTERN = re.compile(r"[a-z_]{1,40}domain")
"""The keys of categories, documented or not."""

# C0 and C1 control characters, and the halves of a surrogate pair, which no UTF-8 text can hold.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Matches most domains that are already in normal form.
_NORMAL = re.compile(r"[a-z]+://[a-z0-9.-]+(?::[0-9]+)?")
_SCHEME_AND_HOST = re.compile(r"\A(?:[^:/?#]*://)?[^/?#]*")


class MalformedDomainError(ValueError):
    """A value is not a domain; the message never quotes the value."""


def covers(action: str | None, category: str) -> bool:
    """Whether the answer to an action of getwxadevinfo includes a category; None is all categories."""
    return action is None or (action == "getbizdomain") == (category == "bizdomain")


@dataclass(frozen=True, slots=True)
class DomainList:
    """The distinct normal forms of one category, sorted by code point."""

    lines: str
    """One domain per line: separate strings would need twice the memory, for each of thousands of apps."""
    count: int
    hash: int
    """The first 48 bits of the SHA-256 of the lines, which are exact in a float64."""

    @classmethod
    def of(cls, forms: Iterable[str]) -> "DomainList":
        """Make a list of normal forms, which may be in any order."""
        domains = sorted(set(forms))
        lines = "\n".join(domains)
        digest = hashlib.sha256(lines.encode()).digest()
        return cls(lines, len(domains), int.from_bytes(digest[:6], "big"))

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains, sorted."""
        return tuple(self.lines.split("\n")) if self.lines else ()


def normal_form(value: object) -> str:
    """Return the normal form of a domain, which is the same for all its spellings.

    Surrounding white space and one trailing slash are removed, and scheme and host are in lower case. Port
    and path are kept.

    Raises:
        MalformedDomainError: not a string, empty, with a control character, or too long.
    """
    if not isinstance(value, str):
        raise MalformedDomainError("a domain is not a string")
    text = value.strip()
    if len(text) > MAX_DOMAIN_LENGTH:
        raise MalformedDomainError(f"a domain has more than {MAX_DOMAIN_LENGTH} characters")
    if _NORMAL.fullmatch(text):
        return text
    if _UNPRINTABLE.search(text):
        raise MalformedDomainError("a domain contains a control character")
    form = _SCHEME_AND_HOST.sub(lambda head: head[0].lower(), text, count=1).removesuffix("/")
    if not form:
        raise MalformedDomainError("a domain is empty")
    return form


def domain_list(values: Collection[object], known: DomainList | None = None) -> DomainList:
    """Return the domains of a category, as sent by WeChat, in normal form.

    Args:
        values: the domains as sent.
        known: the previous list of the category; the same object is returned if nothing has changed.

    Raises:
        MalformedDomainError: one of the values is not a domain.
    """
    if known is not None and _are_unchanged(values, known):
        return known
    return DomainList.of(map(normal_form, values))


def _are_unchanged(values: Collection[Any], known: DomainList) -> bool:
    """Whether values are the domains of a list, in any order, and already in normal form."""
    if len(values) != known.count or not _is_final(known.lines):
        return False
    try:
        return "\n".join(sorted(values)) == known.lines
    except TypeError:  # one of them is not a string
        return False


def _is_final(lines: str) -> bool:
    """Whether normalizing these normal forms again certainly changes nothing.

    It could change `https://a/`, which is the normal form of `https://a//`, and a domain with white space
    that was followed by a slash. All lines are checked at once, because this runs for each list of an answer.
    """
    return lines.isascii() and " " not in lines and "/\n" not in lines and not lines.endswith("/")


EMPTY = domain_list(())
"""The list of a category without domains."""
