"""The answer to one HTTP/1.1 request: its head is read here, its body by `http.client`."""

import http.client
import re
from collections.abc import Sequence
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
_STATUS = re.compile(r"HTTP/1\.(?P<minor>[0-9])\s+(?P<status>[1-9][0-9]{2})(?:\s(?P<reason>.*))?")
_PIECE = 1 << 16
"""Bytes asked of a socket at once: more than a TLS record has, so that nothing is left between."""


class Inbox:
    """What a connection received and nobody has read yet; `http.client` reads it as a file."""

    def __init__(self, sock: "DeadlineSocket | DeadlineSSLSocket") -> None:
        self._sock = sock
        self._unread = b""

    def __bool__(self) -> bool:
        """Return whether there is something to read without waiting."""
        return bool(self._unread)

    def makefile(self, _mode: str) -> "Inbox":
        """Return what an answer is read from."""
        return self

    def head(self) -> list[str]:
        """Return the lines of a head, up to the blank one.

        Raises:
            RemoteDisconnected: the peer ends before that.
            BadStatusLine: it ends so, with something that is no begin of an answer.
            LineTooLong: no head has so many bytes.
        """
        seen = 0
        while (end := _BLANK.search(self._unread, seen)) is None:
            if len(self._unread) > _LONGEST_HEAD:
                raise http.client.LineTooLong("head")
            seen = max(0, len(self._unread) - _LONGEST_BLANK)
            if not self._receive():
                if self._unread:
                    _status_line(self._unread.partition(b"\n")[0].decode("latin-1"))
                raise http.client.RemoteDisconnected("the connection was closed in the head of the answer")
        head = self._unread[: end.start()].decode("latin-1")
        self._unread = self._unread[end.end() :]
        return head.split("\n")

    def readline(self, limit: int) -> bytes:
        """Return a line with its end; less of one with more than `limit` bytes, or that is cut off."""
        while (end := self._unread.find(b"\n") + 1) == 0 and len(self._unread) < limit:
            if not self._receive():
                break
        return self._take(min(end or limit, limit))

    def read(self, amount: int) -> bytes:
        """Return that many bytes; fewer if the peer sends no more.

        Raises:
            ValueError: it is no number of bytes: what http.client makes of a chunk of -1 bytes.
        """
        if amount < 0:
            raise ValueError("a number of bytes below 0")
        if len(self._unread) >= amount:
            return self._take(amount)
        pieces, missing = [self._unread], amount - len(self._unread)
        self._unread = b""
        while missing > 0 and (piece := self._sock.recv(_PIECE)):
            pieces.append(piece)
            missing -= len(piece)
        self._unread = b"".join(pieces)
        return self._take(amount)

    def flush(self) -> None:
        """Do nothing, as a file that is read does."""

    def close(self) -> None:
        """Do nothing: the next answer comes from here too."""

    def _receive(self) -> bool:
        piece = self._sock.recv(_PIECE)
        self._unread += piece
        return bool(piece)

    def _take(self, amount: int) -> bytes:
        taken, self._unread = self._unread[:amount], self._unread[amount:]
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
        self.chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(headers.get("content-length", ""))
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
    if len(lines) > _MOST_HEADERS:
        raise http.client.HTTPException(f"more than {_MOST_HEADERS} headers")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _length(text: str) -> int | None:
    """Return what a Content-Length says; None, so that the connection's end counts, if it says nothing."""
    return int(text) if text.isascii() and text.isdecimal() else None
