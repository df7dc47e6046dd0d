from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from wx_domain_exporter.platforms import account_lookup
from wx_domain_exporter.platforms import discovery as discovery_module
from wx_domain_exporter.platforms.account_calls import ask_about_all
from wx_domain_exporter.platforms.discovery import LeftOut
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.wechat.authorizers import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from helpers.discovery_setup import DiscoveryStage

    SetPages = Callable[[Iterable[Page]], list[int]]
    """Lets the list have these pages; the result holds the offsets at which they are read."""


@pytest.fixture
def set_pages(monkeypatch: pytest.MonkeyPatch) -> SetPages:
    def set_them(pages: Iterable[Page]) -> list[int]:
        offsets, left = list[int](), iter(pages)

        def read(_platform: object, _caller: object, offset: int) -> Page:
            offsets.append(offset)
            return next(left)

        monkeypatch.setattr(discovery_module, "list_page", read)
        return offsets

    return set_them


def failure_of(stage: DiscoveryStage) -> str:
    """Why one round fails; empty if it succeeds."""
    discovery = stage.discovery()
    discovery.discover()
    return "" if discovery.failure is None else str(discovery.failure)


@pytest.mark.parametrize(
    ("lengths", "offsets"),
    [([3, 1, 0, 2], [0, 3, 4, 7]), ([1, 3, 0, 2], [0, 1, 4, 7]), ([0, 2, 0], [0, 500, 502])],
    ids=["shorter ones", "a longer one", "the first one is empty"],
)
def test_a_page_begins_where_the_one_before_ended_and_an_empty_one_is_as_long_as_the_longest(
    stage: DiscoveryStage, set_pages: SetPages, lengths: list[int], offsets: list[int]
) -> None:
    total = offsets[-1] + (lengths[-1] or 1)
    read_at = set_pages(Page(total, length, {}) for length in lengths)
    assert failure_of(stage) == ""
    assert read_at == offsets


@pytest.mark.parametrize(
    ("total", "failure"), [(2000, ""), (2001, "the list goes on after 2000 pages")], ids=str
)
def test_2000_pages_are_read(stage: DiscoveryStage, set_pages: SetPages, total: int, failure: str) -> None:
    offsets = set_pages(itertools.repeat(Page(total, 1, {})))
    assert failure_of(stage) == failure
    assert offsets == list(range(2000))


@pytest.mark.parametrize(("accounts", "is_too_long"), [(200_000, False), (200_001, True)], ids=str)
def test_a_list_may_have_200_000_accounts(
    stage: DiscoveryStage, set_pages: SetPages, accounts: int, *, is_too_long: bool
) -> None:
    set_pages([Page(accounts, accounts, {str(number): "" for number in range(accounts)})])
    failure = "the list is too long: more than 200000 accounts or 64 MiB"
    assert failure_of(stage) == (failure if is_too_long else "")


@pytest.mark.parametrize(("more", "is_too_long"), [(0, False), (1, True)], ids=str)
def test_a_list_may_have_64_mebibytes(
    stage: DiscoveryStage, set_pages: SetPages, more: int, *, is_too_long: bool
) -> None:
    token = "x" * (64 * 1024 * 1024 - len("one") + more)
    set_pages([Page(1, 1, {"one": token})])
    assert failure_of(stage)[:20] == ("the list is too long" if is_too_long else "")


@pytest.mark.parametrize(("more", "is_too_long"), [(0, False), (-1, True)], ids=["at", "beyond"])
def test_the_limit_of_accounts_is_that_of_all_pages(
    stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch, more: int, *, is_too_long: bool
) -> None:
    monkeypatch.setattr(discovery_module, "_MAX_ACCOUNTS", len(stage.appids) + more)
    stage.patch(page_cut=2)
    assert failure_of(stage)[:20] == ("the list is too long" if is_too_long else "")
    assert stage.list_calls == 3


@pytest.mark.parametrize(("more", "is_too_long"), [(0, False), (-1, True)], ids=["at", "beyond"])
def test_the_limit_of_bytes_is_that_of_all_appids_and_tokens(
    stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch, more: int, *, is_too_long: bool
) -> None:
    (authorizations,) = stage.world.authorizations.values()
    size = sum(len(appid + one.refresh_token) for appid, one in authorizations.items())
    monkeypatch.setattr(discovery_module, "_MAX_LIST_BYTES", size + more)
    stage.patch(page_cut=2)
    assert failure_of(stage)[:20] == ("the list is too long" if is_too_long else "")
    assert stage.list_calls == 3


def test_what_is_no_appid_is_left_out(stage: DiscoveryStage, set_pages: SetPages) -> None:
    good, *others = stage.appids
    wrong = ["", "wx", f"{others[0]}0", others[1].upper(), f" {others[2]}"]
    set_pages([Page(6, 6, dict.fromkeys([good, *wrong], "token"))])
    discovery = stage.discovery()
    discovery.discover()
    assert [app.appid for app in discovery.apps] == [good]
    assert discovery.left_out == LeftOut(not_mini_programs=0, filtered=5, unknown=0)
    assert stage.lookups == {good: 1}


def test_progress_does_not_fall_below_0_if_a_page_has_more_than_the_total(
    stage: DiscoveryStage, set_pages: SetPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_pages([Page(2, 6, dict.fromkeys(stage.appids, "token"))])
    discovery = stage.discovery()
    seen = []

    def ask(*accounts: Any) -> list[Any]:
        seen.append(discovery.progress)
        return ask_about_all(*accounts)

    monkeypatch.setattr(account_lookup, "ask_about_all", ask)
    discovery.discover()
    assert seen == [Progress(0, 2)]
