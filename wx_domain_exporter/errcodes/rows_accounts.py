"""Errcodes of an account: addresses, permissions, state. Pure data, in the order of the codes."""

from typing import Final

from wx_domain_exporter.errcodes.apis import ANY, COMPONENT_APIS
from wx_domain_exporter.errcodes.sources import (
    ACCESS_TOKEN,
    CLOUD_RUN,
    COMMON,
    PERMISSIONS,
    RETURN_CODES,
    STABLE_TOKEN,
)
from wx_domain_exporter.errcodes.types import Action, Errcode, Text

_CONFIRM_REMEDY: Final = Text(
    "Ask the account's administrator to confirm the address in the message WeChat sent to their phone, and "
    "see that this host's outgoing address is on 「开发管理 → 开发设置 → IP白名单」 at mp.weixin.qq.com.",
    "请账号管理员在微信收到的确认消息中确认该 IP；同时登录 mp.weixin.qq.com，"
    "确认“开发管理 → 开发设置 → IP白名单”中已有本机出口 IP。",
)
_REJECTED_REMEDY: Final = Text(
    "Agree on it with the account's administrator, add this host's outgoing address to "
    "「开发管理 → 开发设置 → IP白名单」 at mp.weixin.qq.com, and reload the exporter when the time is over.",
    "请先与账号管理员沟通，登录 mp.weixin.qq.com，在“开发管理 → 开发设置 → IP白名单”中添加本机出口 IP，"
    "待限制时间过后重新加载 exporter 配置。",
)

