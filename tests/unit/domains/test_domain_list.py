from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wx_domain_exporter.domains.domain_list import (
    CATEGORY_PATTERN,
    DEFAULT_LIMITS,
    DOCUMENTED_CATEGORIES,
    EMPTY,
    MAX_DOMAIN_LENGTH,
    SERVER_CATEGORIES,
    MalformedDomainError,
    domain_list,
    normal_form,
)

HASH_OF_TWO = 126275571882637


class TestNormalForm:
    @pytest.mark.parametrize(
        ("given", "form"),
        [
            pytest.param("https://www.qq.com", "https://www.qq.com", id="already normal"),
            pytest.param("HTTPS://www.qq.com", "https://www.qq.com", id="scheme in capitals"),
            pytest.param("https://WWW.QQ.Com", "https://www.qq.com", id="host in capitals"),
            pytest.param("WSS://É.QQ.COM", "wss://é.qq.com", id="capitals beyond ASCII"),
            pytest.param("https://www.qq.com/", "https://www.qq.com", id="slash at the end"),
            pytest.param("https://www.qq.com//", "https://www.qq.com/", id="only one slash goes"),
            pytest.param("https://www.qq.com/Path/", "https://www.qq.com/Path", id="slash after a path"),
            pytest.param("https://WWW.qq.com/Some/Path", "https://www.qq.com/Some/Path", id="case of a path"),
            pytest.param(
                "https://WWW.qq.com?Key=Value", "https://www.qq.com?Key=Value", id="case of a query"
            ),
            pytest.param("https://WWW.qq.com#Part", "https://www.qq.com#Part", id="case of a fragment"),
            pytest.param("https://WWW.qq.com:8443/", "https://www.qq.com:8443", id="port kept"),
            pytest.param("https://www.qq.com:443", "https://www.qq.com:443", id="default port kept"),
            pytest.param("  \t\r\n https://www.qq.com \n", "https://www.qq.com", id="white space around it"),
            pytest.param("\u3000https://www.qq.com\u00a0", "https://www.qq.com", id="wide white space"),
            pytest.param("https://www.qq.com / ", "https://www.qq.com ", id="white space inside stays"),
            pytest.param("WWW.qq.com/Path", "www.qq.com/Path", id="no scheme"),
            pytest.param("UDP://1.2.3.4:5", "udp://1.2.3.4:5", id="udp"),
            pytest.param("https://例子.测试/", "https://例子.测试", id="Chinese"),
            pytest.param("WSS://https://Host", "wss://https://Host", id="two schemes"),
            pytest.param("https://*.QQ.com", "https://*.qq.com", id="wildcard"),
        ],
    )
    def test_it_is(self, given: str, form: str) -> None:
        assert normal_form(given) == form

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param(None, id="null"),
            pytest.param(5, id="number"),
            pytest.param(True, id="true"),
            pytest.param(["https://www.qq.com"], id="list"),
            pytest.param({"a": "b"}, id="object"),
            pytest.param(b"https://www.qq.com", id="bytes"),
            pytest.param("", id="empty"),
            pytest.param(" \n ", id="white space only"),
            pytest.param("/", id="slash only"),
            pytest.param("https://www.qq.com\n.example.com", id="line feed inside"),
            pytest.param("https://www\x00.qq.com", id="nul"),
            pytest.param("https://www\x1f.qq.com", id="last C0 control"),
            pytest.param("https://www\x7f.qq.com", id="delete"),
            pytest.param("https://www\x80.qq.com", id="first C1 control"),
            pytest.param("https://www\x9f.qq.com", id="last C1 control"),
            pytest.param("https://\ud800.qq.com", id="half a surrogate pair"),
            pytest.param("https://\udfff.qq.com", id="the other half"),
        ],
    )
    def test_it_has_none(self, value: object) -> None:
        with pytest.raises(MalformedDomainError):
            normal_form(value)

    @pytest.mark.parametrize("char", [" ", "\x7e", "\xa0", "\ud7ff", "\ue000", "\U0001f600"], ids=ascii)
    def test_a_neighbour_of_the_control_characters_is_let_through(self, char: str) -> None:
        assert normal_form(f"https://a{char}b") == f"https://a{char}b"

    def test_the_longest_domain_has_1024_characters(self) -> None:
        longest = "https://".ljust(1024, "例")
        assert MAX_DOMAIN_LENGTH == 1024
        assert normal_form(longest) == longest

    def test_one_character_more_is_too_long(self) -> None:
        with pytest.raises(MalformedDomainError, match="1024"):
            normal_form("https://".ljust(1025, "a"))

    @pytest.mark.parametrize("value", ["canary\x00", "canary" * 200], ids=["control", "long"])
    def test_the_error_does_not_quote_the_value(self, value: str) -> None:
        with pytest.raises(MalformedDomainError) as caught:
            normal_form(value)
        assert "canary" not in str(caught.value)


