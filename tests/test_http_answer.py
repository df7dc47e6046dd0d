from __future__ import annotations

import http.client
import itertools
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wx_domain_exporter.wechat.http_answer import Answer, Inbox

if TYPE_CHECKING:
    from wx_domain_exporter.wechat.deadline_socket import DeadlineSocket

GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"errcode": 0}'


class Pieces:
    """A socket that receives these, one after the other, and then the end."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = [piece for piece in pieces if piece]

    def recv(self, _: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def inbox_of(*pieces: bytes) -> Inbox:
    return Inbox(cast("DeadlineSocket", Pieces(*pieces)))


def split(content: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({0, len(content), *(place % len(content) for place in places)})
    return [content[begin:end] for begin, end in itertools.pairwise(cuts)]


@given(st.lists(st.integers(0, 1000)), st.sampled_from([b"\r\n", b"\n"]))
def test_an_answer_is_the_same_however_it_is_cut(places: list[int], end: bytes) -> None:
    inbox = inbox_of(*split(GOOD.replace(b"\r\n", end), places))
    answer = Answer(inbox, "POST")
    assert (answer.head.status, answer.head.reason) == (200, "OK")
    assert dict(answer.head.headers) == {"content-type": "application/json", "content-length": "14"}
    assert not answer.will_close
    assert answer.read(100) == b'{"errcode": 0}'
    assert answer.isclosed()
    assert not inbox


@given(st.lists(st.integers(0, 1000)))
def test_what_comes_after_an_answer_stays_unread(places: list[int]) -> None:
    inbox = inbox_of(*split(GOOD + GOOD, places))
    assert Answer(inbox, "POST").read(100) == b'{"errcode": 0}'
    assert Answer(inbox, "POST").read(100) == b'{"errcode": 0}'
    assert not inbox


@given(st.lists(st.integers(0, 1000)))
def test_chunks_are_put_together(places: list[int]) -> None:
    chunked = (
        b"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n"
    )
    inbox = inbox_of(*split(chunked, places))
    answer = Answer(inbox, "POST")
    assert answer.read(100) + answer.read(100) == b"abcde"
    assert answer.isclosed()
    assert not inbox


@pytest.mark.parametrize(
    ("head", "closes"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive, Close", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\nConnection: close", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-Closed", False),
        (b"HTTP/1.1 200 OK", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\ncontent-length: 0", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 0", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: Chunked", False),
        (b"HTTP/1.1 204 No Content", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 Gone", False),
    ],
)
def test_a_head_says_whether_the_connection_can_be_kept(head: bytes, *, closes: bool) -> None:
    assert Answer(inbox_of(head + b"\r\n\r\n"), "POST").will_close is closes


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", http.client.RemoteDisconnected),
        (b"HTTP/1.1 200 OK", http.client.RemoteDisconnected),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", http.client.RemoteDisconnected),
        (b"HTTP/1.1 100 Continue\r\n\r\n", http.client.RemoteDisconnected),
        (b"hello", http.client.BadStatusLine),
        (b"SSH-2.0-OpenSSH\r\n", http.client.BadStatusLine),
        (b"HTTP/2 200\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 2000 OK\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 OK\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n", http.client.HTTPException),
        (b"HTTP/1.1 200 OK\r\na: " + bytes(70000) + b"\r\n\r\n", http.client.LineTooLong),
        (b"HTTP/1.1 100 Continue\r\n" + b"a: b\r\n" * 101 + b"\r\n", http.client.HTTPException),
        *(
            (b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n", http.client.HTTPException)
            for headers in (
                b"Content-Length: -1",
                b"Content-Length: +2",
                b"Content-Length:",
                b"Content-Length: 1\r\nContent-Length: 2",
                b"Content-Length: " + b"9" * 30,
                b"Content-Length : 1",
                b"Transfer-Encoding : chunked\r\nContent-Length: 1",
                b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 1",
                b"Transfer-Encoding: identity",
                b"Transfer-Encoding:",
                b"no colon",
                b" folded: first",
                b": no name",
            )
        ),
    ],
)
def test_what_is_no_head_has_its_error(content: bytes, kind: type[Exception]) -> None:
    pieces = [content[begin : begin + 1000] for begin in range(0, len(content), 1000)]
    with pytest.raises(kind):
        Answer(inbox_of(*pieces), "POST")


class Silent(Pieces):
    """A socket that goes on waiting after its pieces."""

    def recv(self, _: int) -> bytes:
        assert self.pieces, "nobody may wait for more"
        return super().recv(_)


@pytest.mark.parametrize("content", [b"S", b"SSH-2.0-x\r\n", b"<html>", b"HTTP/1.1 OK\r\n", b"HTTP/2"])
def test_what_is_no_answer_is_told_at_once(content: bytes) -> None:
    inbox = Inbox(cast("DeadlineSocket", Silent(content)))
    with pytest.raises(http.client.BadStatusLine):
        Answer(inbox, "POST")


def test_answers_with_the_same_head_share_it_and_have_bodies_of_their_own() -> None:
    inbox = inbox_of(GOOD, GOOD.replace(b'{"errcode": 0}', b'{"errcode": 1}'))
    first = Answer(inbox, "POST")
    assert first.read(100) == b'{"errcode": 0}'
    second = Answer(inbox, "POST")
    assert second.head is first.head
    assert second.read(100) == b'{"errcode": 1}'


def test_a_transfer_encoding_counts_before_a_content_length() -> None:
    both = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    inbox = inbox_of(both)
    assert Answer(inbox, "POST").read(100) == b"abc"
    assert not inbox


def test_a_long_status_line_is_refused_also_if_it_comes_at_once() -> None:
    with pytest.raises(http.client.LineTooLong):
        Answer(inbox_of(b"HTTP/1.1 200 " + b"x" * 70000 + b"\r\n\r\n"), "POST")