ACCOUNTS: Final[tuple[Errcode, ...]] = (
    Errcode(
        40164,
        ANY,
        Action.PERSON,
        Text(
            "The address this call came from is not on the account's IP whitelist.",
            "调用来源 IP 不在该账号的 IP 白名单中。",
        ),
        Text(
            "Add this host's outgoing IP address under 「开发管理 → 开发设置 → IP白名单」 at "
            "mp.weixin.qq.com; --doctor and the errmsg in the exporter's log name the address.",
            "登录 mp.weixin.qq.com，在“开发管理 → 开发设置 → IP白名单”中添加本机出口 IP，"
            "具体地址见 --doctor 的输出或 exporter 日志中的 errmsg。",
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        45035,
        ANY,
        Action.PERSON,
        Text(
            "The address this call came from is not on the IP whitelist.",
            "调用来源 IP 未登记，不在 IP 白名单中。",
        ),
        Text(
            "Add this host's outgoing IP address to the 「IP白名单」 in the console the account belongs to; "
            "--doctor helps to find the address.",
            "请在该账号所属平台的“IP白名单”中添加本机出口 IP，可用 --doctor 协助确认地址。",
        ),
        COMMON,
    ),
    # Permissions.
    Errcode(
        48001,
        COMPONENT_APIS,
        Action.PERSON,
        Text(
            "The token this API was called with is not the platform's component_access_token.",
            "调用该接口所用的 token 不是第三方平台的 component_access_token。",
        ),
        Text(
            "Make the source under component_access_token hand out the platform's own token, not an "
            "access_token or authorizer_access_token of an app.",
            "请确认 component_access_token 配置的来源返回的是第三方平台自身的令牌，"
            "而不是小程序的 access_token 或 authorizer_access_token。",
        ),
        PERMISSIONS,
    ),
    Errcode(
        48001,
        ANY,
        Action.PERSON,
        Text(
            "The account behind the token has no permission to call this API.",
            "token 对应的账号没有该接口的调用权限。",
        ),
        Text(
            "Check that the token belongs to this mini program and not to an official account or to the "
            "third-party platform itself, and look at the account's API permissions at mp.weixin.qq.com; a "
            "platform needs an authorizer_access_token with permission set 18, a shared cloud environment "
            "the right from_appid.",
            "请确认 token 属于该小程序，而不是公众号或第三方平台自身，并登录 mp.weixin.qq.com 查看账号"
            "的接口权限；第三方平台代调用须使用含权限集 18 的 authorizer_access_token，"
            "云环境共享时须填对 from_appid。",
        ),
        CLOUD_RUN,
    ),
    Errcode(
        48004,
        ANY,
        Action.PERSON,
        Text(
            "WeChat has blocked this API for the account because of a violation.",
            "该接口因账号违规被封禁。",
        ),
        Text(
            "The account's administrator reads the notice in the message centre at mp.weixin.qq.com and "
            "appeals or corrects what it names.",
            "请账号管理员登录 mp.weixin.qq.com，在站内通知中查看封禁详情，按要求整改或申诉。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        50001,
        ANY,
        Action.PERSON,
        Text("The account has not authorized this API.", "该账号未授权此接口。"),
        Text(
            "The mini program's administrator has to authorize the third-party platform anew, with this "
            "API's permission set (18 for the domain APIs).",
            "请小程序管理员重新授权给第三方平台，授权时勾选该接口所属的权限集（域名相关接口为权限集 18）。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        50002,
        ANY,
        Action.PERSON,
        Text(
            "The account is restricted: frozen, cancelled, or punished for a violation.",
            "账号受限，可能已被冻结、注销或因违规被处罚。",
        ),
        Text(
            "The account's administrator looks at its state and the notices at mp.weixin.qq.com; an app "
            "that is gone for good leaves the configuration.",
            "请账号管理员登录 mp.weixin.qq.com 查看账号状态和站内通知；若小程序已注销，请从配置中移除。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        50004,
        ANY,
        Action.PERSON,
        Text("The account may not fetch access tokens.", "该账号被禁止使用 token 接口。"),
        Text(
            "It may be a punishment: the account's administrator reads the notices at mp.weixin.qq.com.",
            "可能是违规处罚所致，请账号管理员登录 mp.weixin.qq.com 查看站内通知。",
        ),
        ACCESS_TOKEN,
    ),
    Errcode(
        50007,
        ANY,
        Action.PERSON,
        Text("The account is frozen.", "账号已被冻结。"),
        Text(
            "The account's administrator unfreezes it or completes what the notices at mp.weixin.qq.com ask "
            "for.",
            "请账号管理员登录 mp.weixin.qq.com，按站内通知的要求处理并解冻账号。",
        ),
        ACCESS_TOKEN,
    ),
    Errcode(
        86000,
        ANY,
        Action.PERSON,
        Text(
            "This API is for third-party platforms acting for a mini program, and was called by another.",
            "该接口仅支持第三方平台代小程序调用，当前并非由第三方平台发起。",
        ),
        Text(
            "Use an authorizer_access_token for this app, or, if it is about the effective lists, set "
            "collect.effective to false.",
            "请为该小程序使用 authorizer_access_token；若仅涉及生效域名列表，"
            "可将 collect.effective 设为 false。",
        ),
        RETURN_CODES,
    ),
    # Addresses WeChat asks the administrator about.
    Errcode(
        89501,
        ANY,
        Action.PERSON,
        Text(
            "Another request for this account still waits for the administrator's answer.",
            "该账号还有未处理的 IP 确认请求。",
        ),
        _CONFIRM_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        89502,
        ANY,
        Action.PERSON,
        Text("The call waits for the administrator's confirmation.", "此次调用等待管理员确认。"),
        _CONFIRM_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        89503,
        ANY,
        Action.PERSON,
        Text(
            "WeChat takes the call as risky: the administrator has to confirm the address it came from.",
            "微信判定此次调用存在风险，需要管理员确认来源 IP。",
        ),
        _CONFIRM_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        89504,
        ANY,
        Action.PERSON,
        Text("The administrator was asked and has not answered yet.", "已通知管理员，尚未确认。"),
        _CONFIRM_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        89505,
        ANY,
        Action.PERSON,
        Text(
            "The administrator has not answered yet; WeChat asks to try again later.",
            "管理员尚未确认，需稍后重试。",
        ),
        _CONFIRM_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        89506,
        ANY,
        Action.PERSON,
        Text(
            "The administrator refused calls from this address; WeChat blocks it for 24 hours.",
            "管理员已拒绝该 IP 的调用请求，24 小时内不可再试。",
        ),
        _REJECTED_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        89507,
        ANY,
        Action.PERSON,
        Text(
            "The administrator refused calls from this address; WeChat blocks it for one hour.",
            "管理员已拒绝该 IP 的调用请求，1 小时内不可再试。",
        ),
        _REJECTED_REMEDY,
        STABLE_TOKEN,
    ),
)
