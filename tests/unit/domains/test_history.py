from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.domains.domain_list import domain_list
from wx_domain_exporter.domains.history import Change, History

if TYPE_CHECKING:
    from wx_domain_exporter.domains.domain_list import DomainList

A, B, C = "https://a.example.com", "https://b.example.com", "https://c.example.com"


def lists(**categories: list[str]) -> dict[str, DomainList]:
    return {category: domain_list(domains) for category, domains in categories.items()}


def test_the_first_answer_changes_nothing() -> None:
    assert History().lists is None
    history = History()
    assert history.note(lists(requestdomain=[A]), 1.0) == []
    assert history.lists == lists(requestdomain=[A])
    assert history.changes == ()


def test_a_change_says_what_came_and_what_went_in_which_category() -> None:
    history = History()
    history.note(lists(requestdomain=[A, B], bizdomain=[A]), 1.0)
    change = Change(2.0, "requestdomain", (C,), (A,), 0)
    assert history.note(lists(requestdomain=[C, B], bizdomain=[A]), 2.0) == [change]
    assert history.changes == (change,)


def test_the_same_lists_again_change_nothing() -> None:
    history = History()
    for when in (1.0, 2.0):
        assert history.note(lists(requestdomain=[A, B]), when) == []
    assert history.lists == lists(requestdomain=[A, B])


def test_a_change_back_is_another_one() -> None:
    history = History()
    for when, domains in enumerate([[A], [B], [A]]):
        history.note(lists(requestdomain=domains), when)
    assert [(change.added, change.removed) for change in history.changes] == [((B,), (A,)), ((A,), (B,))]


def test_what_an_answer_does_not_cover_did_not_change() -> None:
    history = History()
    history.note(lists(requestdomain=[A]), 1.0)
    assert history.note(lists(bizdomain=[A]), 2.0) == []
    assert history.note(lists(requestdomain=[A], bizdomain=[A]), 3.0) == []
    assert history.lists == lists(requestdomain=[A], bizdomain=[A])


def test_an_undocumented_category_that_comes_is_a_change() -> None:
    history = History()
    history.note(lists(requestdomain=[A]), 1.0)
    (change,) = history.note(lists(requestdomain=[A], tcpdomain=[B]), 2.0)
    assert (change.category, change.added) == ("tcpdomain", (B,))


def test_the_last_hundred_changes_are_kept() -> None:
    history = History()
    for when in range(151):
        history.note(lists(requestdomain=[f"https://{when}.example.com"]), when)
    assert [change.timestamp for change in history.changes] == list(range(51, 151))


def test_of_a_very_long_change_200_domains_are_kept() -> None:
    history = History()
    many = [f"https://{number}.example.com" for number in range(1000)]
    history.note(lists(requestdomain=[A]), 1.0)
    (change,) = history.note(lists(requestdomain=many), 2.0)
    assert (len(change.added), change.removed, change.left_out) == (200, (A,), 800)


def test_long_domains_leave_room_for_fewer_changes() -> None:
    history = History()
    for when in range(10):
        long = [f"https://{when}-{number}.example.com/{'x' * 900}" for number in range(20)]
        history.note(lists(requestdomain=long), when)
        characters = sum(len(one) for change in history.changes for one in (*change.added, *change.removed))
        assert characters <= 100_000
    assert [change.timestamp for change in history.changes] == [8, 9]
    for when in range(10, 150):
        history.note(lists(requestdomain=[f"https://{when}.example.com"]), when)
    assert [change.timestamp for change in history.changes] == list(range(50, 150))


def test_the_last_change_is_kept_however_long_it_is() -> None:
    history = History()
    for when in range(3):
        history.note(
            lists(requestdomain=[f"https://{when}-{n}.example.com/{'x' * 900}" for n in range(150)]), when
        )
    assert [change.timestamp for change in history.changes] == [2]
    history.clear()
    for when in range(120):
        history.note(lists(requestdomain=[f"https://{when}.example.com"]), when)
    assert len(history.changes) == 100


def test_equal_lists_are_not_replaced() -> None:
    history = History()
    first = lists(requestdomain=[A])
    history.note(first, 1.0)
    history.note(lists(requestdomain=[A]), 2.0)
    assert history.lists is first


def test_changes_of_a_hundred_thousand_characters_are_kept_and_one_more_character_is_too_much() -> None:
    history = History()
    many = [f"{number:03}{'x' * 997}" for number in range(100)]
    for _ in range(2):
        for when, domains in enumerate(([], many[:50], many)):
            history.note(lists(requestdomain=domains), when)
        assert [change.timestamp for change in history.changes] == [1, 2]
        history.note(lists(requestdomain=[*many, "a"]), 3)
        assert [change.timestamp for change in history.changes] == [2, 3]
        history.clear()


def test_one_change_can_displace_many() -> None:
    history = History()
    for when in range(5):
        history.note(lists(requestdomain=[f"{number}{when}{'x' * 998}" for number in range(16)]), when)
    assert [change.timestamp for change in history.changes] == [2, 3, 4]
    history.note(lists(requestdomain=[f"{number:03}{'y' * 997}" for number in range(84)]), 5)
    assert [change.timestamp for change in history.changes] == [5]


def test_of_several_changes_at_once_each_displaces_one() -> None:
    history = History()
    categories = ("requestdomain", "uploaddomain", "downloaddomain", "bizdomain")
    for when in range(101):
        history.note(lists(**{one: [A] for one in categories[1:]}, requestdomain=[f"{when}.cn"]), when)
    assert [change.timestamp for change in history.changes] == list(range(1, 101))
    history.note(lists(**{one: [B] for one in categories}), 101)
    assert [change.timestamp for change in history.changes] == [*range(5, 101), 101, 101, 101, 101]
