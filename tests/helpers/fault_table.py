"""The table of faults: what the faulty API does for each token, and what the exporter must report."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.fault_behaviours import (
    BOMB,
    CAP,
    CHUNKED,
    GZIP,
    answers_and_closes,
    answers_and_closes_unannounced,
    answers_and_goes_on,
    answers_and_resets,
    answers_in_chunks,
    answers_in_http_1_0,
    answers_slowly,
    answers_twice,
    answers_well,
    answers_well_with_500,
    answers_without_length,
    body,
    closes,
    closes_between_chunks,
    closes_in_body,
    closes_in_chunk,
    closes_in_headers,
    continues_first,
    continues_without_end,
    drips_body,
    drips_chunk_sizes,
    drips_chunks,
    drips_headers,
    drips_status,
    drips_trailers,
    hangs,
    hints_first,
    lists,
    of_good,
    redirects,
    repeats,
    resets,
    resets_in_body,
    says,
    status,
    stops_in_body,
)
from helpers.faults import CANARY

if TYPE_CHECKING:
    from helpers.fault_behaviours import Behaviour


@dataclass(frozen=True)
class Fault:
    name: str
    behave: Behaviour
    reason: str | None = None
    """The expected reason of failure; None for a good answer."""

    errcode: int | None = None
    calls: int = 1
    """How often the API must be called in one scrape."""


HEAD = "HTTP/1.1 200 OK\r\n"
EMPTY_LISTS: dict[str, list[str]] = {"requestdomain": [], "wsrequestdomain": [], "bizdomain": []}

GOOD = (
    Fault("healthy-first", answers_well),
    Fault("chunked", answers_in_chunks),
    Fault("slow", answers_slowly),
    Fault("without-length", answers_without_length),
    Fault("http-1-0", answers_in_http_1_0),
    Fault("connection-close", answers_and_closes),
    Fault("closed-unannounced", answers_and_closes_unannounced),
    Fault("reset-after-answer", answers_and_resets),
    Fault("longer-than-its-length", answers_and_goes_on),
    Fault("second-answer-unasked", answers_twice),
    Fault("100-first", continues_first),
    Fault("103-first", hints_first),
    Fault("bom", of_good(lambda data: b"\xef\xbb\xbf" + data)),
    Fault("gzip", of_good(gzip.compress, GZIP)),
    Fault("x-gzip", of_good(gzip.compress, "Content-Encoding: X-GZIP")),
    Fault("identity", of_good(bytes, "Content-Encoding: identity")),
    Fault("content-type-html", of_good(bytes, "Content-Type: text/html; charset=gbk")),
    Fault("errcode-missing", of_good(lambda data: data.replace(b'"errcode": 0, ', b""))),
    Fault("errcode-zero-string", lists(errcode="0")),
    Fault("category-null", lists(uploaddomain=None)),
    Fault("other-key-no-list", lists(otherdomain={"a": 1}, seconddomain=[1, 2], domain="x")),
    Fault("32-categories", lists(**{f"{'x' * number}_domain": [] for number in range(1, 31)})),
    Fault("up-to-the-cap", of_good(lambda data: data.ljust(CAP))),
    Fault("healthy-last", answers_well),
)

TIMEOUT = (
    Fault("hang", hangs, "timeout"),
    Fault("drip-status", drips_status, "timeout"),
    Fault("drip-headers", drips_headers, "timeout"),
    Fault("drip-body", drips_body, "timeout"),
    Fault("drip-chunk-sizes", drips_chunk_sizes, "timeout"),
    Fault("drip-chunks", drips_chunks, "timeout"),
    Fault("drip-trailers", drips_trailers, "timeout"),
    Fault("hang-in-body", stops_in_body, "timeout"),
    Fault("endless-100", continues_without_end, "timeout"),
)

CONNECTION = (
    Fault("close", closes, "connection"),
    Fault("reset", resets, "connection"),
    Fault("reset-in-body", resets_in_body, "connection"),
    Fault("close-in-headers", closes_in_headers, "connection"),
    Fault("close-in-body", closes_in_body, "connection"),
    Fault("close-in-chunk", closes_in_chunk, "connection"),
    Fault("close-between-chunks", closes_between_chunks, "connection"),
)

HTTP = (
    Fault("garbage", says(f"\x16\x03\x01 {CANARY}\r\n\r\n"), "http"),
    Fault("http-0-9", says(f"<html>{CANARY}</html>"), "http"),
    Fault("other-protocol", says(f"SSH-2.0-{CANARY}\r\n"), "http"),
    Fault("http-2", says(f"HTTP/2.0 200 {CANARY}\r\n\r\n"), "http"),
    Fault("status-no-number", says(f"HTTP/1.1 {CANARY} OK\r\n\r\n"), "http"),
    Fault("status-too-small", says("HTTP/1.1 099 OK\r\n\r\n"), "http"),
    Fault("endless-status-line", repeats("HTTP/1.1 200 ", b"x" * 65536), "http"),
    Fault("endless-header", repeats(f"{HEAD}X: ", b"x" * 65536), "http"),
    Fault("endless-headers", repeats(HEAD, b"X-Header: x\r\n" * 1000), "http"),
    Fault("negative-chunk", says(f"{HEAD}{CHUNKED}\r\n\r\n-2\r\n{{}}\r\n"), "http"),
    Fault("endless-negative-chunk", repeats(f"{HEAD}{CHUNKED}\r\n\r\n-1\r\n", b" " * 65536), "http"),
    Fault("endless-trailers", repeats(f"{HEAD}{CHUNKED}\r\n\r\n0\r\n", b"X-More: x\r\n" * 1000), "http"),
    Fault("301", redirects("301 Moved Permanently"), "http"),
    Fault("302-evil", status("302 Found", "Location: http://[\x00\xff]:99999/\x7f%%"), "http"),
    Fault("304", says("HTTP/1.1 304 Not Modified\r\n\r\n"), "http"),
    Fault("307", redirects("307 Temporary Redirect"), "http"),
    Fault("404", status(f"404 {CANARY}"), "http"),
    Fault("412", status("412 Precondition Failed"), "http"),
    Fault("500-with-good-lists", answers_well_with_500, "http"),
    Fault("502", status("502 Bad Gateway"), "http"),
    Fault("502-brotli", status("502 Bad Gateway", "Content-Encoding: br"), "http"),
    Fault("503-endless", repeats("HTTP/1.1 503 Busy\r\n\r\n", b"busy " * 10_000), "http"),
)

DECODE = (
    Fault("204", says("HTTP/1.1 204 No Content\r\n\r\n"), "decode"),
    Fault("empty", body(""), "decode"),
    Fault("truncated-json", of_good(lambda data: data[:-20]), "decode"),
    Fault("html", body(f"<!doctype html><title>{CANARY}</title>"), "decode"),
    Fault("gbk", body('{"errcode":0,"errmsg":"成功","requestdomain":[]}'.encode("gbk")), "decode"),
    Fault("utf-16", of_good(lambda data: data.decode().encode("utf-16")), "decode"),
    Fault("two-boms", of_good(lambda data: b"\xef\xbb\xbf" * 2 + data), "decode"),
    Fault("nan", body('{"errcode": NaN, "requestdomain": []}'), "decode"),
    Fault("infinity", body('{"errcode": 0, "more": -Infinity, "requestdomain": []}'), "decode"),
    Fault("deep-nesting", body('{"requestdomain": ' + "[" * 200_000 + "]" * 200_000 + "}"), "decode"),
    Fault("huge-integer", body('{"errcode": 1' + "0" * 100_000 + ', "requestdomain": []}'), "decode"),
    Fault("list-at-the-top", body('[{"errcode": 0}]'), "decode"),
    Fault("null-at-the-top", body("null"), "decode"),
    Fault("category-dict", lists(requestdomain={"a": "b"}), "decode"),
    Fault("category-string", lists(requestdomain=f"https://{CANARY}"), "decode"),
    Fault("category-of-numbers", lists(requestdomain=[1, 2]), "decode"),
    Fault("category-false", lists(bizdomain=False), "decode"),
    Fault("domain-empty", lists(requestdomain=["https://a.example.com", " "]), "decode"),
    Fault("domain-control-character", lists(requestdomain=[f"https://{CANARY}\x07"]), "decode"),
    Fault("domain-half-a-surrogate-pair", lists(requestdomain=["https://\ud800.example.com"]), "decode"),
    Fault("domain-too-long", lists(requestdomain=["https://" + "a" * 1017]), "decode"),
    Fault("errcode-true", lists(errcode=True), "decode"),
    Fault("errcode-list", lists(errcode=[0]), "decode"),
    Fault("errcode-float", lists(errcode=0.5), "decode"),
    Fault("errcode-words", lists(errcode=CANARY), "decode"),
    Fault("errcode-huge", lists(errcode=10**18), "decode"),
    Fault("no-category", body('{"errcode": 0, "errmsg": "ok"}'), "decode"),
    Fault("only-null-categories", body('{"errcode": 0, "requestdomain": null}'), "decode"),
    Fault("33-categories", lists(**{f"{'x' * number}_domain": [] for number in range(1, 32)}), "decode"),
    Fault("gzip-bomb", body(BOMB, GZIP), "decode"),
    Fault("gzip-truncated", of_good(lambda data: gzip.compress(data)[:-9], GZIP), "decode"),
    Fault("gzip-empty", body("", GZIP), "decode"),
    Fault("gzip-that-is-none", of_good(bytes, GZIP), "decode"),
    Fault("brotli", of_good(bytes, "Content-Encoding: br"), "decode"),
    Fault("two-encodings", of_good(gzip.compress, "Content-Encoding: gzip, gzip"), "decode"),
    Fault("over-the-cap", of_good(lambda data: data.ljust(CAP + 1)), "decode"),
    Fault("endless-by-length", repeats(f"{HEAD}Content-Length: {1 << 50}\r\n\r\n", b" " * 65536), "decode"),
    Fault("endless-chunks", repeats(f"{HEAD}{CHUNKED}\r\n\r\n", b"1000\r\n%4096s\r\n" % b""), "decode"),
    Fault("endless-chunk", repeats(f"{HEAD}{CHUNKED}\r\n\r\nffffffffffff\r\n", b" " * 65536), "decode"),
    Fault("endless-without-length", repeats(f"{HEAD}\r\n", b" " * 65536), "decode"),
)

ERRCODE = (
    Fault("errcode-string", lists(errcode="61003", **EMPTY_LISTS), "api", 61003),
    Fault("errcode-with-lists", lists(errcode=48001), "api", 48001),
    Fault("errcode-unknown", body('{"errcode": 123456789}'), "api", 123456789),
    Fault("errmsg-quotes-the-url", lists(errcode=50002, errmsg=f"?access_token={CANARY}"), "api", 50002),
    Fault("errmsg-no-string", lists(errcode=40013, errmsg=[CANARY]), "api", 40013),
    Fault("busy", lists(errcode=-1), "api", -1, calls=2),
    Fault("daily-quota", body(json.dumps({"errcode": 45009, **EMPTY_LISTS})), "quota", 45009),
    Fault("minute-quota", body('{"errcode": 45011}'), "quota", 45011),
)

FAULTS = (*GOOD, *TIMEOUT, *CONNECTION, *HTTP, *DECODE, *ERRCODE)
BEHAVIOURS = {fault.name: fault.behave for fault in FAULTS}
