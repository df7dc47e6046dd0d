from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from helpers.configurations import parse
from hypothesis import example, given
from hypothesis import strategies as st

from wx_domain_exporter.commands.baseline_block import HEAD, baseline_entry
from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.domains.baseline import drifts
from wx_domain_exporter.domains.domain_list import DomainList, MalformedDomainError, domain_list, normal_form

APPID = "wx0123456789abcdef"
TOKEN = AccessToken.model_validate({"type": "access_token", "access_token": "canary"})
APPS = """
apps:
  - appid: wx0123456789abcdef
    token: {type: access_token, access_token: canary}
    baseline: {requestdomain: {exact: []}}
"""


def app(name: str = APPID) -> AppSettings:
    return AppSettings(APPID, name, {}, TOKEN)


def pasted(lists: dict[str, DomainList], name: str = APPID) -> AppSettings:
    """The app of a configuration that contains the printed block."""
    text = HEAD + baseline_entry(app(name), lists) + APPS
    (found,) = parse(text.encode(), Path("config.yml")).apps
    return found


def is_domain(text: str) -> bool:
    try:
        normal_form(text)
    except MalformedDomainError:
        return False
    return True


DOMAINS = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.text("*.a:/-", max_size=12),
        st.text("*.a-", min_size=1, max_size=12).map("https://{}".format),
    ).filter(is_domain),
    max_size=8,
)


@given(requestdomain=DOMAINS, bizdomain=DOMAINS)
@example(requestdomain=["*"], bizdomain=["https://*.example.com/*", "https://api.example.com"])
@example(requestdomain=["null", "1e3", "- b", "a: b", "#", "y\u2028x", "x\u2029y"], bizdomain=["é" * 1024])
def test_the_app_matches_the_printed_baseline(requestdomain: list[str], bizdomain: list[str]) -> None:
    lists = {"requestdomain": domain_list(requestdomain), "bizdomain": domain_list(bizdomain)}
    found = drifts(pasted(lists).baseline, lists)
    assert all(drift.matches for drift in found.values()), found


def test_other_lists_do_not_match_the_printed_baseline() -> None:
    lists = {"requestdomain": domain_list(["https://a.cn"]), "bizdomain": domain_list([])}
    found = pasted(lists, "shop: 会员 # 1")
    others = {"requestdomain": domain_list(["https://b.cn"]), "bizdomain": domain_list(["https://c.cn"])}
    drift = drifts(found.baseline, others)
    assert (drift["requestdomain"].missing, drift["requestdomain"].unexpected) == (
        ("https://a.cn",),
        ("https://b.cn",),
    )
    assert (drift["bizdomain"].missing, drift["bizdomain"].unexpected) == ((), ("https://c.cn",))


def test_it_reads_well() -> None:
    lists = {"requestdomain": domain_list(["https://b.cn", "https://a.cn"]), "udpdomain": domain_list([])}
    assert baseline_entry(app("会员中心"), lists) == (
        "  # 会员中心\n"
        "  wx0123456789abcdef:\n"
        "    requestdomain:\n"
        "      exact:\n"
        "        - https://a.cn\n"
        "        - https://b.cn\n"
        "    udpdomain:\n"
        "      exact: []\n"
    )
    assert baseline_entry(app(), lists).startswith("  wx0123456789abcdef:\n")


def test_a_domain_with_a_wildcard_is_allowed() -> None:
    lists = {
        "requestdomain": domain_list(["https://*.a.cn", "https://a.cn"]),
        "udpdomain": domain_list(["*"]),
    }
    assert yaml.safe_load(baseline_entry(app(), lists)) == {
        APPID: {"requestdomain": {"required": ["https://a.cn"], "allowed": ["https://*.a.cn"]}}
    }


@pytest.mark.parametrize("action", ["getserverdomain", "getbizdomain"])
def test_a_category_that_the_action_does_not_cover_is_left_out(action: str) -> None:
    lists = dict.fromkeys(("requestdomain", "bizdomain", "tcpdomain"), domain_list([]))
    text = f"wechat: {{action: {action}}}\n{HEAD}{baseline_entry(app(), lists, action)}{APPS}"
    (found,) = parse(text.replace("requestdomain: {exact: []}", "").encode(), Path("config.yml")).apps
    expected = {"bizdomain"} if action == "getbizdomain" else {"requestdomain", "tcpdomain"}
    assert set(found.baseline) == expected


def test_characters_that_yaml_forbids_are_removed_from_names() -> None:
    lists = {"requestdomain": domain_list(["https://a.cn"])}
    assert drifts(pasted(lists, "a\ufeffb\ufffec\uffff \U0001f600").baseline, lists)["requestdomain"].matches
