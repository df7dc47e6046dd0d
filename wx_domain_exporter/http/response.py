"""The answer to one HTTP/1.1 request, as it arrives: read by httptools, and strictly.

Where two programs understand a head differently, the end of one answer is the beginning of another, which may be
another app's. So whatever leaves a doubt is refused.
"""

import zlib

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from requests.exceptions import ContentDecodingError, RequestException

LONGEST_HEAD = 1 << 16
"""Bytes of a head, with those of the interim answers before it."""

_MOST_HEADERS = 100
_FIRST_STATUS = 100
_FIRST_FINAL_STATUS = 200
_REQUEST_TIMEOUT = 408
_WITHOUT_BODY = {204, 304}
_VERSIONS = {"1.0", "1.1"}
_GZIP = 16 + zlib.MAX_WBITS


class NotHttpError(RequestException):
    """What came is not HTTP/1.1, or more than a call may receive."""


class ResponseTooLargeError(ContentDecodingError):
    """A body, as sent or decoded, is larger than the cap; it was read no further."""


class IncompleteResponseError(Exception):
    """The connection was closed before the answer's end."""


class HttpResponse:
    """One answer. `feed` it with what arrives until it is `complete`, then `close` it."""

    __slots__ = (
        *("_cap", "_fed", "_head_bytes", "_parser", "_problem", "_seen", "_size", "_until_eof"),
        *("body", "complete", "goodbye", "has_head", "headers", "keep_alive", "reason", "status", "surplus"),
    )

    def __init__(self, cap: int) -> None:
        """Expect an answer.

        Args:
            cap: how many bytes its body may have, as sent and as decoded.
        """
        self.status = 0
        self.reason = b""
        self.headers: dict[str, str] = {}
        """By name in lower case; the values of several headers of one name are joined."""
        self.body: list[bytes] = []
        self.has_head = False
        self.complete = False
        self.keep_alive = False
        """Whether the peer goes on with further answers on the connection."""
        self.surplus = False
        """Whether something that nobody asked for came right after the answer."""
        self.goodbye = False
        """Whether that was the 408 with which a server may close an idle connection (RFC 9110, 15.5.9)."""
        self._cap = cap
        self._size = 0
        self._fed = 0
        self._seen = 0
        """How many headers there were."""
        self._head_bytes = 0
        self._problem: str | None = None
        self._until_eof = False
        """Whether the body ends with the connection."""
        parser = HttpResponseParser(self)
        parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)  # RFC 9112, 2.2
        self._parser: HttpResponseParser | None = parser

    @property
    def started(self) -> bool:
        """Whether anything of it came."""
        return self._fed > 0

    def feed(self, data: bytes) -> None:
        """Take what arrived.

        Raises:
            NotHttpError: it is no answer; told as soon as it can be seen.
            ResponseTooLargeError: the body has more bytes than the cap.
        """
        if not self._fed and not data.startswith(b"H"):  # the parser knows other protocols too
            raise NotHttpError("the answer is not HTTP")
        self._fed += len(data)
        parser = self._parser
        if parser is None:
            raise AssertionError("a closed response is fed")
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                raise NotHttpError(f"the answer is not HTTP: {type(error).__name__}") from None
            self.surplus = True
        if self._problem is not None:
            raise NotHttpError(self._problem)
        if max(self._head_bytes, 0 if self.has_head else self._fed) > LONGEST_HEAD:
            raise NotHttpError("the head of the answer is too long")
        if self._size > self._cap:
            raise ResponseTooLargeError(f"the body has more than {self._cap} bytes")

    def feed_eof(self) -> None:
        """Note that the peer sends no more.

        Raises:
            IncompleteResponseError: something is missing.
        """
        if not self._until_eof:
            raise IncompleteResponseError
        self.complete = True

    def close(self) -> None:
        """Let go of the parser, which holds the response: Python need not look for that circle."""
        self._parser = None

    def content(self) -> bytes:
        """Return the body, decoded.

        Raises:
            ContentDecodingError: it is not what its Content-Encoding says, or too large.
        """
        body = b"".join(self.body)
        encoding = self.headers.get("content-encoding", "").lower() or "identity"
        if encoding == "identity":
            return body
        if encoding not in {"gzip", "x-gzip"}:
            raise ContentDecodingError("the body has a Content-Encoding that was not asked for")
        decoder = zlib.decompressobj(_GZIP)
        try:
            decoded = decoder.decompress(body, self._cap + 1)
        except zlib.error:
            raise ContentDecodingError("the body is not gzip") from None
        if len(decoded) > self._cap:
            raise ResponseTooLargeError(f"the body has more than {self._cap} bytes")
        if not decoder.eof:
            raise ContentDecodingError("the gzip body ends early")
        return decoded

    # What the parser calls. An exception here would come out of it without its type.

    def on_message_begin(self) -> None:
        """Note that one more answer begins; an interim one, or the final one, is still to come."""
        self.surplus = self.complete

    def on_status(self, reason: bytes) -> None:
        """Take the words behind the status, or a part of them."""
        if not self.has_head:
            self.reason += reason
            self._head_bytes += len(reason)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or what comes like one behind the last chunk, of which only the number counts."""
        self._seen += 1
        if self._seen > _MOST_HEADERS:
            self._problem = f"the answer has more than {_MOST_HEADERS} headers"
        if self.has_head:
            return
        self._head_bytes += len(name) + len(value)
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """Read what the head says of the answer's end."""
        parser = self._parser
        if parser is None:
            raise AssertionError("a closed response is fed")
        status = parser.get_status_code()
        if self.complete:
            self.goodbye = status == _REQUEST_TIMEOUT
            return
        if status < _FIRST_STATUS or parser.get_http_version() not in _VERSIONS:
            self._problem = "the answer is not HTTP/1.1"
        if status < _FIRST_FINAL_STATUS:
            return
        self.status, self.has_head = status, True
        tokens = {one.strip().lower() for one in self.headers.get("connection", "").split(",")}
        self.keep_alive = parser.should_keep_alive() and "close" not in tokens
        encoding = self.headers.get("transfer-encoding")
        if encoding is not None and {one.strip().lower() for one in encoding.split(",")} != {"chunked"}:
            self._problem = "the answer has an unknown Transfer-Encoding"
        bounded = encoding is not None or "content-length" in self.headers or status in _WITHOUT_BODY
        self._until_eof = not bounded

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if not self.complete:
            self._size += len(data)
            self.body.append(data)

    def on_message_complete(self) -> None:
        """Note the end of the answer; after an interim one, the next one is waited for."""
        if self.has_head:
            self.complete = True
        else:
            self.headers, self.reason, self._seen = {}, b"", 0
