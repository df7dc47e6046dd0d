"""The answer to one HTTP/1.1 request: its head is read here, its body by `http.client`."""

import http.client
import re
from typing import TYPE_CHECKING, Any, cast

from wx_domain_exporter.wechat.http_head import LONGEST_HEAD, Head, read_head, read_status_line

if TYPE_CHECKING:
    import socket

    from wx_domain_exporter.wechat.deadline_socket import DeadlineSocket, DeadlineSSLSocket

_FIRST_FINAL_STATUS = 200
_BLANK = re.compile(rb"\r?\n\r?\n")
_LONGEST_BLANK = 4
_BEGIN = b"HTTP/1."
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

    def unread(self) -> bytes:
        """Return what was received and not read."""
        return self._received[self._at :]

    def makefile(self, _mode: str) -> "Inbox":
        """Return what an answer is read from."""
        return self

    def head(self) -> Head:
        """Return what comes up to a blank line.

        Raises:
            RemoteDisconnected: the peer ends before that.
            BadStatusLine: what comes is no begin of an answer; told as soon as it can be seen.
            LineTooLong: no head has so many bytes.
            HTTPException: it is no head.
        """
        seen = self._at
        while (end := _BLANK.search(self._received, seen)) is None:
            if self:
                self._check_begin()
            if len(self._received) - self._at > LONGEST_HEAD:
                raise http.client.LineTooLong("head")
            seen = max(0, len(self._received) - self._at - _LONGEST_BLANK)
            if not self._receive():
                raise http.client.RemoteDisconnected("the connection was closed in the head of the answer")
        if end.start() - self._at > LONGEST_HEAD:
            raise http.client.LineTooLong("head")
        head = read_head(self._received[self._at : end.start()])
        self._at = end.end()
        return head

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
            read_status_line(line.decode("latin-1"))

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

    head: Head

    def __init__(self, inbox: Inbox, method: str | None) -> None:
        """Read the head.

        Raises:
            HTTPException: it is none, or too long.
        """
        super().__init__(cast("socket.socket", inbox), method=method)
        head = inbox.head()
        while head.status < _FIRST_FINAL_STATUS:
            head = inbox.head()
        self.head = head
        self.chunked, self.chunk_left = head.chunked, None
        self.length = 0 if method == "HEAD" else head.length
        self.will_close = head.closes

    if TYPE_CHECKING:
        chunked: Any
        chunk_left: Any
        length: Any
