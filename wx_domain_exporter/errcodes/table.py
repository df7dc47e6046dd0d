"""The errcode table, in the order of the codes: what WeChat's errcodes mean and what is done about each.

A row that names APIs takes precedence over one of the same errcode that names none. No two rows are for the
same API and errcode.
"""

from typing import Final

from wx_domain_exporter.errcodes.apis import (
    ANY,
    APP_APIS,
    COMPONENT_APIS,
    COMPONENT_TOKEN_API,
    DOMAIN_APIS,
    PLATFORM_DOMAIN_APIS,
    STABLE_TOKEN_API,
)
from wx_domain_exporter.errcodes.remedies import (
    API_SECURITY_REMEDY,
    APP_IP_LIST,
    APP_IP_LIST_WARNING,
    APP_TOKEN_REMEDY,
    AUTHORIZATION_CODE_REMEDY,
    BODY_REMEDY,
    BUSY_REMEDY,
    CLEAR_QUOTA_WARNING,
    CLOUD_PATH_REMEDY,
    CLOUD_QUOTA_REMEDY,
    CLOUD_TICKET_REMEDY,
    COMPONENT_SECRET_REMEDY,
    COMPONENT_TOKEN_REMEDY,
    CONFIRM_REMEDY,
    PERMISSION_SET_REMEDY,
    PERMISSION_SET_WARNING,
    PLATFORM_DOMAINS_REMEDY,
    PLATFORM_IP_LIST,
    PLATFORM_IP_LIST_WARNING,
    REJECTED_REMEDY,
    SECRET_REMEDY,
    TICKET_REMEDY,
    with_warning,
)
from wx_domain_exporter.errcodes.sources import (
    ACCESS_TOKEN,
    API_SIGNATURE,
    AUTHORIZER_TOKEN,
    CLEAR_QUOTA,
    CLOUD_BASE,
    CLOUD_RUN,
    CLOUD_TOKEN,
    COMMON,
    COMPONENT_TOKEN,
    DOMAINS,
    IP_LIST,
    PERMISSION_SETS,
    PERMISSIONS,
    PLATFORM_DOMAINS,
    QUOTA,
    RETURN_CODES,
    SECRETS,
    STABLE_TOKEN,
    TICKET,
)
from wx_domain_exporter.errcodes.types import Action, BilingualText, Errcode, ErrcodeGroup

