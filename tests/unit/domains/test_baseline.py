from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wx_domain_exporter.domains.baseline import Drift, Expected, drifts, has_stray_wildcard, has_wildcard
from wx_domain_exporter.domains.domain_list import domain_list

API, WWW, EVIL = "https://api.example.com", "https://www.example.com", "https://evil.example.net"


def drift(
    domains: list[str], required: list[str] | None = None, allowed: list[str] | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The missing and the unexpected ones."""
    expected = Expected(frozenset(required or ()), None if allowed is None else frozenset(allowed))
    found = expected.drift(domain_list(domains))
    return found.missing, found.unexpected


class TestRequired:
    def test_what_is_not_there_is_missing(self) -> None:
        assert drift([WWW], required=[WWW, API, EVIL]) == ((API, EVIL), ())

    def test_anything_else_may_be_there_if_nothing_is_said_of_it(self) -> None:
        assert drift([API, EVIL], required=[API]) == ((), ())

    def test_spelling_does_not_matter_in_what_wechat_answers(self) -> None:
        assert drift(["HTTPS://API.example.com/"], required=[API]) == ((), ())


class TestAllowed:
    def test_anything_else_is_unexpected(self) -> None:
        assert drift([API, WWW, EVIL], required=[API], allowed=[WWW]) == ((), (EVIL,))

    def test_it_need_not_be_there(self) -> None:
        assert drift([], allowed=[WWW]) == ((), ())

    def test_nothing_but_the_required_ones_if_it_is_empty(self) -> None:
        assert drift([API, WWW], required=[API], allowed=[]) == ((), (WWW,))

    @pytest.mark.parametrize(
        ("pattern", "domain"),
        [
            ("https://*.example.com", "https://a.example.com"),
            ("https://*.example.com", "https://a.b-1.c_2.example.com"),
            ("https://*.例子.测试", "https://会员.例子.测试"),
            ("https://*.example.com:8443", "https://a.example.com:8443"),
            ("https://*.example.com/v1", "https://a.example.com/v1"),
            ("https://a.*.example.com", "https://a.b.c.example.com"),
            ("https://*.*.example.com", "https://a.b.c.example.com"),
            ("https://*", "https://a.cn"),
            ("wss://*.example.com", "wss://a.example.com"),
            ("https://*.example.com", "https://*.example.com"),
        ],
    )
    def test_a_wildcard_stands_for_one_or_more_whole_labels(self, pattern: str, domain: str) -> None:
        assert drift([domain], allowed=[pattern]) == ((), ())

    @pytest.mark.parametrize(
        ("pattern", "domain"),
        [
            ("https://*.example.com", "https://example.com"),
            ("https://*.example.com", "https://.example.com"),
            ("https://*.example.com", "https://a..example.com"),
            ("https://*.example.com", "https://evilexample.com"),
            ("https://*.example.com", "https://a.example.com.evil.net"),
            ("https://*.example.com", "https://a.example.com:8443"),
            ("https://*.example.com", "https://a.example.com/path"),
            ("https://*.example.com", "https://evil.net/a.example.com"),
            ("https://*.example.com", "https://evil.net#.example.com"),
            ("https://*.example.com", "https://evil.net?.example.com"),
            ("https://*.example.com", "https://evil.net\\.example.com"),
            ("https://*.example.com", "https://user@evil.net.example.com"),
            ("https://*.example.com", "https://a b.example.com"),
            ("https://*.example.com", "http://a.example.com"),
            ("https://*.example.com", "wss://a.example.com"),
            ("https://*.example.com", "a.example.com"),
            ("https://a.*.example.com", "https://a.example.com"),
            ("https://*.*.example.com", "https://a.example.com"),
            ("https://*", "https://:80"),
            ("https://*.example.com", "https://a.example-com"),
        ],
    )
    def test_and_for_nothing_else(self, pattern: str, domain: str) -> None:
        assert drift([domain], allowed=[pattern]) == ((), (domain,))

    def test_many_wildcards_cost_no_more_than_one(self) -> None:
        domain = "https://" + ".".join("a" * 500)
        assert drift([domain], allowed=["https://" + "*." * 250 + "b"]) == ((), (domain,))

    @given(st.lists(st.sampled_from(["a", "b", "example", "com"]), min_size=1, max_size=6))
    def test_a_wildcard_for_a_host_matches_exactly_the_longer_hosts_with_its_end(
        self, host: list[str]
    ) -> None:
        domain = f"https://{'.'.join(host)}"
        matches = len(host) > 2 and host[-2:] == ["example", "com"]
        assert drift([domain], allowed=["https://*.example.com"]) == ((), () if matches else (domain,))


def test_a_category_that_the_answer_lacks_is_empty() -> None:
    found = drifts({"tcpdomain": Expected(frozenset([API]), frozenset())}, {})
    assert found == {"tcpdomain": Drift((API,), ())}
    assert not found["tcpdomain"].matches


def test_a_category_without_a_baseline_is_not_compared() -> None:
    assert drifts({}, {"requestdomain": domain_list([EVIL])}) == {}


def test_it_matches_if_there_is_no_difference() -> None:
    assert Drift().matches
    assert not Drift(missing=(API,)).matches
    assert not Drift(unexpected=(API,)).matches


@pytest.mark.parametrize(
    ("domain", "wildcard", "stray"),
    [
        ("https://api.example.com", False, False),
        ("https://*.example.com", True, False),
        ("https://a*.example.com", False, True),
        ("https://*.a*.example.com", True, True),
        ("https://example.com/*", False, True),
        ("https://example.com:*", False, True),
        ("*://example.com", False, True),
        ("*.example.com", True, True),
        ("*", True, True),
    ],
)
def test_where_a_wildcard_stands(domain: str, *, wildcard: bool, stray: bool) -> None:
    assert (has_wildcard(domain), has_stray_wildcard(domain)) == (wildcard, stray)
