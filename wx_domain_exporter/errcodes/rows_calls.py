"""Errcodes of any call: tokens and secrets, and what is sent. Pure data, in the order of the codes."""

from typing import Final

from wx_domain_exporter.errcodes.apis import (
    ANY,
    APP_APIS,
    COMPONENT_APIS,
    COMPONENT_TOKEN_API,
    DOMAIN_APIS,
    STABLE_TOKEN_API,
)
from wx_domain_exporter.errcodes.remedies import BODY_REMEDY, BUSY_REMEDY
from wx_domain_exporter.errcodes.sources import (
    ACCESS_TOKEN,
    CLOUD_RUN,
    CLOUD_TOKEN,
    COMMON,
    COMPONENT_TOKEN,
    DOMAINS,
    RETURN_CODES,
    STABLE_TOKEN,
)
from wx_domain_exporter.errcodes.types import Action, Errcode, Text

_APP_TOKEN_REMEDY: Final = Text(
    "None as long as it heals by itself: the exporter fetches the token again, once. If it stays, the token "
    "source hands out a dead token, or one of another account: check the central token service, or renew "
    "the configured access_token.",
    "能自行恢复则无需处理：exporter 会重新获取一次 token。若持续出现，"
    "说明 token 来源返回的是已失效的或其他账号的 token，请检查 token 中控服务，或更新配置中的 access_token。",
)
_COMPONENT_TOKEN_REMEDY: Final = Text(
    "None as long as it heals by itself: the exporter fetches the component_access_token again, once. If it "
    "stays, check that the platform's own service hands out the token in force, and that no second service "
    "makes new ones all the time.",
    "能自行恢复则无需处理：exporter 会重新获取一次 component_access_token。若持续出现，"
    "请确认第三方平台自有服务提供的是当前有效的令牌，且没有其他服务在反复换取新令牌。",
)

