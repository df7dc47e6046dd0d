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
from wx_domain_exporter.errcodes.remedies import (
    BODY_REMEDY,
    BUSY_REMEDY,
    SECRET_CHECK,
    SECRET_WARNING,
    TICKET_REMEDY,
    with_warning,
)
from wx_domain_exporter.errcodes.sources import (
    ACCESS_TOKEN,
    API_SIGNATURE,
    CLOUD_RUN,
    CLOUD_TOKEN,
    COMMON,
    COMPONENT_TOKEN,
    DOMAINS,
    RETURN_CODES,
    SECRETS,
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
_SECRET_REMEDY: Final = with_warning(
    Text(
        f"{SECRET_CHECK.en} Then compare appid and appsecret with what the mini program's other programs "
        "use: WeChat shows an AppSecret only when it is made, under 「管理 → 开发管理 → 开发设置」 at "
        "mp.weixin.qq.com.",
        f"{SECRET_CHECK.zh}再与该小程序的其他使用方核对 AppID 和 AppSecret：微信仅在 mp.weixin.qq.com "
        "的“管理 → 开发管理 → 开发设置”中生成时显示一次 AppSecret。",
    ),
    SECRET_WARNING,
)
_COMPONENT_SECRET_REMEDY: Final = with_warning(
    Text(
        f"{SECRET_CHECK.en} Then compare component_appid and component_appsecret with what the platform's "
        "own service uses, and with 「管理中心 → 第三方平台 → 详情」 at open.weixin.qq.com.",
        f"{SECRET_CHECK.zh}再与第三方平台自有服务所用的值，以及 open.weixin.qq.com "
        "的“管理中心 → 第三方平台 → 详情”核对 component_appid 和 component_appsecret。",
    ),
    SECRET_WARNING,
)
_API_SECURITY_REMEDY: Final = Text(
    "The exporter can neither sign nor encrypt a request, and getwxadevinfo is one of the APIs that can ask "
    "for it. Leave 「API安全」 off for this API (「管理 → 开发管理 → 开发设置 → API安全」 at "
    "mp.weixin.qq.com). Ask first who relies on it: switching it off for other APIs weakens production.",
    "exporter 不支持对请求签名和加密，而 getwxadevinfo 属于支持该功能的接口。请在 mp.weixin.qq.com "
    "的“管理 → 开发管理 → 开发设置 → API安全”中不要对此接口启用。改动前请先确认谁在使用该功能："
    "对其他接口关闭会降低生产环境的安全性。",
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
        _SECRET_REMEDY,
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
        _COMPONENT_SECRET_REMEDY,
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
        40091,
        ANY,
        Action.PERSON,
        Text("The component_verify_ticket is not valid.", "component_verify_ticket 无效。"),
        TICKET_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40094,
        ANY,
        Action.PERSON,
        Text(
            "The third-party platform's credentials are not valid.",
            "第三方平台的凭据无效。",
        ),
        Text(
            "Check that component_appid and the component_access_token, or the component_appsecret and the "
            "ticket it is made from, belong to the same platform.",
            "请确认 component_appid 与 component_access_token（或生成它所用的 component_appsecret 和 ticket）"
            "属于同一个第三方平台。",
        ),
        RETURN_CODES,
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
        _COMPONENT_SECRET_REMEDY,
        COMPONENT_TOKEN,
    ),
    Errcode(
        40125,
        ANY,
        Action.PERSON,
        Text("The AppSecret is not valid.", "AppSecret 无效。"),
        _SECRET_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        40170,
        ANY,
        Action.PERSON,
        Text("The request asks for more entries than the API takes.", "请求的数量超出接口上限。"),
        BODY_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40234,
        ANY,
        Action.PERSON,
        Text(
            "The account has API security switched on, and the request is not signed.",
            "该账号启用了 API 安全，而请求没有有效签名。",
        ),
        _API_SECURITY_REMEDY,
        API_SIGNATURE,
    ),
    Errcode(
        40235,
        ANY,
        Action.PERSON,
        Text(
            "The account has API security switched on, and the request is not encrypted.",
            "该账号启用了 API 安全，而请求没有按要求加密。",
        ),
        _API_SECURITY_REMEDY,
        API_SIGNATURE,
    ),
    Errcode(
        40243,
        ANY,
        Action.PERSON,
        Text("The AppSecret is frozen.", "AppSecret 已被冻结。"),
        Text(
            "Ask first who froze it: it may have leaked. Then an administrator of the account unfreezes it "
            "under 「管理 → 开发管理 → 开发设置」 at mp.weixin.qq.com. That takes effect ten minutes later; "
            "then reload the exporter.",
            "请先确认是谁冻结的，可能是因为密钥泄露。再由账号管理员登录 mp.weixin.qq.com，"
            "在“管理 → 开发管理 → 开发设置”中解冻 AppSecret。解冻 10 分钟后才生效，"
            "届时重新加载 exporter 配置。",
        ),
        SECRETS,
    ),
    Errcode(
        41001,
        ANY,
        Action.PERSON,
        Text("The call carried no access_token.", "请求缺少 access_token 参数。"),
        Text(
            "With a cloudrun source: right after the start of the container it passes by itself. If it "
            "stays, switch on 「开放接口服务」 in the console of WeChat's cloud hosting and publish a new "
            "version of the service, for only then it takes effect. With another source: a gateway drops "
            "the query string.",
            "使用 cloudrun 来源时：容器刚启动时出现会自行恢复；若持续出现，请在微信云托管控制台开启"
            "“开放接口服务”，并发布新版本后才会生效。使用其他来源时：请检查网关是否丢弃了 URL 查询参数。",
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
