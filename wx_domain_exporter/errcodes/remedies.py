"""Remedies that several errcodes share, and the warnings that belong to them.

A remedy that could harm production is joined with its warning by `with_warning`, so the doctor, the status
page and the docs always show both; `tests/repository/test_advice.py` checks this.
"""

from typing import Final

from wx_domain_exporter.errcodes.types import BilingualText


def with_warning(remedy: BilingualText, warning: BilingualText) -> BilingualText:
    """Return a remedy followed by its warning."""
    return BilingualText(f"{remedy.en} {warning.en}", f"{remedy.zh}{warning.zh}")


APP_IP_LIST: Final = BilingualText(
    "「管理 → 开发管理 → 开发设置 → 开发者ID → IP白名单」 at mp.weixin.qq.com",
    "mp.weixin.qq.com 的“管理 → 开发管理 → 开发设置 → 开发者ID → IP白名单”",
)
"""Where a mini program's IP whitelist is, which applies to the APIs that take an AppSecret."""
PLATFORM_IP_LIST: Final = BilingualText(
    "「管理中心 → 第三方平台 → 详情 → 白名单IP地址列表」 at open.weixin.qq.com",
    "open.weixin.qq.com 的“管理中心 → 第三方平台 → 详情 → 白名单IP地址列表”",
)
"""Where a third-party platform's IP whitelist is, which applies to all its calls."""

APP_IP_LIST_WARNING: Final = BilingualText(
    "If the list is empty, collect all addresses of production before you add any: the first entry activates "
    "the list, and every program whose address is missing then gets 40164 instead of a token. The list takes "
    "at most 10 entries. The 「IP白名单」 under 「小程序代码上传」 on the same page is a different list.",
    "白名单为空时，须先备齐生产环境的全部出口 IP 再添加：添加第一条即启用白名单，"
    "此后不在其中的程序都会收到 40164，拿不到 token。最多 10 条。"
    "同一页面“小程序代码上传”的“IP白名单”是另一份名单。",
)
PLATFORM_IP_LIST_WARNING: Final = BilingualText(
    "Keep all addresses of production that are on the list: it applies to every call of the platform, and a "
    "service whose address is removed gets 61004.",
    "须保留名单中生产环境的全部 IP：该名单限制第三方平台的所有调用，IP 被删掉的服务会收到 61004。",
)
PERMISSION_SET_WARNING: Final = BilingualText(
    "Don't have permission set 18 granted for monitoring alone: only one platform can hold it, so the "
    "platform that holds it now loses it, and the mini program can no longer be published or have its "
    "domains configured at mp.weixin.qq.com. A stable_token source needs no permission set.",
    "不要仅为监控而授予权限集 18：它同一时间只能授予一个第三方平台，当前持有的平台会失去它，"
    "小程序也不能再登录 mp.weixin.qq.com 发布版本或配置域名。使用 stable_token 来源则无需任何权限集。",
)
SECRET_WARNING: Final = BilingualText(
    "Reset an AppSecret only as a last resort: the old one stops working at once or within minutes, for "
    "every program that uses it. List these programs first, and update each of them right after the reset.",
    "重置 AppSecret 是最后的办法：旧的会立即或在几分钟内失效，所有使用方都受影响。"
    "重置前先列出全部使用方，重置后立即逐一更新。",
)
CLEAR_QUOTA_WARNING: Final = BilingualText(
    "Don't call clear_quota for monitoring: it resets all APIs and works only ten times a month for an "
    "account, including resets in the console; after that, production gets 48006 when it needs a reset. "
    "/cgi-bin/openapi/quota/clear resets a single path, 50 times a month for all paths together.",
    "不要为监控调用 clear_quota：它会重置所有接口，每个账号每月只有 10 次（含在控制台的清零），"
    "用完后生产环境需要清零时只会收到 48006。/cgi-bin/openapi/quota/clear 只重置一个接口，"
    "每个账号每月共 50 次。",
)

