"""Parses responses of WeChat: JSON, the errcode, and the lists of getwxadevinfo."""

import codecs
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from wx_domain_exporter.domains.domain_list import (
    CATEGORY_PATTERN,
    DOCUMENTED_CATEGORIES,
    EMPTY,
    DomainList,
    MalformedDomainError,
    covers,
    domain_list,
)
from wx_domain_exporter.errcodes.lookup import cooldown_after
from wx_domain_exporter.wechat.errors import ApiError, DecodeError, QuotaError

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

MAX_CATEGORIES = 32
"""A response with more lists than this is malformed."""

_COSTLY_BYTES = 1 << 18
"""Full lists of usual domains have a quarter of this. Parsing more takes so long that other apps wait."""

_MAX_ERRCODE = 10**9
_WHOLE_NUMBER = re.compile(r"(-?[0-9]{1,20})(?:\.0{1,20})?")

JsonObject = Mapping[str, Any]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class ResponseParser(Protocol[Result_co]):
    """Parses the responses of one API."""

    def parse(self, api: str, body: bytes, secrets: Sequence[str] = ()) -> Result_co:
        """Return the result of a response.

        Args:
            api: the name of the API.
            body: the body of the response.
            secrets: what the request contained; masked in errors.

        Raises:
            ApiError: the errcode is not 0.
            DecodeError: the response is malformed.
        """


class JsonParser(Generic[Result]):
    """Parses each response with a function, without a cache."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[JsonObject], Result]) -> None:
        """Create a parser.

        Args:
            read: returns the result of a response with errcode 0, or raises DecodeError.
        """
        self._read = read

    def parse(self, api: str, body: bytes, secrets: Sequence[str] = ()) -> Result:
        """Return the result of a response; see `ResponseParser.parse`."""
        return self._read(successful_answer(api, body, secrets))


AS_JSON = JsonParser[JsonObject](lambda answer: answer)
"""Returns the whole JSON object."""


class DomainListsParser:
    """Parses one app's responses of getwxadevinfo; a repeated response is not parsed again.

    Not safe to share between threads, except `forget`.
    """

    __slots__ = ("_action", "_last", "is_costly", "known", "seen")

    def __init__(self, action: str | None) -> None:
        """Create a parser that knows no lists of the app.

        Args:
            action: the `action` of the requests; it decides which absent categories count as empty.
        """
        self._action = action
        self.seen: tuple[str, ...] = ()
        """The undocumented categories that the app had before."""
        self.known: Mapping[str, DomainList] | None = None
        """The app's previous lists; a list that did not change is returned as the same object."""
        self.is_costly = False
        """Whether the last response was changed and far larger than full lists are."""
        self._last: tuple[bytes, Mapping[str, DomainList]] | None = None
        """The digest of the last successful response, and its lists."""

    def parse(self, api: str, body: bytes, secrets: Sequence[str] = ()) -> Mapping[str, DomainList]:
        """Return the lists of a response; the same object as before if they did not change."""
        digest = sha256(body).digest()  # keeping the bytes would take a kilobyte for each app
        last = self._last
        if last is not None and last[0] == digest:
            self.is_costly = False
            return last[1]
        self.is_costly = len(body) > _COSTLY_BYTES
        lists = self.read(successful_answer(api, body, secrets))
        if last is not None and last[1] == lists:
            lists = last[1]
        self._last = digest, lists
        self.known = lists
        return lists

    def read(self, answer: JsonObject) -> Mapping[str, DomainList]:
        """Return the lists of a response with errcode 0."""
        lists = read_categories(answer, self._action, self.seen, self.known)
        self.seen = undocumented_categories(self.seen, lists, DOCUMENTED_CATEGORIES)
        return lists

    def forget(self) -> None:
        """Discard what is known, because it may belong to another app."""
        self._last = self.known = None
        self.seen = ()


def successful_answer(api: str, body: bytes, secrets: Sequence[str]) -> JsonObject:
    """Return the JSON object of a response whose errcode is 0.

    Raises:
        ApiError: the errcode is not 0.
        DecodeError: the response is malformed.
    """
    answer = read_json(body)
    errcode = read_errcode(answer)
    if errcode != 0:
        error = QuotaError if cooldown_after(api, errcode) else ApiError
        raise error(api, errcode, read_errmsg(answer), secrets)
    return answer


