"""The answer to one HTTP/1.1 request: its head is read here, its body by `http.client`."""

import http.client
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import socket

    from wx_domain_exporter.wechat.deadline_socket import DeadlineSocket, DeadlineSSLSocket

_FIRST_FINAL_STATUS = 200
_WITHOUT_BODY = {204, 304}
_MOST_HEADERS = 100
_LONGEST_HEAD = 1 << 16
_BLANK = re.compile(rb"\r?\n\r?\n")
_LONGEST_BLANK = 4
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_BEGIN = b"HTTP/1."
_MOST_DIGITS = 18
_STATUS = re.compile(r"HTTP/1\.(?P<minor>[0-9])\s+(?P<status>[1-9][0-9]{2})(?:\s(?P<reason>.*))?")
_PIECE = 1 << 16
"""Bytes asked of a socket at once: more than a TLS record has, so that nothing is left between."""


class Inbox:
    """What a connection received and nobody has read yet; `http.client` reads it as a file."""

    def __init__(self, sock: "DeadlineSocket | DeadlineSSLSocket") -> None:
        self._sock = sock
        self._received = b""
        self._at = 0
        """Where in it the unread begins: to cut it off for each line would cost more than to read it."""

    def __bool__(self) -> bool:
        """Return whether there is something to read without waiting."""
        return self._at < len(self._received)

    def makefile(self, _mode: str) -> "Inbox":
        """Return what an answer is read from."""
        return self

    def head(self) -> list[str]:
        """Return the lines of a head, up to the blank one.

        Raises:
            RemoteDisconnected: the peer ends before that.
            BadStatusLine: what comes is no begin of an answer; told as soon as it can be seen.
            LineTooLong: no head has so many bytes.
            HTTPException: it has too many headers.
        """
        seen = self._at
        while (end := _BLANK.search(self._received, seen)) is None:
            self._check_begin()
            if len(self._received) - self._at > _LONGEST_HEAD:
                raise http.client.LineTooLong("head")
            seen = max(0, len(self._received) - self._at - _LONGEST_BLANK)
            if not self._receive():
                raise http.client.RemoteDisconnected("the connection was closed in the head of the answer")
        if end.start() - self._at > _LONGEST_HEAD:
            raise http.client.LineTooLong("head")
        lines = self._received[self._at : end.start()].decode("latin-1").split("\n")
        if len(lines) > _MOST_HEADERS + 1:
            raise http.client.HTTPException(f"more than {_MOST_HEADERS} headers")
        self._at = end.end()
        return lines

    def readline(self, limit: int) -> bytes:
        """Return a line with its end; less of one with more than `limit` bytes, or that is cut off."""
        while (end := self._received.find(b"\n", self._at) + 1) == 0 and self._unread < limit:
            if not self._receive():
                break
        return self._take(min(end - self._at if end else limit, limit))

    def read(self, amount: int) -> bytes:
        """Return that many bytes; fewer if the peer sends no more.

        Raises:
            ValueError: it is no number of bytes: what http.client makes of a chunk of -1 bytes.
        """
        if amount < 0:
            raise ValueError("a number of bytes below 0")
        missing = amount - self._unread
        if missing > 0:
            pieces = [self._received[self._at :]]
            while missing > 0 and (piece := self._sock.recv(_PIECE)):
                pieces.append(piece)
                missing -= len(piece)
            self._received, self._at = b"".join(pieces), 0
        return self._take(amount)

    def flush(self) -> None:
        """Do nothing, as a file that is read does."""

    def close(self) -> None:
        """Do nothing: the next answer comes from here too."""

    @property
    def _unread(self) -> int:
        return len(self._received) - self._at

    def _check_begin(self) -> None:
        """Refuse what is no HTTP at once: who speaks another protocol may wait for us as we would for it."""
        begin = self._received[self._at : self._at + len(_BEGIN)]
        line, end, _ = self._received[self._at :].partition(b"\n")
        if begin != _BEGIN[: len(begin)]:
            raise http.client.BadStatusLine("(not quoted)")
        if end:
            _status_line(line.decode("latin-1"))

    def _receive(self) -> bool:
        piece = self._sock.recv(_PIECE)
        self._received, self._at = self._received[self._at :] + piece, 0
        return bool(piece)

    def _take(self, amount: int) -> bytes:
        taken = self._received[self._at : self._at + amount]
        self._at += len(taken)
        return taken


class Answer(http.client.HTTPResponse):
    """An answer of which the head is there; `http.client` reads the body.

    `http.client` alone takes an interim answer for the final one, which would then be that of the next call
    on the connection: another app's. And it reads a head as if it were an e-mail's, which takes longer than
    all the rest.
    """

    headers: Any
    """By name in lower case; the values of several headers of one name are joined."""

    def __init__(self, inbox: Inbox, method: str | None) -> None:
        """Read the head.

        Raises:
            HTTPException: it is none, or too long.
        """
        super().__init__(cast("socket.socket", inbox), method=method)
        first, *rest = inbox.head()
        while (status := _status_line(first))[1] < _FIRST_FINAL_STATUS:
            first, *rest = inbox.head()
        self.version, self.status, self.reason = status
        self.headers = headers = _headers_of(rest)
        self.chunked = _is_chunked(headers)
        self.chunk_left = None
        self.length = None if self.chunked else _length(headers)
        if self.status in _WITHOUT_BODY or method == "HEAD":
            self.length = 0
        self.will_close = self._check_close() or (self.length is None and not self.chunked)

    if TYPE_CHECKING:
        chunked: Any
        chunk_left: Any
        length: Any

        def _check_close(self) -> bool: ...


def _status_line(line: str) -> tuple[int, int, str]:
    found = _STATUS.fullmatch(line.rstrip())
    if found is None:
        raise http.client.BadStatusLine("(not quoted)")
    return (10 if found["minor"] == "0" else 11), int(found["status"]), (found["reason"] or "").strip()


def _headers_of(lines: Sequence[str]) -> dict[str, str]:
    """Read headers strictly: where peers understand a head differently, one's answer ends in another's.

    Raises:
        HTTPException: a line is no header.
    """
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
    """Return whether the body comes in chunks.

    Raises:
        HTTPException: it comes in a way that is not known here, so that its end can't be found.
    """
    encodings = headers.get("transfer-encoding")
    if encodings is None:
        return False
    if {one.strip().lower() for one in encodings.split(",")} != {"chunked"}:
        raise http.client.HTTPException("an unknown Transfer-Encoding")
    return True


def _length(headers: Mapping[str, str]) -> int | None:
    """Return the body's bytes; None, so that the connection's end counts, if nothing says how many.

    Raises:
        HTTPException: there is a Content-Length that is none, or there are several.
    """
    lengths = headers.get("content-length")
    if lengths is None:
        return None
    distinct = {one.strip() for one in lengths.split(",")}
    length = distinct.pop()
    if distinct or not (length.isascii() and length.isdecimal() and len(length) <= _MOST_DIGITS):
        raise http.client.HTTPException("a Content-Length that says no number of bytes")
    return int(length)
