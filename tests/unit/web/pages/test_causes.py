from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.page_setup import NOT_LISTED, SLOW, appid, bad, shown

from wx_domain_exporter.diagnosis.causes import cause_of
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.pages.causes import CauseGroup, cause_group
from wx_domain_exporter.wechat.errors import ApiError, SecretFlaw, TokenError, TokenOrigin

if TYPE_CHECKING:
    from wx_domain_exporter.wechat.errors import FetchError


def group(error: FetchError, apps: int) -> CauseGroup:
    return cause_group([(bad("x", error, 7), error)], cause_of(error), apps)


def wrong_secret(flaw: SecretFlaw | None) -> TokenError:
    error = TokenError("no token", cause=ApiError("stable_token", 40125, "invalid appsecret"))
    error.origin = TokenOrigin("stable_token", flaw=flaw)
    return error


def test_the_group_of_one_app_names_it() -> None:
    one, two = group(NOT_LISTED, 1), group(NOT_LISTED, 2)
    assert f"203.0.113.7 to the IP whitelist of {appid(7)}:" in one.remedies[0].text.en
    assert f"203.0.113.7 加入 {appid(7)} 的" in one.remedies[0].text.zh
    assert "203.0.113.7 to the IP whitelist of each of these mini programs:" in two.remedies[0].text.en
    assert "203.0.113.7 加入每个相关小程序的" in two.remedies[0].text.zh
    assert one.problem == two.problem
    assert isinstance(one.problem, BilingualText)
    assert one.example == ""


def test_without_an_errcode_the_message_of_one_app_is_an_example() -> None:
    content = group(SLOW, 2)
    assert content.problem is not None
    assert content.problem.zh == "未在限定时间内收到完整响应。"
    assert content.example == "no whole answer within 5 s"


def test_each_wrong_secret_has_its_own_remedy() -> None:
    apps = [
        bad(name, wrong_secret(flaw), number)
        for number, (name, flaw) in enumerate(
            [
                ("quoted", SecretFlaw.QUOTES),
                ("quoted too", SecretFlaw.QUOTES),
                ("placeholder", SecretFlaw.PLACEHOLDER),
                ("wrong", None),
            ]
        )
    ]
    [content] = shown(apps).causes
    assert content.apps == 4
    first_words = [(remedy.example, remedy.text.en[:48]) for remedy in content.remedies]
    assert first_words == [
        ("placeholder", "The configured AppSecret is still the placeholde"),
        ("quoted", "The configured AppSecret begins or ends with a q"),
        ("wrong", "Check the configured value first: an AppSecret i"),
    ]