PLATFORM_DOMAINS_REMEDY: Final = BilingualText(
    "Check that component_access_token is the platform's own token. If it is, set `collect_domains: false`, "
    "or ask WeChat why the platform may not call this API.",
    "请确认 component_access_token 是该平台自身的令牌。若确实是，请设置 `collect_domains: false`，"
    "或咨询微信为何无权调用该接口。",
)
PERMISSION_SET_REMEDY: Final = with_warning(
    BilingualText(
        "If this platform is supposed to develop the mini program: tick permission set 18 "
        "(「小程序开发与数据分析」) under 「我的业务 → 第三方平台 → 权限集」 at "
        "developers.weixin.qq.com/platform, have the mini program's administrator scan the code to authorize "
        "the platform again, even if it was authorized before, and use the mini program's "
        "authorizer_access_token. If it is not, add the appid to the platform's `exclude`.",
        "如果该第三方平台负责代开发此小程序：请登录 developers.weixin.qq.com/platform，"
        "在“我的业务 → 第三方平台 → 权限集”中勾选权限集 18（小程序开发与数据分析），"
        "由小程序管理员重新扫码授权（此前已授权的也须重新扫码），"
        "并确认使用的是该小程序的 authorizer_access_token。否则请将其 appid 加入该平台的 `exclude`。",
    ),
    PERMISSION_SET_WARNING,
)
SECRET_CHECK: Final = BilingualText(
    "Check the configured value first: an AppSecret is 32 hexadecimal digits, without quotes or spaces, and "
    "not a placeholder that was never replaced.",
    "请先检查配置的值：AppSecret 为 32 位十六进制字符，不含引号和空格，也不是忘记替换的占位符。",
)
BODY_REMEDY: Final = BilingualText(
    "The exporter's request is correct, so check what lies between it and WeChat: a proxy, a gateway or the "
    "host behind wechat.base_url must pass on the method, Content-Length and body unchanged.",
    "exporter 发出的请求符合要求，请检查中间链路：代理、网关或 wechat.base_url 指向的服务"
    "必须原样转发请求方法、Content-Length 和请求体。",
)
BUSY_REMEDY: Final = BilingualText(
    "Nothing if it passes soon: the exporter retries once. If it lasts for more than a few minutes, report "
    "it in WeChat's developer community with the rid from the errmsg.",
    "短暂出现无需处理，exporter 会重试一次。若持续数分钟以上，请携带 errmsg 中的 rid 到微信开放社区反馈。",
)
TICKET_REMEDY: Final = BilingualText(
    "Check that the file contains the latest ticket of this component_appid, decrypted and complete, and "
    "that WeChat's push still reaches 「授权事件接收URL」.",
    "请确认文件中是该 component_appid 最新推送、已解密且完整的 ticket，"
    "并确认“授权事件接收URL”能正常接收推送。",
)
CLOUD_PATH_REMEDY: Final = BilingualText(
    "Add /wxa/getwxadevinfo (the path, without the host) under 「服务管理 → 云调用 → 微信令牌」 in the "
    "console of WeChat's cloud hosting.",
    "请在微信云托管控制台“服务管理 → 云调用 → 微信令牌”中添加 /wxa/getwxadevinfo（只填路径，不含域名）。",
)
CONFIRM_REMEDY: Final = BilingualText(
    "Ask the account's administrator to confirm the address in the message that WeChat sent to their "
    "phone. No list has to be changed.",
    "请账号管理员在微信收到的确认消息中确认该 IP，无需修改任何名单。",
)
REJECTED_REMEDY: Final = BilingualText(
    "Ask the account's administrator to confirm the address next time, and reload the exporter when the "
    "waiting time is over. No list has to be changed.",
    "请与账号管理员沟通，请其下次确认该 IP，待限制时间过后重新加载 exporter 配置，无需修改任何名单。",
)
APP_TOKEN_REMEDY: Final = BilingualText(
    "A source of type access_token does not recover by itself: give it the current token, or use a source "
    "that renews tokens (stable_token, http). With any other source, nothing if it passes: the exporter "
    "requests the token again once. If it persists, the source returns an outdated token or one of another "
    "account: check the token service and its cache, and which other program requests tokens for this appid.",
    "access_token 类型的来源不会自行恢复：请更新为当前 token，或改用能自动刷新的来源（stable_token、http）。"
    "其他来源能自行恢复则无需处理：exporter 会重新获取一次 token。若持续出现，"
    "说明来源返回的是已过时的或其他账号的 token：请检查 token 服务及其缓存，"
    "并查明还有哪个程序在为该 AppID 获取 token。",
)
COMPONENT_TOKEN_REMEDY: Final = BilingualText(
    "A component_access_token of type access_token does not recover by itself: give it the current token, or "
    "let the platform's own service provide it (type http). Otherwise nothing if it passes: the exporter "
    "requests it again once. If it persists, check that the platform's own service returns the current "
    "token, and that no second service keeps requesting new ones.",
    "access_token 类型的 component_access_token 不会自行恢复：请更新为当前令牌，"
    "或改由第三方平台自有服务提供（http 类型）。其他情况能自行恢复则无需处理：exporter 会重新获取一次。"
    "若持续出现，请确认第三方平台自有服务提供的是当前有效的令牌，且没有其他服务在反复换取新令牌。",
)
SECRET_REMEDY: Final = with_warning(
    BilingualText(
        f"{SECRET_CHECK.en} Then compare appid and appsecret with what the mini program's other programs "
        "use: WeChat shows an AppSecret only when it is generated, under 「管理 → 开发管理 → 开发设置」 at "
        "mp.weixin.qq.com.",
        f"{SECRET_CHECK.zh}再与该小程序的其他使用方核对 AppID 和 AppSecret：微信仅在 mp.weixin.qq.com "
        "的“管理 → 开发管理 → 开发设置”中生成时显示一次 AppSecret。",
    ),
    SECRET_WARNING,
)
COMPONENT_SECRET_REMEDY: Final = with_warning(
    BilingualText(
        f"{SECRET_CHECK.en} Then compare component_appid and component_appsecret with what the platform's "
        "own service uses, and with 「管理中心 → 第三方平台 → 详情」 at open.weixin.qq.com.",
        f"{SECRET_CHECK.zh}再与第三方平台自有服务所用的值，以及 open.weixin.qq.com "
        "的“管理中心 → 第三方平台 → 详情”核对 component_appid 和 component_appsecret。",
    ),
    SECRET_WARNING,
)
API_SECURITY_REMEDY: Final = BilingualText(
    "The exporter can neither sign nor encrypt requests, and getwxadevinfo is one of the APIs for which this "
    "can be required. Keep 「API安全」 off for this API (「管理 → 开发管理 → 开发设置 → API安全」 at "
    "mp.weixin.qq.com). Find out first who relies on it: turning it off for other APIs weakens production.",
    "exporter 不支持对请求签名和加密，而 getwxadevinfo 属于支持该功能的接口。请在 mp.weixin.qq.com "
    "的“管理 → 开发管理 → 开发设置 → API安全”中不要对此接口启用。改动前请先确认谁在使用该功能："
    "对其他接口关闭会降低生产环境的安全性。",
)
CLOUD_TICKET_REMEDY: Final = BilingualText(
    "If it does not pass within minutes, check the environment's state in the cloud console and open a "
    "ticket there with the environment id, the AppID, the time and the request id.",
    "若几分钟内未恢复，请在云开发/云托管控制台查看环境状态，并提交工单，"
    "附上环境 ID、AppID、调用时间和 RequestID。",
)
CLOUD_QUOTA_REMEDY: Final = BilingualText(
    "Check the environment's usage in the cloud console. Upgrade its plan, or let Prometheus scrape less "
    "often (scrape_interval, scrape.min_interval).",
    "请在云开发控制台查看环境用量，升级套餐，或降低采集频率（scrape_interval、scrape.min_interval）。",
)
AUTHORIZATION_CODE_REMEDY: Final = BilingualText(
    "The exporter does not use authorization codes: repeat the authorization in the platform's own service, "
    "and configure the authorizer_refresh_token that it receives.",
    "exporter 不使用授权码：请在第三方平台自有服务中重新发起授权，再将获得的刷新令牌 "
    "authorizer_refresh_token 配置进来。",
)
