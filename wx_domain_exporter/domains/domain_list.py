"""Lists of domains: their normal form, count and hash. Pure: bytes and HTTP are unknown here."""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

MAX_DOMAIN_LENGTH = 1024
"""Characters; a longer domain makes its answer malformed."""

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

DOCUMENTED_CATEGORIES = tuple(name for name in DEFAULT_LIMITS if name != "tcpdomain")
"""The categories that WeChat documents for getwxadevinfo, in the order of its page."""

SERVER_CATEGORIES = tuple(name for name in DOCUMENTED_CATEGORIES if name != "bizdomain")
"""服务器域名: what wx.request and its siblings may reach; bizdomain (业务域名) is for web-view."""

CATEGORY_PATTERN = re.compile(r"[a-z_]{1,40}domain")
"""What the key of a category looks like, documented or not."""

# C0 and C1 control characters, and the halves of a surrogate pair, which no UTF-8 text can hold.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# What most domains look like that are in normal form already.
_NORMAL = re.compile(r"[a-z]+://[a-z0-9.-]+(?::[0-9]+)?")
_SCHEME_AND_HOST = re.compile(r"\A(?:[^:/?#]*://)?[^/?#]*")


class MalformedDomainError(ValueError):
    """A value that can't be a domain; its text never quotes the value."""


def covers(action: str | None, category: str) -> bool:
    """Whether getwxadevinfo answers with a category when it is asked for an action; None is all."""
    return action is None or (action == "getbizdomain") == (category == "bizdomain")


@dataclass(frozen=True, slots=True)
class DomainList:
    """The distinct normal forms of one category, sorted by code point."""

    lines: str
    """A domain a line: strings of their own would take twice as much room, in each of thousands of apps."""
    count: int
    hash: int
    """The first 48 bits of SHA-256 over the lines: exact in a float64."""

    @classmethod
    def of(cls, forms: Iterable[str]) -> "DomainList":
        """Make the list of some normal forms, in any order."""
        domains = sorted(set(forms))
        lines = "\n".join(domains)
        digest = hashlib.sha256(lines.encode()).digest()
        return cls(lines, len(domains), int.from_bytes(digest[:6], "big"))

    @property
    def domains(self) -> tuple[str, ...]:
        """Return the domains one by one."""
        return tuple(self.lines.split("\n")) if self.lines else ()


def normal_form(value: object) -> str:
    """Return the form in which two spellings of one domain are equal.

    White space around it is stripped, scheme and host become lower case and one trailing slash
    goes; port and path stay.

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
        raise MalformedDomainError("a domain holds a control character")
    form = _SCHEME_AND_HOST.sub(lambda head: head[0].lower(), text, count=1).removesuffix("/")
    if not form:
        raise MalformedDomainError("a domain is empty")
    return form


def domain_list(values: Collection[object], known: DomainList | None = None) -> DomainList:
    """Bring a category as WeChat sent it into normal form.

    Args:
        values: the domains as they were sent.
        known: what the category was before; returned itself if it is the same still.

    Raises:
        MalformedDomainError: one of the values can't be a domain.
    """
    if known is not None and _are_again(values, known):
        return known
    return DomainList.of(map(normal_form, values))


def _are_again(values: Collection[Any], known: DomainList) -> bool:
    """Whether values are the domains of a list, in any order, and their own normal forms."""
    if len(values) != known.count or not _is_final(known.lines):
        return False
    try:
        return "\n".join(sorted(values)) == known.lines
    except TypeError:  # one of them is no text
        return False


def _is_final(lines: str) -> bool:
    """Whether each of some normal forms is its own one for certain.

    `https://a//` becomes `https://a/`, and that `https://a`; behind a slash there may be white space too. It
    is asked of each list of each answer, and so of the whole text at once.
    """
    return lines.isascii() and " " not in lines and "/\n" not in lines and not lines.endswith("/")


EMPTY = domain_list(())
"""What a category without domains is."""
