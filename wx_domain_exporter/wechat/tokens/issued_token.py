"""Reads a token and its lifetime from a response."""

from dataclasses import dataclass

from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.responses import JsonObject, whole_number

_MAX_TOKEN_LENGTH = 4096
"""WeChat asks callers to reserve 512 characters; its tokens have fewer than 200."""
_MAX_EXPIRES_IN = 30 * 86400.0
_MAX_NUMBER = 10**15


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
