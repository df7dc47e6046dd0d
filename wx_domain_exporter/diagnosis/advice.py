"""What to do about failures that no errcode explains, and about problems of apps that may not fail."""

from collections.abc import Mapping
from typing import Final

from wx_domain_exporter.errcodes.remedies import CLOUD_PATH_REMEDY, PERMISSION_SET_WARNING, with_warning
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.errors import Reason, SecretFlaw

REASON_PROBLEMS: Final[Mapping[Reason, BilingualText]] = {
    Reason.TIMEOUT: BilingualText("There was no complete answer in time.", "未在限定时间内收到完整响应。"),
    Reason.CONNECTION: BilingualText("There was no connection, or it broke.", "无法建立连接，或连接中断。"),
    Reason.TLS: BilingualText("The TLS handshake failed.", "TLS 握手失败。"),
    Reason.HTTP: BilingualText(
        "The answer had an HTTP error status, or was not HTTP.", "响应是 HTTP 错误状态码，或不是 HTTP 响应。"
    ),
    Reason.DECODE: BilingualText("The answer is malformed.", "返回结果格式有误。"),
    Reason.DEADLINE: BilingualText("The scrape's time was over first.", "抓取的时间先用完了。"),
    Reason.TOKEN: BilingualText("There is no token that can be used.", "没有可用的 token。"),
}
"""What happened, without the details that differ from app to app."""

_NETWORK = BilingualText(
    "Check that this host can reach the API at `wechat.base_url`: name resolution, firewall, and "
    "`wechat.proxy_url` if it is set; on a slow network, a larger `wechat.timeout` helps. With a `cloudrun` "
    "source, the address is the source's own `base_url`, and no proxy is used.",
    "请确认本机能访问 `wechat.base_url` 处的 API：域名解析、防火墙，以及 `wechat.proxy_url`（若已设置）；"
    "网络较慢时可调大 `wechat.timeout`。"
    "使用 `cloudrun` 来源时，访问的是该来源自己的 `base_url`，且不经过代理。",
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
        "in `wechat.ca_file`; the authority of a proxy that decrypts TLS must be in that file too. Inside "
        "「微信云托管」 with 「开放接口服务」 turned on, https://api.weixin.qq.com presents a self-signed "
        "certificate: use a `cloudrun` source.",
        "请确认证书与主机名相符、在有效期内，且由 `wechat.ca_file` 中的机构签发；"
        "会解密 TLS 的代理需把其根证书放入其中。在开启了“开放接口服务”的微信云托管内，"
        "https://api.weixin.qq.com 返回自签名证书，请使用 `cloudrun` 来源。",
    ),
    Reason.HTTP: BilingualText(
        "A proxy or a gateway may have answered instead of the API: check `wechat.base_url` and "
        "`wechat.proxy_url`. A 5xx status that passes by itself needs nothing. 502 with a `cloudrun` source: "
        f"the path may not be allowed yet. {CLOUD_PATH_REMEDY.en}",
        "响应的可能是代理或网关而非该 API：请检查 `wechat.base_url` 和 `wechat.proxy_url`。"
        "偶发的 5xx 会自行恢复，无需处理。使用 `cloudrun` 来源时返回 502："
        f"接口路径可能尚未开通。{CLOUD_PATH_REMEDY.zh}",
    ),
    Reason.DECODE: BilingualText(
        "Something other than the API may have answered: check `wechat.base_url` and `wechat.proxy_url`. If "
        "the answer is too large, raise `wechat.max_response_bytes`.",
        "响应的可能不是该 API：请检查 `wechat.base_url` 和 `wechat.proxy_url`。"
        "若提示响应过大，请调大 `wechat.max_response_bytes`。",
    ),
}
"""For calls to WeChat."""

