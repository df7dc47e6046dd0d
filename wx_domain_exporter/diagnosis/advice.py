"""What to do about failures that have no errcode, and about two problems of apps that do not fail."""

from collections.abc import Mapping
from typing import Final

from wx_domain_exporter.errcodes.remedies import CLOUD_PATH_REMEDY, PERMISSION_SET_WARNING, with_warning
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.wechat.errors import Reason

_NETWORK = BilingualText(
    "Check that this host can reach the API: name resolution, firewall, `wechat.proxy_url`; "
    "on a slow network, a larger `wechat.timeout` helps.",
    "请确认本机能访问该 API：域名解析、防火墙、`wechat.proxy_url`；网络较慢时可调大 `wechat.timeout`。",
)
REASON_REMEDIES: Final[Mapping[Reason, BilingualText]] = {
    Reason.TIMEOUT: _NETWORK,
    Reason.CONNECTION: _NETWORK,
    Reason.DEADLINE: BilingualText(
        "Give the scrape more time (`scrape_timeout` in Prometheus, `scrape.timeout` here) or raise "
        "`wechat.max_concurrency`.",
        "请延长抓取超时（Prometheus 的 `scrape_timeout`，本程序的 `scrape.timeout`），"
        "或调大 `wechat.max_concurrency`。",
    ),
    Reason.TLS: BilingualText(
        "Check that the certificate is issued for this host, has not expired, and is signed by an authority "
        "in `ca_file`; the authority of a proxy that decrypts TLS must be in that file too. Inside "
        "「微信云托管」 with 「开放接口服务」 turned on, https://api.weixin.qq.com presents a self-signed "
        "certificate: use a `cloudrun` source.",
        "请确认证书与主机名相符、在有效期内，且由 `ca_file` 中的机构签发；"
        "会解密 TLS 的代理需把其根证书放入其中。在开启了“开放接口服务”的微信云托管内，"
        "https://api.weixin.qq.com 返回自签名证书，请使用 `cloudrun` 来源。",
    ),
    Reason.HTTP: BilingualText(
        "A proxy or a gateway may have answered instead of the API: check `base_url`. A token service also "
        "refuses requests with such a status: check its `url`, the `headers` that authenticate the request, "
        f"and its log. 502 with a `cloudrun` source: the path may not be allowed yet. {CLOUD_PATH_REMEDY.en}",
        "响应的可能是代理或网关而非该 API：请检查 `base_url`。token 服务也会以此类状态码拒绝："
        "请检查其 `url`、证明身份的 `headers` 及其日志。使用 `cloudrun` 来源时返回 502："
        f"接口路径可能尚未开通。{CLOUD_PATH_REMEDY.zh}",
    ),
    Reason.DECODE: BilingualText(
        "The answer does not have the expected format: check `base_url`, or the token service's `url` and "
        "JSON pointers.",
        "响应格式与预期不符：请检查 `base_url`，或 token 服务的 `url` 与 JSON 指针。",
    ),
}
TOKEN_REMEDY: Final = BilingualText(
    "Make the token source return a valid token that belongs to this mini program alone; reloading the "
    "configuration ends the wait before the next attempt.",
    "请让 token 来源返回当前有效且只属于该小程序的 token；重新加载配置可立即结束暂停。",
)
UNREADABLE_SECRET_REMEDY: Final = BilingualText(
    "Make the file readable for the user that runs the exporter, or set the environment variable; "
    "a changed file needs no restart.",
    "请确保运行 exporter 的用户可以读取该文件，或设置该环境变量；文件变更后无需重启。",
)
AUTHORIZE_REMEDY: Final = with_warning(
    BilingualText(
        "Correct the appid or the app's `platform`. If the platform acts for this mini program, have the "
        "mini program's administrator authorize it; the exporter discovers that within `discover_interval`. "
        "If it is authorized but has no refresh token, the platform's own service has never called "
        "api_query_auth for it.",
        "请更正 appid 或该应用的 `platform`。若该第三方平台确实代该小程序调用接口，"
        "请由小程序管理员完成授权，新的授权会在 `discover_interval` 内被发现。"
        "若已授权但没有刷新令牌，说明平台自有服务从未对它调用 api_query_auth。",
    ),
    PERMISSION_SET_WARNING,
)
EFFECTIVE_WITHHELD: Final = BilingualText(
    "WeChat does not report the lists in effect: `get_effective_domain` or `get_effective_webviewdomain` "
    "answered errcode 0 with empty lists only, although domains are configured. Both are documented for an "
    "authorizer_access_token; with another token, set `collect.effective` to false.",
    "微信未返回生效的域名：已配置域名，但 `get_effective_domain` 或 `get_effective_webviewdomain` "
    "返回错误码 0 且所有列表均为空。这两个接口的文档要求使用 authorizer_access_token；使用其他 token 时，"
    "请将 `collect.effective` 设为 false。",
)
"""The app does not fail, but the exporter cannot show its effective lists."""
UNGRANTED: Final = BilingualText(
    "When this mini program was discovered, it had not granted the platform permission set 18, so WeChat "
    "answers getwxadevinfo with errcode 61007. Don't have the set granted for monitoring alone: only one "
    "platform can hold it, and while one does, the mini program can neither release nor set domains at "
    "mp.weixin.qq.com.",
    "发现该小程序时，平台没有它的权限集 18，因此 getwxadevinfo 会返回错误码 61007。"
    "不要仅为监控而授予该权限集：同一时间只有一个平台可以持有，其间该小程序无法在 "
    "mp.weixin.qq.com 发布版本或设置域名。",
)
"""What discovery found out about an app, shown until the app answers."""
