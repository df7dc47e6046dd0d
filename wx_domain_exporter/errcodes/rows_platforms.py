"""Errcodes of third-party platforms and their authorizations. Pure data, in the order of the codes."""

from typing import Final

from wx_domain_exporter.errcodes.apis import ANY
from wx_domain_exporter.errcodes.remedies import (
    PERMISSION_SET_REMEDY,
    PERMISSION_SET_WARNING,
    PLATFORM_IP_LIST,
    PLATFORM_IP_LIST_WARNING,
    TICKET_REMEDY,
    with_warning,
)
from wx_domain_exporter.errcodes.sources import (
    AUTHORIZER_TOKEN,
    COMPONENT_TOKEN,
    IP_LIST,
    PERMISSION_SETS,
    PERMISSIONS,
    RETURN_CODES,
    TICKET,
)
from wx_domain_exporter.errcodes.types import Action, Errcode, Text

_AUTHORIZATION_CODE_REMEDY: Final = Text(
    "The exporter uses no authorization codes: let the platform's own service repeat the authorization, and "
    "configure the authorizer_refresh_token it receives.",
    "exporter 不使用授权码：请在第三方平台自有服务中重新发起授权，再将获得的刷新令牌 "
    "authorizer_refresh_token 配置进来。",
)

PLATFORMS: Final[tuple[Errcode, ...]] = (
    Errcode(
        61003,
        ANY,
        Action.PERSON,
        Text(
            "The mini program has not authorized this third-party platform, or no longer does.",
            "小程序未授权给该第三方平台，或已取消授权。",
        ),
        with_warning(
            Text(
                "Check component_appid and the app's appid. An app that has left the platform leaves the "
                "configuration; one that has not is authorized again by its administrator.",
                "请核对 component_appid 与小程序 appid。若已不再合作，请从配置中移除该小程序；"
                "否则由小程序管理员重新扫码授权。",
            ),
            PERMISSION_SET_WARNING,
        ),
        PERMISSIONS,
    ),
    Errcode(
        61004,
        ANY,
        Action.PERSON,
        Text(
            "The address this call came from is not on the third-party platform's IP whitelist.",
            "调用来源 IP 不在第三方平台的白名单 IP 列表中。",
        ),
        with_warning(
            Text(
                f"Add this host's outgoing IP address to {PLATFORM_IP_LIST.en}.",
                f"请在 {PLATFORM_IP_LIST.zh}中添加本机出口 IP。",
            ),
            PLATFORM_IP_LIST_WARNING,
        ),
        IP_LIST,
    ),
    Errcode(
        61005,
        ANY,
        Action.PERSON,
        Text("The component_verify_ticket has expired.", "component_verify_ticket 已过期。"),
        Text(
            "See that WeChat's push still reaches the platform's 「授权事件接收URL」 (it comes every 10 "
            "minutes) and that the platform's service writes each new ticket where the exporter reads it.",
            "请确认微信推送的 ticket（每 10 分钟一次）仍能到达第三方平台的“授权事件接收URL”，"
            "且平台服务会把最新 ticket 写入 exporter 读取的位置。",
        ),
        COMPONENT_TOKEN,
    ),
    Errcode(
        61006,
        ANY,
        Action.PERSON,
        Text(
            "The component_verify_ticket is not valid, or is one of another platform.",
            "component_verify_ticket 无效，或属于其他第三方平台。",
        ),
        TICKET_REMEDY,
        TICKET,
    ),
    Errcode(
        61007,
        ANY,
        Action.PERSON,
        Text(
            "The mini program has authorized the third-party platform, but not for this API.",
            "小程序虽已授权给第三方平台，但未授予该接口所属的权限集。",
        ),
        PERMISSION_SET_REMEDY,
        PERMISSION_SETS,
    ),
    Errcode(
        61009,
        ANY,
        Action.PERSON,
        Text("The authorization code is not valid.", "授权码无效。"),
        _AUTHORIZATION_CODE_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        61010,
        ANY,
        Action.PERSON,
        Text("The authorization code has expired.", "授权码已过期。"),
        _AUTHORIZATION_CODE_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        61011,
        ANY,
        Action.PERSON,
        Text(
            "component_appid is not the AppID of a third-party platform.",
            "component_appid 不是有效的第三方平台 AppID。",
        ),
        Text(
            "Take component_appid from 「管理中心 → 第三方平台」 at open.weixin.qq.com; the AppID of a mini "
            "program or official account does not do.",
            "请填写 open.weixin.qq.com“管理中心 → 第三方平台”中的 AppID，不能填小程序或公众号的 AppID。",
        ),
        COMPONENT_TOKEN,
    ),
    Errcode(
        61014,
        ANY,
        Action.PERSON,
        Text(
            "This API takes the component_access_token only, and was called with another token.",
            "该接口只接受 component_access_token，而调用时使用了其他 token。",
        ),
        Text(
            "Make the source under component_access_token hand out the platform's own token.",
            "请确认 component_access_token 配置的来源返回的是第三方平台自身的令牌。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        61015,
        ANY,
        Action.PERSON,
        Text(
            "This API takes an account's token, and was called with the component_access_token.",
            "该接口须使用授权方账号的 token，而调用时使用了 component_access_token。",
        ),
        Text(
            "Make the app's token source hand out its authorizer_access_token or access_token.",
            "请确认该小程序的 token 来源返回的是 authorizer_access_token 或 access_token。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        61016,
        ANY,
        Action.PERSON,
        Text(
            "The third-party platform has not confirmed the permission set of this API.",
            "该接口所属的权限集尚未经第三方平台确认。",
        ),
        Text(
            "The platform's own service confirms the authorization; the exporter changes none.",
            "请由第三方平台自有服务确认该授权，exporter 不会修改授权。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        61017,
        ANY,
        Action.PERSON,
        Text(
            "The permission set of this API is not authorized.",
            "该接口所属的权限集未获授权。",
        ),
        PERMISSION_SET_REMEDY,
        PERMISSION_SETS,
    ),
    Errcode(
        61023,
        ANY,
        Action.PERSON,
        Text("The authorizer_refresh_token is not valid.", "刷新令牌 authorizer_refresh_token 无效。"),
        Text(
            "Take the refresh token in force from api_get_authorizer_list (discovery does it by itself) and "
            "put it into the configuration; if that one is refused too, the mini program's administrator "
            "has to authorize the platform anew.",
            "请通过 api_get_authorizer_list 获取当前有效的刷新令牌并更新到配置中"
            "（启用自动发现时会自动更新）；若仍无效，请小程序管理员重新授权给第三方平台。",
        ),
        AUTHORIZER_TOKEN,
    ),
    Errcode(
        61024,
        ANY,
        Action.PERSON,
        Text(
            "A third-party platform's AppID was used where an app's belongs: its token comes from "
            "api_component_token only.",
            "此处误用了第三方平台的 AppID，其令牌只能通过 api_component_token 获取。",
        ),
        Text(
            "Put the mini program's own AppID and AppSecret into the app's stable_token source, or "
            "configure the platform under platforms.",
            "请在该小程序的 stable_token 来源中填写小程序自身的 AppID 和 AppSecret，"
            "或将第三方平台配置到 platforms 下。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        61028,
        ANY,
        Action.PERSON,
        Text(
            "The third-party platform has not been published to the whole network.",
            "第三方平台尚未全网发布。",
        ),
        Text(
            "Publish it (「全网发布」) on the platform's page at open.weixin.qq.com; until then it may act "
            "only for the accounts on its test list.",
            "请在 open.weixin.qq.com 的第三方平台详情页完成全网发布；发布前仅可用于授权测试账号。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        61029,
        ANY,
        Action.PERSON,
        Text(
            "The third-party platform has to be published again, with the basic permission sets.",
            "第三方平台需要包含基础权限集并重新全网发布。",
        ),
        Text(
            "Let the platform's own team publish it again (「全网发布」) on its page at open.weixin.qq.com: "
            "that changes the platform for all its customers.",
            "请由第三方平台的负责团队在 open.weixin.qq.com 的详情页重新全网发布：这会影响该平台的所有客户。",
        ),
        RETURN_CODES,
    ),
)
