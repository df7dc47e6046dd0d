"""Removes secrets from texts of other programs, before they are logged."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, quote_plus

MASK = "<secret>"
_MAX_LENGTH = 500
_MAX_SEARCHED = 1 << 16
_SHORTEST_SECRET = 4
"""Shorter ones are not searched for, because they occur in words."""

_NAMES = ("token", "secret", "ticket", "password", "passwd")
_NAME = f"(?:{'|'.join(_NAMES)})"  # only the end of a name is matched, because the rest is kept anyway
_ASSIGNED = re.compile(rf"(?i)({_NAME}\s*=\s*|{_NAME}\\?[\"']\s*:\s*)(\\?[\"']?)[^\s\"'&,;}}\\]+")
_AFTER_COLON = re.compile(rf"(?i)({_NAME}\s*:\s*)[^\s\"'&,;}}\\]+")
# Up to the last @, because a password may contain one; the place-holder of our own messages is kept.
_USER_OF_URL = re.compile(r"(?<=://)(?!\[USER:PASSWORD@\])[^/?#\s\"'<>]*@")
# A plain word after "basic" is no credential, as in "Basic Constraints".
_AUTHORIZATION = re.compile(
    r"\b([Bb][Aa][Ss][Ii][Cc]|[Bb][Ee][Aa][Rr][Ee][Rr])\s+(?![A-Z]?[a-z]+(?![\w+/=~]|[.-]\w))[\w+/=.~-]{6,}"
)
# An appsecret has 32 characters, tokens and tickets have far more; a request id has about 26, with hyphens.
_OPAQUE = re.compile(r"[A-Za-z0-9_@+=-]{32,}")
_CUT_OFF = re.compile(r"[A-Za-z0-9_@+=-]*\Z")
# A text without any of these characters contains no marked secret.
_MARKER = re.compile(r"[=:@\s]")
# Control characters, and those that end a line or change the direction of writing.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


def mask_named_secrets(text: str) -> str:
    """Mask values that follow the name of a secret or an authorization scheme, and users in URLs."""
    if not _MARKER.search(text):
        return text
    if "@" in text:
        text = _USER_OF_URL.sub(f"{MASK}@", text)
    text = _AUTHORIZATION.sub(rf"\1 {MASK}", text)
    folded = text.casefold()  # searching for the names is far cheaper than the pattern
    return _ASSIGNED.sub(rf"\1\2{MASK}", text) if any(name in folded for name in _NAMES) else text


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """Return a text of another program, such as an errmsg, as one log line without secrets, shortened.

    Args:
        text: the text.
        secrets: what the other program was sent, and may send back.
    """
    whole = len(text) <= _MAX_SEARCHED
    text = _mask_exactly(text, [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET])
    if len(text) > 4 * _MAX_LENGTH:  # a part of a secret would not be recognized
        whole = False
        text = _CUT_OFF.sub("", text[: 4 * _MAX_LENGTH])
    text = _CONTROL.sub(" ", text)
    text = _AFTER_COLON.sub(rf"\1{MASK}", mask_named_secrets(text))
    text = _OPAQUE.sub(MASK, text)
    return text if whole and len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"


def _mask_exactly(text: str, secrets: Sequence[str]) -> str:
    """Mask these secrets, also where they are quoted or encoded."""
    if not text or not secrets:
        return text
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    is_cut = len(text) > _MAX_SEARCHED
    text = text[:_MAX_SEARCHED]
    for form in forms:
        text = text.replace(form, MASK)
    return text[: -len(forms[0])] if is_cut else text  # the end may be a part of a secret


def _forms(secret: str) -> Iterator[str]:
    """Yield the forms in which programs write a text: as it is, and escaped for URLs, JSON and HTML."""
    yield secret
    for encoded in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
        yield quote(encoded, safe="")
    for escaped in (json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        yield escaped[1:-1]
        yield escaped[1:-1].replace("/", r"\/")
        yield json.dumps(escaped[1:-1])[1:-1]
    yield html.escape(secret)
