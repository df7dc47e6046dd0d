import itertools
import re

import pytest

from wx_domain_exporter.errcodes.lookup import TABLE, Action, Errcode, cooldown_after, look_up
from wx_domain_exporter.errcodes.types import BilingualText

APP_APIS = ("getwxadevinfo", "get_effective_domain", "get_effective_webviewdomain", "quota/get")
COMPONENT_APIS = ("api_authorizer_token", "api_get_authorizer_list", "api_get_authorizer_info")
SECRET_APIS = ("stable_token", "api_component_token")
PLATFORM_DOMAIN_APIS = ("modify_wxa_server_domain", "modify_wxa_jump_domain")
APIS = APP_APIS + COMPONENT_APIS + PLATFORM_DOMAIN_APIS + SECRET_APIS

FOR_A_PERSON = (
    *(40013, 40125, 40164, 40243, 41002, 41004, 42007, 48001, 48004, 50002),
    *(61003, 61004, 61005, 61006, 61007, 61023),
    *(89501, 89502, 89503, 89504, 89505, 89506, 89507),
)

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
QUOTED_MENU = re.compile(r"「[^」]*」")


def described(row: Errcode) -> str:
    return f"{row.code}-{'-'.join(sorted(row.apis)) or 'any'}"


every_row = pytest.mark.parametrize("row", TABLE, ids=described)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("code", "action"),
    [
        (-1, Action.BUSY),
        (-1000, Action.BUSY),
        (85113, Action.BUSY),
        (45009, Action.DAILY_QUOTA),
        (45011, Action.MINUTE_QUOTA),
        *((code, Action.PERSON) for code in FOR_A_PERSON),
    ],
)
def test_these_codes_are_of_one_class_whatever_the_api(api: str, code: int, action: Action) -> None:
    assert look_up(api, code).action is action


@pytest.mark.parametrize(
    ("code", "first", "later"),
    [(45009, 60, 1800), (45011, 60, 60), (-1, 0, 0), (40001, 0, 0), (48001, 0, 0)],
)
def test_an_api_rests_after_a_quota_alone(code: int, first: float, later: float) -> None:
    assert cooldown_after("getwxadevinfo", code) == first
    assert cooldown_after("getwxadevinfo", code, again=True) == later


@pytest.mark.parametrize("api", APP_APIS + COMPONENT_APIS + PLATFORM_DOMAIN_APIS)
@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_dead_token_is_found_out_by_the_apis_called_with_one(api: str, code: int) -> None:
    assert look_up(api, code).action is Action.INVALID_TOKEN


@pytest.mark.parametrize("api", SECRET_APIS)
@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_an_api_called_with_a_secret_never_finds_a_dead_token(api: str, code: int) -> None:
    assert look_up(api, code).action is Action.PERSON


@pytest.mark.parametrize("api", SECRET_APIS)
def test_40001_from_an_api_called_with_a_secret_is_a_wrong_appsecret(api: str) -> None:
    row = look_up(api, 40001)
    assert "AppSecret" in row.meaning.en
    assert "AppSecret" in row.meaning.zh


@pytest.mark.parametrize("api", COMPONENT_APIS)
@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_the_dead_token_of_a_platforms_api_is_the_component_access_token(api: str, code: int) -> None:
    row = look_up(api, code)
    assert "component_access_token" in row.meaning.en
    assert "component_access_token" in row.meaning.zh


def test_only_the_codes_of_the_contract_are_not_for_a_person() -> None:
    assert {(row.code, row.action) for row in TABLE if row.action is not Action.PERSON} == {
        (-1, Action.BUSY),
        (-1000, Action.BUSY),
        (85113, Action.BUSY),
        (40001, Action.INVALID_TOKEN),
        (40014, Action.INVALID_TOKEN),
        (42001, Action.INVALID_TOKEN),
        (45009, Action.DAILY_QUOTA),
        (45011, Action.MINUTE_QUOTA),
    }


def test_a_row_that_names_the_api_goes_before_the_row_for_any_api() -> None:
    named = look_up("api_get_authorizer_list", 48001)
    general = look_up("getwxadevinfo", 48001)
    assert "api_get_authorizer_list" in named.apis
    assert general.apis == frozenset()
    assert named.meaning != general.meaning


@every_row
def test_every_row_is_found_under_each_of_its_apis(row: Errcode) -> None:
    for api in row.apis or {"an API of tomorrow"}:
        assert look_up(api, row.code) is row


def test_no_two_rows_apply_equally_to_the_same_api_and_code() -> None:
    clashes = [
        (described(one), described(other))
        for one, other in itertools.combinations(TABLE, 2)
        if one.code == other.code and (one.apis & other.apis or one.apis == other.apis)
    ]
    assert clashes == []


def test_the_rows_are_in_the_order_of_their_codes() -> None:
    codes = [row.code for row in TABLE]
    assert codes == sorted(codes)


def test_zero_is_no_error_and_has_no_row() -> None:
    assert all(row.code != 0 for row in TABLE)


@every_row
def test_a_row_names_only_apis_the_metrics_know(row: Errcode) -> None:
    assert row.apis <= set(APIS)


@every_row
def test_a_row_has_an_official_page_as_its_source(row: Errcode) -> None:
    assert re.fullmatch(r"https://developers\.weixin\.qq\.com/[\w./-]+(\.html|/)", row.source)


def assert_is_in_both_languages(text: BilingualText) -> None:
    assert CHINESE.search(text.zh)
    assert not QUOTED_MENU.search(text.zh)
    assert text.zh.endswith("。")
    assert not CHINESE.search(QUOTED_MENU.sub("", text.en))
    assert text.en.endswith(".")
    assert "  " not in text.en + text.zh


@every_row
def test_a_row_speaks_both_languages_and_english_quotes_chinese_menus_only(row: Errcode) -> None:
    assert_is_in_both_languages(row.meaning)
    assert_is_in_both_languages(row.remedy)


def test_an_unknown_code_is_for_a_person_and_says_that_it_is_unknown() -> None:
    row = look_up("getwxadevinfo", 123456)
    assert row.code == 123456
    assert row.apis == {"getwxadevinfo"}
    assert row.action is Action.PERSON
    assert row.meaning.en.startswith("errcode 123456 is not in this program's table")
    assert row.meaning.zh.startswith("errcode 123456 不在本程序的")
    assert row.source.startswith("https://developers.weixin.qq.com/")
    assert_is_in_both_languages(row.meaning)
    assert_is_in_both_languages(row.remedy)


def test_a_code_known_of_other_apis_only_is_unknown_here() -> None:
    row = look_up("stable_token", 76022)
    assert row not in TABLE
    assert "stable_token" in row.meaning.en
