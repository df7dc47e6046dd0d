"""Sizes and targets of requests; users, headers and rate limits are in `web_config/test_options.py`."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from helpers.http_requests import request
from helpers.web_certificates import WebFolder, make_web_folder
from helpers.web_setup import serving

from wx_domain_exporter.web.middleware.request_target import with_origin_form

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> WebFolder:
    return make_web_folder(tmp_path)


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)


def answer_to(url: str, head: bytes) -> bytes:
    """The answer to a head that is sent at once, as it comes."""
    with connected(url) as client:
        client.sendall(head + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        return client.makefile("rb").read()


class TestSizes:
    def test_a_large_body_is_refused(self, folder: WebFolder) -> None:
        with serving(folder, "") as url:
            assert request(url, method="POST", body=b"x" * 8192).status == 200
            answer = request(url, method="POST", body=b"x" * 8193)
            assert (answer.status, answer.headers["connection"]) == (413, "close")

    def test_an_endless_body_is_cut(self, folder: WebFolder) -> None:
        with serving(folder, "") as url, connected(url) as client:
            client.sendall(b"GET /gate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            with pytest.raises(OSError, match=r".*"):
                client.sendall((b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 1000)

    @pytest.mark.parametrize("head", ["GET / HTTP/1.1\r\nX-Long: {}", "GET /?{} HTTP/1.1"])
    @pytest.mark.parametrize(("length", "status"), [(16_000, 200), (16_400, 400), (60_000, 400)])
    def test_a_large_head_is_400_also_when_it_comes_at_once(
        self, folder: WebFolder, head: str, length: int, status: int
    ) -> None:
        with serving(folder, "") as url:
            answer = answer_to(url, head.format("x" * length).encode())
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())

    @pytest.mark.parametrize(("headers", "status"), [(3_200, 200), (3_300, 400), (12_000, 400)])
    def test_every_byte_of_a_head_counts(self, folder: WebFolder, headers: int, status: int) -> None:
        with serving(folder, "") as url:
            answer = answer_to(url, b"GET / HTTP/1.1" + headers * b"\r\nx: ")
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())


class TestTarget:
    @pytest.mark.parametrize("scheme", [b"http", b"HTTPS"])
    def test_a_whole_url_is_answered_as_its_path(self, folder: WebFolder, scheme: bytes) -> None:
        with serving(folder, "") as url:
            answer = answer_to(url, b"GET " + scheme + b"://exporter.example.com:80/page?a=b HTTP/1.1")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"content-security-policy" in answer  # which only this path has

    @pytest.mark.parametrize(
        ("target", "path"),
        [
            (b"http://x", "/"),
            (b"http://[::1]:80/a%20b", "/a b"),
            (b"/metrics", "/metrics"),
            (b"//x/metrics", "//x/metrics"),
            (b"/http://x/metrics", "/http://x/metrics"),
            (b"ftp://x/metrics", "ftp://x/metrics"),
        ],
    )
    def test_its_path(self, target: bytes, path: str) -> None:
        assert with_origin_form({"raw_path": target, "path": target.decode()})["path"] == path
