"""Reading what WeChat answers: bytes to JSON, its errcode, and the lists of getwxadevinfo."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

from wx_domain_exporter.lists.domains import (
    CATEGORY_PATTERN,
    DOCUMENTED_CATEGORIES,
    EMPTY,
    DomainList,
    MalformedDomainError,
    covers,
    domain_list,
)
from wx_domain_exporter.wechat.errors import DecodeError

MAX_CATEGORIES = 32
"""An answer with more lists than this is malformed."""

_MAX_ERRCODE = 10**9

JsonObject = Mapping[str, Any]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def read_json(body: bytes) -> JsonObject:
    """Decode a body; the Content-Type is no guide, so it is not asked.

    Raises:
        DecodeError: it is not a JSON object in UTF-8.
    """
    if not body:
        raise DecodeError("the answer is empty")
    try:
        value = _DECODER.decode(body.decode("utf-8-sig"))
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
    errcode = whole_number(value, _MAX_ERRCODE)
    if errcode is None:
        raise DecodeError("the answer's errcode is not a number")
    return errcode


def whole_number(value: object, most: int) -> int | None:
    """Return a number that came as a number or as a string; None if it is none, or beyond ±`most`."""
    if isinstance(value, str):
        text = value.strip()
        if text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= len(str(most)):
            value = int(text)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > most:
        return None
    return value


def read_errmsg(answer: JsonObject) -> str:
    """Return an answer's errmsg as it is: unfit for a label, and for a log before its redaction."""
    value = answer.get("errmsg")
    return value if isinstance(value, str) else ""


def read_categories(
    answer: JsonObject,
    action: str | None,
    seen_before: Collection[str],
    known: Mapping[str, DomainList] | None = None,
) -> dict[str, DomainList]:
    """Read the lists of a good answer of getwxadevinfo.

    Args:
        answer: with errcode 0.
        action: what was asked for; it decides which absent categories count as empty.
        seen_before: undocumented categories that this app had; they count as empty when they are absent.
        known: its lists before; those that are the same still are returned themselves.

    Returns:
        The lists by category, the documented ones first.

    Raises:
        DecodeError: no list at all, too many, or one that holds something else than domains.
    """
    covered = [category for category in DOCUMENTED_CATEGORIES if covers(action, category)]
    return read_lists(answer, DOCUMENTED_CATEGORIES, covered, seen_before, known)


def read_lists(
    holder: JsonObject,
    documented: Sequence[str],
    covered: Sequence[str],
    seen_before: Collection[str],
    known: Mapping[str, DomainList] | None = None,
) -> dict[str, DomainList]:
    """Read the lists of domains that an object of an answer holds.

    Args:
        holder: the object.
        documented: the categories that WeChat documents for it, in the order of its page.
        covered: those of them that count as empty when they are absent.
        seen_before: other categories that the app had; they count as empty too.
        known: the app's lists before; those that are the same still are returned themselves.

    Returns:
        The lists by category, the documented ones first.

    Raises:
        DecodeError: no list at all, too many, or one that holds something else than domains.
    """
    # Each answer comes with names of its own; thousands of apps have the same. To intern what a peer made up
    # would keep it for ever on some versions of Python.
    known_names = {name: name for name in (*documented, *seen_before)}
    given = {
        known_names.get(name, name): value
        for name, value in holder.items()
        if _is_category(name, value, documented)
    }
    if not given:
        raise DecodeError("the answer holds no list of domains")
    if len(given) > MAX_CATEGORIES:
        raise DecodeError(f"the answer holds more than {MAX_CATEGORIES} lists")
    try:
        lists = {name: domain_list(values, (known or {}).get(name)) for name, values in given.items()}
    except MalformedDomainError as error:
        raise DecodeError(str(error)) from None
    for name in (*covered, *seen_before):
        lists.setdefault(name, EMPTY)
    others = sorted(lists.keys() - set(documented))
    return {name: lists[name] for name in (*documented, *others) if name in lists}


def remember(
    seen: tuple[str, ...], categories: Collection[str], documented: Collection[str]
) -> tuple[str, ...]:
    """Return the undocumented categories, also those seen before; a peer can't make them grow without end."""
    new = sorted(set(categories).difference(documented, seen))
    return (*seen, *new)[:MAX_CATEGORIES]


def _is_category(name: str, value: object, documented: Collection[str]) -> bool:
    if value is None:
        return False
    is_list = isinstance(value, list) and set(map(type, value)) <= {str}
    if name in documented:
        if not is_list:
            raise DecodeError(f"{name} is not a list of strings")
        return True
    return is_list and CATEGORY_PATTERN.fullmatch(name) is not None
