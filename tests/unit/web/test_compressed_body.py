from __future__ import annotations

import asyncio
import gzip
import random
from typing import TYPE_CHECKING

import pytest
from helpers.asgi import Client
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from wx_domain_exporter.web.answer_memory import AnswerMemory
from wx_domain_exporter.web.compressed_body import PIECE_BYTES, CompressedBody
from wx_domain_exporter.web.compressed_response import CompressedResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

LINES = [b"%d %d\n" % (line, line * line) for line in range(100_000)]
TEXT = b"".join(LINES)
NOISE = random.Random(1).randbytes(1000)


def response(
    body: CompressedBody, memory: AnswerMemory | None = None, headers: Mapping[str, str] | None = None
) -> CompressedResponse:
    encoded = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    request = Request({"type": "http", "headers": encoded})
    return CompressedResponse(body, request, memory or AnswerMemory(), {"Vary": "Accept"})


def received(one: CompressedResponse, method: str = "GET") -> Client:
    async def ask() -> Client:
        client = Client(method)
        client.reads.set()
        await client.ask(one)
        return client

    return asyncio.run(ask())


class TestBody:
    @given(st.lists(st.binary(max_size=2 * PIECE_BYTES), max_size=5))
    def test_it_comes_out_as_it_went_in(self, parts: list[bytes]) -> None:
        body = CompressedBody.of(parts)
        text = b"".join(parts)
        assert b"".join(body.text_pieces()) == text == gzip.decompress(b"".join(body.pieces()))
        assert body.text_bytes == len(text)

    def test_it_takes_little_memory_and_comes_out_in_small_pieces(self) -> None:
        body = CompressedBody.of([b"x" * (50 << 20)])
        assert len(body.data) < 1 << 20
        assert max(map(len, body.text_pieces())) <= PIECE_BYTES


class TestResponse:
    def test_with_gzip_and_without(self) -> None:
        body = CompressedBody.of(LINES)
        plain, packed = (received(response(body, headers=one)) for one in ({}, {"Accept-Encoding": "gzip"}))
        assert plain.body == gzip.decompress(packed.body) == TEXT
        for client, encoding in ((plain, None), (packed, b"gzip")):
            headers = dict(client.messages[0]["headers"])
            assert headers[b"content-length"] == str(len(client.body)).encode()
            assert headers.get(b"content-encoding") == encoding
            assert headers[b"vary"] == b"Accept, Accept-Encoding"
            assert [message.get("more_body") for message in client.messages[-2:]] == [True, False]

    def test_a_small_one_is_sent_in_one_piece(self) -> None:
        for text in (b"", b"good\n"):
            client = received(response(CompressedBody.of([text])))
            assert (len(client.messages), client.body) == (2, text)

    def test_head_has_the_headers_alone(self) -> None:
        client = received(response(CompressedBody.of(LINES)), "HEAD")
        assert dict(client.messages[0]["headers"])[b"content-length"] == str(len(TEXT)).encode()
        assert (len(client.messages), client.body) == (2, b"")

    def test_it_stops_when_the_client_disconnects(self) -> None:
        async def ask() -> Client:
            client = Client()
            asking = asyncio.ensure_future(client.ask(response(CompressedBody.of(LINES))))
            await client.sent.wait()
            client.gone.set()
            client.reads.set()
            await asking
            return client

        assert len(asyncio.run(ask()).messages) < 5


class TestMemory:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [0.0]
        monkeypatch.setattr("wx_domain_exporter.web.answer_memory.time.monotonic", lambda: now[0])
        return now

    def test_answers_with_one_body_count_once_and_further_bodies_are_refused(self) -> None:
        memory = AnswerMemory(2500)
        shared, second, third = (CompressedBody(NOISE, 1000) for _ in range(3))

        async def run() -> None:
            clients = [Client() for _ in range(100)]
            asking = [asyncio.ensure_future(client.ask(response(shared, memory))) for client in clients]
            other, refused = Client(), Client()
            asking.append(asyncio.ensure_future(other.ask(response(second, memory))))
            await asyncio.sleep(0)
            refused.reads.set()
            await refused.ask(response(third, memory))
            assert (refused.status, refused.cuts) == (503, 0)
            assert (b"retry-after", b"1") in refused.messages[0]["headers"]
            assert {client.status for client in (*clients, other)} == {200}
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

        asyncio.run(run())
        with memory.answering(third, lambda: None) as answer:
            assert answer is not None

    def test_any_body_fits_while_there_is_no_other(self) -> None:
        memory = AnswerMemory(1)
        for _ in range(2):
            with memory.answering(CompressedBody(NOISE, 1000), lambda: None) as answer:
                assert answer is not None

    def test_clients_that_take_nothing_are_cut_for_others_the_slowest_first(self, clock: list[float]) -> None:
        memory = AnswerMemory(2500)
        cut: list[str] = []
        first, second = (CompressedBody(NOISE, 1000) for _ in range(2))
        with memory.answering(first, lambda: cut.append("first")) as answer:
            assert answer is not None
            clock[0] = 5.0
            with memory.answering(second, lambda: cut.append("second")) as other:
                assert other is not None
                clock[0] = 6.5
                answer.note_progress()
                with memory.answering(CompressedBody(NOISE, 1000), lambda: None) as third:
                    assert third is not None
                    assert cut == ["second"]
                    with memory.answering(CompressedBody(NOISE, 1000), lambda: None) as refused:
                        assert refused is None
        assert cut == ["second"]
        with memory.answering(CompressedBody(NOISE * 2, 1000), lambda: None) as last:
            assert last is not None
