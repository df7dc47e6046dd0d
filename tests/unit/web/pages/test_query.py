from __future__ import annotations

import pytest

from wx_domain_exporter.web.pages.query import SORTS, STATES, Query
from wx_domain_exporter.wechat.errors import Reason


def test_without_parameters_all_have_their_defaults() -> None:
    assert Query.of({}) == Query("", "", "state", 1, "", 0)
    assert str(Query.of({})) == ""


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("state", sorted(STATES))
def test_a_link_has_all_parameters_of_a_query(sort: str, state: str) -> None:
    query = Query.of({"q": "a b&c", "state": state, "sort": sort, "page": "3", "lang": "zh"})
    link = str(query)
    assert link.startswith(f"?q=a+b%26c&state={state}&")
    assert link.endswith("page=3&lang=zh")
    assert ("sort=" in link) == (sort != "state")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sort", "appid;drop"),
        ("lang", "fr"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "x"),
        ("page", "²"),
        ("page", "٣"),
        ("page", "9" * 5000),
        ("refresh", "0"),
        ("refresh", "soon"),
    ],
)
def test_an_invalid_parameter_is_ignored(name: str, value: str) -> None:
    assert Query.of({name: value}) == Query()


@pytest.mark.parametrize(
    "state", [*STATES, *Reason, "", "40164", "-1", "stable_token 40164", "token timeout", "token secret"]
)
def test_a_state_is_a_status_or_a_cause(state: str) -> None:
    assert Query.of({"state": state}).has_known_state


@pytest.mark.parametrize("state", ["broken", "Failing", "40164 stable_token", "token x", "4" * 11, "40164 "])
def test_any_other_state_is_unknown(state: str) -> None:
    assert not Query(state=state).has_known_state


def test_a_page_is_refreshed_every_five_seconds_at_most() -> None:
    assert [Query.of({"refresh": text}).refresh for text in ("1", "5", "30")] == [5, 5, 30]


def test_a_search_is_bounded_and_compared_without_case() -> None:
    assert len(Query.of({"q": "x" * 5000}).search) == 200
    assert Query.of({"q": "  Shop ÉTÉ "}).words == ["shop", "été"]


def test_another_state_or_order_starts_at_the_first_page() -> None:
    query = Query("x", "token", "name", 4, "zh")
    assert query.with_state("api") == Query("x", "api", "name", 1, "zh")
    assert query.with_sort("age") == Query("x", "token", "age", 1, "zh")
    assert query.with_page(5) == Query("x", "token", "name", 5, "zh")
    assert query.with_lang("en") == Query("x", "token", "name", 4, "en")
    assert query.with_refresh(30) == Query("x", "token", "name", 4, "zh", 30)
    assert str(query.with_refresh(30).common) == "?lang=zh&refresh=30"


def test_half_a_surrogate_pair_can_be_part_of_a_link() -> None:
    assert str(Query(search="a\ud800")) == "?q=a%3F"
