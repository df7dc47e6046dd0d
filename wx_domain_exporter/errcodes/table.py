"""The errcode table: pure data, in the order of the codes.

A row that names APIs takes precedence over one of the same errcode that names none. No two rows speak for the
same API and errcode.
"""

from typing import Final

from wx_domain_exporter.errcodes.types import Action, Errcode, Text

_DOCS: Final = "https://developers.weixin.qq.com"
_PLATFORM: Final = f"{_DOCS}/doc/oplatform/Third-party_Platforms/2.0"

RETURN_CODES: Final = f"{_DOCS}/doc/oplatform/Return_codes/Return_code_descriptions_new.html"
_COMMON: Final = f"{_DOCS}/doc/store/API/basics/commErrCode.html"
_ACCESS_TOKEN: Final = f"{_DOCS}/miniprogram/dev/OpenApiDoc/mp-access-token/getAccessToken.html"
_STABLE_TOKEN: Final = f"{_DOCS}/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html"
_QUOTA: Final = f"{_PLATFORM}/api/openApi/get_api_quota.html"
_DOMAINS: Final = f"{_PLATFORM}/api/Mini_Program_Basic_Info/Server_Address_Configuration.html"
_COMPONENT_TOKEN: Final = f"{_PLATFORM}/api/ThirdParty/token/component_access_token.html"
_AUTHORIZER_TOKEN: Final = f"{_PLATFORM}/api/ThirdParty/token/api_authorizer_token.html"
_PERMISSIONS: Final = f"{_PLATFORM}/troubleshooting/third_party_authority_instructions_troubleshooting.html"
_TICKET: Final = f"{_PLATFORM}/troubleshooting/component_verify_ticket_troubleshooting.html"
_CLOUD_TOKEN: Final = f"{_PLATFORM}/api/cloudbase/common/usecloudaccesstoken.html"
_CLOUD_RUN: Final = f"{_DOCS}/miniprogram/dev/wxcloudrun/src/guide/weixin/faq.html"
_CLOUD_BASE: Final = f"{_DOCS}/miniprogram/dev/wxcloud/reference/errcode.html"

_ANY: Final[frozenset[str]] = frozenset()
_DOMAIN_APIS: Final = frozenset({"getwxadevinfo", "get_effective_domain", "get_effective_webviewdomain"})
_APP_APIS: Final = _DOMAIN_APIS | {"quota/get"}
"""Called with the access_token of a mini program."""
_COMPONENT_APIS: Final = frozenset(
    {"api_authorizer_token", "api_get_authorizer_list", "api_get_authorizer_info"}
)
"""Called with the component_access_token of a third-party platform."""
_STABLE_TOKEN_API: Final = frozenset({"stable_token"})
_COMPONENT_TOKEN_API: Final = frozenset({"api_component_token"})

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
_BODY_REMEDY: Final = Text(
    "The exporter sends a correct request, so look at what lies between: a proxy, a gateway or the host "
    "behind wechat.base_url must pass method, Content-Length and body on unchanged.",
    "exporter 发出的请求符合要求，请检查中间链路：代理、网关或 wechat.base_url 指向的服务"
    "必须原样转发请求方法、Content-Length 和请求体。",
)
_CLOUD_TICKET_REMEDY: Final = Text(
    "If it does not pass within minutes, look at the environment's state in the cloud console and open a "
    "ticket there with the environment id, the AppID, the time and the request id.",
    "若几分钟内未恢复，请在云开发/云托管控制台查看环境状态，并提交工单，"
    "附上环境 ID、AppID、调用时间和 RequestID。",
)
_CLOUD_QUOTA_REMEDY: Final = Text(
    "Look at the environment's usage in the cloud console; upgrade its plan, or let Prometheus scrape less "
    "often (scrape_interval, scrape.min_interval).",
    "请在云开发控制台查看环境用量，升级套餐，或降低采集频率（scrape_interval、scrape.min_interval）。",
)
_BUSY_REMEDY: Final = Text(
    "None as long as it passes: the exporter retries once. If it stays for more than a few minutes, report "
    "it in WeChat's developer community with the rid from the errmsg.",
    "短暂出现无需处理，exporter 会重试一次。若持续数分钟以上，请携带 errmsg 中的 rid 到微信开放社区反馈。",
)
_AUTHORIZATION_CODE_REMEDY: Final = Text(
    "The exporter uses no authorization codes: let the platform's own service repeat the authorization, and "
    "configure the authorizer_refresh_token it receives.",
    "exporter 不使用授权码：请在第三方平台自有服务中重新发起授权，再将获得的刷新令牌 "
    "authorizer_refresh_token 配置进来。",
)