_SERVICE_UNREACHABLE = BilingualText(
    "Check that the {service} is running and that this host can reach it: name resolution, port, firewall. "
    "Whoever else gets tokens from it, such as the mini program's backend, is affected too.",
    "请确认 {service} 正在运行，且本机能访问它：域名解析、端口、防火墙。"
    "同样从它获取 token 的其他程序（例如小程序后端）也会受影响。",
)
SERVICE_REMEDIES: Final[Mapping[Reason, BilingualText]] = {
    Reason.TIMEOUT: _SERVICE_UNREACHABLE,
    Reason.CONNECTION: _SERVICE_UNREACHABLE,
    Reason.TLS: BilingualText(
        "Check the certificate of the {service}: it must be issued for this host, not have expired, and be "
        "signed by an authority in the source's own `ca_file`.",
        "请检查 {service} 的证书：须与主机名相符、在有效期内，且由该来源自己的 `ca_file` 中的机构签发。",
    ),
    Reason.HTTP: BilingualText(
        "Read the log of the {service}, which refused the request. 401 or 403: check the source's `headers`. "
        "404: check its `url`, and that the service knows this appid. 5xx: the service itself fails.",
        "请查看 {service} 的日志：它拒绝了该请求。401 或 403：请检查该来源的 `headers`；"
        "404：请检查其 `url`，并确认该服务已接入此 AppID；5xx：该服务自身出错。",
    ),
    Reason.DECODE: BilingualText(
        "Compare what the {service} answers with the source's `token_pointer` and `expires_in_pointer`; a "
        "service often reports an error of its own in this form.",
        "请将 {service} 的返回内容与该来源的 `token_pointer`、`expires_in_pointer` 对照；"
        "服务自身的报错也常以这种形式返回。",
    ),
}
"""For calls to a token service; `{service}` is its description."""

INVALID_TOKEN_REMEDIES: Final[Mapping[str, BilingualText]] = {
    "access_token": BilingualText(
        "This does not pass by itself: the exporter cannot renew an `access_token` source, and a token lives "
        "for two hours at most. Have the program that issues the tokens write the current one to a file "
        "(`access_token: {file: PATH}`, read again at each use), or use a source that renews tokens: "
        "`stable_token`, or `http` with a token service.",
        "这不会自行恢复：exporter 无法刷新 `access_token` 来源，而 token 最长只有两小时有效期。"
        "请让签发 token 的程序把当前 token 写入文件（`access_token: {file: PATH}`，每次使用时重新读取），"
        "或改用能自动刷新的来源：`stable_token`，或通过 token 服务的 `http`。",
    ),
    "cloudbase": BilingualText(
        "WeChat's cloud hosting renews this file, not the exporter. Check that the file at the source's "
        "`path` is still being written in this container, and belongs to this mini program's environment.",
        "该文件由微信云托管刷新，exporter 不会刷新。请确认本容器内该来源 `path` 处的文件仍在更新，"
        "且属于该小程序的云环境。",
    ),
    "cloudrun": BilingualText(
        "Check in the console of WeChat's cloud hosting that this service runs in an environment of the mini "
        "program, or one that is shared with it, and that 「开放接口服务」 is turned on.",
        "请在微信云托管控制台确认本服务运行在该小程序的（或已对其共享的）云环境中，并已开启“开放接口服务”。",
    ),
    "http": BilingualText(
        "The {service} hands out a token that WeChat refuses, also when it is asked again. Find out which "
        "other program requests tokens for this appid: each new one, from /cgi-bin/token or with "
        "force_refresh, ends the one before. The service alone should request them.",
        "{service} 给出的 token 已被微信拒绝，重新获取后仍然如此。请查明还有哪个程序在为该 AppID 获取 token："
        "每次通过 /cgi-bin/token 或 force_refresh 获取新 token，都会使之前的失效，应只由该服务获取。",
    ),
}
"""By type of source, what to do about a token that WeChat refuses although the exporter asked for another."""

