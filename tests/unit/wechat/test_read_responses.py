from __future__ import annotations

import json
import math
from typing import Any

import pytest

from wx_domain_exporter.domains.domain_list import (
    DOCUMENTED_CATEGORIES,
    EMPTY,
    SERVER_CATEGORIES,
    domain_list,
)
from wx_domain_exporter.wechat.errors import DecodeError, Reason
from wx_domain_exporter.wechat.responses import (
    MAX_CATEGORIES,
    read_categories,
    read_errcode,
    read_errmsg,
    read_json,
    undocumented_categories,
)

CANARY = "canary-7c0e5d"
DOMAINS = ["https://www.qq.com"]


def names(count: int) -> list[str]:
    return [f"{chr(97 + number // 26)}{chr(97 + number % 26)}domain" for number in range(count)]


class TestReadJson:
    @pytest.mark.parametrize(
        ("body", "answer"),
        [
            pytest.param(b"{}", {}, id="empty object"),
            pytest.param(b' \r\n{"errcode": 0}\n', {"errcode": 0}, id="white space around it"),
            pytest.param(b'\xef\xbb\xbf{"errcode":0}', {"errcode": 0}, id="byte order mark"),
            pytest.param(
                b'{"requestdomain":["https:\\/\\/www.qq.com"]}', {"requestdomain": DOMAINS}, id="slashes"
            ),
            pytest.param('{"errmsg":"访问"}'.encode(), {"errmsg": "访问"}, id="UTF-8"),
            pytest.param(b'{"errmsg":"\\u8bbf\\u95ee"}', {"errmsg": "访问"}, id="escapes"),
            pytest.param(b'{"errcode":1,"errcode":2}', {"errcode": 2}, id="the last of two"),
        ],
    )
    def test_a_body_becomes(self, body: bytes, answer: dict[str, object]) -> None:
        assert read_json(body) == answer

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            pytest.param(b"", "empty", id="nothing"),
            pytest.param(b"\xef\xbb\xbf", "not JSON", id="byte order mark only"),
            pytest.param(b" ", "not JSON", id="white space only"),
            pytest.param(b"<html>canary-7c0e5d</html>", "not JSON", id="HTML"),
            pytest.param(b'{"errcode":0', "not JSON", id="cut off"),
            pytest.param(b'{"errcode":0}{"errcode":0}', "not JSON", id="two objects"),
            pytest.param(b'{"errcode":NaN}', "not JSON", id="NaN"),
            pytest.param(b'{"errcode":Infinity}', "not JSON", id="Infinity"),
            pytest.param(b'{"errcode":-Infinity}', "not JSON", id="-Infinity"),
            pytest.param(b"{'errcode':0}", "not JSON", id="single quotes"),
            pytest.param(b'{"errcode":' + b"1" * 5000 + b"}", "not JSON", id="endless number"),
            pytest.param(b'{"errmsg":"a\nb"}', "not JSON", id="line feed in a string"),
            pytest.param(b"[" * 100_000, "nested", id="nested without end"),
            pytest.param(b'{"a":' * 100_000, "nested", id="objects nested without end"),
            pytest.param(b'{"errmsg":"canary-7c0e5d\xff"}', "not UTF-8", id="no UTF-8"),
            pytest.param('{"errmsg":"é"}'.encode("utf-16"), "not UTF-8", id="UTF-16"),
            pytest.param(b"[]", "not a JSON object", id="list"),
            pytest.param(b'"canary-7c0e5d"', "not a JSON object", id="string"),
            pytest.param(b"0", "not a JSON object", id="number"),
            pytest.param(b"null", "not a JSON object", id="null"),
        ],
    )
    def test_a_malformed_body_is_described_and_not_quoted(self, body: bytes, message: str) -> None:
        with pytest.raises(DecodeError) as caught:
            read_json(body)
        assert message in str(caught.value)
        assert CANARY not in str(caught.value)
        assert caught.value.reason is Reason.DECODE
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


