"""Explains a failure to a person: the step at which it happened, what is wrong, and what to do about it."""

import enum
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wx_domain_exporter.diagnosis.advice import (
    AUTHORIZE_REMEDY,
    REASON_REMEDIES,
    TOKEN_REMEDY,
    UNREADABLE_SECRET_REMEDY,
)
from wx_domain_exporter.errcodes.lookup import Action, look_up
from wx_domain_exporter.errcodes.remedies import (
    APP_IP_LIST,
    APP_IP_LIST_WARNING,
    PLATFORM_IP_LIST,
    PLATFORM_IP_LIST_WARNING,
    with_warning,
)
from wx_domain_exporter.errcodes.types import BilingualText, Errcode, ErrcodeGroup
from wx_domain_exporter.wechat.errors import (
    ApiError,
    FetchError,
    NoSecretError,
    NotAuthorizedError,
    Reason,
    TokenError,
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
    """

    reason: Reason
    api_error: ApiError | None
    step: Step
    problem: BilingualText
    remedy: BilingualText
    message: str


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
_CALLER_IP = re.compile(r"(?:invalid ip|requestIP:)\s*([0-9A-Fa-f.:]+)", re.IGNORECASE)


def diagnose(error: FetchError, appid: str, component_appid: str | None = None) -> Diagnosis:
    """Explain a failure.

    Args:
        error: why the app or the platform could not be fetched.
        appid: the appid of the mini program or of the platform.
        component_appid: the appid of the platform that the mini program's token comes from.
    """
    message, answer = str(error), api_error_of(error)
    if answer is not None:
        is_about_platform = answer.api in _PLATFORM_APIS or answer.errcode == _PLATFORM_IP_ERRCODE
        account = (component_appid or appid) if is_about_platform else appid
        step, problem, remedy = _explain_errcode(answer, account)
    else:
        step, problem, remedy = _explain_other(error, message)
    return Diagnosis(error.reason, answer, step, problem, remedy, message)


def api_error_of(error: FetchError | None) -> ApiError | None:
    """Return the answer with an errcode that caused a failure; None if there was none."""
    cause = error.cause if isinstance(error, TokenError) else error
    return cause if isinstance(cause, ApiError) else None


def _explain_other(error: FetchError, message: str) -> tuple[Step, BilingualText, BilingualText]:
    cause = error.cause if isinstance(error, TokenError) and error.cause is not None else error
    if isinstance(cause, NoSecretError):
        return Step.SECRET, BilingualText(message, f"密钥无法读取：{message}"), UNREADABLE_SECRET_REMEDY
    if isinstance(cause, NotAuthorizedError):
        return Step.PERMISSION, BilingualText(message, f"小程序未授权：{message}"), AUTHORIZE_REMEDY
    step = Step.TOKEN if isinstance(error, TokenError) else Step.ANSWER
    prefix = "获取 token 失败" if step is Step.TOKEN else "查询失败"
    return (
        step,
        BilingualText(message, f"{prefix}：{message}"),
        REASON_REMEDIES.get(cause.reason, TOKEN_REMEDY),
    )


def _explain_errcode(error: ApiError, account: str) -> tuple[Step, BilingualText, BilingualText]:
    row = look_up(error.api, error.errcode)
    problem = BilingualText(
        f"{error.api} returned errcode {error.errcode}: {row.meaning.en}",
        f"{error.api} 返回错误码 {error.errcode}：{row.meaning.zh}",
    )
    remedy = row.remedy
    address = _caller_ip(str(error))
    if row.group is ErrcodeGroup.ADDRESS and address is not None:
        remedy = _address_remedy(address, error.errcode, account, remedy)
    return _step_of(row, error.api), problem, remedy


def _address_remedy(address: str, errcode: int, account: str, remedy: BilingualText) -> BilingualText:
    """Return the remedy for a refused address: where to add it, if adding it helps."""
    if errcode not in _WHITELISTS:
        return BilingualText(f"The call came from {address}. {remedy.en}", f"调用来自 {address}。{remedy.zh}")
    whitelist, warning = _WHITELISTS[errcode]
    instruction = BilingualText(
        f"Add {address} to the IP whitelist of {account}: {whitelist.en}.",
        f"请将 {address} 加入 {account} 的 IP 白名单：{whitelist.zh}。",
    )
    return with_warning(instruction, warning)


def _step_of(row: Errcode, api: str) -> Step:
    if row.group is ErrcodeGroup.ADDRESS:
        return Step.IP_LIST
    if row.action in {Action.DAILY_QUOTA, Action.MINUTE_QUOTA}:
        return Step.QUOTA
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
