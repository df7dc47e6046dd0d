"""Explains a failure to a person: the step at which it happened, what is wrong, and what to do about it."""

import enum
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wx_domain_exporter.diagnosis.advice import (
    AUTHORIZE_REMEDY,
    INVALID_TOKEN_REMEDIES,
    NO_SECRET_PROBLEM,
    NOT_AUTHORIZED_PROBLEM,
    NOT_DISCOVERED_PROBLEM,
    NOT_DISCOVERED_REMEDY,
    REASON_PROBLEMS,
    REASON_REMEDIES,
    SECRET_FLAWS,
    SERVICE_REMEDIES,
    TOKEN_REMEDY,
    UNREADABLE_SECRET_REMEDY,
)
from wx_domain_exporter.diagnosis.causes import Cause, api_error_of, cause_of, origin_of
from wx_domain_exporter.errcodes.lookup import Action, look_up
from wx_domain_exporter.errcodes.remedies import (
    APP_IP_LIST,
    APP_IP_LIST_WARNING,
    APP_TOKEN_REMEDY,
    COMPONENT_SECRET_REMEDY,
    PLATFORM_IP_LIST,
    PLATFORM_IP_LIST_WARNING,
    SECRET_CHECK,
    SECRET_REMEDY,
    with_warning,
)
from wx_domain_exporter.errcodes.types import BilingualText, Errcode, ErrcodeGroup
from wx_domain_exporter.wechat.errors import (
    ApiError,
    FetchError,
    NoSecretError,
    NotAuthorizedError,
    NotDiscoveredError,
    Reason,
    TokenError,
    TokenOrigin,
)


