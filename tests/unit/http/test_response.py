from __future__ import annotations

import dataclasses
import gzip
import itertools
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.exceptions import ContentDecodingError

from wx_domain_exporter.http.response import (
    LONGEST_HEAD,
    HttpResponse,
    IncompleteResponseError,
    NotHttpError,
    ResponseTooLargeError,
)

CAP = 100_000
OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b'Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"errcode": 0}'
CHUNKED = b"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n"


def read(*pieces: bytes, cap: int = CAP) -> HttpResponse:
    """The answer that arrives in these pieces; the peer closes the connection if they are not all of it."""
    response = HttpResponse(cap)
    for piece in pieces:
        response.feed(piece)
    if not response.complete:
        response.feed_eof()
    response.close()
    return response


def split(content: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({0, len(content), *(place % len(content) for place in places)})
    return [content[begin:end] for begin, end in itertools.pairwise(cuts)]


@given(st.lists(st.integers(0, 1000)), st.sampled_from([b"\r\n", b"\n"]))
def test_an_answer_is_the_same_however_it_is_cut(places: list[int], end: bytes) -> None:
    response = read(*split(GOOD.replace(b"\r\n", end), places))
    assert (response.status, response.reason) == (200, b"OK")
    assert dict(response.headers.by_name.lower_items()) == {
        "content-type": "application/json",
        "content-length": "14",
    }
    assert response.keep_alive
    assert not response.surplus
    assert response.content() == b'{"errcode": 0}'


@given(st.lists(st.integers(0, 1000)))
def test_chunks_are_put_together_and_what_comes_behind_them_is_no_header(places: list[int]) -> None:
    response = read(*split(CHUNKED, places))
    assert response.content() == b"abcde"
    assert dict(response.headers.by_name.lower_items()) == {"transfer-encoding": "Chunked"}
    assert response.keep_alive


@pytest.mark.parametrize("content", [GOOD, CHUNKED], ids=["length", "chunks"])
@pytest.mark.parametrize(
    ("more", "goodbye"),
    [
        (GOOD, False),
        (b"H", False),
        (b"x" * 10, False),
        (b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n" + b"a: b\r\n" * 50 + b"\r\n" + bytes(CAP), False),
    ],
    ids=["an answer", "a part of one", "garbage", "a goodbye", "a refusal", "much"],
)
def test_what_comes_after_an_answer_is_no_part_of_it_and_is_told(
    content: bytes, more: bytes, *, goodbye: bool
) -> None:
    response = read(content + more)
    assert response.surplus
    assert response.surplus_is_timeout is goodbye
    assert response.content() in {b'{"errcode": 0}', b"abcde"}
    assert response.status == 200


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (OK + b"Content-Length: 0", True),
        (OK + b"Content-Length: 0\r\nConnection: Keep-Alive, Close", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\nConnection: close", False),
        (OK + b"Content-Length: 0\r\nConnection: X-Closed", True),
        (OK.rstrip(), False),
        (b"HTTP/1.1 204 No Content", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 Gone", True),
    ],
)
def test_a_head_says_whether_the_connection_can_be_kept(head: bytes, *, keep_alive: bool) -> None:
    assert read(head + b"\r\n\r\n").keep_alive is keep_alive


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OK + b"Content-Length: 0\r\n", b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n", GOOD),
        (CHUNKED.removesuffix(b"T: t\r\n\r\n") + b"T: t\r\n", b""),
    ],
    ids=["head", "interim answer", "trailers"],
)
def test_100_headers_are_allowed(before: bytes, after: bytes) -> None:
    headers = [b"a: b\r\n"] * 99
    assert read(before, *headers, b"\r\n" + after).complete
    with pytest.raises(NotHttpError, match="more than 100 headers"):
        read(before, *headers, b"c: d\r\n", b"\r\n" + after)