def read_json(body: bytes) -> JsonObject:
    """Parse a body as JSON, whatever its Content-Type says.

    Raises:
        DecodeError: it is not a JSON object in UTF-8.
    """
    if not body:
        raise DecodeError("the answer is empty")
    try:
        value = _DECODER.decode(body.removeprefix(codecs.BOM_UTF8).decode())
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
    """Return the errcode of a response, which may be a string; 0 if it is missing.

    Raises:
        DecodeError: it is not a whole number.
    """
    value = answer.get("errcode")
    if value is None:
        return 0
    errcode = whole_number(value, _MAX_ERRCODE)
    if errcode is None:
        raise DecodeError("the answer's errcode is not a number")
    return errcode


def whole_number(value: object, maximum: int) -> int | None:
    """Return a whole number; None if the value is none, or beyond ±`maximum`.

    Gateways between WeChat and its callers turn whole numbers into floats, and both into strings: `7200`,
    `7200.0`, `"7200"` and `"7200.0"` are the same number.
    """
    if isinstance(value, str):
        match = _WHOLE_NUMBER.fullmatch(value.strip())
        return None if match is None else whole_number(int(match[1]), maximum)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= maximum:
        return None
    return int(value) if value == int(value) else None


def read_errmsg(answer: JsonObject) -> str:
    """Return the unredacted errmsg of a response; it must not be a label, nor be logged as it is."""
    value = answer.get("errmsg")
    return value if isinstance(value, str) else ""


def read_categories(
    answer: JsonObject,
    action: str | None,
    seen_before: Collection[str],
    known: Mapping[str, DomainList] | None = None,
) -> dict[str, DomainList]:
    """Return the lists of a successful response of getwxadevinfo.

    Args:
        answer: the response, with errcode 0.
        action: the `action` of the request; it decides which absent categories count as empty.
        seen_before: undocumented categories that this app had; they count as empty when they are absent.
        known: the app's previous lists; a list that did not change is returned as the same object.

    Returns:
        The lists by category, the documented ones first.

    Raises:
        DecodeError: there is no list, there are too many, or one has an item that is not a domain.
    """
    covered = [category for category in DOCUMENTED_CATEGORIES if covers(action, category)]
    return read_lists(answer, DOCUMENTED_CATEGORIES, covered, seen_before, known)


def read_lists(
    json_object: JsonObject,
    documented: Sequence[str],
    covered: Sequence[str],
    seen_before: Collection[str],
    known: Mapping[str, DomainList] | None = None,
) -> dict[str, DomainList]:
    """Return the lists of domains in an object of a response.

    Args:
        json_object: the object.
        documented: the categories that WeChat documents for it, in the order of its page.
        covered: those of them that count as empty when they are absent.
        seen_before: other categories that the app had; they count as empty when they are absent.
        known: the app's previous lists; a list that did not change is returned as the same object.

    Returns:
        The lists by category, the documented ones first.

    Raises:
        DecodeError: there is no list, there are too many, or one has an item that is not a domain.
    """
    # Thousands of apps share the known names, which saves memory. Other names are not interned, because some
    # versions of Python would keep them for ever.
    known_names = {name: name for name in (*documented, *seen_before)}
    domains = {
        known_names.get(name, name): value
        for name, value in json_object.items()
        if _is_category(name, value, documented)
    }
    if not domains:
        raise DecodeError("the answer has no list of domains")
    if len(domains) > MAX_CATEGORIES:
        raise DecodeError(f"the answer has more than {MAX_CATEGORIES} lists")
    try:
        lists = {name: domain_list(values, (known or {}).get(name)) for name, values in domains.items()}
    except MalformedDomainError as error:
        raise DecodeError(str(error)) from None
    for name in (*covered, *seen_before):
        lists.setdefault(name, EMPTY)
    return {name: lists[name] for name in (*documented, *sorted(lists)) if name in lists}


def undocumented_categories(
    seen: tuple[str, ...], categories: Collection[str], documented: Collection[str]
) -> tuple[str, ...]:
    """Return all undocumented categories seen so far, up to a limit."""
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