class Step(enum.Enum):
    """The steps of a fetch, in their order."""

    SECRET = BilingualText("secret", "密钥")
    TOKEN = BilingualText("token", "token")
    IP_LIST = BilingualText("IP whitelist", "IP 白名单")
    PERMISSION = BilingualText("permission", "权限")
    ANSWER = BilingualText("answer", "返回结果")
    QUOTA = BilingualText("quota", "额度")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why an app or a platform fails, for the doctor and the status pages.

    Attributes:
        reason: the value of the metric label `reason`.
        api_error: the answer with an errcode that caused the failure; None if there was none.
        step: the step that failed; the steps before it succeeded.
        problem: what is wrong.
        remedy: what a person should do.
        message: the error as the log has it, with WeChat's errmsg; redacted.
        cause: why it fails, in the words that other failures for the same cause have too.
        shared_problem: what is wrong, without the details of one app.
        shared_remedy: what a person should do for all apps that have this remedy.
    """

    reason: Reason
    api_error: ApiError | None
    step: Step
    problem: BilingualText
    remedy: BilingualText
    message: str
    cause: Cause
    shared_problem: BilingualText
    shared_remedy: BilingualText


_EACH_APP = BilingualText("each of these mini programs", "每个相关小程序")
_PLATFORM_APIS = frozenset(
    {
        "api_component_token",
        "api_authorizer_token",
        "api_get_authorizer_list",
        "api_get_authorizer_info",
    }
)
_TOKEN_APIS = _PLATFORM_APIS | {"stable_token"}
_PLATFORM_IP_ERRCODE = 61004
_WHITELISTS: Mapping[int, tuple[BilingualText, BilingualText]] = {
    40164: (APP_IP_LIST, APP_IP_LIST_WARNING),
    _PLATFORM_IP_ERRCODE: (PLATFORM_IP_LIST, PLATFORM_IP_LIST_WARNING),
}
"""By errcode: where to add an address, and the warning about it. For other errcodes that does not help."""
_SECRET_REMEDIES = (SECRET_REMEDY, COMPONENT_SECRET_REMEDY)
_CALLER_IP = re.compile(r"(?:invalid ip|requestIP:)\s*([0-9A-Fa-f.:]+)", re.IGNORECASE)


def diagnose(error: FetchError, appid: str, component_appid: str | None = None) -> Diagnosis:
    """Explain a failure.

    Args:
        error: why the app or the platform could not be fetched.
        appid: the appid of the mini program or of the platform.
        component_appid: the appid of the platform that the mini program's token comes from.
    """
    message, answer = str(error), api_error_of(error)
    if answer is None:
        step, problem, shared_problem, remedy = _explain_other(error, message)
        cause = cause_of(error)
        return Diagnosis(error.reason, None, step, problem, remedy, message, cause, shared_problem, remedy)
    is_about_platform = answer.api in _PLATFORM_APIS or answer.errcode == _PLATFORM_IP_ERRCODE
    account = (component_appid or appid) if is_about_platform else appid
    row, origin = look_up(answer.api, answer.errcode), origin_of(error)
    remedy = _remedy(answer, row, origin, BilingualText(account, f" {account} "))
    return Diagnosis(
        error.reason,
        answer,
        _step_of(row, answer.api, origin),
        BilingualText(
            f"{answer.api} returned errcode {answer.errcode}: {row.meaning.en}",
            f"{answer.api} 返回错误码 {answer.errcode}：{row.meaning.zh}",
        ),
        remedy,
        message,
        cause_of(error),
        row.meaning,
        remedy if is_about_platform else _remedy(answer, row, origin, _EACH_APP),
    )


def _explain_other(
    error: FetchError, message: str
) -> tuple[Step, BilingualText, BilingualText, BilingualText]:
    """Return the step, the problem, the shared problem and the remedy of a failure without an errcode."""
    cause = error.cause if isinstance(error, TokenError) and error.cause is not None else error
    if isinstance(cause, NoSecretError):
        problem = BilingualText(message, f"密钥无法读取：{cause.chinese or message}")
        return Step.SECRET, problem, NO_SECRET_PROBLEM, UNREADABLE_SECRET_REMEDY
    if isinstance(cause, NotAuthorizedError):
        problem = BilingualText(message, f"小程序未授权：{message}")
        return Step.PERMISSION, problem, NOT_AUTHORIZED_PROBLEM, AUTHORIZE_REMEDY
    if isinstance(cause, NotDiscoveredError):
        problem = BilingualText(message, f"尚未发现：{message}")
        return Step.TOKEN, problem, NOT_DISCOVERED_PROBLEM, NOT_DISCOVERED_REMEDY
    step = Step.TOKEN if isinstance(error, TokenError) else Step.ANSWER
    prefix = "获取 token 失败" if step is Step.TOKEN else "查询失败"
    shared_problem = REASON_PROBLEMS[cause.reason]
    problem = BilingualText(message, f"{prefix}：{shared_problem.zh.removesuffix('。')}（{message}）")
    origin = origin_of(error)
    if origin is None or not origin.host or cause.reason not in SERVICE_REMEDIES:
        return step, problem, shared_problem, REASON_REMEDIES.get(cause.reason, TOKEN_REMEDY)
    service = _described(origin)
    return (
        step,
        BilingualText(f"{message} ({service.en})", f"{service.zh}：{problem.zh}"),
        BilingualText(f"The {service.en}: {shared_problem.en}", f"{service.zh}：{shared_problem.zh}"),
        _filled(SERVICE_REMEDIES[cause.reason], service),
    )


def _described(origin: TokenOrigin) -> BilingualText:
    """Describe a token service by its host and its name in the configuration."""
    en, zh = f"token service {origin.host}", f"token 服务 {origin.host}"
    if origin.name:
        return BilingualText(f"{en} of tokens.{origin.name}", f"tokens.{origin.name} 的 {zh}")
    return BilingualText(en, zh)


def _filled(template: BilingualText, service: BilingualText) -> BilingualText:
    return BilingualText(
        template.en.replace("{service}", service.en), template.zh.replace("{service}", service.zh)
    )


def _remedy(
    error: ApiError, row: Errcode, origin: TokenOrigin | None, account: BilingualText
) -> BilingualText:
    """Return what to do about an errcode, with what is known of this failure."""
    address = _caller_ip(str(error))
    if row.group is ErrcodeGroup.ADDRESS and address is not None:
        return _address_remedy(address, error.errcode, account, row.remedy)
    if origin is None:
        return row.remedy
    if origin.flaw is not None and row.remedy in _SECRET_REMEDIES:
        flaw = SECRET_FLAWS[origin.flaw]
        return BilingualText(
            row.remedy.en.replace(SECRET_CHECK.en, flaw.en), row.remedy.zh.replace(SECRET_CHECK.zh, flaw.zh)
        )
    if row.remedy == APP_TOKEN_REMEDY and origin.type_name in INVALID_TOKEN_REMEDIES:
        return _filled(INVALID_TOKEN_REMEDIES[origin.type_name], _described(origin))
    return row.remedy


def _address_remedy(
    address: str, errcode: int, account: BilingualText, remedy: BilingualText
) -> BilingualText:
    """Return the remedy for a refused address: where to add it, if adding it helps."""
    if errcode not in _WHITELISTS:
        return BilingualText(f"The call came from {address}. {remedy.en}", f"调用来自 {address}。{remedy.zh}")
    whitelist, warning = _WHITELISTS[errcode]
    instruction = BilingualText(
        f"Add {address} to the IP whitelist of {account.en}: {whitelist.en}.",
        f"请将 {address} 加入{account.zh}的 IP 白名单：{whitelist.zh}。",
    )
    return with_warning(instruction, warning)


def _step_of(row: Errcode, api: str, origin: TokenOrigin | None) -> Step:
    if row.group is ErrcodeGroup.ADDRESS:
        return Step.IP_LIST
    if row.action in {Action.DAILY_QUOTA, Action.MINUTE_QUOTA}:
        return Step.QUOTA
    if origin is not None and origin.flaw is not None and row.remedy in _SECRET_REMEDIES:
        return Step.SECRET
    if api in _TOKEN_APIS or row.action is Action.INVALID_TOKEN:
        return Step.TOKEN
    return (
        Step.PERMISSION if row.group in {ErrcodeGroup.PERMISSION, ErrcodeGroup.AUTHORIZATION} else Step.ANSWER
    )


def _caller_ip(message: str) -> str | None:
    """Return the caller's address, if an errmsg names it."""
    match = _CALLER_IP.search(message)
    try:
        return None if match is None else str(ipaddress.ip_address(match[1].rstrip(".:")))
    except ValueError:
        return None