class TestDomainList:
    @pytest.mark.parametrize(
        ("domains", "expected"),
        [
            pytest.param([], 250348346448124, id="none"),
            pytest.param(["https://www.example.com"], 226176610978315, id="one"),
            pytest.param(["https://www.qq.com", "https://www.example.com"], HASH_OF_TWO, id="two"),
            pytest.param(["wss://www.qq.com"], 228484145694781, id="wss"),
            pytest.param(["udp://www.example.com"], 189747374475187, id="udp"),
            pytest.param(["https://例子.测试"], 130071487114129, id="Chinese"),
        ],
    )
    def test_the_hash_is_the_published_one(self, domains: list[str], expected: int) -> None:
        assert domain_list(domains).hash == expected

    @pytest.mark.parametrize(
        "spellings",
        [
            pytest.param(spellings, id=" ".join(spellings))
            for pair in itertools.product(
                ("https://www.qq.com", "HTTPS://WWW.QQ.COM", "https://www.qq.com/"),
                ("https://www.example.com", "Https://Www.Example.Com/"),
            )
            for spellings in itertools.permutations(pair)
        ],
    )
    def test_order_case_and_a_slash_at_the_end_do_not_change_the_hash(self, spellings: list[str]) -> None:
        assert domain_list(spellings).hash == HASH_OF_TWO

    def test_duplicates_count_once(self) -> None:
        found = domain_list(["https://www.qq.com/", "https://www.example.com", "https://WWW.qq.com"])
        assert found.domains == ("https://www.example.com", "https://www.qq.com")
        assert (found.count, found.hash) == (2, HASH_OF_TWO)

    def test_another_path_or_port_is_another_domain(self) -> None:
        spellings = ["https://a.b", "https://a.b:443", "https://a.b/c", "https://a.b/C"]
        assert len(domain_list(spellings).domains) == 4

    def test_domains_are_sorted_by_code_point(self) -> None:
        given = ["z", "é", "a", "\U0001f600", "\uffee", "-"]
        assert domain_list(given).domains == ("-", "a", "z", "é", "\uffee", "\U0001f600")

    def test_where_one_domain_ends_shows_in_the_hash(self) -> None:
        assert domain_list(["a", "bc"]).hash != domain_list(["ab", "c"]).hash

    def test_a_hash_is_exact_in_a_float(self) -> None:
        hashes = [domain_list([f"https://{number}.example.com"]).hash for number in range(300)]
        assert all(int(float(number)) == number and 0 <= number < 1 << 48 for number in hashes)
        assert max(hashes) >= 1 << 47

    def test_one_malformed_value_spoils_the_list(self) -> None:
        with pytest.raises(MalformedDomainError):
            domain_list(["https://www.qq.com", ""])

    def test_the_empty_list_has_no_domains_and_the_published_hash(self) -> None:
        assert (EMPTY.domains, EMPTY.count, EMPTY.hash) == ((), 0, 250348346448124)


class TestCategories:
    def test_six_are_documented(self) -> None:
        assert DOCUMENTED_CATEGORIES == (
            "requestdomain",
            "wsrequestdomain",
            "uploaddomain",
            "downloaddomain",
            "udpdomain",
            "bizdomain",
        )

    def test_all_but_bizdomain_are_server_categories(self) -> None:
        assert {*SERVER_CATEGORIES, "bizdomain"} == set(DOCUMENTED_CATEGORIES)
        assert "bizdomain" not in SERVER_CATEGORIES

    def test_wechat_allows_200_server_domains_and_300_business_domains(self) -> None:
        server = dict.fromkeys((*SERVER_CATEGORIES, "tcpdomain"), 200)
        assert server | {"bizdomain": 300} == DEFAULT_LIMITS

    @pytest.mark.parametrize("key", [*DOCUMENTED_CATEGORIES, "tcpdomain", "prefetchdnsdomain", "_domain"])
    def test_this_key_can_be_a_category(self, key: str) -> None:
        assert CATEGORY_PATTERN.fullmatch(key)

    def test_40_characters_may_stand_before_domain(self) -> None:
        assert CATEGORY_PATTERN.fullmatch("a" * 40 + "domain")
        assert not CATEGORY_PATTERN.fullmatch("a" * 41 + "domain")

    @pytest.mark.parametrize(
        "key",
        ["domain", "RequestDomain", "request-domain", "http2domain", "domains", "xdomain\n", "", "édomain"],
    )
    def test_this_key_is_no_category(self, key: str) -> None:
        assert not CATEGORY_PATTERN.fullmatch(key)


# What lies close to a normal form, and forms whose own normal form is another one.
CLOSE = ["https://a", "https://a/", "https://a//", "HTTPS://A", " https://a", "https://a /", "b", "b/"]


class TestKnown:
    @given(st.lists(st.one_of(st.sampled_from(CLOSE), st.text(max_size=5))), st.lists(st.sampled_from(CLOSE)))
    def test_what_was_known_before_changes_no_list(self, values: list[str], before: list[str]) -> None:
        known = domain_list(before)
        try:
            expected = domain_list(values)
        except MalformedDomainError:
            with pytest.raises(MalformedDomainError):
                domain_list(values, known)
        else:
            assert domain_list(values, known) == expected

    def test_the_same_in_another_order_is_the_same_object(self) -> None:
        known = domain_list(["https://a.example.com", "https://b.example.com"])
        assert domain_list(["https://b.example.com", "https://a.example.com"], known) is known
        assert domain_list(["https://b.example.com", "https://c.example.com"], known) is not known

    @pytest.mark.parametrize("end", ["//", " /", "\u3000/"])
    @pytest.mark.parametrize("others", [[], ["https://z.example.com"]])
    def test_a_normal_form_that_has_a_shorter_one_is_not_taken_for_the_same(
        self, end: str, others: list[str]
    ) -> None:
        known = domain_list([f"https://a.example.com{end}", *others])
        sent = known.domains
        assert domain_list(sent, known) == domain_list(sent)
        assert domain_list(sent).domains == ("https://a.example.com", *others)
