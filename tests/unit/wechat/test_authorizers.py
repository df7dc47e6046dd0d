from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from helpers.api_clients import Recorder, answering, settings, time_left
from helpers.faults import FaultyApi

from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.wechat.authorizers import MiniProgram, Page, account_status, list_page, mini_program
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.tokens.access_token import AccessTokenSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.faults import Request

COMPONENT = "wxc0c0c0c0c0c0c0c0"
ACCOUNT = "wx0123456789abcdef"


def asked(answer: object, ask: Callable[[Platform, Caller], Any]) -> tuple[Any, Request]:
    """Let an API answer this to all; return what was made of it, and the request."""
    token = AccessTokenSource(AccessToken.model_validate({"type": "access_token", "access_token": "canary"}))
    token.parameter = "component_access_token"
    with FaultyApi({"": answering(answer)}) as api:
        client = ApiClient(settings(api.url), Recorder())
        try:
            result = ask(Platform("main", COMPONENT, token), Caller(client, time_left(), {}))
        finally:
            client.close()
        (request,) = api.requests
    return result, request


def page(answer: object) -> Page:
    result = asked(answer, lambda platform, caller: list_page(platform, caller, 500))[0]
    assert isinstance(result, Page)
    return result


def described(answer: object) -> Any:
    return asked(answer, lambda platform, caller: mini_program(platform, caller, ACCOUNT))[0]


def entry(appid: object, refresh_token: object = "refresh-1") -> dict[str, object]:
    return {"authorizer_appid": appid, "refresh_token": refresh_token, "auth_time": 1}


class TestWhoseAnswer:
    INFO: ClassVar = {"authorizer_info": {"nick_name": "shop", "MiniProgramInfo": {}}}

    def test_an_answer_about_another_account_is_refused(self) -> None:
        other = {"authorization_info": {"authorizer_appid": "wxfedcba9876543210"}}
        with pytest.raises(DecodeError, match="about another account"):
            described({**self.INFO, **other})

    def test_one_about_this_account_is_read(self) -> None:
        assert described({**self.INFO, "authorization_info": {"authorizer_appid": ACCOUNT}}).name == "shop"


class TestListPage:
    def test_the_request_is_the_documented_one(self) -> None:
        _, request = asked({"total_count": 0}, lambda platform, caller: list_page(platform, caller, 500))
        assert request.path == "/cgi-bin/component/api_get_authorizer_list"
        assert request.target.endswith("?component_access_token=canary")
        assert request.body == f'{{"component_appid": "{COMPONENT}", "offset": 500, "count": 500}}'.encode()

    @pytest.mark.parametrize("total", [1200, "1200", 1200.0, "1200.0"])
    def test_a_total_may_come_as_a_string_or_a_float(self, total: object) -> None:
        assert page({"total_count": total, "list": [entry(ACCOUNT)]}) == Page(1200, 1, {ACCOUNT: "refresh-1"})

    @pytest.mark.parametrize("empty", [{}, {"list": None}, {"list": []}], ids=["missing", "null", "empty"])
    def test_an_empty_page_may_lack_its_list(self, empty: dict[str, object]) -> None:
        assert page({"total_count": 7, **empty}) == Page(7, 0, {})

    def test_malformed_entries_are_counted_and_left_out(self) -> None:
        bad: list[object] = [
            None,
            "canary",
            [],
            {},
            entry(5),
        ]
        assert page({"total_count": 6, "list": [*bad, entry(ACCOUNT)]}) == Page(6, 6, {ACCOUNT: "refresh-1"})

    @pytest.mark.parametrize("refresh_token", [None, "", 5, "a\nb"], ids=repr)
    def test_an_account_without_a_refresh_token_is_listed(self, refresh_token: object) -> None:
        listed = [{"authorizer_appid": ACCOUNT, "refresh_token": refresh_token}]
        assert page({"total_count": 1, "list": listed}) == Page(1, 1, {ACCOUNT: ""})

    @pytest.mark.parametrize("total", [None, -1, 1.5, True, "many", "-1", 10**6 + 1, "9" * 500], ids=repr)
    def test_a_list_without_a_total_is_malformed(self, total: object) -> None:
        with pytest.raises(DecodeError, match="the answer has no total_count"):
            page({"total_count": total, "list": []})

    @pytest.mark.parametrize("listed", [{}, "canary", 5, True], ids=repr)
    def test_what_is_not_a_list_is_malformed(self, listed: object) -> None:
        with pytest.raises(DecodeError, match="the answer has no list"):
            page({"total_count": 1, "list": listed})

    def test_no_refresh_token_is_printed(self) -> None:
        found = page({"total_count": 1, "list": [entry(ACCOUNT)]})
        assert found.refresh_tokens == {ACCOUNT: "refresh-1"}
        assert "refresh-1" not in repr(found)


