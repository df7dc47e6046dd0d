from __future__ import annotations

from typing import Any

import pytest

from wx_domain_exporter.domains.domain_list import EMPTY, SERVER_CATEGORIES, domain_list
from wx_domain_exporter.wechat.effective_domains import (
    DOCUMENTED_EFFECTIVE,
    EffectiveLists,
    read_effective_domain,
    read_effective_webviewdomain,
    withheld,
)
from wx_domain_exporter.wechat.errors import DecodeError

DOMAINS = ["https://WWW.qq.com/"]


def effective(lists: Any) -> dict[str, Any]:
    """An answer whose lists by origin differ from those in force."""
    others = {
        f"{origin}_domain": {"requestdomain": ["https://no.cn"]} for origin in ("mp", "third", "direct")
    }
    return {"errcode": 0, "errmsg": "ok", **others, "effective_domain": lists}


class TestEffectiveDomain:
    def test_it_is_the_published_object_in_normal_form(self) -> None:
        lists = read_effective_domain(effective({"requestdomain": DOMAINS, "udpdomain": None}), ()).lists
        assert lists["requestdomain"].domains == ("https://www.qq.com",)

    def test_documented_ones_that_are_absent_count_as_empty(self) -> None:
        lists = read_effective_domain(effective({"requestdomain": DOMAINS}), ()).lists
        assert tuple(lists) == DOCUMENTED_EFFECTIVE == (*SERVER_CATEGORIES, "tcpdomain")
        assert [name for name, listed in lists.items() if listed != EMPTY] == ["requestdomain"]

    def test_undocumented_ones_are_categories_and_count_as_empty_later(self) -> None:
        lists = read_effective_domain(effective({"prefetchdnsdomain": DOMAINS, "other": DOMAINS}), ()).lists
        assert lists["prefetchdnsdomain"] == domain_list(DOMAINS)
        assert "other" not in lists
        later = read_effective_domain(effective({"requestdomain": []}), {"prefetchdnsdomain"}).lists
        assert later["prefetchdnsdomain"] == EMPTY

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param({"errcode": 0, "requestdomain": []}, id="no such object"),
            pytest.param(effective(None), id="null"),
            pytest.param(effective([]), id="a list"),
            pytest.param(effective({}), id="no list"),
            pytest.param(effective({"tcpdomain": "tcp://a.cn"}), id="a documented one that is no list"),
            pytest.param(effective({"requestdomain": [""]}), id="an empty domain"),
            pytest.param(
                effective(
                    {f"{chr(97 + number // 26)}{chr(97 + number % 26)}domain": [] for number in range(33)}
                ),
                id="33 lists",
            ),
        ],
    )
    def test_anything_else_is_malformed(self, answer: dict[str, Any]) -> None:
        with pytest.raises(DecodeError):
            read_effective_domain(answer, ())


class TestEffectiveWebviewdomain:
    def test_it_is_what_getwxadevinfo_calls_bizdomain(self) -> None:
        answer = {"errcode": 0, "mp_webviewdomain": ["https://no.cn"], "effective_webviewdomain": DOMAINS}
        assert read_effective_webviewdomain(answer).lists == {
            "bizdomain": domain_list(["https://www.qq.com"])
        }

    @pytest.mark.parametrize(
        "answer",
        [
            {"errcode": 0},
            {"effective_webviewdomain": None},
            {"effective_webviewdomain": {}},
            {"effective_webviewdomain": [1]},
            {"bizdomain": DOMAINS},
        ],
    )
    def test_anything_else_is_malformed(self, answer: dict[str, Any]) -> None:
        with pytest.raises(DecodeError):
            read_effective_webviewdomain(answer)


def server(**origins: list[str]) -> EffectiveLists:
    """What get_effective_domain says when the origins have these request domains, and nothing else."""
    names = ("mp", "third", "direct", "effective")
    answer = {f"{name}_domain": {"requestdomain": origins.get(name, [])} for name in names}
    return read_effective_domain(answer, ())


def webview(**origins: list[str]) -> EffectiveLists:
    names = ("mp", "third", "direct", "effective")
    return read_effective_webviewdomain({f"{name}_webviewdomain": origins.get(name, []) for name in names})


REQUEST = {"requestdomain": domain_list(DOMAINS)}
BIZ = {"bizdomain": domain_list(DOMAINS)}


class TestWithheld:
    def test_blank_answers_are_those_without_any_domain_of_any_origin(self) -> None:
        assert server().blank
        assert webview().blank
        for origin in ("mp", "third", "direct", "effective"):
            assert not server(**{origin: DOMAINS}).blank
            assert not webview(**{origin: DOMAINS}).blank
        assert read_effective_domain({"effective_domain": {"requestdomain": []}, "mp_domain": None}, ()).blank

    def test_a_blank_answer_withholds_what_is_configured(self) -> None:
        assert withheld([server()], REQUEST)
        assert withheld([webview()], BIZ)
        assert withheld([server(), webview(mp=DOMAINS)], REQUEST)

    def test_nothing_configured_is_nothing_withheld(self) -> None:
        assert not withheld([server(), webview()], {"requestdomain": EMPTY, "bizdomain": EMPTY})
        assert not withheld([server()], BIZ)
        assert not withheld([webview()], REQUEST)
        assert not withheld([], REQUEST)

    def test_a_configuration_that_was_never_released_is_not_withheld(self) -> None:
        assert not withheld([server(mp=DOMAINS), webview(mp=DOMAINS)], {**REQUEST, **BIZ})
