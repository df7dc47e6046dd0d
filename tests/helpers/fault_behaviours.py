"""The behaviours of the faulty API: coroutines that answer one call, correctly or not."""

from __future__ import annotations

import asyncio
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

from helpers.faults import CANARY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helpers.faults import Call

    Behaviour = Callable[[Call], Awaitable[None]]

SLOW_SECONDS = 0.5
"""The delay of the slow but correct answer."""

PAUSE = 0.1
"""Seconds between two bytes that drip: less than any timeout, so that only a total limit ends the call."""

CAP = 1 << 20
"""The exporter's default max_response_bytes."""


def domain_of(fault: str) -> str:
    return f"https://{fault}.example.com"


def good_lists(fault: str) -> dict[str, Any]:
    """Lists that no other fault has, so that an answer for another call is noticed."""
    return {"requestdomain": [domain_of(fault)], "bizdomain": []}


def good(call: Call, **more: Any) -> bytes:
    return json.dumps({"errcode": 0, "errmsg": "ok", **good_lists(call.request.fault), **more}).encode()


def chunked(data: bytes, size: int = 16) -> bytes:
    parts = [data[place : place + size] for place in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def gzip_bomb(megabytes: int) -> bytes:
    """A gzip stream of zeros, compressed to a thousandth; one block is repeated, to make it fast."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + block * megabytes + b"\x03\x00" + bytes(8)


BOMB = gzip_bomb(1000)
CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"


async def answers_well(call: Call) -> None:
    await call.answer(good(call))


async def answers_in_chunks(call: Call) -> None:
    await call.peer.send(call.head(CHUNKED), chunked(good(call)), b"0\r\n\r\n")


async def answers_slowly(call: Call) -> None:
    await asyncio.sleep(SLOW_SECONDS)
    await answers_well(call)


async def answers_without_length(call: Call) -> None:
    await call.close_after(call.head(), good(call))


async def answers_in_http_1_0(call: Call) -> None:
    await call.close_after(b"HTTP/1.0 200 OK\r\n\r\n", good(call))


async def answers_and_closes(call: Call) -> None:
    await call.answer(good(call), "Connection: close")
    call.peer.close()


async def answers_and_closes_unannounced(call: Call) -> None:
    await answers_well(call)
    call.peer.close()


async def answers_and_resets(call: Call) -> None:
    await answers_well(call)
    await asyncio.sleep(0.1)
    call.peer.reset()


async def answers_and_goes_on(call: Call) -> None:
    data = good(call)
    await call.peer.send(call.head(f"Content-Length: {len(data)}"), data, b"\0" * 200_000)


async def answers_twice(call: Call) -> None:
    """Send two answers at once, the first of a size after which a buffered reader stops exactly."""
    first, second = good(call), good(call, requestdomain=["https://another-app.example.com"])
    size = 2 * io.DEFAULT_BUFFER_SIZE - len(call.head("Content-Length: 12345"))
    head = call.head(f"Content-Length: {size}")
    await call.peer.send(head, first.ljust(size), call.head(f"Content-Length: {len(second)}"), second)


async def continues_first(call: Call) -> None:
    await call.peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 2)
    await answers_well(call)


async def hints_first(call: Call) -> None:
    await call.peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    await answers_well(call)


async def answers_well_with_500(call: Call) -> None:
    await call.answer(good(call), status="500 Internal Server Error")


async def hangs(call: Call) -> None:
    await call.peer.hang()


async def drips_status(call: Call) -> None:
    await call.peer.drip(call.head() * 1000, PAUSE)


async def drips_headers(call: Call) -> None:
    await call.peer.send(b"HTTP/1.1 200 OK\r\n")
    await call.peer.without_end(b"X", PAUSE)


async def drips_body(call: Call) -> None:
    await call.peer.send(call.head("Content-Length: 100000"))
    await call.peer.drip(good(call) + b" " * 100_000, PAUSE)


async def drips_chunk_sizes(call: Call) -> None:
    await call.peer.send(call.head(CHUNKED))
    await call.peer.without_end(b"0", PAUSE)


async def drips_chunks(call: Call) -> None:
    await call.peer.send(call.head(CHUNKED))
    await call.peer.without_end(b"1\r\n \r\n", PAUSE)


async def drips_trailers(call: Call) -> None:
    await call.peer.send(call.head(CHUNKED), chunked(good(call)), b"0\r\n")
    await call.peer.without_end(b"X-More: x\r\n", PAUSE)


async def stops_in_body(call: Call) -> None:
    await call.peer.send(call.head("Content-Length: 1000"), good(call)[:20])
    await call.peer.hang()


async def continues_without_end(call: Call) -> None:
    await call.peer.without_end(b"HTTP/1.1 100 Continue\r\n\r\n", 0.01)


async def closes(call: Call) -> None:
    call.peer.close()


async def resets(call: Call) -> None:
    call.peer.reset()


async def resets_in_body(call: Call) -> None:
    await call.peer.send(call.head("Content-Length: 1000"), good(call)[:20])
    await asyncio.sleep(0.1)
    call.peer.reset()


async def closes_in_headers(call: Call) -> None:
    await call.close_after(call.head()[:-2])


async def closes_in_body(call: Call) -> None:
    await call.close_after(call.head("Content-Length: 1000"), good(call))


async def closes_in_chunk(call: Call) -> None:
    await call.close_after(call.head(CHUNKED), chunked(good(call))[:-10])


async def closes_between_chunks(call: Call) -> None:
    await call.close_after(call.head(CHUNKED), chunked(good(call)))


def says(text: str) -> Behaviour:
    """Send a text in place of an HTTP response."""

    async def behave(call: Call) -> None:
        await call.close_after(text.encode("latin-1"))

    return behave


def repeats(first: str, again: bytes) -> Behaviour:
    """Send the same data repeatedly, as fast as possible."""

    async def behave(call: Call) -> None:
        await call.peer.send(first.encode())
        await call.peer.without_end(again)

    return behave


def status(line: str, *fields: str) -> Behaviour:
    async def behave(call: Call) -> None:
        await call.answer(f"<html><h1>{line}</h1>{CANARY}</html>".encode(), *fields, status=line)

    return behave


def redirects(line: str) -> Behaviour:
    async def behave(call: Call) -> None:
        await call.answer(b"", f"Location: {call.url}{call.request.target}", status=line)

    return behave


def body(content: bytes | str, *fields: str) -> Behaviour:
    """Answer with this body and its correct length."""
    data = content if isinstance(content, bytes) else content.encode()

    async def behave(call: Call) -> None:
        await call.answer(data, *fields)

    return behave


def lists(**more: Any) -> Behaviour:
    """Answer correctly except for some keys."""

    async def behave(call: Call) -> None:
        await call.answer(good(call, **more))

    return behave


def of_good(change: Callable[[bytes], bytes], *fields: str) -> Behaviour:
    """Answer with the correct body after a change."""

    async def behave(call: Call) -> None:
        await call.answer(change(good(call)), *fields)

    return behave
