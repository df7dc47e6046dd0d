from __future__ import annotations

import pytest
from helpers.page_setup import NO_PERMISSION, NOT_LISTED, SLOW, appid, bad

from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.pages.causes import Cause, CauseGroup, cause_group, cause_of, is_cause
from wx_domain_exporter.wechat.errors import (
    FetchError,
    NoSecretError,
    NotAuthorizedError,
    QuotaError,
    TokenError,
)

CAUSES = [
    (NO_PERMISSION, "getwxadevinfo 61007"),
    (NOT_LISTED, "stable_token 40164"),
    (QuotaError("getwxadevinfo", 45009, ""), "getwxadevinfo 45009"),
    (SLOW, "timeout"),
    (TokenError("no token", cause=SLOW), "token timeout"),
    (NoSecretError("no file"), "token secret"),
    (TokenError("no token", cause=NoSecretError("no file")), "token secret"),
    (NotAuthorizedError("not authorized"), "token authorization"),
    (TokenError("no token"), "token"),
]


def group(error: FetchError, apps: int) -> CauseGroup:
    return cause_group(bad("x", error, 7), error, cause_of(error), apps)


@pytest.mark.parametrize(("error", "code"), CAUSES)
def test_every_cause_has_a_code_by_which_the_list_is_filtered(error: FetchError, code: str) -> None:
    cause = cause_of(error)
    assert cause.code == code
    assert is_cause(code)
    assert cause.has(code)
    assert cause.has(error.reason)
    assert not cause.has("")
    assert not cause.has("http")


def test_an_errcode_selects_the_causes_with_it() -> None:
    assert cause_of(NOT_LISTED).has("40164")
    assert not cause_of(NOT_LISTED).has("4016")
    assert not cause_of(TokenError("no token", cause=SLOW)).has("timeout")


def test_the_same_cause_is_the_same_object() -> None:
    assert cause_of(NOT_LISTED) is cause_of(NOT_LISTED)
    assert isinstance(cause_of(NOT_LISTED), Cause)


def test_the_group_of_one_app_names_it() -> None:
    one, two = group(NOT_LISTED, 1), group(NOT_LISTED, 2)
    assert f"203.0.113.7 to the IP whitelist of {appid(7)}:" in one.remedy.en
    assert f"203.0.113.7 加入 {appid(7)} 的" in one.remedy.zh
    assert "203.0.113.7 to the IP whitelist of each of these mini programs:" in two.remedy.en
    assert "203.0.113.7 加入 每个小程序 的" in two.remedy.zh
    assert one.problem == two.problem
    assert isinstance(one.problem, BilingualText)
    assert one.example == ""


def test_without_an_errcode_the_message_of_one_app_is_an_example() -> None:
    content = group(SLOW, 2)
    assert (content.problem, content.example) == (None, "no whole answer within 5 s")
