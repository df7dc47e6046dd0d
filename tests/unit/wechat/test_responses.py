from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from wx_domain_exporter.wechat.errors import ApiError, DecodeError, FetchError
from wx_domain_exporter.wechat.responses import DomainListsParser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.domains.domain_list import DomainList
    from wx_domain_exporter.wechat.responses import JsonObject

GOOD = {"errcode": 0, "requestdomain": ["https://a.cn"], "bizdomain": []}
OTHER = {**GOOD, "bizdomain": ["https://b.cn"]}


class Parser(DomainListsParser):
    """Counts how often an answer is read."""

    reads = 0

    def read(self, answer: JsonObject) -> Mapping[str, DomainList]:
        self.reads += 1
        return super().read(answer)


def parse(parser: Parser, answer: dict[str, Any]) -> Mapping[str, DomainList]:
    return parser.parse("getwxadevinfo", json.dumps(answer).encode())


@pytest.fixture
def parser() -> Parser:
    return Parser(None)


def test_the_same_bytes_are_read_once(parser: Parser) -> None:
    first = parse(parser, GOOD)
    assert parse(parser, GOOD) is parse(parser, GOOD) is first
    assert parser.reads == 1


def test_other_bytes_are_read(parser: Parser) -> None:
    results = [parse(parser, answer) for answer in (GOOD, OTHER, GOOD)]
    assert parser.reads == 3
    assert results[0] == results[2] != results[1]


def test_the_same_lists_in_other_bytes_are_the_same_object(parser: Parser) -> None:
    first = parse(parser, GOOD)
    assert parse(parser, {**GOOD, "errmsg": "ok"}) is first
    other = parse(parser, OTHER)
    assert other["requestdomain"] is first["requestdomain"]
    assert parser.reads == 3


def test_undocumented_categories_are_remembered(parser: Parser) -> None:
    parse(parser, {**GOOD, "tcpdomain": ["tcp://a.cn"]})
    assert parse(parser, GOOD)["tcpdomain"].count == 0
    assert parser.seen == ("tcpdomain",)


def test_after_forgetting_the_same_bytes_are_read_as_if_for_the_first_time(parser: Parser) -> None:
    first = parse(parser, {**GOOD, "tcpdomain": ["tcp://a.cn"]})
    parser.forget()
    second = parse(parser, GOOD)
    assert "tcpdomain" not in second
    assert second["requestdomain"] is not first["requestdomain"]


@pytest.mark.parametrize(
    ("failure", "kind"), [({"errcode": 61007}, ApiError), ({"requestdomain": "none"}, DecodeError)]
)
def test_a_failure_does_not_replace_the_last_lists(
    parser: Parser, failure: dict[str, Any], kind: type[FetchError]
) -> None:
    first = parse(parser, GOOD)
    for _ in range(2):
        with pytest.raises(kind):
            parse(parser, failure)
    assert parse(parser, GOOD) is first


def padded(answer: dict[str, Any], size: int) -> bytes:
    return json.dumps(answer).encode().ljust(size)


@pytest.mark.parametrize(
    ("size", "costly"), [(100, False), (256 * 1024 - 1, False), (256 * 1024, False), (256 * 1024 + 1, True)]
)
def test_a_response_of_more_than_256_kibibytes_is_costly(parser: Parser, size: int, *, costly: bool) -> None:
    assert parser.is_costly is False
    parser.parse("getwxadevinfo", padded(GOOD, size))
    assert parser.is_costly is costly


def test_a_large_response_is_not_costly_when_it_is_repeated(parser: Parser) -> None:
    for costly in (True, False, False):
        parser.parse("getwxadevinfo", padded(GOOD, 2**19))
        assert parser.is_costly is costly


def test_a_small_response_after_a_large_one_is_not_costly(parser: Parser) -> None:
    parser.parse("getwxadevinfo", padded(GOOD, 2**19))
    parse(parser, OTHER)
    assert parser.is_costly is False