class TestAccountStatus:
    @pytest.mark.parametrize(
        ("number", "expected"),
        [
            (1, "normal"),
            (14, "cancelled"),
            (16, "banned"),
            (18, "warned"),
            (19, "frozen"),
            ("19.0", "frozen"),
            (0, None),
            (True, None),
            ({}, None),
            (None, None),
        ],
    )
    def test_only_the_documented_numbers_are_statuses(self, number: object, expected: str | None) -> None:
        answer = {"authorizer_info": {"account_status": number, "MiniProgramInfo": {}}}
        assert described(answer).status == expected
        again = asked(answer, lambda platform, caller: account_status(platform, caller, ACCOUNT))[0]
        assert again == expected


class TestMiniProgram:
    def test_the_request_is_the_documented_one(self) -> None:
        answer = {"authorizer_info": {"nick_name": "shop", "MiniProgramInfo": {"network": {}}}}
        shop, request = asked(answer, lambda platform, caller: mini_program(platform, caller, ACCOUNT))
        assert shop == MiniProgram("shop", lacks_development=False)
        assert request.path == "/cgi-bin/component/api_get_authorizer_info"
        assert request.target.endswith("?component_access_token=canary")
        expected = f'{{"component_appid": "{COMPONENT}", "authorizer_appid": "{ACCOUNT}"}}'
        assert request.body == expected.encode()

    @pytest.mark.parametrize("info", [{}, {"MiniProgramInfo": None}], ids=["without", "null"])
    def test_an_account_of_another_kind_is_none(self, info: dict[str, object]) -> None:
        assert described({"authorizer_info": {"nick_name": "news", **info}}) is None

    @pytest.mark.parametrize(
        "names", [{}, {"nick_name": None}, {"nick_name": 5}, {"nick_name": ""}], ids=repr
    )
    def test_a_mini_program_may_have_no_name(self, names: dict[str, object]) -> None:
        assert described({"authorizer_info": {**names, "MiniProgramInfo": {}}}).name == ""

    @pytest.mark.parametrize("answer", [{}, {"authorizer_info": None}, {"authorizer_info": []}], ids=repr)
    def test_an_answer_without_an_account_is_malformed(self, answer: dict[str, object]) -> None:
        with pytest.raises(DecodeError, match="the answer has no authorizer_info"):
            described(answer)

    @pytest.mark.parametrize(
        ("func_info", "lacks"),
        [
            ([{"funcscope_category": {"id": 17}}, {"funcscope_category": {"id": 18}}], False),
            ([{"funcscope_category": {"id": "18"}, "confirm_info": {"need_confirm": 0}}], False),
            ([{"funcscope_category": {"id": 17}}, {"funcscope_category": {"id": None}}], True),
            ([], True),
            *((None, False), ({}, False), ([None], False), ([{}], False)),
            ([{"funcscope_category": 18}], False),
        ],
        ids=repr,
    )
    def test_the_permission_set_is_lacking_only_if_the_sets_are_listed(
        self, func_info: object, *, lacks: bool
    ) -> None:
        answer = {"authorizer_info": {"MiniProgramInfo": {}}, "authorization_info": {"func_info": func_info}}
        assert described(answer).lacks_development is lacks

    @pytest.mark.parametrize("info", [None, [], "18"], ids=repr)
    def test_without_authorization_info_nothing_is_lacking(self, info: object) -> None:
        answer = {"authorizer_info": {"MiniProgramInfo": {}}, "authorization_info": info}
        assert not described(answer).lacks_development
