"""The response to one HTTP/1.1 request, parsed strictly by httptools while it arrives.

Two programs that parse a head differently disagree on where a response ends. What one of them takes for the
rest of it is the next response for the other, which may be that of another app. So ambiguous responses are
refused.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from requests.exceptions import ContentDecodingError, RequestException
from requests.structures import CaseInsensitiveDict

FIRST_BAD_STATUS = 300
"""A redirect is a failure too: following one could send a token to another server."""

LONGEST_HEAD = 1 << 16
"""Bytes of a head, with those of the interim answers before it."""

_MOST_HEADERS = 100
_TOO_MANY_HEADERS = f"the answer has more than {_MOST_HEADERS} headers"
_FIRST_STATUS = 100
_FIRST_FINAL_STATUS = 200
_REQUEST_TIMEOUT = 408
_VERSIONS = {"1.0", "1.1"}
_GZIP = 16 + zlib.MAX_WBITS


class NotHttpError(RequestException):
    """The response is not valid HTTP/1.1, or has more bytes than a call may receive."""


class ResponseTooLargeError(ContentDecodingError):
    """The body, as received or decoded, is larger than the cap."""


class IncompleteResponseError(Exception):
    """The connection was closed before the response was complete."""


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """The headers of a response, and what they say about its body and its connection.

    Attributes:
        by_name: the headers; values of the same name are joined by commas.
        content_encoding: in lower case; `identity` where there is no such header.
        transfer_encoding: in lower case; None where there is no such header.
        has_length: whether there is a Content-Length.
        close: whether the peer closes the connection after the response.
    """

    by_name: CaseInsensitiveDict[str]
    content_encoding: str
    transfer_encoding: str | None
    has_length: bool
    close: bool


@lru_cache(64)  # a head can have 64 KiB
def _parsed(headers: tuple[tuple[bytes, bytes], ...]) -> ResponseHeaders:
    """Parse the headers of a response; those of most responses of a scrape are the same."""
    by_name: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name, value in headers:
        key, text = name.decode("latin-1"), value.decode("latin-1").strip()
        by_name[key] = f"{by_name[key]}, {text}" if key in by_name else text
    transfer_encoding = by_name.get("transfer-encoding")
    options = {option.strip().lower() for option in by_name.get("connection", "").split(",")}
    return ResponseHeaders(
        by_name=by_name,
        content_encoding=by_name.get("content-encoding", "").lower() or "identity",
        transfer_encoding=None if transfer_encoding is None else transfer_encoding.lower(),
        has_length="content-length" in by_name,
        close="close" in options,
    )


class HttpResponse:
    """One response: call `feed` with the received data until it is `complete`, then `close`."""

    __slots__ = (
        "_body",
        "_cap",
        "_head_bytes",
        "_header_list",
        "_parser",
        "_problem",
        "_received",
        "_size",
        "_trailers",
        "_until_eof",
        "complete",
        "has_head",
        "headers",
        "keep_alive",
        "reason",
        "status",
        "surplus",
        "surplus_is_timeout",
    )

    def __init__(self, cap: int) -> None:
        """Expect a response.

        Args:
            cap: the maximum size of the body in bytes, both as received and as decoded.
        """
        self.status = 0
        self.reason = b""
        self.headers = _parsed(())
        self.has_head = False
        self.complete = False
        self.keep_alive = False
        """Whether the connection can be used for further requests."""
        self.surplus = False
        """Whether more data followed the response, although there was no further request."""
        self.surplus_is_timeout = False
        """Whether that was the 408 that a server may send before it closes an idle connection."""
        self._cap = cap
        self._size = 0
        self._body: list[bytes] = []
        self._received = 0
        self._header_list: list[tuple[bytes, bytes]] = []
        """The headers so far, those of interim responses excepted."""
        self._trailers = 0
        """How many headers came after the last chunk of the body."""
        self._head_bytes = 0
        self._problem: str | None = None
        self._until_eof = False
        """Whether the end of the body is the end of the connection."""
        parser = HttpResponseParser(self)
        parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)  # RFC 9112, 2.2
        self._parser: HttpResponseParser | None = parser

    @property
    def started(self) -> bool:
        """Return whether any data was received."""
        return bool(self._received)

    def feed(self, data: bytes) -> None:
        """Parse received data.

        Raises:
            NotHttpError: it is not valid HTTP; raised as soon as that is certain.
            ResponseTooLargeError: the body is larger than the cap.
        """
        if not self._received and not data.startswith(b"H"):  # the parser also accepts other protocols
            raise NotHttpError("the answer is not HTTP")
        self._received += len(data)
        parser = self._parser
        if parser is None:
            raise AssertionError("the response was closed")
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                raise NotHttpError(f"the answer is not HTTP: {type(error).__name__}") from None
            self.surplus = True
        if self._problem is not None:
            raise NotHttpError(self._problem)
        if (self._head_bytes if self.has_head else self._received) > LONGEST_HEAD:
            raise NotHttpError("the head of the answer is too long")
        if self._size > self._cap:
            raise ResponseTooLargeError(f"the body has more than {self._cap} bytes")

    def feed_eof(self) -> None:
        """Handle the end of the connection.

        Raises:
            IncompleteResponseError: the response is not complete.
        """
        if not self._until_eof:
            raise IncompleteResponseError
        self.complete = True

    def close(self) -> None:
        """Release the parser, whose reference to this object would wait for the garbage collector."""
        self._parser = None

    def content(self) -> bytes:
        """Return the body, decoded.

        Raises:
            ContentDecodingError: it does not match its Content-Encoding, or is too large.
        """
        body = b"".join(self._body)
        encoding = self.headers.content_encoding
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

    # The callbacks of the parser. It would hide the type of an exception raised in one of them.

    def on_message_begin(self) -> None:
        """Handle the beginning of a response: an interim one, the final one, or an unexpected further one."""
        self.surplus = self.complete

    def on_status(self, reason: bytes) -> None:
        """Take the reason phrase, or a part of it."""
        if not self.has_head:
            self.reason += reason
            self._head_bytes += len(reason)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; of the trailers after the last chunk only the number counts."""
        if not self.has_head:
            self._header_list.append((name, value))
            return
        self._trailers += 1
        if self._trailers > _MOST_HEADERS:
            self._problem = _TOO_MANY_HEADERS

    def on_headers_complete(self) -> None:
        """Evaluate the head: which status, and where the response ends."""
        parser = self._parser
        if parser is None:
            raise AssertionError("the response was closed")
        status = parser.get_status_code()
        if self.complete:
            self.surplus_is_timeout = status == _REQUEST_TIMEOUT
            return
        if len(self._header_list) > _MOST_HEADERS:
            self._problem = _TOO_MANY_HEADERS
        self._head_bytes += sum(len(name) + len(value) for name, value in self._header_list)
        if status < _FIRST_STATUS or parser.get_http_version() not in _VERSIONS:
            self._problem = "the answer is not HTTP/1.1"
        if status < _FIRST_FINAL_STATUS:
            return
        headers = self.headers = _parsed(tuple(self._header_list))
        self.status, self.has_head = status, True
        self.keep_alive = parser.should_keep_alive() and not headers.close
        encoding = headers.transfer_encoding
        if encoding not in {None, "chunked"}:
            self._problem = "the answer has an unknown Transfer-Encoding"
        # The statuses that have no body, 204 and 304, are complete with their head.
        self._until_eof = encoding is None and not headers.has_length

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if not self.complete:
            self._size += len(data)
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Handle the end of a response; an interim one is followed by another."""
        if self.has_head:
            self.complete = True
        else:
            self.reason = b""
            self._header_list.clear()