TABLE: Final[tuple[Errcode, ...]] = (
    Errcode(
        -604104,
        ANY,
        Action.PERSON,
        BilingualText(
            "WeChat does not allow cloud calls from where this one came from.",
            "云调用的来源不合法。",
        ),
        BilingualText(
            "Run the exporter inside the cloud environment, or use a stable_token source, which works "
            "anywhere.",
            "请在云环境内运行 exporter，或改用不限运行位置的 stable_token 来源。",
        ),
        CLOUD_BASE,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        -604102,
        ANY,
        Action.PERSON,
        BilingualText("The cloud call timed out in WeChat's backend.", "云调用在微信后台执行超时。"),
        CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -604101,
        ANY,
        Action.PERSON,
        BilingualText(
            "The cloud environment has no permission to call this API as a cloud call.",
            "云环境没有以云调用方式调用该接口的权限。",
        ),
        BilingualText(
            f"{CLOUD_PATH_REMEDY.en} Check that the environment belongs to this appid or is shared with it. "
            "If the errcode persists, use a stable_token source.",
            f"{CLOUD_PATH_REMEDY.zh}同时请确认云环境归属该 appid 或已对其共享。"
            "若仍报错，请改用 stable_token 来源。",
        ),
        CLOUD_BASE,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        -601003,
        ANY,
        Action.PERSON,
        BilingualText(
            "WeChat's backend had a network error during a cloud call.", "云调用过程中微信后台网络异常。"
        ),
        CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -601002,
        ANY,
        Action.PERSON,
        BilingualText(
            "WeChat's backend rejected the parameters of a cloud call.", "云调用的参数被微信后台判定为错误。"
        ),
        BilingualText(
            "Check the appid and base_url of the app's cloudrun or cloudbase token source.",
            "请检查该小程序 cloudrun 或 cloudbase 类型 token 来源的 appid 和 base_url 配置。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -601001,
        ANY,
        Action.PERSON,
        BilingualText(
            "WeChat's backend had an internal error during a cloud call.", "云调用时微信后台系统错误。"
        ),
        CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501019,
        ANY,
        Action.PERSON,
        BilingualText("The cloud environment does not allow the call.", "云环境未授权此操作。"),
        BilingualText(
            "Check that the environment belongs to this appid or is shared with it.",
            "请确认云环境归属该 appid 或已对其共享。",
        ),
        CLOUD_BASE,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        -501018,
        ANY,
        Action.PERSON,
        BilingualText("A resource of the cloud environment is not available.", "云环境的资源不可用。"),
        CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501017,
        ANY,
        Action.PERSON,
        BilingualText("The cloud environment's disk is full.", "云环境的磁盘空间已用尽。"),
        BilingualText(
            "Check the environment's usage in the cloud console and upgrade its plan.",
            "请在云开发控制台查看环境用量并升级套餐。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501016,
        ANY,
        Action.PERSON,
        BilingualText("The cloud environment's quota of writes is used up.", "云环境的写请求次数已用尽。"),
        CLOUD_QUOTA_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501015,
        ANY,
        Action.PERSON,
        BilingualText("The cloud environment's quota of reads is used up.", "云环境的读请求次数已用尽。"),
        CLOUD_QUOTA_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501007,
        ANY,
        Action.PERSON,
        BilingualText("The cloud environment rejected the request's parameters.", "云环境判定请求参数错误。"),
        BilingualText(
            "Check the appid and base_url of the app's cloudrun or cloudbase token source, and that the "
            "environment belongs to this appid or is shared with it.",
            "请检查 cloudrun 或 cloudbase 类型 token 来源的 appid 和 base_url，"
            "并确认云环境归属该 appid 或已对其共享。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501005,
        ANY,
        Action.PERSON,
        BilingualText("The state or the id of the cloud environment is not valid.", "云环境信息异常。"),
        BilingualText(
            "Check in the cloud console that the environment exists, is paid for, and belongs to this appid.",
            "请在云开发/云托管控制台确认环境存在、未欠费，且归属该 appid。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501004,
        ANY,
        Action.PERSON,
        BilingualText(
            "There are more concurrent requests than the cloud environment's plan allows.",
            "请求并发数超出云环境配额。",
        ),
        BilingualText(
            "Lower wechat.max_concurrency, or upgrade the environment's plan in the cloud console.",
            "调低 wechat.max_concurrency，或在云开发控制台升级环境套餐。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501003,
        ANY,
        Action.PERSON,
        BilingualText("The cloud environment's quota of requests is used up.", "请求次数超出云环境配额。"),
        CLOUD_QUOTA_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501002,
        ANY,
        Action.PERSON,
        BilingualText("The cloud environment did not answer in time.", "云环境响应超时。"),
        CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501001,
        ANY,
        Action.PERSON,
        BilingualText("The cloud environment had an internal error.", "云环境系统错误。"),
        CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -1000,
        ANY,
        Action.BUSY,
        BilingualText("WeChat's backend had an internal error.", "微信后台系统错误。"),
        BUSY_REMEDY,
        CLOUD_TOKEN,
    ),
    Errcode(
        -1,
        ANY,
        Action.BUSY,
        BilingualText("WeChat's system is busy.", "微信系统繁忙。"),
        BUSY_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40001,
        STABLE_TOKEN_API,
        Action.PERSON,
        BilingualText(
            "The AppSecret is wrong or belongs to another account.",
            "AppSecret 错误，或不属于该账号。",
        ),
        SECRET_REMEDY,
        ACCESS_TOKEN,
    ),
    Errcode(
        40001,
        COMPONENT_TOKEN_API,
        Action.PERSON,
        BilingualText(
            "The third-party platform's AppSecret is wrong or belongs to another platform.",
            "第三方平台的 AppSecret 错误，或不属于该平台。",
        ),
        COMPONENT_SECRET_REMEDY,
        COMPONENT_TOKEN,
    ),
    Errcode(
        40001,
        APP_APIS,
        Action.INVALID_TOKEN,
        BilingualText(
            "The access_token is not valid or is no longer the latest one.",
            "access_token 无效，或已不是最新的 token。",
        ),
        APP_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40001,
        COMPONENT_APIS | PLATFORM_DOMAIN_APIS,
        Action.INVALID_TOKEN,
        BilingualText(
            "The component_access_token is not valid or is no longer the latest one.",
            "component_access_token 无效，或已不是最新的令牌。",
        ),
        COMPONENT_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40002,
        ANY,
        Action.PERSON,
        BilingualText("The API does not accept this grant_type.", "grant_type 取值不合法。"),
        BODY_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        40013,
        ANY,
        Action.PERSON,
        BilingualText(
            "The AppID does not exist or is not of the kind that this API accepts.",
            "AppID 不合法：不存在，或账号类型与接口要求不符。",
        ),
        BilingualText(
            "Compare appid (or component_appid) with the one at mp.weixin.qq.com (or open.weixin.qq.com), "
            "character by character; the AppIDs of a mini program, an official account and a third-party "
            "platform look alike.",
            "请逐字符核对 appid（或 component_appid）与 mp.weixin.qq.com（或 open.weixin.qq.com）"
            "上的是否一致；小程序、公众号与第三方平台的 AppID 形式相同，注意不要混用。",
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        40014,
        APP_APIS,
        Action.INVALID_TOKEN,
        BilingualText("The access_token is not valid.", "access_token 不合法。"),
        APP_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40014,
        COMPONENT_APIS | PLATFORM_DOMAIN_APIS,
        Action.INVALID_TOKEN,
        BilingualText("The component_access_token is not valid.", "component_access_token 不合法。"),
        COMPONENT_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40066,
        ANY,
        Action.PERSON,
        BilingualText("There is no API at this URL.", "请求的接口 URL 不存在。"),
        BilingualText(
            "Check wechat.base_url, or the token source's base_url: it must not include the API's path, and "
            "a gateway must not rewrite the path.",
            "请检查 wechat.base_url 或 token 来源的 base_url：不应包含接口路径，网关也不得改写路径。",
        ),
        COMMON,
    ),
    Errcode(
        40091,
        ANY,
        Action.PERSON,
        BilingualText("The component_verify_ticket is not valid.", "component_verify_ticket 无效。"),
        TICKET_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40094,
        ANY,
        Action.PERSON,
        BilingualText(
            "The third-party platform's credentials are not valid.",
            "第三方平台的凭据无效。",
        ),
        BilingualText(
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
        BilingualText("A parameter of the request is wrong.", "请求参数错误。"),
        BODY_REMEDY,
        CLOUD_TOKEN,
    ),
    Errcode(
        40101,
        ANY,
        Action.PERSON,
        BilingualText("A required parameter of the request is missing.", "缺少必填参数。"),
        BODY_REMEDY,
        CLOUD_TOKEN,
    ),
    Errcode(
        40125,
        COMPONENT_TOKEN_API,
        Action.PERSON,
        BilingualText("The third-party platform's AppSecret is not valid.", "第三方平台的 AppSecret 无效。"),
        COMPONENT_SECRET_REMEDY,
        COMPONENT_TOKEN,
    ),
    Errcode(
        40125,
        ANY,
        Action.PERSON,
        BilingualText("The AppSecret is not valid.", "AppSecret 无效。"),
        SECRET_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        40164,
        ANY,
        Action.PERSON,
        BilingualText(
            "The address this call came from is not on the account's IP whitelist.",
            "调用来源 IP 不在该账号的 IP 白名单中。",
        ),
        with_warning(
            BilingualText(
                f"Add this host's outgoing IP address under {APP_IP_LIST.en}; --doctor and the errmsg in the "
                "exporter's log name it.",
                f"请在 {APP_IP_LIST.zh}中添加本机出口 IP，具体地址见 --doctor 的输出或 exporter 日志中的 "
                "errmsg。",
            ),
            APP_IP_LIST_WARNING,
        ),
        IP_LIST,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        40170,
        ANY,
        Action.PERSON,
        BilingualText("The request asks for more entries than the API allows.", "请求的数量超出接口上限。"),
        BODY_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40234,
        ANY,
        Action.PERSON,
        BilingualText(
            "The account has API security enabled, and the request is not signed.",
            "该账号启用了 API 安全，而请求没有有效签名。",
        ),
        API_SECURITY_REMEDY,
        API_SIGNATURE,
    ),
    Errcode(
        40235,
        ANY,
        Action.PERSON,
        BilingualText(
            "The account has API security enabled, and the request is not encrypted.",
            "该账号启用了 API 安全，而请求没有按要求加密。",
        ),
        API_SECURITY_REMEDY,
        API_SIGNATURE,
    ),
    Errcode(
        40243,
        ANY,
        Action.PERSON,
        BilingualText("The AppSecret is frozen.", "AppSecret 已被冻结。"),
        BilingualText(
            "Find out first who froze it: it may have leaked. Then have an administrator of the account "
            "unfreeze it under 「管理 → 开发管理 → 开发设置」 at mp.weixin.qq.com. This takes effect after "
            "ten minutes; then reload the exporter.",
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
        BilingualText("The call contained no access_token.", "请求缺少 access_token 参数。"),
        BilingualText(
            "With a cloudrun source: right after the container has started, it passes by itself. If it "
            "persists, enable 「开放接口服务」 in the console of WeChat's cloud hosting and publish a new "
            "version of the service, which is needed for it to take effect. With another source: check for "
            "a gateway that drops the query string.",
            "使用 cloudrun 来源时：容器刚启动时出现会自行恢复；若持续出现，请在微信云托管控制台开启"
            "“开放接口服务”，并发布新版本后才会生效。使用其他来源时：请检查网关是否丢弃了 URL 查询参数。",
        ),
        CLOUD_RUN,
    ),
    Errcode(
        41002,
        ANY,
        Action.PERSON,
        BilingualText("The request contained no appid.", "请求缺少 appid 参数。"),
        BODY_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        41004,
        ANY,
        Action.PERSON,
        BilingualText("The request contained no AppSecret.", "请求缺少 secret 参数。"),
        BODY_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        41018,
        ANY,
        Action.PERSON,
        BilingualText("The request contained no component_appid.", "请求缺少 component_appid 参数。"),
        BODY_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42001,
        APP_APIS,
        Action.INVALID_TOKEN,
        BilingualText("The access_token has expired.", "access_token 已过期。"),
        APP_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42001,
        COMPONENT_APIS | PLATFORM_DOMAIN_APIS,
        Action.INVALID_TOKEN,
        BilingualText("The component_access_token has expired.", "component_access_token 已过期。"),
        COMPONENT_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42006,
        ANY,
        Action.PERSON,
        BilingualText("The component_access_token has expired.", "component_access_token 已过期。"),
        BilingualText(
            "Check that the platform's own service renews the component_access_token before its two hours "
            "are over and returns the new one.",
            "请确认第三方平台自有服务在 2 小时有效期结束前刷新 component_access_token，并对外提供新令牌。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        42007,
        ANY,
        Action.PERSON,
        BilingualText(
            "The token and the refresh token became invalid because a user changed the WeChat password.",
            "用户修改了微信密码，token 与刷新令牌均已失效。",
        ),
        BilingualText(
            "The mini program's administrator has to authorize the third-party platform again; then put the "
            "new authorizer_refresh_token into the configuration (with discovery, this happens "
            "automatically).",
            "请小程序管理员重新授权给第三方平台，并将新的刷新令牌 authorizer_refresh_token 更新到配置中"
            "（启用自动发现时会自动更新）。",
        ),
        RETURN_CODES,
        group=ErrcodeGroup.AUTHORIZATION,
    ),
    Errcode(
        43002,
        ANY,
        Action.PERSON,
        BilingualText(
            "The call reached WeChat with a method other than POST.",
            "接口要求 POST，但请求以其他方法到达微信。",
        ),
        BODY_REMEDY,
        STABLE_TOKEN,
    ),
    Errcode(
        43003,
        ANY,
        Action.PERSON,
        BilingualText("The call reached WeChat without TLS.", "接口要求 HTTPS，但请求以明文 HTTP 到达微信。"),
        BilingualText(
            "Use https:// in wechat.base_url; only WeChat's cloud hosting accepts http://. If it is "
            "https:// already, check for a gateway that passes the call on in plain text.",
            "请将 wechat.base_url 改为 https://，仅微信云托管内可使用 http://；若已是 https://，"
            "请检查网关是否以明文转发。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        44002,
        ANY,
        Action.PERSON,
        BilingualText("The call reached WeChat with an empty body.", "POST 请求体为空。"),
        BODY_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        45009,
        PLATFORM_DOMAIN_APIS,
        Action.DAILY_QUOTA,
        BilingualText(
            "The third-party platform has used up its calls of this API.",
            "该第三方平台调用此接口的次数已达上限。",
        ),
        with_warning(
            BilingualText(
                "The exporter reads the platform's own lists once in `domains_interval`, and tries again "
                "after 10 minutes at the earliest. Look for another program that calls this API.",
                "exporter 每 `domains_interval` 读取一次平台自身的列表，最早 10 分钟后重试。"
                "请排查是否有其他程序在调用该接口。",
            ),
            CLEAR_QUOTA_WARNING,
        ),
        PLATFORM_DOMAINS,
    ),
    Errcode(
        45009,
        STABLE_TOKEN_API | COMPONENT_TOKEN_API | COMPONENT_APIS,
        Action.DAILY_QUOTA,
        BilingualText(
            "The account has used up its calls of this API: the daily quota, or for some APIs the quota of "
            "the minute.",
            "该账号调用此接口的次数已达上限：通常是每日上限，部分接口是分钟上限。",
        ),
        with_warning(
            BilingualText(
                "The exporter calls this API rarely: for a token about every two hours, for a platform's "
                "list once in `discover_interval`. Look for another program that calls it far too often, "
                "for instance one that requests a token for each call, and let it keep its token. The "
                "exporter tries again after 60 seconds, then every 30 minutes; a reload tries at once.",
                "exporter 很少调用该接口：获取 token 约每两小时一次，"
                "读取平台列表每 `discover_interval` 一次。请排查是否有其他程序调用过于频繁"
                "（例如每次调用前都重新获取 token），并让它缓存 token。"
                "exporter 60 秒后重试，之后每 30 分钟试一次；重新加载配置会立即重试。",
            ),
            CLEAR_QUOTA_WARNING,
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        45009,
        ANY,
        Action.DAILY_QUOTA,
        BilingualText(
            "The account has used up its calls of this API: the daily quota, or for some APIs the quota of "
            "the minute.",
            "该账号调用此接口的次数已达上限：通常是每日上限，部分接口是分钟上限。",
        ),
        with_warning(
            BilingualText(
                "Usually nothing: the exporter tries again after 60 seconds, because it may be a limit of "
                "the minute, then every 30 minutes until the daily quota is renewed; a reload tries at "
                "once. Scrape less often: raise scrape_interval, set scrape.min_interval, and look for "
                "other callers of this API.",
                "一般无需处理：该上限可能是分钟级的，exporter 60 秒后重试，之后每 30 分钟试一次，"
                "直到每日额度恢复；重新加载配置会立即重试。请降低抓取频率：调大 scrape_interval、"
                "设置 scrape.min_interval，并排查是否有其他程序在调用该接口。",
            ),
            CLEAR_QUOTA_WARNING,
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        45011,
        ANY,
        Action.MINUTE_QUOTA,
        BilingualText("This API was called too often within one minute.", "该接口一分钟内调用过于频繁。"),
        BilingualText(
            "Usually nothing: the exporter pauses for 60 seconds. If it comes back, lower "
            "wechat.max_concurrency, set scrape.min_interval, and look for other callers of this API.",
            "一般无需处理，exporter 会暂停 60 秒。若反复出现，请调低 wechat.max_concurrency、设置 "
            "scrape.min_interval，并排查是否有其他程序在调用该接口。",
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        45035,
        ANY,
        Action.PERSON,
        BilingualText(
            "The address this call came from is not on the IP whitelist.",
            "调用来源 IP 未登记，不在 IP 白名单中。",
        ),
        with_warning(
            BilingualText(
                "Add this host's outgoing IP address to the 「IP白名单」 in the console that the account "
                "belongs to; --doctor helps to find the address.",
                "请在该账号所属平台的“IP白名单”中添加本机出口 IP，可用 --doctor 协助确认地址。",
            ),
            APP_IP_LIST_WARNING,
        ),
        COMMON,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        47001,
        ANY,
        Action.PERSON,
        BilingualText("WeChat could not read the body as JSON.", "请求体不是合法的 JSON，解析失败。"),
        BODY_REMEDY,
        COMPONENT_TOKEN,
    ),
    Errcode(
        48001,
        PLATFORM_DOMAIN_APIS,
        Action.PERSON,
        BilingualText(
            "The platform may not read its own domain lists, or the token is not its component_access_token.",
            "该第三方平台无权读取自身的域名列表，或所用的 token 不是它的 component_access_token。",
        ),
        PLATFORM_DOMAINS_REMEDY,
        PLATFORM_DOMAINS,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        48001,
        COMPONENT_APIS,
        Action.PERSON,
        BilingualText(
            "The token this API was called with is not the platform's component_access_token.",
            "调用该接口所用的 token 不是第三方平台的 component_access_token。",
        ),
        BilingualText(
            "Configure a source under component_access_token that returns the platform's own token, not an "
            "access_token or authorizer_access_token of an app.",
            "请确认 component_access_token 配置的来源返回的是第三方平台自身的令牌，"
            "而不是小程序的 access_token 或 authorizer_access_token。",
        ),
        PERMISSIONS,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        48001,
        COMPONENT_TOKEN_API,
        Action.PERSON,
        BilingualText(
            "WeChat does not issue a component_access_token to this third-party platform. No token is "
            "involved yet.",
            "微信拒绝为该第三方平台生成 component_access_token，此时尚未用到任何 token。",
        ),
        BilingualText(
            "Nothing if it passes by itself, which has been observed: the exporter tries again after a "
            "pause. Otherwise compare component_appid with the platform's page at open.weixin.qq.com, check "
            "that the platform is approved and not restricted, and report the rid from the errmsg in "
            "WeChat's developer community.",
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
        BilingualText(
            "The account behind the token has no permission to call this API.",
            "token 对应的账号没有该接口的调用权限。",
        ),
        with_warning(
            BilingualText(
                "Check that the token belongs to this mini program and not to an official account or to the "
                "third-party platform itself, and check the account's API permissions at mp.weixin.qq.com. "
                "A platform's authorizer_access_token needs permission set 18; a shared cloud environment "
                "needs the right from_appid.",
                "请确认 token 属于该小程序，而不是公众号或第三方平台自身，并登录 mp.weixin.qq.com 查看账号"
                "的接口权限。第三方平台的 authorizer_access_token 须含权限集 18，云环境共享时须填对 "
                "from_appid。",
            ),
            PERMISSION_SET_WARNING,
        ),
        CLOUD_RUN,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        48004,
        ANY,
        Action.PERSON,
        BilingualText(
            "WeChat has blocked this API for the account because of a violation.",
            "该接口因账号违规被封禁。",
        ),
        BilingualText(
            "Ask the account's administrator to read the notice in the message center at mp.weixin.qq.com, "
            "and to appeal or correct what it names.",
            "请账号管理员登录 mp.weixin.qq.com，在站内通知中查看封禁详情，按要求整改或申诉。",
        ),
        RETURN_CODES,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        48006,
        ANY,
        Action.PERSON,
        BilingualText(
            "The account has used up its monthly number of quota resets.",
            "该账号当月的清零次数已用完。",
        ),
        BilingualText(
            "The exporter never resets a quota: look for the program that does, and wait for the next "
            "month. Until then nobody can reset a quota that production has used up.",
            "exporter 不会清零额度：请查明是哪个程序在清零，并等待下个月恢复。在此之前，"
            "生产环境用完的额度也无法清零。",
        ),
        CLEAR_QUOTA,
    ),
    Errcode(
        50001,
        COMPONENT_TOKEN_API,
        Action.PERSON,
        BilingualText(
            "WeChat does not let this third-party platform request a component_access_token. No token is "
            "involved yet.",
            "微信不允许该第三方平台生成 component_access_token，此时尚未用到任何 token。",
        ),
        BilingualText(
            "Check at open.weixin.qq.com that the platform is approved and not restricted, and that "
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
        BilingualText("The account has not authorized this API.", "该账号未授权此接口。"),
        PERMISSION_SET_REMEDY,
        PERMISSION_SETS,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        50002,
        ANY,
        Action.PERSON,
        BilingualText(
            "The account is restricted: frozen, cancelled, or punished for a violation.",
            "账号受限，可能已被冻结、注销或因违规被处罚。",
        ),
        BilingualText(
            "Ask the account's administrator to check its state and the notices at mp.weixin.qq.com. Remove "
            "the app from the configuration if it is gone for good.",
            "请账号管理员登录 mp.weixin.qq.com 查看账号状态和站内通知；若小程序已注销，请从配置中移除。",
        ),
        RETURN_CODES,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        50003,
        ANY,
        Action.PERSON,
        BilingualText(
            "WeChat does not let this account call this API.",
            "该账号不在允许调用此接口的账号范围内。",
        ),
        BilingualText(
            "Check that the appid is a mini program's; if it is, ask in WeChat's developer community with "
            "the rid from the errmsg.",
            "请确认 appid 为小程序；若无误，请携带 errmsg 中的 rid 到微信开放社区咨询。",
        ),
        RETURN_CODES,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        50004,
        ANY,
        Action.PERSON,
        BilingualText("The account may not fetch access tokens.", "该账号被禁止使用 token 接口。"),
        BilingualText(
            "It may be a penalty: ask the account's administrator to read the notices at mp.weixin.qq.com.",
            "可能是违规处罚所致，请账号管理员登录 mp.weixin.qq.com 查看站内通知。",
        ),
        ACCESS_TOKEN,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        50007,
        ANY,
        Action.PERSON,
        BilingualText("The account is frozen.", "账号已被冻结。"),
        BilingualText(
            "Ask the account's administrator to unfreeze it, or to do what the notices at mp.weixin.qq.com "
            "ask for.",
            "请账号管理员登录 mp.weixin.qq.com，按站内通知的要求处理并解冻账号。",
        ),
        ACCESS_TOKEN,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        61003,
        ANY,
        Action.PERSON,
        BilingualText(
            "The mini program has not authorized this third-party platform, or no longer does.",
            "小程序未授权给该第三方平台，或已取消授权。",
        ),
        with_warning(
            BilingualText(
                "Check component_appid and the app's appid. Remove an app that has left the platform from "
                "the configuration; a discovered one disappears by itself. Otherwise its administrator has "
                "to authorize the platform again.",
                "请核对 component_appid 与小程序 appid。若已不再合作，请从配置中移除该小程序"
                "（自动发现的会自行消失）；否则由小程序管理员重新扫码授权。",
            ),
            PERMISSION_SET_WARNING,
        ),
        PERMISSIONS,
        group=ErrcodeGroup.AUTHORIZATION,
    ),
    Errcode(
        61004,
        ANY,
        Action.PERSON,
        BilingualText(
            "The address this call came from is not on the third-party platform's IP whitelist.",
            "调用来源 IP 不在第三方平台的白名单 IP 列表中。",
        ),
        with_warning(
            BilingualText(
                f"Add this host's outgoing IP address to {PLATFORM_IP_LIST.en}.",
                f"请在 {PLATFORM_IP_LIST.zh}中添加本机出口 IP。",
            ),
            PLATFORM_IP_LIST_WARNING,
        ),
        IP_LIST,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        61005,
        ANY,
        Action.PERSON,
        BilingualText("The component_verify_ticket has expired.", "component_verify_ticket 已过期。"),
        BilingualText(
            "Check that WeChat's push still reaches the platform's 「授权事件接收URL」 (it comes every 10 "
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
        BilingualText(
            "The component_verify_ticket is not valid, or belongs to another platform.",
            "component_verify_ticket 无效，或属于其他第三方平台。",
        ),
        TICKET_REMEDY,
        TICKET,
    ),
    Errcode(
        61007,
        PLATFORM_DOMAIN_APIS,
        Action.PERSON,
        BilingualText(
            "The third-party platform may not read its own domain lists.",
            "该第三方平台无权读取自身的域名列表。",
        ),
        PLATFORM_DOMAINS_REMEDY,
        PLATFORM_DOMAINS,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        61007,
        ANY,
        Action.PERSON,
        BilingualText(
            "The mini program has authorized the third-party platform, but not for this API.",
            "小程序虽已授权给第三方平台，但未授予该接口所属的权限集。",
        ),
        PERMISSION_SET_REMEDY,
        PERMISSION_SETS,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        61009,
        ANY,
        Action.PERSON,
        BilingualText("The authorization code is not valid.", "授权码无效。"),
        AUTHORIZATION_CODE_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        61010,
        ANY,
        Action.PERSON,
        BilingualText("The authorization code has expired.", "授权码已过期。"),
        AUTHORIZATION_CODE_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        61011,
        ANY,
        Action.PERSON,
        BilingualText(
            "component_appid is not the AppID of a third-party platform.",
            "component_appid 不是有效的第三方平台 AppID。",
        ),
        BilingualText(
            "Take component_appid from 「管理中心 → 第三方平台」 at open.weixin.qq.com; the AppID of a mini "
            "program or official account does not work.",
            "请填写 open.weixin.qq.com“管理中心 → 第三方平台”中的 AppID，不能填小程序或公众号的 AppID。",
        ),
        COMPONENT_TOKEN,
    ),
    Errcode(
        61014,
        ANY,
        Action.PERSON,
        BilingualText(
            "This API accepts only the component_access_token, and was called with another token.",
            "该接口只接受 component_access_token，而调用时使用了其他 token。",
        ),
        BilingualText(
            "Configure a source under component_access_token that returns the platform's own token.",
            "请确认 component_access_token 配置的来源返回的是第三方平台自身的令牌。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        61015,
        ANY,
        Action.PERSON,
        BilingualText(
            "This API accepts an account's token, and was called with the component_access_token.",
            "该接口须使用授权方账号的 token，而调用时使用了 component_access_token。",
        ),
        BilingualText(
            "Configure a token source for the app that returns its authorizer_access_token or access_token.",
            "请确认该小程序的 token 来源返回的是 authorizer_access_token 或 access_token。",
        ),
        RETURN_CODES,
    ),
    Errcode(
        61016,
        ANY,
        Action.PERSON,
        BilingualText(
            "The third-party platform has not confirmed the permission set of this API.",
            "该接口所属的权限集尚未经第三方平台确认。",
        ),
        BilingualText(
            "Let the platform's own service confirm the authorization; the exporter never changes one.",
            "请由第三方平台自有服务确认该授权，exporter 不会修改授权。",
        ),
        RETURN_CODES,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        61017,
        ANY,
        Action.PERSON,
        BilingualText(
            "The permission set of this API is not authorized.",
            "该接口所属的权限集未获授权。",
        ),
        PERMISSION_SET_REMEDY,
        PERMISSION_SETS,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        61023,
        ANY,
        Action.PERSON,
        BilingualText(
            "The authorizer_refresh_token is not valid.", "刷新令牌 authorizer_refresh_token 无效。"
        ),
        BilingualText(
            "Take the current refresh token from api_get_authorizer_list and put it into the configuration "
            "(with discovery, this happens automatically). If that one is refused too, the mini program's "
            "administrator has to authorize the platform again.",
            "请通过 api_get_authorizer_list 获取当前有效的刷新令牌并更新到配置中"
            "（启用自动发现时会自动更新）；若仍无效，请小程序管理员重新授权给第三方平台。",
        ),
        AUTHORIZER_TOKEN,
        group=ErrcodeGroup.AUTHORIZATION,
    ),
    Errcode(
        61024,
        ANY,
        Action.PERSON,
        BilingualText(
            "A third-party platform's AppID was used where an app's is expected: the platform's token comes "
            "only from api_component_token.",
            "此处误用了第三方平台的 AppID，其令牌只能通过 api_component_token 获取。",
        ),
        BilingualText(
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
        BilingualText(
            "The third-party platform has not been published to the whole network.",
            "第三方平台尚未全网发布。",
        ),
        BilingualText(
            "Publish it (「全网发布」) on the platform's page at open.weixin.qq.com; until then it can act "
            "only for the accounts on its test list.",
            "请在 open.weixin.qq.com 的第三方平台详情页完成全网发布；发布前仅可用于授权测试账号。",
        ),
        RETURN_CODES,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        61029,
        ANY,
        Action.PERSON,
        BilingualText(
            "The third-party platform has to be published again, with the basic permission sets.",
            "第三方平台需要包含基础权限集并重新全网发布。",
        ),
        BilingualText(
            "Let the platform's own team publish it again (「全网发布」) on its page at open.weixin.qq.com: "
            "that changes the platform for all its customers.",
            "请由第三方平台的负责团队在 open.weixin.qq.com 的详情页重新全网发布：这会影响该平台的所有客户。",
        ),
        RETURN_CODES,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        76003,
        frozenset({"quota/get"}),
        Action.PERSON,
        BilingualText(
            "The path in cgi_path does not have the form that WeChat expects.",
            "cgi_path 的格式不正确。",
        ),
        BODY_REMEDY,
        QUOTA,
    ),
    Errcode(
        76021,
        frozenset({"quota/get"}),
        Action.PERSON,
        BilingualText(
            "WeChat has no quota for the path in cgi_path.",
            "cgi_path 不存在，查不到对应接口的额度。",
        ),
        BilingualText(
            "Set collect.quota to false until a new version of the exporter knows the path.",
            "请将 collect.quota 设为 false，待 exporter 新版本支持后再开启。",
        ),
        QUOTA,
    ),
    Errcode(
        76022,
        frozenset({"quota/get"}),
        Action.PERSON,
        BilingualText(
            "The token belongs to an account of a different kind than the API in cgi_path.",
            "所用 token 的账号类型与所查询接口不符。",
        ),
        BilingualText(
            "Check that the app's token source returns the mini program's own access_token or "
            "authorizer_access_token; if it does, set collect.quota to false.",
            "请确认 token 来源返回的是该小程序的 access_token 或 authorizer_access_token；若确认无误仍报错，"
            "请将 collect.quota 设为 false。",
        ),
        QUOTA,
    ),
    Errcode(
        85015,
        DOMAIN_APIS,
        Action.PERSON,
        BilingualText("The account is not a mini program.", "该账号不是小程序。"),
        BilingualText(
            "Remove the app from the configuration, or correct its appid: official accounts have no such "
            "domain lists.",
            "请修正 appid，或从配置中移除该账号：公众号没有小程序的域名配置。",
        ),
        DOMAINS,
    ),
    Errcode(
        85088,
        ANY,
        Action.PERSON,
        BilingualText("The mini program has not enabled cloud development.", "该小程序未开通云开发。"),
        BilingualText(
            "Enable it in WeChat's developer tools or the cloud console, or use a token source other than "
            "cloudrun or cloudbase.",
            "请在微信开发者工具或云开发控制台开通，或不使用 cloudrun、cloudbase 类型的 token 来源。",
        ),
        CLOUD_TOKEN,
    ),
    Errcode(
        85105,
        ANY,
        Action.PERSON,
        BilingualText(
            "The account behind the cloud call is not authorized to call this API.",
            "发起云调用的账号没有该接口的权限。",
        ),
        BilingualText(
            "Check the appid: it must be a mini program's, not an official account's or a third-party "
            "platform's, and the cloud environment must belong to it or be shared with it.",
            "请检查 appid：应为小程序，而不是公众号或第三方平台的 AppID，"
            "且云环境须归属该小程序或已对其共享。",
        ),
        CLOUD_RUN,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        85107,
        ANY,
        Action.PERSON,
        BilingualText(
            "The API's path is not on the list of APIs the cloud service may call.",
            "接口路径不在云托管“微信令牌”白名单内。",
        ),
        CLOUD_PATH_REMEDY,
        CLOUD_RUN,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        85112,
        ANY,
        Action.PERSON,
        BilingualText(
            "WeChat's cloud hosting found no secret for this service's cloud calls.",
            "云托管链路异常，找不到该服务的云调用密钥。",
        ),
        BilingualText(
            "Open a ticket in the console of WeChat's cloud hosting with the environment id, the AppID, the "
            "time and the request id.",
            "请在微信云托管控制台提交工单，附上环境 ID、AppID、调用时间和 RequestID。",
        ),
        CLOUD_RUN,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        85113,
        ANY,
        Action.BUSY,
        BilingualText(
            "The token of WeChat's cloud hosting is not ready yet, as happens after the first deployment.",
            "云托管的微信令牌尚未就绪，常见于首个版本刚部署时。",
        ),
        BilingualText(
            "Wait a few minutes; the exporter retries once per scrape. If it persists, open a ticket in the "
            "console of WeChat's cloud hosting.",
            "请等待数分钟，exporter 每次采集会重试一次；若持续出现，请在微信云托管控制台提交工单。",
        ),
        CLOUD_RUN,
    ),
    Errcode(
        86000,
        ANY,
        Action.PERSON,
        BilingualText(
            "This API is for third-party platforms that act for a mini program, and was called by someone "
            "else.",
            "该接口仅支持第三方平台代小程序调用，当前并非由第三方平台发起。",
        ),
        BilingualText(
            "If it concerns the effective lists, set collect.effective to false. Otherwise use the token of "
            "the platform that already acts for this mini program.",
            "若仅涉及生效域名列表，请将 collect.effective 设为 false；"
            "否则请使用已在代该小程序调用的第三方平台的 token。",
        ),
        RETURN_CODES,
        group=ErrcodeGroup.PERMISSION,
    ),
    Errcode(
        89501,
        ANY,
        Action.PERSON,
        BilingualText(
            "Another request for this account is still waiting for the administrator's answer.",
            "该账号还有未处理的 IP 确认请求。",
        ),
        CONFIRM_REMEDY,
        RETURN_CODES,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        89502,
        ANY,
        Action.PERSON,
        BilingualText(
            "The call is waiting for the administrator's confirmation.", "此次调用等待管理员确认。"
        ),
        CONFIRM_REMEDY,
        RETURN_CODES,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        89503,
        ANY,
        Action.PERSON,
        BilingualText(
            "WeChat considers the call risky: the administrator has to confirm the address it came from.",
            "微信判定此次调用存在风险，需要管理员确认来源 IP。",
        ),
        CONFIRM_REMEDY,
        STABLE_TOKEN,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        89504,
        ANY,
        Action.PERSON,
        BilingualText("The administrator was asked and has not answered yet.", "已通知管理员，尚未确认。"),
        CONFIRM_REMEDY,
        RETURN_CODES,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        89505,
        ANY,
        Action.PERSON,
        BilingualText(
            "The administrator has not answered yet; WeChat asks to try again later.",
            "管理员尚未确认，需稍后重试。",
        ),
        CONFIRM_REMEDY,
        RETURN_CODES,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        89506,
        ANY,
        Action.PERSON,
        BilingualText(
            "The administrator refused calls from this address; WeChat blocks it for 24 hours.",
            "管理员已拒绝该 IP 的调用请求，24 小时内不可再试。",
        ),
        REJECTED_REMEDY,
        STABLE_TOKEN,
        group=ErrcodeGroup.ADDRESS,
    ),
    Errcode(
        89507,
        ANY,
        Action.PERSON,
        BilingualText(
            "The administrator refused calls from this address; WeChat blocks it for one hour.",
            "管理员已拒绝该 IP 的调用请求，1 小时内不可再试。",
        ),
        REJECTED_REMEDY,
        STABLE_TOKEN,
        group=ErrcodeGroup.ADDRESS,
    ),
)