class TestReadErrcode:
    @pytest.mark.parametrize(
        ("value", "code"),
        [
            (0, 0),
            (61003, 61003),
            (-1, -1),
            ("0", 0),
            ("61003", 61003),
            ("-1000", -1000),
            (" 40001 ", 40001),
            (0.0, 0),
            (-0.0, 0),
            (61003.0, 61003),
            ("0.0", 0),
            ("-1000.00", -1000),
            (None, 0),
            (10**9, 10**9),
            (-(10**9), -(10**9)),
            ("1000000000", 10**9),
        ],
        ids=repr,
    )
    def test_it_is(self, value: object, code: int) -> None:
        errcode = read_errcode({"errcode": value})
        assert errcode == code
        assert type(errcode) is int

    def test_a_missing_one_means_success(self) -> None:
        assert read_errcode({"requestdomain": []}) == 0

    @pytest.mark.parametrize(
        "value",
        [
            *(True, False, [], [0], {}),
            *(0.5, -0.5, 1e30, math.nan, math.inf, -math.inf, 10**9 + 1, -(10**9) - 1),
            *("NaN", "true", "1" + "0" * 30, "", "-", "--1", "+1", "0.5", "1.", ".0", "1.0.0"),
            *("1e3", "0x10", "1_000", "٣", "²", "canary-7c0e5d"),
            *("10000000000", "9" * 5000, "1000000001"),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_anything_else_is_malformed(self, value: object) -> None:
        with pytest.raises(DecodeError) as caught:
            read_errcode({"errcode": value})
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "errmsg"),
    [
        ({"errmsg": "ok"}, "ok"),
        ({"errmsg": ""}, ""),
        ({}, ""),
        ({"errmsg": None}, ""),
        ({"errmsg": 5}, ""),
        ({"errmsg": ["ok"]}, ""),
    ],
    ids=repr,
)
def test_an_errmsg_is_a_text(answer: dict[str, object], errmsg: str) -> None:
    assert read_errmsg(answer) == errmsg


def categories(answer: dict[str, Any], action: str | None = None, *seen: str) -> dict[str, list[str]]:
    return {name: list(listed.domains) for name, listed in read_categories(answer, action, seen).items()}