@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
def test_reason_and_headers_may_have_64_kib(interim: bytes) -> None:
    names = len(b"Content-Length0") + 50 * len(b"abc") + (len(b"Early HintsLinkx") if interim else 0)
    values = 50 * 1001
    reason = b"x" * (65536 - names - values)
    headers = (b"abc: %s\r\n" % (b"v" * 1001)) * 50 + b"Content-Length: 0\r\n\r\n"
    response = read(interim + b"HTTP/1.1 200 " + reason + b"\r\n" + headers)
    assert response.reason == reason
    with pytest.raises(NotHttpError, match="too long"):
        read(interim + b"HTTP/1.1 200 x" + reason + b"\r\n" + headers)


def test_64_kib_may_arrive_before_the_head_is_complete() -> None:
    response = HttpResponse(CAP)
    response.feed((OK + b"a: ").ljust(65536, b"x"))
    with pytest.raises(NotHttpError, match="too long"):
        response.feed(b"x")


def test_the_body_is_no_part_of_the_head() -> None:
    assert read(encoded(bytes(LONGEST_HEAD + 1), "identity")).complete


@pytest.mark.parametrize("status", [b"103 Early Hints", b"199 Other"])
def test_an_interim_answer_leaves_nothing_behind(status: bytes) -> None:
    response = read(b"HTTP/1.1 %s\r\nLink: x\r\n\r\n" % status, GOOD)
    assert (response.status, response.reason) == (200, b"OK")
    assert "link" not in response.headers.by_name
    assert not response.surplus


def test_a_body_without_an_end_of_its_own_ends_with_the_connection() -> None:
    response = read(OK + b"\r\nab", b"cd")
    assert response.content() == b"abcd"
    assert response.complete


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_ends_with_its_head(status: int) -> None:
    response = HttpResponse(CAP)
    response.feed(b"HTTP/1.1 %d\r\n\r\n" % status)
    assert response.complete


def test_before_anything_arrives_nothing_is_known() -> None:
    response = HttpResponse(CAP)
    assert (response.status, response.reason) == (0, b"")
    assert not any((response.has_head, response.complete, response.keep_alive))
    assert not any((response.surplus, response.surplus_is_timeout))
    assert response.started is False


def test_it_starts_with_its_first_byte() -> None:
    response = HttpResponse(CAP)
    response.feed(b"H")
    assert response.started is True


def test_equal_headers_are_parsed_once_and_not_changed() -> None:
    headers = read(GOOD).headers
    assert read(GOOD).headers is headers
    with pytest.raises(dataclasses.FrozenInstanceError):
        headers.close = True  # type: ignore[misc]


@pytest.mark.parametrize(
    "content",
    [b"", OK, OK + b"Content-Length: 0\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", GOOD[:-1], CHUNKED[:-2]],
)
def test_one_that_is_cut_off_is_incomplete(content: bytes) -> None:
    with pytest.raises(IncompleteResponseError):
        read(*split(content, []) if content else ())


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"\r\n" + GOOD,
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"ICE/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nabc",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
        OK + b"a: b\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n" + b"a: b\r\n" * 101 + b"\r\n",
        CHUNKED.removesuffix(b"T: t\r\n\r\n") + b"a: b\r\n" * 101 + b"\r\n",
        OK + b"a: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3000,
        *(
            OK + headers + b"\r\n\r\n"
            for headers in (
                b"Content-Length: -1",
                b"Content-Length: +2",
                b"Content-Length:",
                b"Content-Length: 1\r\nContent-Length: 2",
                b"Content-Length: 1\r\nContent-Length: 1",
                b"Content-Length: 1, 1",
                b"Content-Length: " + b"9" * 30,
                b"Content-Length : 1",
                b"Transfer-Encoding : chunked\r\nContent-Length: 1",
                b"Transfer-Encoding: chunked\r\nContent-Length: 1",
                b"Content-Length: 1\r\nTransfer-Encoding: chunked",
                b"Transfer-Encoding: gzip, chunked",
                b"Transfer-Encoding: chunked, chunked",
                b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                b"Transfer-Encoding: gzip",
                b"Transfer-Encoding: identity",
                b"Transfer-Encoding:",
                b"no colon",
                b" folded: first",
                b"a: b\r\n folded",
                b": no name",
                b"a: b\0c",
            )
        ),
        *(
            OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk
            for chunk in (b"-1\r\n", b"+1\r\n", b"x\r\n", b"f" * 20 + b"\r\n", b"1\r\nab\r\n")
        ),
    ],
)
@pytest.mark.parametrize("size", [1 << 16, 1000])
def test_what_leaves_a_doubt_is_no_answer(content: bytes, size: int) -> None:
    pieces = [content[begin : begin + size] for begin in range(0, len(content), size)]
    with pytest.raises(NotHttpError, match="answer"):
        read(*pieces)


