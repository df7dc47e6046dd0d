"""The head of an HTTP/1.1 answer, read strictly: the same head is read once, however many apps get it."""

import http.client
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from requests.structures import CaseInsensitiveDict

LONGEST_HEAD = 1 << 16
"""Bytes; a longer one is none."""

_MOST_HEADERS = 100
_MOST_DIGITS = 18
_WITHOUT_BODY = {204, 304}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_STATUS = re.compile(r"HTTP/1\.(?P<minor>[0-9])\s+(?P<status>[1-9][0-9]{2})(?:\s(?P<reason>.*))?")


@dataclass(frozen=True, slots=True)
class Head:
    """What a head says; never changed, for answers share it.

    Attributes:
        status: the status code.
        reason: the words behind it.
        headers: the values of several headers of one name are joined.
        encoding: the Content-Encoding, in lower case.
        chunked: whether the body comes in chunks.
        length: the body's bytes; None if chunks, or the connection's end, say how many.
        closes: whether no further answer comes on the connection.
    """

    status: int
    reason: str
    headers: CaseInsensitiveDict[str]
    encoding: str
    chunked: bool
    length: int | None
    closes: bool


# The answers of a second differ in their length, if at all: the date is the same, and all else is always.
@lru_cache(64)
def read_head(head: bytes) -> Head:
    """Read a head, without the blank line that ends it.

    Raises:
        BadStatusLine: it does not begin as one does.
        HTTPException: a header is none, there are too many, or they leave open where the body ends.
    """
    first, *lines = head.decode("latin-1").split("\n")
    minor, status, reason = read_status_line(first)
    headers = _headers_of(lines)
    chunked = _is_chunked(headers)
    length = None if chunked else _length(headers)
    if status in _WITHOUT_BODY:
        length = 0
    tokens = {one.strip().lower() for one in headers.get("connection", "").split(",")}
    lasts = "close" not in tokens and (minor > 0 or "keep-alive" in tokens)
    return Head(
        status,
        reason,
        CaseInsensitiveDict(headers),
        headers.get("content-encoding", "").lower() or "identity",
        chunked,
        length,
        closes=not lasts or (length is None and not chunked),
    )


def read_status_line(line: str) -> tuple[int, int, str]:
    """Return the minor version of HTTP/1, the status and its reason.

    Raises:
        BadStatusLine: it is no such line.
    """
    found = _STATUS.fullmatch(line.rstrip())
    if found is None:
        raise http.client.BadStatusLine("(not quoted)")
    return int(found["minor"]), int(found["status"]), (found["reason"] or "").strip()


def _headers_of(lines: Sequence[str]) -> dict[str, str]:
    """Read headers strictly: where peers understand a head differently, one's answer ends in another's."""
    if len(lines) > _MOST_HEADERS:
        raise http.client.HTTPException(f"more than {_MOST_HEADERS} headers")
    headers: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[:1] in {" ", "\t"} and name:  # a folded header goes on (RFC 9112, 5.2)
            headers[name] = f"{headers[name]} {line.strip()}".strip()
            continue
        name, colon, value = line.partition(":")
        name, value = name.lower(), value.strip()
        if not colon or not _NAME.fullmatch(name):
            raise http.client.HTTPException("a line that is no header")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _is_chunked(headers: Mapping[str, str]) -> bool:
    encodings = headers.get("transfer-encoding")
    if encodings is None:
        return False
    if {one.strip().lower() for one in encodings.split(",")} != {"chunked"}:
        raise http.client.HTTPException("an unknown Transfer-Encoding")
    return True


def _length(headers: Mapping[str, str]) -> int | None:
    lengths = headers.get("content-length")
    if lengths is None:
        return None
    distinct = {one.strip() for one in lengths.split(",")}
    length = distinct.pop()
    if distinct or not (length.isascii() and length.isdecimal() and len(length) <= _MOST_DIGITS):
        raise http.client.HTTPException("a Content-Length that says no number of bytes")
    return int(length)
