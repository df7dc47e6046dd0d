from __future__ import annotations

import json
from typing import Any

import pytest

from wx_domain_exporter.lists.domains import DomainList, domain_list
from wx_domain_exporter.wechat.errors import ApiError, DecodeError, FetchError
from wx_domain_exporter.wechat.responses import DomainListsParser

GOOD = {"errcode": 0, "requestdomain": ["https://a.cn"], "bizdomain": []}
OTHER = {**GOOD, "bizdomain": ["https://b.cn"]}


class Reader:
    """Reads lists, and counts how often."""

    def __init__(self) -> None:
        self.reads = 0
        self.parser = DomainListsParser(self.read, ("requestdomain", "bizdomain"))

    def read(self, answer: Any, *, seen_before: Any, known: Any) -> dict[str, DomainList]:
        self.reads += 1
        self.seen_before, self.known = seen_before, known
        if "bad" in answer:
            raise DecodeError("bad")
        return {name: domain_list(listed) for name, listed in answer.items() if name.endswith("domain")}

    def parse(self, answer: dict[str, Any]) -> dict[str, DomainList]:
        return self.parser.parse("getwxadevinfo", json.dumps(answer).encode())


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_the_same_bytes_are_read_once(reader: Reader) -> None:
    first = reader.parse(GOOD)
    assert reader.parse(GOOD) is reader.parse(GOOD) is first
    assert reader.reads == 1


def test_other_bytes_are_read(reader: Reader) -> None:
    found = [reader.parse(answer) for answer in (GOOD, OTHER, GOOD)]
    assert reader.reads == 3
    assert found[0] == found[2] != found[1]


def test_what_is_the_same_in_other_bytes_is_the_same_object(reader: Reader) -> None:
    assert reader.parse(GOOD) is reader.parse({**GOOD, "errmsg": "ok"})
    assert reader.reads == 2


def test_the_lists_before_are_known_to_the_next_reading(reader: Reader) -> None:
    first = reader.parse(GOOD)
    reader.parse(OTHER)
    assert reader.known is first


def test_undocumented_categories_are_remembered(reader: Reader) -> None:
    reader.parse({**GOOD, "tcpdomain": []})
    reader.parse(GOOD)
    assert reader.seen_before == reader.parser.seen == ("tcpdomain",)


def test_after_forgetting_the_same_bytes_are_read_as_if_for_the_first_time(reader: Reader) -> None:
    reader.parse({**GOOD, "tcpdomain": []})
    reader.parser.forget()
    reader.parse({**GOOD, "tcpdomain": []})
    assert reader.reads == 2
    assert (reader.seen_before, reader.known) == ((), None)


@pytest.mark.parametrize(("failure", "kind"), [({"errcode": 61007}, ApiError), ({"bad": True}, DecodeError)])
def test_a_failure_is_no_answer_to_remember(
    reader: Reader, failure: dict[str, Any], kind: type[FetchError]
) -> None:
    first = reader.parse(GOOD)
    for _ in range(2):
        with pytest.raises(kind):
            reader.parse(failure)
    assert reader.parse(GOOD) is first
