"""Removes secrets from texts of other programs, before they are logged."""

import re

MASK = "<secret>"
_MAX_LENGTH = 500

_NAMES = ("token", "secret", "ticket", "password", "passwd")
_NAME = f"(?:{'|'.join(_NAMES)})"  # only the end of a name is matched, because the rest is kept anyway
_ASSIGNED = re.compile(rf"(?i)({_NAME}\s*=\s*|{_NAME}\\?[\"']\s*:\s*)(\\?[\"']?)[^\s\"'&,;}}\\]+")
_AFTER_COLON = re.compile(rf"(?i)({_NAME}\s*:\s*)[^\s\"'&,;}}\\]+")
_USER_OF_URL = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")  # up to the last @, because a password may contain one
_AUTHORIZATION = re.compile(r"(?i)\b(basic|bearer)\s+[\w+/=.~-]{6,}")
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


def redact(text: str) -> str:
    """Return a text of another program, such as an errmsg, as one log line without secrets, shortened."""
    whole = len(text) <= 4 * _MAX_LENGTH
    if not whole:  # a part of a secret would not be recognized
        text = _CUT_OFF.sub("", text[: 4 * _MAX_LENGTH])
    text = _CONTROL.sub(" ", text)
    text = _AFTER_COLON.sub(rf"\1{MASK}", mask_named_secrets(text))
    text = _OPAQUE.sub(MASK, text)
    return text if whole and len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