TABLE: Final[tuple[Errcode, ...]] = (
    # Cloud calls.
    Errcode(
        -604102,
        _ANY,
        Action.PERSON,
        Text("The cloud call timed out in WeChat's backend.", "云调用在微信后台执行超时。"),
        _CLOUD_TICKET_REMEDY,
        _CLOUD_BASE,
    ),
    Errcode(
        -604101,
        _ANY,
        Action.PERSON,
        Text(
            "The cloud environment has no permission to call this API as a cloud call.",
            "云环境没有以云调用方式调用该接口的权限。",
        ),
        Text(
            "Declare operation.getDomainInfo under permissions.openapi of the function's config.json and "
            "deploy it again; if it stays, the API is not open to cloud calls: use a stable_token source.",
            "在云函数 config.json 的 permissions.openapi 中声明 operation.getDomainInfo 并重新部署；"
            "若仍报错，说明该接口未开放云调用，请改用 stable_token 方式获取 token。",
        ),
        _CLOUD_BASE,
    ),
    Errcode(
        -601003,
        _ANY,
        Action.PERSON,
        Text("WeChat's backend had a network error during a cloud call.", "云调用过程中微信后台网络异常。"),
        _CLOUD_TICKET_REMEDY,
        _CLOUD_BASE,
    ),
    Errcode(
        -601002,
        _ANY,
        Action.PERSON,
        Text(
            "WeChat's backend rejected the parameters of a cloud call.", "云调用的参数被微信后台判定为错误。"
        ),
        Text(
            "Check the appid and base_url of the app's cloudrun or cloudbase token source.",
            "请检查该小程序 cloudrun 或 cloudbase 类型 token 来源的 appid 和 base_url 配置。",
        ),
        _CLOUD_BASE,
    ),
    Errcode(
        -601001,
        _ANY,
        Action.PERSON,
        Text("WeChat's backend had an internal error during a cloud call.", "云调用时微信后台系统错误。"),
        _CLOUD_TICKET_REMEDY,
        _CLOUD_BASE,
    ),
    Errcode(
        -501007,
        _ANY,
        Action.PERSON,
        Text("The cloud environment rejected the request's parameters.", "云环境判定请求参数错误。"),
        Text(
            "Check the appid and base_url of the app's cloudrun or cloudbase token source, and that the "
            "environment belongs to this appid or is shared with it.",
            "请检查 cloudrun 或 cloudbase 类型 token 来源的 appid 和 base_url，"
            "并确认云环境归属该 appid 或已对其共享。",
        ),
        _CLOUD_BASE,
    ),
    Errcode(
        -501005,
        _ANY,
        Action.PERSON,
        Text("The state or the id of the cloud environment is not in order.", "云环境信息异常。"),
        Text(
            "Look in the cloud console whether the environment exists, is paid for, and belongs to this "
            "appid.",
            "请在云开发/云托管控制台确认环境存在、未欠费，且归属该 appid。",
        ),
        _CLOUD_BASE,
    ),
    Errcode(
        -501004,
        _ANY,
        Action.PERSON,
        Text(
            "More requests at the same time than the cloud environment's plan allows.",
            "请求并发数超出云环境配额。",
        ),
        Text(
            "Lower wechat.max_concurrency, or upgrade the environment's plan in the cloud console.",
            "调低 wechat.max_concurrency，或在云开发控制台升级环境套餐。",
        ),
        _CLOUD_BASE,
    ),
    Errcode(
        -501003,
        _ANY,
        Action.PERSON,
        Text("The cloud environment's quota of requests is used up.", "请求次数超出云环境配额。"),
        _CLOUD_QUOTA_REMEDY,
        _CLOUD_BASE,
    ),
    Errcode(
        -501002,
        _ANY,
        Action.PERSON,
        Text("The cloud environment did not answer in time.", "云环境响应超时。"),
        _CLOUD_TICKET_REMEDY,
        _CLOUD_BASE,
    ),
    Errcode(
        -501001,
        _ANY,
        Action.PERSON,
        Text("The cloud environment had an internal error.", "云环境系统错误。"),
        _CLOUD_TICKET_REMEDY,
        _CLOUD_BASE,
    ),
    # WeChat is busy.
    Errcode(
        -1000,
        _ANY,
        Action.BUSY,
        Text("WeChat's backend had an internal error.", "微信后台系统错误。"),
        _BUSY_REMEDY,
        _CLOUD_TOKEN,
    ),
    Errcode(
        -1,
        _ANY,
        Action.BUSY,
        Text("WeChat's system is busy.", "微信系统繁忙。"),
        _BUSY_REMEDY,
        RETURN_CODES,
    ),
    # Credentials and addresses.
    Errcode(
        40001,
        _STABLE_TOKEN_API,
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
        _ACCESS_TOKEN,
    ),
    Errcode(
        40001,
        _COMPONENT_TOKEN_API,
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
        _COMPONENT_TOKEN,
    ),
    Errcode(
        40001,
        _APP_APIS,
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
        _COMPONENT_APIS,
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
        _ANY,
        Action.PERSON,
        Text("grant_type is not one this API takes.", "grant_type 取值不合法。"),
        _BODY_REMEDY,
        _STABLE_TOKEN,
    ),
    Errcode(
        40013,
        _ANY,
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
        _STABLE_TOKEN,
    ),
    Errcode(
        40014,
        _APP_APIS,
        Action.TOKEN_DEAD,
        Text("The access_token is not a valid one.", "access_token 不合法。"),
        _APP_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40014,
        _COMPONENT_APIS,
        Action.TOKEN_DEAD,
        Text("The component_access_token is not a valid one.", "component_access_token 不合法。"),
        _COMPONENT_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        40066,
        _ANY,
        Action.PERSON,
        Text("WeChat knows no API at this URL.", "请求的接口 URL 不存在。"),
        Text(
            "Check wechat.base_url, or the token source's base_url: it must end before the API's path, and "
            "a gateway must not rewrite the path.",
            "请检查 wechat.base_url 或 token 来源的 base_url：不应包含接口路径，网关也不得改写路径。",
        ),
        _COMMON,
    ),
    Errcode(
        40097,
        _ANY,
        Action.PERSON,
        Text("A parameter of the request is wrong.", "请求参数错误。"),
        _BODY_REMEDY,
        _CLOUD_TOKEN,
    ),
    Errcode(
        40101,
        _ANY,
        Action.PERSON,
        Text("A required parameter of the request is missing.", "缺少必填参数。"),
        _BODY_REMEDY,
        _CLOUD_TOKEN,
    ),
    Errcode(
        40125,
        _COMPONENT_TOKEN_API,
        Action.PERSON,
        Text("The third-party platform's AppSecret is not valid.", "第三方平台的 AppSecret 无效。"),
        Text(
            "Compare component_appsecret with the platform's page under 「管理中心 → 第三方平台 → 详情」 at "
            "open.weixin.qq.com; update the secret after a reset.",
            "登录 open.weixin.qq.com，在“管理中心 → 第三方平台 → 详情”核对 component_appsecret；"
            "若密钥已重置，请同步更新配置。",
        ),
        _COMPONENT_TOKEN,
    ),
    Errcode(
        40125,
        _ANY,
        Action.PERSON,
        Text("The AppSecret is not valid.", "AppSecret 无效。"),
        Text(
            "Compare appsecret with the one in use; WeChat shows it only when it is made, so if nobody kept "
            "it, reset it under 「开发管理 → 开发设置」 at mp.weixin.qq.com and update every service that "
            "uses it.",
            "请核对 appsecret。微信仅在生成时显示一次，若无人留存，需登录 mp.weixin.qq.com，"
            "在“开发管理 → 开发设置”重置，并同步更新所有使用方。",
        ),
        _STABLE_TOKEN,
    ),
    Errcode(
        40164,
        _ANY,
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
        _STABLE_TOKEN,
    ),
    Errcode(
        40243,
        _ANY,
        Action.PERSON,
        Text("The AppSecret is frozen.", "AppSecret 已被冻结。"),
        Text(
            "An administrator of the account has to unfreeze it under 「开发管理 → 开发设置」 at "
            "mp.weixin.qq.com; then reload the exporter.",
            "请账号管理员登录 mp.weixin.qq.com，在“开发管理 → 开发设置”中解冻 AppSecret；"
            "随后重新加载 exporter 配置。",
        ),
        _ACCESS_TOKEN,
    ),
    Errcode(
        41001,
        _ANY,
        Action.PERSON,
        Text("The call carried no access_token.", "请求缺少 access_token 参数。"),
        Text(
            "With a cloudrun source: switch on 「开放接口服务」 in the console of WeChat's cloud hosting "
            "and publish a new version of the service, for only then it takes effect. Otherwise: a gateway "
            "drops the query string.",
            "使用 cloudrun 来源时：在微信云托管控制台开启“开放接口服务”，并发布新版本后才会生效。其他情况："
            "请检查网关是否丢弃了 URL 查询参数。",
        ),
        _CLOUD_RUN,
    ),
    Errcode(
        41002,
        _ANY,
        Action.PERSON,
        Text("The request carried no appid.", "请求缺少 appid 参数。"),
        _BODY_REMEDY,
        _STABLE_TOKEN,
    ),
    Errcode(
        41004,
        _ANY,
        Action.PERSON,
        Text("The request carried no AppSecret.", "请求缺少 secret 参数。"),
        Text(
            "See that the file or environment variable the secret is read from is not empty; if it is not, "
            "a proxy on the way drops the request's body.",
            "请确认密钥所在的文件或环境变量不为空；若不为空，请检查中间代理是否丢弃了请求体。",
        ),
        _STABLE_TOKEN,
    ),
    Errcode(
        41018,
        _ANY,
        Action.PERSON,
        Text("The request carried no component_appid.", "请求缺少 component_appid 参数。"),
        _BODY_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42001,
        _APP_APIS,
        Action.TOKEN_DEAD,
        Text("The access_token has expired.", "access_token 已过期。"),
        _APP_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42001,
        _COMPONENT_APIS,
        Action.TOKEN_DEAD,
        Text("The component_access_token has expired.", "component_access_token 已过期。"),
        _COMPONENT_TOKEN_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        42006,
        _ANY,
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
        _ANY,
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
        _ANY,
        Action.PERSON,
        Text(
            "The call reached WeChat with another method than POST.",
            "接口要求 POST，但请求以其他方法到达微信。",
        ),
        _BODY_REMEDY,
        _STABLE_TOKEN,
    ),
    Errcode(
        43003,
        _ANY,
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
        _ANY,
        Action.PERSON,
        Text("The call reached WeChat with an empty body.", "POST 请求体为空。"),
        _BODY_REMEDY,
        RETURN_CODES,
    ),
    # Quotas.
    Errcode(
        45009,
        _ANY,
        Action.DAILY_QUOTA,
        Text(
            "The account's calls of this API for today are used up.",
            "该账号当天调用此接口的次数已达上限。",
        ),
        Text(
            "Wait for the next day in Beijing, or call clear_quota (limited per month); then scrape less "
            "often: raise scrape_interval, set scrape.min_interval, and look for other callers of this API. "
            "The exporter tries once every 30 minutes, a reload at once.",
            "等待次日（北京时间）额度恢复，或调用 clear_quota 清零（每月次数有限）；同时降低采集频率："
            "调大 scrape_interval、设置 scrape.min_interval，并排查是否有其他程序在调用该接口。"
            "exporter 每 30 分钟试探一次，重新加载配置会立即重试。",
        ),
        _STABLE_TOKEN,
    ),
    Errcode(
        45011,
        _ANY,
        Action.MINUTE_QUOTA,
        Text("This API was called too often within one minute.", "该接口一分钟内调用过于频繁。"),
        Text(
            "Usually none: the exporter pauses for 60 seconds. If it comes back, lower "
            "wechat.max_concurrency, set scrape.min_interval, and look for other callers of this API.",
            "一般无需处理，exporter 会暂停 60 秒。若反复出现，请调低 wechat.max_concurrency、设置 "
            "scrape.min_interval，并排查是否有其他程序在调用该接口。",
        ),
        _STABLE_TOKEN,
    ),
    Errcode(
        45035,
        _ANY,
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
        _COMMON,
    ),
    Errcode(
        47001,
        _ANY,
        Action.PERSON,
        Text("WeChat could not read the body as JSON.", "请求体不是合法的 JSON，解析失败。"),
        _BODY_REMEDY,
        _COMPONENT_TOKEN,
    ),
    # Permissions.
    Errcode(
        48001,
        _COMPONENT_APIS,
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
        _PERMISSIONS,
    ),
    Errcode(
        48001,
        _ANY,
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
        _CLOUD_RUN,
    ),
    Errcode(
        48004,
        _ANY,
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
        _ANY,
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
        _ANY,
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
        _ANY,
        Action.PERSON,
        Text("The account may not fetch access tokens.", "该账号被禁止使用 token 接口。"),
        Text(
            "It may be a punishment: the account's administrator reads the notices at mp.weixin.qq.com.",
            "可能是违规处罚所致，请账号管理员登录 mp.weixin.qq.com 查看站内通知。",
        ),
        _ACCESS_TOKEN,
    ),
    Errcode(
        50007,
        _ANY,
        Action.PERSON,
        Text("The account is frozen.", "账号已被冻结。"),
        Text(
            "The account's administrator unfreezes it or completes what the notices at mp.weixin.qq.com ask "
            "for.",
            "请账号管理员登录 mp.weixin.qq.com，按站内通知的要求处理并解冻账号。",
        ),
        _ACCESS_TOKEN,
    ),
    # Third-party platforms.
    Errcode(
        61003,
        _ANY,
        Action.PERSON,
        Text(
            "The mini program has not authorized this third-party platform, or no longer does.",
            "小程序未授权给该第三方平台，或已取消授权。",
        ),
        Text(
            "Check component_appid and the app's appid, and have the mini program's administrator authorize "
            "the platform again; an app that has left the platform leaves the configuration.",
            "请核对 component_appid 与小程序 appid，并请小程序管理员重新扫码授权；若已不再合作，"
            "请从配置中移除该小程序。",
        ),
        _PERMISSIONS,
    ),
    Errcode(
        61004,
        _ANY,
        Action.PERSON,
        Text(
            "The address this call came from is not on the third-party platform's IP whitelist.",
            "调用来源 IP 不在第三方平台的白名单 IP 列表中。",
        ),
        Text(
            "Add this host's outgoing IP address to 「白名单IP地址列表」 on the platform's page under "
            "「管理中心 → 第三方平台 → 详情」 at open.weixin.qq.com.",
            "登录 open.weixin.qq.com，在“管理中心 → 第三方平台 → 详情”的“白名单IP地址列表”中添加本机出口 "
            "IP。",
        ),
        _COMPONENT_TOKEN,
    ),
    Errcode(
        61005,
        _ANY,
        Action.PERSON,
        Text("The component_verify_ticket has expired.", "component_verify_ticket 已过期。"),
        Text(
            "See that WeChat's push still reaches the platform's 「授权事件接收URL」 (it comes every 10 "
            "minutes) and that the platform's service writes each new ticket where the exporter reads it.",
            "请确认微信推送的 ticket（每 10 分钟一次）仍能到达第三方平台的“授权事件接收URL”，"
            "且平台服务会把最新 ticket 写入 exporter 读取的位置。",
        ),
        _COMPONENT_TOKEN,
    ),
    Errcode(
        61006,
        _ANY,
        Action.PERSON,
        Text(
            "The component_verify_ticket is not valid, or is one of another platform.",
            "component_verify_ticket 无效，或属于其他第三方平台。",
        ),
        Text(
            "Check that the file holds the newest ticket of this component_appid, decrypted and whole, and "
            "that the push still reaches 「授权事件接收URL」.",
            "请确认文件中是该 component_appid 最新推送、已解密且完整的 ticket，"
            "并确认“授权事件接收URL”能正常接收推送。",
        ),
        _TICKET,
    ),
    Errcode(
        61007,
        _ANY,
        Action.PERSON,
        Text(
            "The mini program has authorized the third-party platform, but not for this API.",
            "小程序虽已授权给第三方平台，但未授予该接口所属的权限集。",
        ),
        Text(
            "Give the platform permission set 18 (「小程序开发与数据分析」) at open.weixin.qq.com, have the "
            "mini program's administrator authorize it anew with that set, and use the mini program's "
            "authorizer_access_token.",
            "请在 open.weixin.qq.com 为第三方平台勾选权限集 18（小程序开发与数据分析），"
            "由小程序管理员重新扫码授予该权限集，并确认使用的是该小程序的 authorizer_access_token。",
        ),
        _PERMISSIONS,
    ),
    Errcode(
        61009,
        _ANY,
        Action.PERSON,
        Text("The authorization code is not valid.", "授权码无效。"),
        _AUTHORIZATION_CODE_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        61010,
        _ANY,
        Action.PERSON,
        Text("The authorization code has expired.", "授权码已过期。"),
        _AUTHORIZATION_CODE_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        61011,
        _ANY,
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
        _COMPONENT_TOKEN,
    ),
    Errcode(
        61014,
        _ANY,
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
        _ANY,
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
        61023,
        _ANY,
        Action.PERSON,
        Text("The authorizer_refresh_token is not valid.", "刷新令牌 authorizer_refresh_token 无效。"),
        Text(
            "Take the refresh token in force from api_get_authorizer_list (discovery does it by itself) and "
            "put it into the configuration; if that one is refused too, the mini program's administrator "
            "has to authorize the platform anew.",
            "请通过 api_get_authorizer_list 获取当前有效的刷新令牌并更新到配置中"
            "（启用自动发现时会自动更新）；若仍无效，请小程序管理员重新授权给第三方平台。",
        ),
        _AUTHORIZER_TOKEN,
    ),
    Errcode(
        61024,
        _ANY,
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
        _ANY,
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
    # Reading the quota.
    Errcode(
        76003,
        frozenset({"quota/get"}),
        Action.PERSON,
        Text(
            "The path in cgi_path has not the form WeChat expects.",
            "cgi_path 的格式不正确。",
        ),
        _BODY_REMEDY,
        _QUOTA,
    ),
    Errcode(
        76021,
        frozenset({"quota/get"}),
        Action.PERSON,
        Text(
            "WeChat keeps no quota under the path in cgi_path.",
            "cgi_path 不存在，查不到对应接口的额度。",
        ),
        Text(
            "Set collect.quota to false until a new version of the exporter knows the path.",
            "请将 collect.quota 设为 false，待 exporter 新版本支持后再开启。",
        ),
        _QUOTA,
    ),
    Errcode(
        76022,
        frozenset({"quota/get"}),
        Action.PERSON,
        Text(
            "The token belongs to an account of another kind than the API asked about.",
            "所用 token 的账号类型与所查询接口不符。",
        ),
        Text(
            "Check that the app's token source hands out the mini program's own access_token or "
            "authorizer_access_token; if it does, set collect.quota to false.",
            "请确认 token 来源返回的是该小程序的 access_token 或 authorizer_access_token；若确认无误仍报错，"
            "请将 collect.quota 设为 false。",
        ),
        _QUOTA,
    ),
    # Mini programs and the cloud they run in.
    Errcode(
        85015,
        _DOMAIN_APIS,
        Action.PERSON,
        Text("The account is not a mini program.", "该账号不是小程序。"),
        Text(
            "Take the app out of the configuration, or correct its appid: official accounts have no such "
            "domain lists.",
            "请修正 appid，或从配置中移除该账号：公众号没有小程序的域名配置。",
        ),
        _DOMAINS,
    ),
    Errcode(
        85088,
        _ANY,
        Action.PERSON,
        Text("The mini program has not opened cloud development.", "该小程序未开通云开发。"),
        Text(
            "Open it in WeChat's developer tools or the cloud console, or use another token source than "
            "cloudrun or cloudbase.",
            "请在微信开发者工具或云开发控制台开通，或不使用 cloudrun、cloudbase 类型的 token 来源。",
        ),
        _CLOUD_TOKEN,
    ),
    Errcode(
        85105,
        _ANY,
        Action.PERSON,
        Text(
            "The account behind the cloud call is not authorized to call this API.",
            "发起云调用的账号没有该接口的权限。",
        ),
        Text(
            "Check the appid: it must be a mini program's, not an official account's or a third-party "
            "platform's, and the cloud environment must belong to it or be shared with it.",
            "请检查 appid：应为小程序，而不是公众号或第三方平台的 AppID，"
            "且云环境须归属该小程序或已对其共享。",
        ),
        _CLOUD_RUN,
    ),
    Errcode(
        85107,
        _ANY,
        Action.PERSON,
        Text(
            "The API's path is not on the list of APIs the cloud service may call.",
            "接口路径不在云托管“微信令牌”白名单内。",
        ),
        Text(
            "Add /wxa/getwxadevinfo (the path, without the host) under 「服务管理 → 云调用 → 微信令牌」 in "
            "the console of WeChat's cloud hosting.",
            "请在微信云托管控制台“服务管理 → 云调用 → 微信令牌”中添加 /wxa/getwxadevinfo（只填路径，"
            "不含域名）。",
        ),
        _CLOUD_RUN,
    ),
    Errcode(
        85112,
        _ANY,
        Action.PERSON,
        Text(
            "WeChat's cloud hosting found no secret for this service's cloud calls.",
            "云托管链路异常，找不到该服务的云调用密钥。",
        ),
        Text(
            "Open a ticket in the console of WeChat's cloud hosting with the environment id, the AppID, the "
            "time and the request id.",
            "请在微信云托管控制台提交工单，附上环境 ID、AppID、调用时间和 RequestID。",
        ),
        _CLOUD_RUN,
    ),
    Errcode(
        85113,
        _ANY,
        Action.BUSY,
        Text(
            "The token of WeChat's cloud hosting is not ready yet, as happens after the first deployment.",
            "云托管的微信令牌尚未就绪，常见于首个版本刚部署时。",
        ),
        Text(
            "Wait a few minutes; the exporter retries once per scrape. If it stays, open a ticket in the "
            "console of WeChat's cloud hosting.",
            "请等待数分钟，exporter 每次采集会重试一次；若持续出现，请在微信云托管控制台提交工单。",
        ),
        _CLOUD_RUN,
    ),
    Errcode(
        86000,
        _ANY,
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
        _ANY,
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
        _ANY,
        Action.PERSON,
        Text("The call waits for the administrator's confirmation.", "此次调用等待管理员确认。"),
        _CONFIRM_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        89503,
        _ANY,
        Action.PERSON,
        Text(
            "WeChat takes the call as risky: the administrator has to confirm the address it came from.",
            "微信判定此次调用存在风险，需要管理员确认来源 IP。",
        ),
        _CONFIRM_REMEDY,
        _STABLE_TOKEN,
    ),
    Errcode(
        89504,
        _ANY,
        Action.PERSON,
        Text("The administrator was asked and has not answered yet.", "已通知管理员，尚未确认。"),
        _CONFIRM_REMEDY,
        RETURN_CODES,
    ),
    Errcode(
        89505,
        _ANY,
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
        _ANY,
        Action.PERSON,
        Text(
            "The administrator refused calls from this address; WeChat blocks it for 24 hours.",
            "管理员已拒绝该 IP 的调用请求，24 小时内不可再试。",
        ),
        _REJECTED_REMEDY,
        _STABLE_TOKEN,
    ),
    Errcode(
        89507,
        _ANY,
        Action.PERSON,
        Text(
            "The administrator refused calls from this address; WeChat blocks it for one hour.",
            "管理员已拒绝该 IP 的调用请求，1 小时内不可再试。",
        ),
        _REJECTED_REMEDY,
        _STABLE_TOKEN,
    ),
)
