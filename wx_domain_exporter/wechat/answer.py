"""Reading what WeChat answers: bytes to JSON, its errcode, and the lists of getwxadevinfo."""

import json
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from wx_domain_exporter.domains import (
    CATEGORY_PATTERN,
    DOCUMENTED_CATEGORIES,
    EMPTY,
    SERVER_CATEGORIES,
    DomainList,
    MalformedDomainError,
    domain_list,
)
from wx_domain_exporter.wechat.errors import DecodeError

MAX_CATEGORIES = 32
"""An answer with more lists than this is malformed."""

_COVERED_BY_ACTION: Mapping[str | None, tuple[str, ...]] = {
    None: DOCUMENTED_CATEGORIES,
    "getserverdomain": SERVER_CATEGORIES,
    "getbizdomain": ("bizdomain",),
}
_MAX_ERRCODE = 10**9

JsonObject = Mapping[str, Any]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_json(body: bytes) -> JsonObject:
    """Decode a body; the Content-Type is no guide, so it is not asked.

    Raises:
        DecodeError: it is not a JSON object in UTF-8.
    """
    if not body:
        raise DecodeError("the answer is empty")
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise DecodeError("the answer is not UTF-8") from None
    except RecursionError:
        raise DecodeError("the answer is nested too deeply") from None
    except ValueError:
        raise DecodeError("the answer is not JSON") from None
    if not isinstance(value, dict):
        raise DecodeError("the answer is not a JSON object")
    return value


def read_errcode(answer: JsonObject) -> int:
    """Return an answer's errcode, which may come as a string; 0 if it has none.

    Raises:
        DecodeError: it is no whole number.
    """
    value = answer.get("errcode")
    if value is None:
        return 0
    if isinstance(value, str):
        text = value.strip()
        if text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= len(str(_MAX_ERRCODE)):
            value = int(text)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MAX_ERRCODE:
        raise DecodeError("the answer's errcode is not a number")
    return value


def read_errmsg(answer: JsonObject) -> str:
    """Return an answer's errmsg as it is: unfit for a label, and for a log before its redaction."""
    value = answer.get("errmsg")
    return value if isinstance(value, str) else ""


def read_categories(
    answer: JsonObject, action: str | None, seen_before: Collection[str]
) -> dict[str, DomainList]:
    """Read the lists of a good answer of getwxadevinfo.

    Args:
        answer: with errcode 0.
        action: what was asked for; it decides which absent categories count as empty.
        seen_before: undocumented categories that this app had; they count as empty when they are absent.

    Returns:
        The lists by category, the documented ones first.

    Raises:
        DecodeError: no list at all, too many, or one that holds something else than domains.
    """
    given = {name: value for name, value in answer.items() if _is_category(name, value)}
    if not given:
        raise DecodeError("the answer holds no list of domains")
    if len(given) > MAX_CATEGORIES:
        raise DecodeError(f"the answer holds more than {MAX_CATEGORIES} lists")
    try:
        lists = {name: domain_list(values) for name, values in given.items()}
    except MalformedDomainError as error:
        raise DecodeError(str(error)) from None
    absent = {name: EMPTY for name in (*_COVERED_BY_ACTION[action], *seen_before) if name not in lists}
    return dict(sorted((lists | absent).items(), key=lambda item: _place(item[0])))


def undocumented(categories: Collection[str]) -> set[str]:
    """Return those of the categories that WeChat does not document for getwxadevinfo."""
    return set(categories).difference(DOCUMENTED_CATEGORIES)


def _is_category(name: str, value: object) -> bool:
    if value is None:
        return False
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if name in DOCUMENTED_CATEGORIES:
        if not is_list:
            raise DecodeError(f"{name} is not a list of strings")
        return True
    return is_list and CATEGORY_PATTERN.fullmatch(name) is not None


def _place(category: str) -> tuple[int, str]:
    documented = category in DOCUMENTED_CATEGORIES
    return (DOCUMENTED_CATEGORIES.index(category) if documented else len(DOCUMENTED_CATEGORIES)), category
