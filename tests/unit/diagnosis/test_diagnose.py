from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wx_domain_exporter.diagnosis.diagnose import Diagnosis, Step, diagnose
from wx_domain_exporter.errcodes.lookup import look_up
from wx_domain_exporter.wechat.errors import (
    ApiError,
    BrokenConnectionError,
    CallTimeoutError,
    DeadlineError,
    DecodeError,
    FetchError,
    HttpError,
    NoSecretError,
    NotAuthorizedError,
    NotDiscoveredError,
    QuotaError,
    SecretFlaw,
    TlsError,
    TokenError,
    TokenOrigin,
)

if TYPE_CHECKING:
    from wx_domain_exporter.errcodes.types import BilingualText

APPID = "wx0123456789abcdef"
COMPONENT = "wx00000000000000c0"
NOT_LISTED = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1"


def refused(api: str, errcode: int, errmsg: str = "", origin: TokenOrigin | None = None) -> TokenError:
    """The error of a token source whose API returned an errcode."""
    error = TokenError("no token", cause=ApiError(api, errcode, errmsg))
    error.origin = origin
    return error


def of_service(cause: FetchError, name: str = "center") -> TokenError:
    """The error of a source of type `http`."""
    error = TokenError(f"http: no token: {cause}", cause=cause)
    error.origin = TokenOrigin("http", name, "tokens.example.com:8080")
    return error


class TestStep:
    @pytest.mark.parametrize(
        ("error", "step"),
        [
            (NoSecretError("stable_token: no token: the variable X is not set"), Step.SECRET),
            (refused("stable_token", 40125), Step.TOKEN),
            (refused("api_component_token", 61005), Step.TOKEN),
            (refused("api_component_token", 48001), Step.TOKEN),
            (refused("api_component_token", 50001), Step.TOKEN),
            (refused("api_authorizer_token", 61003), Step.TOKEN),
            (TokenError("access_token: WeChat refuses the token, and there is no other"), Step.TOKEN),
            (TokenError("http: no token", cause=HttpError("HTTP status 500")), Step.TOKEN),
            (NotAuthorizedError("authorizer: no token: not authorized"), Step.PERMISSION),
            (NotDiscoveredError("authorizer: no token: not discovered yet"), Step.TOKEN),
            (
                refused("stable_token", 40125, "", TokenOrigin("stable_token", flaw=SecretFlaw.QUOTES)),
                Step.SECRET,
            ),
            (refused("stable_token", 40164, NOT_LISTED), Step.IP_LIST),
            (refused("api_component_token", 61004), Step.IP_LIST),
            (refused("stable_token", 89503), Step.IP_LIST),
            (ApiError("getwxadevinfo", 48001, ""), Step.PERMISSION),
            (ApiError("getwxadevinfo", 61007, ""), Step.PERMISSION),
            (ApiError("getwxadevinfo", 61003, ""), Step.PERMISSION),
            (ApiError("getwxadevinfo", 40001, ""), Step.TOKEN),
            (ApiError("getwxadevinfo", -1, ""), Step.ANSWER),
            (ApiError("getwxadevinfo", 123456, ""), Step.ANSWER),
            (DecodeError("the answer is not JSON"), Step.ANSWER),
            (CallTimeoutError("slow"), Step.ANSWER),
            (QuotaError("getwxadevinfo", 45009, ""), Step.QUOTA),
            (refused("stable_token", 45009), Step.QUOTA),
        ],
        ids=str,
    )
    def test_each_failure_has_its_step(self, error: FetchError, step: Step) -> None:
        assert diagnose(error, APPID).step is step