@pytest.mark.parametrize("content", [b"S", b"SSH-2.0-x\r\n", b"<html>", b"HTTP/1.1 OK\r\n", b"HTTP/2 "])
def test_what_is_no_answer_is_told_at_once(content: bytes) -> None:
    with pytest.raises(NotHttpError):
        HttpResponse(CAP).feed(content)


def test_several_headers_of_one_name_are_joined() -> None:
    assert read(OK + b"A: b\r\na:  c \r\nContent-Length: 0\r\n\r\n").headers.by_name["a"] == "b, c"


@pytest.mark.parametrize("cap", [4, 5])
def test_a_body_above_the_cap_is_read_no_further(cap: int) -> None:
    response = HttpResponse(cap)
    response.feed(OK + b"Content-Length: 1000\r\n\r\nabcd")
    if cap == 5:
        response.feed(b"e")
    with pytest.raises(ResponseTooLargeError, match=f"more than {cap} bytes"):
        response.feed(b"f")


def encoded(body: bytes, encoding: str) -> bytes:
    return b"%sContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        OK,
        encoding.encode(),
        len(body),
        body,
    )


@pytest.mark.parametrize("encoding", ["gzip", "X-GZip"])
def test_gzip_is_undone(encoding: str) -> None:
    assert read(encoded(gzip.compress(b"abc"), encoding)).content() == b"abc"


def test_the_encoding_identity_leaves_a_body_as_it_is() -> None:
    assert read(encoded(b"abc", "Identity")).content() == b"abc"


def test_gzip_may_refer_to_what_is_nearly_32_kib_before() -> None:
    body = 3 * random.Random(1).randbytes(30_000)
    packed = gzip.compress(body)
    assert len(packed) < 40_000
    assert read(encoded(packed, "gzip")).content() == body


@pytest.mark.parametrize("cap", [1000, 1001])
def test_a_decoded_body_may_be_as_large_as_the_cap(cap: int) -> None:
    body = bytes(cap)
    assert read(encoded(gzip.compress(body), "gzip"), cap=cap).content() == body
    with pytest.raises(ResponseTooLargeError, match=f"more than {cap} bytes"):
        read(encoded(gzip.compress(body + b"x"), "gzip"), cap=cap).content()


@pytest.mark.parametrize("cap", [4, 5])
def test_no_more_is_decoded_than_shows_that_it_is_too_large(
    monkeypatch: pytest.MonkeyPatch, cap: int
) -> None:
    limits = []

    class Decoder:
        eof = True

        def decompress(self, _: bytes, max_length: int) -> bytes:
            limits.append(max_length)
            return b""

    monkeypatch.setattr(zlib, "decompressobj", lambda _: Decoder())
    read(encoded(b"abc", "gzip"), cap=cap).content()
    assert limits == [cap + 1]


@pytest.mark.parametrize(
    ("body", "encoding", "kind"),
    [
        (b"abc", "gzip", ContentDecodingError),
        (zlib.compress(b"abc"), "gzip", ContentDecodingError),
        (b"", "gzip", ContentDecodingError),
        (gzip.compress(b"abc")[:-1], "gzip", ContentDecodingError),
        (gzip.compress(bytes(CAP + 1)), "gzip", ResponseTooLargeError),
        (b"abc", "br", ContentDecodingError),
        (gzip.compress(b"abc"), "gzip, gzip", ContentDecodingError),
    ],
    ids=["none", "zlib", "empty", "cut off", "too large", "brotli", "twice"],
)
def test_a_body_that_is_not_what_it_says_is_refused(
    body: bytes, encoding: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as caught:
        read(encoded(body, encoding)).content()
    assert type(caught.value) is kind
