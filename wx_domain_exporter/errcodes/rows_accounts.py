"""Errcodes of an account: addresses, permissions, state. Pure data, in the order of the codes."""

from typing import Final

from wx_domain_exporter.errcodes.apis import ANY, COMPONENT_APIS, COMPONENT_TOKEN_API
from wx_domain_exporter.errcodes.remedies import (
    APP_IP_LIST,
    APP_IP_LIST_WARNING,
    PERMISSION_SET_REMEDY,
    PERMISSION_SET_WARNING,
    with_warning,
)
from wx_domain_exporter.errcodes.sources import (
    ACCESS_TOKEN,
    CLOUD_RUN,
    COMMON,
    COMPONENT_TOKEN,
    IP_LIST,
    PERMISSION_SETS,
    PERMISSIONS,
    RETURN_CODES,
    STABLE_TOKEN,
)
from wx_domain_exporter.errcodes.types import Action, Errcode, Text

_CONFIRM_REMEDY: Final = Text(
    "Ask the account's administrator to confirm the address in the message WeChat sent to their phone. No "
    "list has to be changed for that.",
    "请账号管理员在微信收到的确认消息中确认该 IP，无需修改任何名单。",
)
_REJECTED_REMEDY: Final = Text(
    "Agree with the account's administrator that they confirm the address next time, and reload the exporter "
    "when the time is over. No list has to be changed for that.",
    "请与账号管理员沟通，请其下次确认该 IP，待限制时间过后重新加载 exporter 配置，无需修改任何名单。",
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
        with_warning(
            Text(
                f"Add this host's outgoing IP address under {APP_IP_LIST.en}; --doctor and the errmsg in the "
                "exporter's log name it.",
                f"请在 {APP_IP_LIST.zh}中添加本机出口 IP，具体地址见 --doctor 的输出或 exporter 日志中的 "
                "errmsg。",
            ),
            APP_IP_LIST_WARNING,
        ),
        IP_LIST,
    ),
    Errcode(
        45035,
        ANY,
        Action.PERSON,
        Text(
            "The address this call came from is not on the IP whitelist.",
            "调用来源 IP 未登记，不在 IP 白名单中。",
        ),
        with_warning(
            Text(
                "Add this host's outgoing IP address to the 「IP白名单」 in the console the account belongs "
                "to; --doctor helps to find the address.",
                "请在该账号所属平台的“IP白名单”中添加本机出口 IP，可用 --doctor 协助确认地址。",
            ),
            APP_IP_LIST_WARNING,
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
        COMPONENT_TOKEN_API,
        Action.PERSON,
        Text(
            "WeChat makes no component_access_token for this third-party platform. No token is involved yet.",
            "微信拒绝为该第三方平台生成 component_access_token，此时尚未用到任何 token。",
        ),
        Text(
            "None if it passes by itself, as it has been seen to: the exporter tries again after a pause. "
            "Else compare component_appid with the platform's page at open.weixin.qq.com, see that the "
            "platform is approved and not restricted, and report the rid from the errmsg in WeChat's "
            "developer community.",
            "曾有自行恢复的情况，能恢复则无需处理：exporter 暂停后会重试。若持续出现，请登录 "
            "open.weixin.qq.com 核对 component_appid，确认第三方平台已审核通过且未受限，"
            "并携带 errmsg 中的 rid 到微信开放社区反馈。",
        ),
        COMPONENT_TOKEN,
    ),
    Errcode(
        48001,
        ANY,
        Action.PERSON,
        Text(
            "The account behind the token has no permission to call this API.",
            "token 对应的账号没有该接口的调用权限。",
        ),
        with_warning(
            Text(
                "Check that the token belongs to this mini program and not to an official account or to the "
                "third-party platform itself, and look at the account's API permissions at "
                "mp.weixin.qq.com. A platform's authorizer_access_token needs permission set 18, a shared "
                "cloud environment the right from_appid.",
                "请确认 token 属于该小程序，而不是公众号或第三方平台自身，并登录 mp.weixin.qq.com 查看账号"
                "的接口权限。第三方平台的 authorizer_access_token 须含权限集 18，云环境共享时须填对 "
                "from_appid。",
            ),
            PERMISSION_SET_WARNING,
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
        COMPONENT_TOKEN_API,
        Action.PERSON,
        Text(
            "WeChat does not let this third-party platform make a component_access_token. No token is "
            "involved yet.",
            "微信不允许该第三方平台生成 component_access_token，此时尚未用到任何 token。",
        ),
        Text(
            "See at open.weixin.qq.com that the platform is approved and not restricted, and that "
            "component_appid is its AppID; if it is, report the rid from the errmsg in WeChat's developer "
            "community.",
            "请登录 open.weixin.qq.com 确认第三方平台已审核通过且未受限，且 component_appid 填写正确；"
            "若均无误，请携带 errmsg 中的 rid 到微信开放社区反馈。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        50001,
        ANY,
        Action.PERSON,
        Text("The account has not authorized this API.", "该账号未授权此接口。"),
        PERMISSION_SET_REMEDY,
        PERMISSION_SETS,
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
        50003,
        ANY,
        Action.PERSON,
        Text(
            "The account is not among those that WeChat lets call this API.",
            "该账号不在允许调用此接口的账号范围内。",
        ),
        Text(
            "Check that the appid is a mini program's; if it is, ask in WeChat's developer community with "
            "the rid from the errmsg.",
            "请确认 appid 为小程序；若无误，请携带 errmsg 中的 rid 到微信开放社区咨询。",
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
            "If it is about the effective lists, set collect.effective to false. Else take the token of the "
            "platform that acts for this mini program already.",
            "若仅涉及生效域名列表，请将 collect.effective 设为 false；"
            "否则请使用已在代该小程序调用的第三方平台的 token。",
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
