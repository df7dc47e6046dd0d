"""What a failure means for a person: how far the exporter came, what is wrong, and what to do about it."""

import enum
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wx_domain_exporter.errcodes.groups import ERRCODES_OF, Group
from wx_domain_exporter.errcodes.lookup import Action, look_up
from wx_domain_exporter.errcodes.types import Text
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

    SECRET = Text("secret", "密钥")
    TOKEN = Text("token", "token")
    IP_LIST = Text("IP whitelist", "IP 白名单")
    PERMISSION = Text("permission", "权限")
    ANSWER = Text("answer", "应答")
    QUOTA = Text("quota", "额度")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why an app fails.

    Attributes:
        step: at which it fails; the steps before it went well.
        what: what is wrong.
        remedy: what a person should do.
    """

    step: Step
    what: Text
    remedy: Text


_PLATFORM_APIS = frozenset(
    {
        "api_component_token",
        "api_authorizer_token",
        "api_get_authorizer_list",
        "api_get_authorizer_info",
    }
)
_TOKEN_APIS = _PLATFORM_APIS | {"stable_token"}
_IP_ERRCODES = ERRCODES_OF[Group.ADDRESS]
_WHITELISTS: Mapping[int, Text] = {
    40164: Text(
        "「开发管理 → 开发设置 → IP白名单」 at mp.weixin.qq.com.",
        "登录 mp.weixin.qq.com，在“开发管理 → 开发设置 → IP白名单”中添加。",
    ),
    61004: Text(
        "「管理中心 → 第三方平台 → 详情 → 白名单IP地址列表」 at open.weixin.qq.com.",
        "登录 open.weixin.qq.com，在“管理中心 → 第三方平台 → 详情 → 白名单IP地址列表”中添加。",
    ),
}
"""Where an address is added; the other errcodes want somebody to confirm the call first."""
_PERMISSION_ERRCODES = ERRCODES_OF[Group.PERMISSION] | ERRCODES_OF[Group.AUTHORIZATION]
_NAMED_IP = re.compile(r"(?:invalid ip|requestIP:)\s*([0-9A-Fa-f.:]+)", re.IGNORECASE)

_NETWORK = Text(
    "See that this host reaches the API: name resolution, firewall, `wechat.proxy_url`; "
    "a larger `wechat.timeout` helps where the way is slow.",
    "请确认本机能访问该 API：域名解析、防火墙、`wechat.proxy_url`；网络较慢时可调大 `wechat.timeout`。",
)
_REMEDIES: Mapping[Reason, Text] = {
    Reason.TIMEOUT: _NETWORK,
    Reason.CONNECTION: _NETWORK,
    Reason.DEADLINE: Text(
        "Give the scrape more time (`scrape_timeout` in Prometheus, `scrape.timeout` here) or raise "
        "`wechat.max_concurrency`.",
        "请延长抓取超时（Prometheus 的 `scrape_timeout`，本程序的 `scrape.timeout`），"
        "或调大 `wechat.max_concurrency`。",
    ),
    Reason.TLS: Text(
        "See that the certificate is for this host, in force, and signed by an authority in `ca_file`; "
        "a proxy that opens TLS needs its own authority there. Inside 「微信云托管」, where "
        "「开放接口服务」 is on, https://api.weixin.qq.com shows a self-signed certificate: use a "
        "`cloudrun` source.",
        "请确认证书与主机名相符、在有效期内，且由 `ca_file` 中的机构签发；"
        "会解密 TLS 的代理需把其根证书放入其中。在开启了“开放接口服务”的微信云托管内，"
        "https://api.weixin.qq.com 返回自签名证书，请使用 `cloudrun` 来源。",
    ),
    Reason.HTTP: Text(
        "A proxy or a gateway may answer in place of the API: see `base_url`. A token service refuses with "
        "such a status too: see its `url`, the `headers` that prove who asks, and its own log.",
        "应答的可能是代理或网关而非该 API：请检查 `base_url`。token 服务也会以此类状态码拒绝："
        "请检查其 `url`、证明身份的 `headers` 及其日志。",
    ),
    Reason.DECODE: Text(
        "The answer has not the expected form: see `base_url`, or the token service's `url` and pointers.",
        "应答格式与预期不符：请检查 `base_url`，或 token 服务的 `url` 与 JSON 指针。",
    ),
}
_SECRET_REMEDY = Text(
    "Make the file readable for the user the exporter runs as, or set the environment variable; "
    "a changed file needs no restart.",
    "请确保运行 exporter 的用户可以读取该文件，或设置该环境变量；文件变更后无需重启。",
)
_AUTHORIZE_REMEDY = Text(
    "Have the mini program's administrator authorize the platform, or correct the appid or the app's "
    "`platform`; a new authorization is found within `discover_interval`.",
    "请由小程序管理员完成对该第三方平台的授权，或更正 appid 或该应用的 `platform`；"
    "新的授权会在 `discover_interval` 内被发现。",
)
_TOKEN_REMEDY = Text(
    "Let the token source hand out a token that is in force and belongs to this mini program alone; "
    "a reload ends the pause.",
    "请让 token 来源返回当前有效且只属于该小程序的 token；重新加载配置可立即结束暂停。",
)

EFFECTIVE_WITHHELD = Text(
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
        of_platform = component_appid is not None and cause.api in _PLATFORM_APIS
        return _of_errcode(cause, component_appid if of_platform and component_appid else appid)
    told = str(error)
    if isinstance(cause, NoSecretError):
        return Diagnosis(Step.SECRET, Text(told, f"密钥无法读取：{told}"), _SECRET_REMEDY)
    if isinstance(cause, NotAuthorizedError):
        return Diagnosis(Step.PERMISSION, Text(told, f"小程序未授权：{told}"), _AUTHORIZE_REMEDY)
    step = Step.TOKEN if isinstance(error, TokenError) else Step.ANSWER
    what = Text(told, f"{'获取 token 失败' if step is Step.TOKEN else '查询失败'}：{told}")
    return Diagnosis(step, what, _REMEDIES.get(cause.reason, _TOKEN_REMEDY))


def _of_errcode(error: ApiError, appid: str) -> Diagnosis:
    row = look_up(error.api, error.errcode)
    what = Text(
        f"{error.api} answers errcode {error.errcode}: {row.meaning.en}",
        f"{error.api} 返回错误码 {error.errcode}：{row.meaning.zh}",
    )
    remedy = row.remedy
    address = _named_address(str(error))
    if error.errcode in _IP_ERRCODES and address is not None:
        where = _WHITELISTS.get(error.errcode, remedy)
        remedy = Text(
            f"Add {address} to the IP whitelist of {appid}: {where.en}",
            f"请将 {address} 加入 {appid} 的 IP 白名单：{where.zh}",
        )
    return Diagnosis(_step_of(error, row.action), what, remedy)


def _step_of(error: ApiError, action: Action) -> Step:
    if error.errcode in _IP_ERRCODES:
        return Step.IP_LIST
    if action in {Action.DAILY_QUOTA, Action.MINUTE_QUOTA}:
        return Step.QUOTA
    if error.api in _TOKEN_APIS or action is Action.TOKEN_DEAD:
        return Step.TOKEN
    return Step.PERMISSION if error.errcode in _PERMISSION_ERRCODES else Step.ANSWER


def _named_address(text: str) -> str | None:
    """Return the address of the caller that an errmsg names."""
    found = _NAMED_IP.search(text)
    try:
        return None if found is None else str(ipaddress.ip_address(found[1].rstrip(".:")))
    except ValueError:
        return None
