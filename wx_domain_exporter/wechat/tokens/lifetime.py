"""Reading a token and its life from an answer."""

from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.responses import JsonObject
from wx_domain_exporter.wechat.tokens.source import Lease

_LONGEST_LIFE = 30 * 86400.0


def read_lease(answer: JsonObject, key: str) -> Lease:
    """Read the answer of one of WeChat's token APIs.

    Args:
        answer: with errcode 0.
        key: under which the token stands.

    Raises:
        DecodeError: it holds no token, or no life.
    """
    token = as_token(answer.get(key))
    if token is None:
        raise DecodeError(f"the answer holds no {key}")
    life = as_life(answer.get("expires_in"))
    if life is None:
        raise DecodeError("the answer holds no expires_in")
    return Lease(token, life)


def as_token(value: object) -> str | None:
    """Return a value if it can travel as a token, else None."""
    return value if isinstance(value, str) and value and value.isascii() and value.isprintable() else None


def as_life(value: object) -> float | None:
    """Return the seconds that a value says, also as a string, 30 days at most; None if it says none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:12])
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return None
    return min(float(value), _LONGEST_LIFE)