class TestReadCategories:
    def test_lists_are_in_normal_form_with_their_hash(self) -> None:
        lists = read_categories({"bizdomain": ["HTTPS://b.com/", "https://a.com", "https://B.com"]}, None, ())
        assert lists["bizdomain"] == domain_list(["https://a.com", "https://b.com"])

    def test_documented_ones_come_first_in_the_order_of_the_page_and_others_by_name(self) -> None:
        answer = dict.fromkeys(("zdomain", "adomain", *reversed(DOCUMENTED_CATEGORIES)), DOMAINS)
        assert list(categories(answer)) == [*DOCUMENTED_CATEGORIES, "adomain", "zdomain"]

    @pytest.mark.parametrize(
        ("action", "covered"),
        [
            (None, set(DOCUMENTED_CATEGORIES)),
            ("getserverdomain", set(SERVER_CATEGORIES)),
            ("getbizdomain", {"bizdomain"}),
        ],
        ids=["all", "getserverdomain", "getbizdomain"],
    )
    def test_what_the_action_covers_counts_as_empty_when_it_is_absent(
        self, action: str | None, covered: set[str]
    ) -> None:
        lists = read_categories({"tcpdomain": DOMAINS}, action, ())
        assert set(lists) == covered | {"tcpdomain"}
        assert all(lists[name] == EMPTY for name in covered)

    def test_what_the_action_does_not_cover_is_returned_when_it_is_there(self) -> None:
        assert categories({"requestdomain": DOMAINS}, "getbizdomain") == {
            "requestdomain": DOMAINS,
            "bizdomain": [],
        }

    def test_null_is_the_same_as_absent(self) -> None:
        answer = {"requestdomain": DOMAINS, "bizdomain": None, "tcpdomain": None}
        assert categories(answer) == {
            name: DOMAINS if name == "requestdomain" else [] for name in DOCUMENTED_CATEGORIES
        }
        assert "bizdomain" not in categories(answer, "getserverdomain")

    def test_an_empty_list_is_a_category(self) -> None:
        assert categories({"bizdomain": []}, "getbizdomain") == {"bizdomain": []}

    def test_undocumented_ones_that_were_seen_count_as_empty_when_they_are_absent(self) -> None:
        lists = categories({"bizdomain": DOMAINS}, "getbizdomain", "tcpdomain", "bizdomain")
        assert lists == {"bizdomain": DOMAINS, "tcpdomain": []}

    def test_undocumented_ones_that_were_seen_have_their_lists_when_they_are_there(self) -> None:
        assert categories({"tcpdomain": DOMAINS}, "getbizdomain", "tcpdomain")["tcpdomain"] == DOMAINS

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param({}, id="nothing"),
            pytest.param({"errcode": 0, "errmsg": "ok"}, id="no list"),
            pytest.param(dict.fromkeys(DOCUMENTED_CATEGORIES), id="null everywhere"),
            pytest.param({"domain": DOMAINS, "requestDomain": DOMAINS}, id="other names"),
            pytest.param({"tcpdomain": "https://a"}, id="only what is no list"),
        ],
    )
    def test_an_answer_without_any_category_is_malformed(self, answer: dict[str, object]) -> None:
        with pytest.raises(DecodeError):
            read_categories(answer, None, ("tcpdomain",))

    @pytest.mark.parametrize("name", DOCUMENTED_CATEGORIES)
    @pytest.mark.parametrize(
        "value", ["https://a", {}, 0, False, [1], [None], ["https://a", []], [DOMAINS]], ids=repr
    )
    def test_a_documented_category_that_is_no_list_of_strings_makes_the_answer_malformed(
        self, name: str, value: object
    ) -> None:
        with pytest.raises(DecodeError, match=name):
            read_categories({"tcpdomain": DOMAINS, name: value}, "getbizdomain", ())

    @pytest.mark.parametrize("value", ["https://a", {}, 0, False, [1], [None], ["https://a", []]], ids=repr)
    def test_any_other_key_that_is_no_list_of_strings_is_no_category(self, value: object) -> None:
        answer = {"bizdomain": DOMAINS, "tcpdomain": value}
        assert set(categories(answer, "getbizdomain")) == {"bizdomain"}

    def test_one_that_was_seen_counts_as_empty_when_it_is_no_list_of_strings(self) -> None:
        answer = {"bizdomain": DOMAINS, "tcpdomain": 5}
        assert categories(answer, "getbizdomain", "tcpdomain")["tcpdomain"] == []

    @pytest.mark.parametrize(
        "domain",
        ["", " ", "/", "a\x00b", "a\nb", "\ud800", "x" * 1025],
        ids=lambda domain: ascii(domain)[:12],
    )
    @pytest.mark.parametrize("name", ["requestdomain", "tcpdomain"])
    def test_a_string_that_is_no_domain_makes_the_answer_malformed(self, name: str, domain: str) -> None:
        with pytest.raises(DecodeError) as caught:
            read_categories({name: [*DOMAINS, domain]}, None, ())
        assert caught.value.__suppress_context__

    def test_an_answer_has_at_most_32_categories(self) -> None:
        assert MAX_CATEGORIES == 32
        lists = categories({"bizdomain": DOMAINS} | dict.fromkeys(names(31), DOMAINS), "getbizdomain")
        assert len(lists) == 32
        with pytest.raises(DecodeError, match="32"):
            read_categories({"bizdomain": DOMAINS} | dict.fromkeys(names(32), DOMAINS), "getbizdomain", ())

    def test_keys_that_are_no_categories_do_not_count(self) -> None:
        answer: dict[str, Any] = {f"{name}s": DOMAINS for name in names(50)}
        answer |= dict.fromkeys(names(50))  # null
        answer["bizdomain"] = DOMAINS
        assert set(categories(answer, "getbizdomain")) == {"bizdomain"}

    def test_odd_values_of_real_answers_are_kept(self) -> None:
        body = json.dumps({"wsrequestdomain": ["wss://https://WWW.qq.com"]}).encode()
        assert categories(dict(read_json(body)))["wsrequestdomain"] == ["wss://https://WWW.qq.com"]


class TestUndocumentedCategories:
    def test_undocumented_categories_are_those_beside_the_six(self) -> None:
        seen = undocumented_categories(
            ("seendomain",), {*DOCUMENTED_CATEGORIES, "tcpdomain"}, DOCUMENTED_CATEGORIES
        )
        assert seen == ("seendomain", "tcpdomain")

    def test_they_are_at_most_as_many_as_in_one_answer(self) -> None:
        seen: tuple[str, ...] = ()
        for first in "abc":
            seen = undocumented_categories(
                seen, {f"{first}{second}domain" for second in "abcdefghijklmnopqrst"}, ()
            )
        assert len(seen) == MAX_CATEGORIES
