from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from wx_domain_exporter.web.same_origin import is_same_origin

HOST = "exporter.example.com:12324"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"},
        {"sec-fetch-site": "same-origin", "origin": "https://in-front-of-a-proxy.example.com"},
        {"origin": f"http://{HOST}"},
        {"origin": f"https://{HOST}"},
        {"origin": "http://EXPORTER.example.com:12324"},
    ],
)
def test_a_page_of_the_exporter(headers: dict[str, str]) -> None:
    assert is_same_origin(Headers({"host": HOST, **headers}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site", "origin": f"http://{HOST}"},
        {"sec-fetch-site": "same-site", "origin": f"http://{HOST}"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": ""},
        {"origin": "null"},
        {"origin": ""},
        {"origin": HOST},
        {"origin": "http://exporter.example.com"},
        {"origin": "http://exporter.example.com:9090"},
        {"origin": f"http://evil.example.com#{HOST}"},
        {"origin": f"http://user@{HOST}"},
        {"origin": "http://[broken"},
        {"referer": f"http://{HOST}/"},
        {"host": "", "origin": "http://"},
    ],
)
def test_any_other_request(headers: dict[str, str]) -> None:
    assert not is_same_origin(Headers({"host": HOST, **headers}))