CALLS: Final[tuple[Errcode, ...]] = (
    Errcode(
        -1,
        ANY,
        Action.BUSY,
        Text("WeChat's system is busy.", "微信系统繁忙。"),
        BUSY_REMEDY,
        RETURN_CODES,
    ),
    # Credentials and addresses.
    Errcode(
        40001,
        STABLE_TOKEN_API,
        Action.PERSON,
        Text(
            "The AppSecret is wrong or belongs to another account.",
            "AppSecret 错误，或不属于该账号。",
        ),
        Text(
            "Compare appid and appsecret with 「开发管理 → 开发设置」 at mp.weixin.qq.com; after a reset of "
            "the AppSecret, put the new one where the configuration reads it.",
            "登录 mp.weixin.qq.com，在“开发管理 → 开发设置”核对 AppID 和 AppSecret；若 AppSecret 已重置，"
            "请同步更新配置所读取的密钥。",
        ),
        ACCESS_TOKEN,
    ),
    Errcode(
        40001,
        COMPONENT_TOKEN_API,
        Action.PERSON,
        Text(
            "The third-party platform's AppSecret is wrong or belongs to another platform.",
            "第三方平台的 AppSecret 错误，或不属于该平台。",
        ),
        Text(
            "Compare component_appid and component_appsecret with the platform's page under "
            "「管理中心 → 第三方平台 → 详情」 at open.weixin.qq.com; update the secret after a reset.",
            "登录 open.weixin.qq.com，在“管理中心 → 第三方平台 → 详情”核对 component_appid 和 "
            "component_appsecret；若密钥已重置，请同步更新配置。",
        ),
        COMPONENT_TOKEN,
    ),
    Errcode(
        40001,
        APP_APIS,
        Action.TOKEN_DEAD,
        Text(
            "The access_token is not valid or is no longer the latest one.",
            "access_token 无效，或已不是最新的 token。",
        ),
        _APP_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40001,
        COMPONENT_APIS,
        Action.TOKEN_DEAD,
        Text(
            "The component_access_token is not valid or is no longer the latest one.",
            "component_access_token 无效，或已不是最新的令牌。",
        ),
        _COMPONENT_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40002,
        ANY,
        Action.PERSON,
        Text("grant_type is not one this API takes.", "grant_type 取值不合法。"),
        BODY_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        40013,
        ANY,
        Action.PERSON,
        Text(
            "The AppID does not exist or is not of the kind this API takes.",
            "AppID 不合法：不存在，或账号类型与接口要求不符。",
        ),
        Text(
            "Compare appid (or component_appid) with the one at mp.weixin.qq.com (or open.weixin.qq.com), "
            "letter by letter; the AppIDs of a mini program, an official account and a third-party platform "
            "look alike.",
            "请逐字符核对 appid（或 component_appid）与 mp.weixin.qq.com（或 open.weixin.qq.com）"
            "上的是否一致；小程序、公众号与第三方平台的 AppID 形式相同，注意不要混用。",
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        40014,
        APP_APIS,
        Action.TOKEN_DEAD,
        Text("The access_token is not a valid one.", "access_token 不合法。"),
        _APP_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40014,
        COMPONENT_APIS,
        Action.TOKEN_DEAD,
        Text("The component_access_token is not a valid one.", "component_access_token 不合法。"),
        _COMPONENT_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40066,
        ANY,
        Action.PERSON,
        Text("WeChat knows no API at this URL.", "请求的接口 URL 不存在。"),
        Text(
            "Check wechat.base_url, or the token source's base_url: it must end before the API's path, and "
            "a gateway must not rewrite the path.",
            "请检查 wechat.base_url 或 token 来源的 base_url：不应包含接口路径，网关也不得改写路径。",
        ),
        COMMON,
    ),
    Errcode(
        40097,
        ANY,
        Action.PERSON,
        Text("A parameter of the request is wrong.", "请求参数错误。"),
        BODY_REMEDY,
        CLOUD_TOKEN,
    ),
    Errcode(
        40101,
        ANY,
        Action.PERSON,
        Text("A required parameter of the request is missing.", "缺少必填参数。"),
        BODY_REMEDY,
        CLOUD_TOKEN,
    ),
    Errcode(
        40125,
        COMPONENT_TOKEN_API,
        Action.PERSON,
        Text("The third-party platform's AppSecret is not valid.", "第三方平台的 AppSecret 无效。"),
        Text(
            "Compare component_appsecret with the platform's page under 「管理中心 → 第三方平台 → 详情」 at "
            "open.weixin.qq.com; update the secret after a reset.",
            "登录 open.weixin.qq.com，在“管理中心 → 第三方平台 → 详情”核对 component_appsecret；"
            "若密钥已重置，请同步更新配置。",
        ),
        COMPONENT_TOKEN,
    ),
    Errcode(
        40125,
        ANY,
        Action.PERSON,
        Text("The AppSecret is not valid.", "AppSecret 无效。"),
        Text(
            "Compare appsecret with the one in use; WeChat shows it only when it is made, so if nobody kept "
            "it, reset it under 「开发管理 → 开发设置」 at mp.weixin.qq.com and update every service that "
            "uses it.",
            "请核对 appsecret。微信仅在生成时显示一次，若无人留存，需登录 mp.weixin.qq.com，"
            "在“开发管理 → 开发设置”重置，并同步更新所有使用方。",
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        40243,
        ANY,
        Action.PERSON,
        Text("The AppSecret is frozen.", "AppSecret 已被冻结。"),
        Text(
            "An administrator of the account has to unfreeze it under 「开发管理 → 开发设置」 at "
            "mp.weixin.qq.com; then reload the exporter.",
            "请账号管理员登录 mp.weixin.qq.com，在“开发管理 → 开发设置”中解冻 AppSecret；"
            "随后重新加载 exporter 配置。",
        ),
        ACCESS_TOKEN,
    ),
    Errcode(
        41001,
        ANY,
        Action.PERSON,
        Text("The call carried no access_token.", "请求缺少 access_token 参数。"),
        Text(
            "With a cloudrun source: switch on 「开放接口服务」 in the console of WeChat's cloud hosting "
            "and publish a new version of the service, for only then it takes effect. Otherwise: a gateway "
            "drops the query string.",
            "使用 cloudrun 来源时：在微信云托管控制台开启“开放接口服务”，并发布新版本后才会生效。其他情况："
            "请检查网关是否丢弃了 URL 查询参数。",
        ),
        CLOUD_RUN,
    ),
    Errcode(
        41002,
        ANY,
        Action.PERSON,
        Text("The request carried no appid.", "请求缺少 appid 参数。"),
        BODY_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        41004,
        ANY,
        Action.PERSON,
        Text("The request carried no AppSecret.", "请求缺少 secret 参数。"),
        Text(
            "See that the file or environment variable the secret is read from is not empty; if it is not, "
            "a proxy on the way drops the request's body.",
            "请确认密钥所在的文件或环境变量不为空；若不为空，请检查中间代理是否丢弃了请求体。",
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        41018,
        ANY,
        Action.PERSON,
        Text("The request carried no component_appid.", "请求缺少 component_appid 参数。"),
        BODY_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42001,
        APP_APIS,
        Action.TOKEN_DEAD,
        Text("The access_token has expired.", "access_token 已过期。"),
        _APP_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42001,
        COMPONENT_APIS,
        Action.TOKEN_DEAD,
        Text("The component_access_token has expired.", "component_access_token 已过期。"),
        _COMPONENT_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42006,
        ANY,
        Action.PERSON,
        Text("The component_access_token has expired.", "component_access_token 已过期。"),
        Text(
            "Check that the platform's own service renews the component_access_token before its two hours "
            "are over and hands out the new one.",
            "请确认第三方平台自有服务在 2 小时有效期结束前刷新 component_access_token，并对外提供新令牌。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        42007,
        ANY,
        Action.PERSON,
        Text(
            "The token and the refresh token died because a user changed the WeChat password.",
            "用户修改了微信密码，token 与刷新令牌均已失效。",
        ),
        Text(
            "The mini program's administrator has to authorize the third-party platform anew; then put the "
            "new authorizer_refresh_token into the configuration (discovery does it by itself).",
            "请小程序管理员重新授权给第三方平台，并将新的刷新令牌 authorizer_refresh_token 更新到配置中"
            "（启用自动发现时会自动更新）。",
        ),
        RETURN_CODES,
    ),
    # The form of the request.
    Errcode(
        43002,
        ANY,
        Action.PERSON,
        Text(
            "The call reached WeChat with another method than POST.",
            "接口要求 POST，但请求以其他方法到达微信。",
        ),
        BODY_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        43003,
        ANY,
        Action.PERSON,
        Text("The call reached WeChat without TLS.", "接口要求 HTTPS，但请求以明文 HTTP 到达微信。"),
        Text(
            "Use https:// in wechat.base_url; only WeChat's cloud hosting takes http://. If it is https:// "
            "already, a gateway passes the call on in plain text.",
            "请将 wechat.base_url 改为 https://，仅微信云托管内可使用 http://；若已是 https://，"
            "请检查网关是否以明文转发。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        44002,
        ANY,
        Action.PERSON,
        Text("The call reached WeChat with an empty body.", "POST 请求体为空。"),
        BODY_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        47001,
        ANY,
        Action.PERSON,
        Text("WeChat could not read the body as JSON.", "请求体不是合法的 JSON，解析失败。"),
        BODY_REMEDY,
        COMPONENT_TOKEN,
    ),
    # Mini programs and the cloud they run in.
    Errcode(
        85015,
        DOMAIN_APIS,
        Action.PERSON,
        Text("The account is not a mini program.", "该账号不是小程序。"),
        Text(
            "Take the app out of the configuration, or correct its appid: official accounts have no such "
            "domain lists.",
            "请修正 appid，或从配置中移除该账号：公众号没有小程序的域名配置。",
        ),
        DOMAINS,
    ),
)
