from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.page_setup import NOT_LISTED, SLOW, appid, bad

from wx_domain_exporter.diagnosis.causes import cause_of
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.pages.causes import CauseGroup, cause_group

if TYPE_CHECKING:
    from wx_domain_exporter.wechat.errors import FetchError


def group(error: FetchError, apps: int) -> CauseGroup:
    return cause_group(bad("x", error, 7), error, cause_of(error), apps)


def test_the_group_of_one_app_names_it() -> None:
    one, two = group(NOT_LISTED, 1), group(NOT_LISTED, 2)
    assert f"203.0.113.7 to the IP whitelist of {appid(7)}:" in one.remedy.en
    assert f"203.0.113.7 加入 {appid(7)} 的" in one.remedy.zh
    assert "203.0.113.7 to the IP whitelist of each of these mini programs:" in two.remedy.en
    assert "203.0.113.7 加入每个相关小程序的" in two.remedy.zh
    assert one.problem == two.problem
    assert isinstance(one.problem, BilingualText)
    assert one.example == ""


def test_without_an_errcode_the_message_of_one_app_is_an_example() -> None:
    content = group(SLOW, 2)
    assert (content.problem, content.example) == (None, "no whole answer within 5 s")
