"""Reads a token and its lifetime from a response."""

import codecs
import re
from dataclasses import dataclass
from datetime import datetime

from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.responses import JsonObject, whole_number

_MAX_TOKEN_LENGTH = 4096
"""WeChat asks callers to reserve 512 characters; its tokens have fewer than 200."""
_MAX_EXPIRES_IN = 30 * 86400.0
_MAX_NUMBER = 10**15
_FIRST_UNIX_TIME, _FIRST_MILLISECONDS = 10**9, 10**12
"""In seconds this is the year 2001 as a time, and 31 years as a lifetime."""
_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=|@!:-]+")
"""The characters of WeChat's tokens, and some that gateways add."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was just issued.

    Attributes:
        token: the token.
        expires_in: the seconds from now until it expires.
    """

    token: str
    expires_in: float


def read_issued_token(answer: JsonObject, key: str) -> IssuedToken:
    """Read the response of one of WeChat's token APIs.

    Args:
        answer: the response, with errcode 0.
        key: the key of the token.

    Raises:
        DecodeError: it has no valid token or lifetime.
    """
    token = as_token(answer.get(key))
    if token is None:
        raise DecodeError(f"the answer has no {key}")
    expires_in = as_expires_in(answer.get("expires_in"))
    if expires_in is None:
        raise DecodeError("the answer has no expires_in")
    return IssuedToken(token, expires_in)


def as_token(value: object) -> str | None:
    """Return a value that can be sent as a token; None for any other."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TOKEN_LENGTH:
        return None
    return value if value.isascii() and value.isprintable() else None


def as_expires_in(value: object) -> float | None:
    """Return a lifetime in whole seconds, 30 days at most; None if the value is none above 0."""
    seconds = whole_number(value, _MAX_NUMBER)
    return None if seconds is None or seconds <= 0 else min(float(seconds), _MAX_EXPIRES_IN)


def read_text_token(body: bytes) -> str:
    """Read a response that is nothing but a token.

    Raises:
        DecodeError: it is something else, such as a page or a JSON object.
    """
    text = body.removeprefix(codecs.BOM_UTF8).decode("latin-1").strip()
    if as_token(text) is None or not _TOKEN.fullmatch(text):
        raise DecodeError("the answer is no token: response_format text expects nothing else")
    return text


def is_unix_time(value: object) -> bool:
    """Return whether a number of seconds or milliseconds is too large for a lifetime, but fits a time."""
    return _unix_time(value) is not None


def seconds_until(value: object, now: float) -> float | None:
    """Return the seconds until a time, 30 days at most; None if it is no time, or has passed.

    Args:
        value: a Unix time in seconds or milliseconds, or a time by RFC 3339.
        now: the Unix time.
    """
    at = _unix_time(value)
    if at is None:
        try:
            parsed = datetime.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            return None
        if parsed.tzinfo is None:  # RFC 3339 requires an offset: without one, nobody knows which time it is
            return None
        at = parsed.timestamp()
    return min(at - now, _MAX_EXPIRES_IN) if at > now else None


def _unix_time(value: object) -> float | None:
    """Return a Unix time in seconds for a number of seconds or milliseconds; None if it is no time."""
    number = whole_number(value, _MAX_NUMBER)
    if number is None or number < _FIRST_UNIX_TIME:
        return None
    return number / 1000 if number >= _FIRST_MILLISECONDS else float(number)
