"""What a failure means for a person: how far the exporter came, what is wrong, and what to do about it."""

import enum
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wx_domain_exporter.errcodes.lookup import Action, look_up
from wx_domain_exporter.errcodes.remedies import (
    APP_IP_LIST,
    APP_IP_LIST_WARNING,
    CLOUD_PATH_REMEDY,
    PERMISSION_SET_WARNING,
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
    """What a fetch goes through, in this order."""

    SECRET = BilingualText("secret", "密钥")
    TOKEN = BilingualText("token", "token")
    IP_LIST = BilingualText("IP whitelist", "IP 白名单")
    PERMISSION = BilingualText("permission", "权限")
    ANSWER = BilingualText("answer", "返回结果")
    QUOTA = BilingualText("quota", "额度")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why an app fails.

    Attributes:
        step: at which it fails; the steps before it went well.
        what: what is wrong.
        remedy: what a person should do.
    """

    step: Step
    problem: BilingualText
    remedy: BilingualText


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
"""Where an address is added, and whom that can hurt; the other errcodes want something else of a person."""
_NAMED_IP = re.compile(r"(?:invalid ip|requestIP:)\s*([0-9A-Fa-f.:]+)", re.IGNORECASE)

_NETWORK = BilingualText(
    "See that this host reaches the API: name resolution, firewall, `wechat.proxy_url`; "
    "a larger `wechat.timeout` helps where the way is slow.",
    "请确认本机能访问该 API：域名解析、防火墙、`wechat.proxy_url`；网络较慢时可调大 `wechat.timeout`。",
)
_REMEDIES: Mapping[Reason, BilingualText] = {
    Reason.TIMEOUT: _NETWORK,
    Reason.CONNECTION: _NETWORK,
    Reason.DEADLINE: BilingualText(
        "Give the scrape more time (`scrape_timeout` in Prometheus, `scrape.timeout` here) or raise "
        "`wechat.max_concurrency`.",
        "请延长抓取超时（Prometheus 的 `scrape_timeout`，本程序的 `scrape.timeout`），"
        "或调大 `wechat.max_concurrency`。",
    ),
    Reason.TLS: BilingualText(
        "See that the certificate is for this host, in force, and signed by an authority in `ca_file`; "
        "a proxy that opens TLS needs its own authority there. Inside 「微信云托管」, where "
        "「开放接口服务」 is on, https://api.weixin.qq.com shows a self-signed certificate: use a "
        "`cloudrun` source.",
        "请确认证书与主机名相符、在有效期内，且由 `ca_file` 中的机构签发；"
        "会解密 TLS 的代理需把其根证书放入其中。在开启了“开放接口服务”的微信云托管内，"
        "https://api.weixin.qq.com 返回自签名证书，请使用 `cloudrun` 来源。",
    ),
    Reason.HTTP: BilingualText(
        "A proxy or a gateway may answer in place of the API: see `base_url`. A token service refuses with "
        "such a status too: see its `url`, the `headers` that prove who asks, and its own log. 502 with a "
        f"`cloudrun` source: the path may not be allowed yet. {CLOUD_PATH_REMEDY.en}",
        "响应的可能是代理或网关而非该 API：请检查 `base_url`。token 服务也会以此类状态码拒绝："
        "请检查其 `url`、证明身份的 `headers` 及其日志。使用 `cloudrun` 来源时返回 502："
        f"接口路径可能尚未开通。{CLOUD_PATH_REMEDY.zh}",
    ),
    Reason.DECODE: BilingualText(
        "The answer has not the expected form: see `base_url`, or the token service's `url` and pointers.",
        "响应格式与预期不符：请检查 `base_url`，或 token 服务的 `url` 与 JSON 指针。",
    ),
}
_SECRET_REMEDY = BilingualText(
    "Make the file readable for the user the exporter runs as, or set the environment variable; "
    "a changed file needs no restart.",
    "请确保运行 exporter 的用户可以读取该文件，或设置该环境变量；文件变更后无需重启。",
)
_AUTHORIZE_REMEDY = with_warning(
    BilingualText(
        "Correct the appid or the app's `platform`. If the platform acts for this mini program, have its "
        "administrator authorize it: that is found within `discover_interval`. Where it is authorized but "
        "has no refresh token, the platform's own service has never called api_query_auth for it.",
        "请更正 appid 或该应用的 `platform`。若该第三方平台确实代该小程序调用接口，"
        "请由小程序管理员完成授权，新的授权会在 `discover_interval` 内被发现。"
        "若已授权但没有刷新令牌，说明平台自有服务从未对它调用 api_query_auth。",
    ),
    PERMISSION_SET_WARNING,
)
_TOKEN_REMEDY = BilingualText(
    "Let the token source hand out a token that is in force and belongs to this mini program alone; "
    "a reload ends the pause.",
    "请让 token 来源返回当前有效且只属于该小程序的 token；重新加载配置可立即结束暂停。",
)

EFFECTIVE_WITHHELD = BilingualText(
    "WeChat does not tell which lists are in force: `get_effective_domain` or `get_effective_webviewdomain` "
    "answered errcode 0 and empty lists only, although domains are configured. Both are documented for an "
    "authorizer_access_token; with another token, set `collect.effective` to false.",
    "微信未返回生效的域名：已配置域名，但 `get_effective_domain` 或 `get_effective_webviewdomain` "
    "返回错误码 0 且所有列表均为空。这两个接口的文档要求使用 authorizer_access_token；使用其他 token 时，"
    "请将 `collect.effective` 设为 false。",
)
"""No failure, but what somebody should know of an app's lists in force."""


def diagnose(error: FetchError, appid: str, component_appid: str | None = None) -> Diagnosis:
    """Explain a failure.

    Args:
        error: why the app, or the platform, could not be fetched.
        appid: of the mini program, or of the platform.
        component_appid: of the platform that the mini program's token comes from.
    """
    cause = error.cause if isinstance(error, TokenError) and error.cause is not None else error
    if isinstance(cause, ApiError):
        of_platform = cause.api in _PLATFORM_APIS or cause.errcode == _PLATFORM_IP_ERRCODE
        return _of_errcode(cause, (component_appid or appid) if of_platform else appid)
    told = str(error)
    if isinstance(cause, NoSecretError):
        return Diagnosis(Step.SECRET, BilingualText(told, f"密钥无法读取：{told}"), _SECRET_REMEDY)
    if isinstance(cause, NotAuthorizedError):
        return Diagnosis(Step.PERMISSION, BilingualText(told, f"小程序未授权：{told}"), _AUTHORIZE_REMEDY)
    step = Step.TOKEN if isinstance(error, TokenError) else Step.ANSWER
    what = BilingualText(told, f"{'获取 token 失败' if step is Step.TOKEN else '查询失败'}：{told}")
    return Diagnosis(step, what, _REMEDIES.get(cause.reason, _TOKEN_REMEDY))


def _of_errcode(error: ApiError, appid: str) -> Diagnosis:
    row = look_up(error.api, error.errcode)
    what = BilingualText(
        f"{error.api} answers errcode {error.errcode}: {row.meaning.en}",
        f"{error.api} 返回错误码 {error.errcode}：{row.meaning.zh}",
    )
    remedy = row.remedy
    address = _named_address(str(error))
    if row.group is ErrcodeGroup.ADDRESS and address is not None:
        remedy = _remedy_for_address(address, error.errcode, appid, remedy)
    return Diagnosis(_step_of(row, error.api), what, remedy)


def _remedy_for_address(address: str, errcode: int, appid: str, remedy: BilingualText) -> BilingualText:
    """Return the remedy for an address that WeChat named: where it is added, if that is what helps."""
    if errcode not in _WHITELISTS:
        return BilingualText(f"The call came from {address}. {remedy.en}", f"调用来自 {address}。{remedy.zh}")
    where, warning = _WHITELISTS[errcode]
    added = BilingualText(
        f"Add {address} to the IP whitelist of {appid}: {where.en}.",
        f"请将 {address} 加入 {appid} 的 IP 白名单：{where.zh}。",
    )
    return with_warning(added, warning)


def _step_of(row: Errcode, api: str) -> Step:
    if row.group is ErrcodeGroup.ADDRESS:
        return Step.IP_LIST
    if row.action in {Action.DAILY_QUOTA, Action.MINUTE_QUOTA}:
        return Step.QUOTA
    if api in _TOKEN_APIS or row.action is Action.TOKEN_DEAD:
        return Step.TOKEN
    return (
        Step.PERMISSION if row.group in {ErrcodeGroup.PERMISSION, ErrcodeGroup.AUTHORIZATION} else Step.ANSWER
    )


def _named_address(text: str) -> str | None:
    """Return the address of the caller that an errmsg names."""
    found = _NAMED_IP.search(text)
    try:
        return None if found is None else str(ipaddress.ip_address(found[1].rstrip(".:")))
    except ValueError:
        return None