SECRET_FLAWS: Final[Mapping[SecretFlaw, BilingualText]] = {
    SecretFlaw.QUOTES: BilingualText(
        "The configured AppSecret begins or ends with a quotation mark, which is sent to WeChat as part of "
        "it: remove the mark from the file or the variable. Files of variables for containers keep quotes.",
        "配置的 AppSecret 首尾带有引号，引号会作为其一部分发给微信：请从文件或环境变量中去掉引号"
        "（容器的环境变量文件会原样保留引号）。",
    ),
    SecretFlaw.VARIABLE: BilingualText(
        "The configured AppSecret is the name of a variable, not its value: nothing replaces variables in "
        "the configuration. Write `{env: NAME}` or `{file: PATH}` instead.",
        "配置的 AppSecret 是变量名而不是变量的值：配置文件中的变量不会被替换，"
        "请改写为 `{env: NAME}` 或 `{file: PATH}`。",
    ),
    SecretFlaw.PLACEHOLDER: BilingualText(
        "The configured AppSecret is still the placeholder of an example: replace it with the real one.",
        "配置的 AppSecret 仍是示例中的占位符：请替换为真实的值。",
    ),
    SecretFlaw.NOT_HEXADECIMAL: BilingualText(
        "The configured AppSecret is not 32 hexadecimal digits: a part is missing or too much, or it is "
        "something else, such as a token. Copy it once more.",
        "配置的 AppSecret 不是 32 位十六进制字符：可能有缺漏或多余的字符，或误填了 token 等其他内容。"
        "请重新复制。",
    ),
}
TOKEN_REMEDY: Final = BilingualText(
    "Make the token source return a valid token that belongs to this mini program alone; reloading the "
    "configuration ends the wait before the next attempt.",
    "请让 token 来源返回当前有效且只属于该小程序的 token；重新加载配置可立即结束暂停。",
)
NO_SECRET_PROBLEM: Final = BilingualText("A secret can't be read.", "密钥无法读取。")
UNREADABLE_SECRET_REMEDY: Final = BilingualText(
    "Make the file readable for the user that runs the exporter; a changed file needs no restart. Set a "
    "missing environment variable where the exporter is started, and restart it. If only --doctor misses it, "
    "run --doctor where the exporter runs: another shell does not have its variables.",
    "请确保运行 exporter 的用户可以读取该文件，文件变更后无需重启。"
    "缺少环境变量时，请在启动 exporter 处设置并重启。"
    "若只有 --doctor 读不到，请在 exporter 所在的环境中运行它：其他 shell 中没有这些变量。",
)
NOT_AUTHORIZED_PROBLEM: Final = BilingualText(
    "The mini program has not authorized the platform that its token comes from.",
    "小程序未授权给其 token 所属的第三方平台。",
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
NOT_DISCOVERED_PROBLEM: Final = BilingualText(
    "The platform's list of mini programs has not been read yet.", "尚未读到该第三方平台的小程序列表。"
)
NOT_DISCOVERED_REMEDY: Final = BilingualText(
    "Wait for the first discovery. If it fails, the log, the status page and --doctor say why under the "
    "platform: that is what has to be put right.",
    "请等待首次自动发现完成。若发现失败，日志、状态页和 --doctor 会在该平台处说明原因，应先解决该问题。",
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

_APPEAL = BilingualText(
    "The appeal is at mp.weixin.qq.com: after putting right what the notice in 通知中心 names, the mini "
    "program's administrator chooses 申诉 at the end of that notice.",
    "申诉入口在 mp.weixin.qq.com：由小程序管理员登录后打开“通知中心”中的对应通知，"
    "按通知整改后点击底部的“申诉”。",
)
RESTRICTED_ACCOUNTS: Final[Mapping[AccountStatus, BilingualText]] = {
    AccountStatus.CANCELLED: BilingualText(
        "This mini program's account is cancelled (已注销) and does not come back: take the mini program out "
        "of the configuration, or end its authorization of the platform.",
        "该小程序的账号已注销，无法恢复：请从配置中移除，或解除它对第三方平台的授权。",
    ),
    AccountStatus.BANNED: BilingualText(
        f"WeChat has banned this mini program (已封禁). {_APPEAL.en}", f"该小程序已被微信封禁。{_APPEAL.zh}"
    ),
    AccountStatus.WARNED: BilingualText(
        "WeChat has warned this mini program (已告警): a penalty follows if the matter is not put right in "
        f"time. {_APPEAL.en}",
        f"该小程序已被微信告警：逾期未整改会受到处罚。{_APPEAL.zh}",
    ),
    AccountStatus.FROZEN: BilingualText(
        f"WeChat has frozen this mini program (已冻结). {_APPEAL.en}", f"该小程序已被微信冻结。{_APPEAL.zh}"
    ),
}
"""What a status other than normal means, and what to do about it."""