class TestProblem:
    def test_an_errcode_has_its_meaning_in_both_languages(self) -> None:
        problem = diagnose(refused("stable_token", 40125), APPID).problem
        assert problem.en == "stable_token returned errcode 40125: The AppSecret is not valid."
        assert problem.zh == "stable_token 返回错误码 40125：AppSecret 无效。"

    def test_the_remedy_is_that_of_the_errcode(self) -> None:
        assert diagnose(refused("stable_token", 40125), APPID).remedy == look_up("stable_token", 40125).remedy

    @pytest.mark.parametrize(
        "error",
        [
            BrokenConnectionError("connection failed"),
            CallTimeoutError("slow"),
            TlsError("certificate refused"),
            HttpError("HTTP status 502"),
            DecodeError("the answer is not JSON"),
            DeadlineError("the scrape's time was over"),
            TokenError("http: no token", cause=BrokenConnectionError("connection failed")),
            TokenError("two apps have the same token"),
            NoSecretError("the secret file is gone"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_a_failure_without_an_errcode_has_a_problem_and_a_remedy_too(self, error: FetchError) -> None:
        diagnosis = diagnose(error, APPID)
        assert (diagnosis.reason, diagnosis.api_error) == (error.reason, None)
        assert diagnosis.problem.en == diagnosis.message == str(error)
        assert str(error) in diagnosis.problem.zh
        assert diagnosis.problem.zh != diagnosis.problem.en
        assert len(diagnosis.remedy.en) > 30
        assert any("\u4e00" <= char <= "\u9fff" for char in diagnosis.remedy.zh)

    def test_each_reason_has_a_remedy_of_its_own(self) -> None:
        def remedy(error: FetchError) -> str:
            return diagnose(error, APPID).remedy.en

        errors = [TlsError("x"), HttpError("x"), DecodeError("x"), DeadlineError("x"), CallTimeoutError("x")]
        assert len({remedy(error) for error in errors}) == len(errors)
        assert remedy(CallTimeoutError("x")) == remedy(BrokenConnectionError("x"))

    def test_the_remedy_for_tls_names_the_self_signed_certificate_of_wechats_cloud(self) -> None:
        remedy = diagnose(TlsError("certificate refused"), APPID).remedy
        assert "self-signed" in remedy.en
        assert "自签名证书" in remedy.zh
        assert "`cloudrun`" in remedy.en
        assert "`cloudrun`" in remedy.zh


class TestAddress:
    def diagnosis(self, error: FetchError, component: str | None = None) -> Diagnosis:
        return diagnose(error, APPID, component)

    def test_the_errmsgs_address_is_in_the_remedy(self) -> None:
        remedy = self.diagnosis(refused("stable_token", 40164, NOT_LISTED)).remedy
        assert remedy.en.startswith(f"Add 203.0.113.7 to the IP whitelist of {APPID}: ")
        assert remedy.zh.startswith(f"请将 203.0.113.7 加入 {APPID} 的 IP 白名单：")
        assert "mp.weixin.qq.com" in remedy.en

    def test_so_is_an_ipv6_address(self) -> None:
        errmsg = "invalid ip 2001:db8::7 ipv6 2001:db8::7, not in whitelist"
        assert "Add 2001:db8::7 to" in self.diagnosis(refused("stable_token", 40164, errmsg)).remedy.en

    def test_the_address_of_a_platforms_call_goes_into_the_platforms_whitelist(self) -> None:
        error = refused(
            "api_component_token", 61004, "access clientip is not registered, requestIP: 203.0.113.7"
        )
        remedy = self.diagnosis(error, COMPONENT).remedy.en
        assert f"Add 203.0.113.7 to the IP whitelist of {COMPONENT}: " in remedy
        assert "open.weixin.qq.com" in remedy

    def test_the_address_of_a_mini_programs_call_goes_into_its_own_whitelist(self) -> None:
        error = ApiError("getwxadevinfo", 40164, NOT_LISTED)
        assert f"whitelist of {APPID}: " in self.diagnosis(error, COMPONENT).remedy.en

    def test_an_errcode_about_the_platforms_whitelist_names_the_platform(self) -> None:
        error = ApiError("getwxadevinfo", 61004, "access clientip is not registered, requestIP: 203.0.113.7")
        assert f"whitelist of {COMPONENT}: " in self.diagnosis(error, COMPONENT).remedy.en

    def test_an_address_that_waits_for_a_confirmation_is_added_nowhere(self) -> None:
        remedy = self.diagnosis(refused("stable_token", 89503, NOT_LISTED)).remedy
        assert remedy.en.startswith("The call came from 203.0.113.7. Ask the account's administrator")
        assert remedy.zh.startswith("调用来自 203.0.113.7。")
        assert "Add" not in remedy.en

    @pytest.mark.parametrize(
        "errmsg", ["", "invalid ip", "invalid ip 999.1.1.1, not in whitelist", "at 203.0.113.7"]
    )
    def test_without_an_address_the_remedy_is_that_of_the_errcode(self, errmsg: str) -> None:
        remedy = self.diagnosis(refused("stable_token", 40164, errmsg)).remedy.en
        assert not remedy.startswith("Add 203")
        assert "IP白名单" in remedy

    def test_the_remedies_of_other_errcodes_have_no_address(self) -> None:
        remedy = self.diagnosis(refused("stable_token", 40125, NOT_LISTED)).remedy
        assert "AppSecret" in remedy.en
        assert "203.0.113.7" not in remedy.en


class TestSecret:
    @pytest.mark.parametrize("flaw", SecretFlaw)
    @pytest.mark.parametrize("api", ["stable_token", "api_component_token"])
    @pytest.mark.parametrize("errcode", [40001, 40125])
    def test_a_flaw_of_the_configured_value_is_said_first_and_the_reset_last(
        self, api: str, errcode: int, flaw: SecretFlaw
    ) -> None:
        remedy = diagnose(refused(api, errcode, "", TokenOrigin(api, flaw=flaw)), APPID).remedy
        assert remedy.en.startswith("The configured AppSecret ")
        assert remedy.zh.startswith("配置的 AppSecret ")
        assert "Check the configured value" not in remedy.en
        assert "请先检查配置的值" not in remedy.zh
        last = remedy.en.split(" Then compare ")[1]
        assert last.endswith("update each of them right after the reset.")

    def test_each_flaw_has_a_text_of_its_own(self) -> None:
        origins = [TokenOrigin("stable_token", flaw=flaw) for flaw in SecretFlaw]
        remedies = {diagnose(refused("stable_token", 40125, "", one), APPID).remedy for one in origins}
        assert len(remedies) == len(SecretFlaw)

    def test_a_flaw_has_no_part_in_other_errcodes(self) -> None:
        error = refused("stable_token", 40013, "", TokenOrigin("stable_token", flaw=SecretFlaw.QUOTES))
        assert diagnose(error, APPID).remedy == look_up("stable_token", 40013).remedy


class TestTokenService:
    @pytest.mark.parametrize(
        "cause",
        [
            CallTimeoutError("slow"),
            BrokenConnectionError("x"),
            TlsError("x"),
            HttpError("x"),
            DecodeError("x"),
        ],
        ids=lambda cause: type(cause).__name__,
    )
    def test_the_source_and_the_host_are_named_and_not_the_api(self, cause: FetchError) -> None:
        diagnosis = diagnose(of_service(cause), APPID)
        for text in (diagnosis.problem, diagnosis.remedy, diagnosis.shared_problem):
            assert "token service tokens.example.com:8080 of tokens.center" in text.en
            assert "tokens.center 的 token 服务 tokens.example.com:8080" in text.zh
        assert "wechat." not in diagnosis.remedy.en + diagnosis.remedy.zh

    def test_one_without_a_name_is_named_by_its_host(self) -> None:
        problem = diagnose(of_service(HttpError("HTTP status 503"), name=""), APPID).problem
        assert problem.en == "http: no token: HTTP status 503 (token service tokens.example.com:8080)"
        assert problem.zh == (
            "token 服务 tokens.example.com:8080：获取 token 失败：响应是 HTTP 错误状态码，"
            "或不是 HTTP 响应（http: no token: HTTP status 503）"
        )

    def test_a_call_to_wechat_has_the_remedy_of_the_api(self) -> None:
        error = TokenError("stable_token: no token", cause=BrokenConnectionError("connection failed"))
        error.origin = TokenOrigin("stable_token")
        assert "`wechat.base_url`" in diagnose(error, APPID).remedy.en


class TestInvalidToken:
    def remedy(self, type_name: str) -> str:
        origin = TokenOrigin(type_name, host="tokens.example.com" if type_name == "http" else "")
        return diagnose(refused("getwxadevinfo", 40001, "", origin), APPID).remedy.en

    def test_a_fixed_token_is_not_said_to_recover(self) -> None:
        assert self.remedy("access_token").startswith("This does not pass by itself: ")

    def test_the_remedy_depends_on_the_type_of_the_source(self) -> None:
        types = ("access_token", "cloudbase", "cloudrun", "http", "stable_token")
        assert len({self.remedy(name) for name in types}) == len(types)
        assert "token service tokens.example.com" in self.remedy("http")
        assert self.remedy("stable_token") == look_up("getwxadevinfo", 40001).remedy.en

    @pytest.mark.parametrize("type_name", ["access_token", "http"])
    def test_that_of_a_platforms_token_is_of_the_platform(self, type_name: str) -> None:
        error = refused("api_get_authorizer_list", 40001, "", TokenOrigin(type_name))
        assert diagnose(error, COMPONENT).remedy == look_up("api_get_authorizer_list", 40001).remedy


class TestShared:
    def shared(
        self, error: FetchError, appid: str, component: str | None = None
    ) -> tuple[BilingualText, BilingualText]:
        diagnosis = diagnose(error, appid, component)
        return diagnosis.shared_problem, diagnosis.shared_remedy

    def test_what_two_apps_share_names_neither(self) -> None:
        error = refused("stable_token", 40164, NOT_LISTED)
        shared = self.shared(error, APPID)
        assert shared == self.shared(error, COMPONENT)
        assert shared[1].en.startswith("Add 203.0.113.7 to the IP whitelist of each of these mini programs: ")
        assert shared[1].zh.startswith("请将 203.0.113.7 加入每个相关小程序的 IP 白名单：")

    def test_that_of_a_platform_names_the_platform(self) -> None:
        error = refused("api_component_token", 61004, "requestIP: 203.0.113.7")
        shared = self.shared(error, APPID, COMPONENT)
        assert shared == self.shared(error, COMPONENT)
        assert f"the IP whitelist of {COMPONENT}: " in shared[1].en

    def test_messages_of_apps_are_no_part_of_it(self) -> None:
        first, second = (NoSecretError(f"the variable {name} is not set") for name in "AB")
        assert self.shared(first, APPID) == self.shared(second, APPID)

    def test_failures_with_other_remedies_share_nothing(self) -> None:
        elsewhere = refused("stable_token", 40164, NOT_LISTED.replace("203.0.113.7", "203.0.113.8"))
        errors = [
            refused("stable_token", 40164, NOT_LISTED),
            elsewhere,
            of_service(HttpError("x")),
            of_service(HttpError("x"), name="other"),
            HttpError("x"),
            NotDiscoveredError("x"),
            NotAuthorizedError("x"),
        ]
        assert len({self.shared(error, APPID) for error in errors}) == len(errors)
