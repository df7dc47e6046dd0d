"""The words of the pages, in both languages: pure data, by the name under which the templates use them.

Some hold places such as `{count}`, which the templates fill.
"""

from collections.abc import Mapping
from typing import Final

from wx_domain_exporter.apps.diagnosis import EFFECTIVE_WITHHELD
from wx_domain_exporter.errcodes.types import Text
from wx_domain_exporter.wechat.errors import Reason

TEXTS: Final[Mapping[str, Text]] = {
    # what stands between words
    "comma": Text(", ", "，"),
    "list_comma": Text(", ", "、"),
    "colon": Text(": ", "："),
    "in_brackets": Text(" ({what})", "（{what}）"),
    # what stands on every page
    "skip": Text("Skip to the content", "跳到正文"),
    "language": Text("Language", "语言"),
    "links": Text("Links", "链接"),
    "metrics": Text("Metrics", "指标"),
    "healthy": Text("Health", "存活状态"),
    "ready": Text("Readiness", "就绪状态"),
    "as_of": Text("As of {time}. This page calls no API.", "截至 {time}。打开本页不会调用微信 API。"),
    # the exporter itself
    "exporter": Text("Exporter", "Exporter 状态"),
    "last_scrape": Text("Last scrape", "上次抓取"),
    "configuration": Text("Configuration read", "配置加载"),
    "apps_total": Text("Mini programs", "小程序"),
    "platforms": Text("Third-party platforms", "第三方平台"),
    "platform": Text("Platform", "平台"),
    "discovery": Text("Discovery", "自动发现"),
    "discovery_off": Text("off (discover: false)", "未启用（discover: false）"),
    "discovery_running": Text("under way, {count} mini programs so far", "正在进行，已发现 {count} 个小程序"),
    "discovery_complete": Text("complete, {count} mini programs", "已完成，共 {count} 个小程序"),
    "discovery_failing": Text("{count} mini programs are known", "已知 {count} 个小程序"),
    "never_scraped": Text(
        "Nothing is known yet: WeChat is asked when Prometheus scrapes, and it has not done so.",
        "尚无数据：只有 Prometheus 抓取时才会查询小程序，而目前还没有抓取过。",
    ),
    "scraped_long_ago": Text(
        "The last scrape was {ago}: what stands here may be old. See whether Prometheus still scrapes "
        "this exporter.",
        "上次抓取是 {ago}，以下内容可能已过时。请检查 Prometheus 是否仍在抓取本 exporter。",
    ),
    "refused": Text(
        "A configuration was refused {ago}; the one before stays in force.",
        "{ago}重新加载的配置被拒绝，仍使用之前的配置。",
    ),
    "app_files_broken": Text(
        "App files are broken; their last good content stays in force.",
        "小程序列表文件有误，仍使用其最后一次正确的内容。",
    ),
    "more": Text("… and {count} more", "……另有 {count} 项"),
    # the list
    "filter": Text("Show", "筛选"),
    "all": Text("All", "全部"),
    "failing": Text("failing", "异常"),
    "drifted": Text("off its baseline", "与基线不符"),
    "changed": Text("changed", "有变化"),
    "pending": Text("not fetched yet", "尚未查询"),
    "ok": Text("ok", "正常"),
    "nearly_full": Text("nearly full", "接近上限"),
    "by_reason": Text("Failing by reason", "异常原因"),
    "search": Text("Search", "搜索"),
    "search_hint": Text("name, appid, label, errcode, domain", "名称、AppID、标签、错误码、域名"),
    "sort": Text("Sort by", "排序"),
    "sort_state": Text("State: failing first", "状态：异常优先"),
    "sort_name": Text("Name", "名称"),
    "sort_age": Text("Last fetched: oldest first", "上次查询：最久优先"),
    "sort_changed": Text("Last change: newest first", "最近变化：最新优先"),
    "sort_fullest": Text("Fullest list first", "最接近上限优先"),
    "sort_category": Text("Most in {category}", "{category} 数量最多"),
    "apply": Text("Apply", "应用"),
    "reset": Text("Clear", "清除"),
    "range": Text("{first}–{last} of {count}", "第 {first}–{last} 项，共 {count} 项"),
    "one_range": Text("{count} shown", "共 {count} 项"),
    "none_found": Text("No mini program matches.", "没有符合条件的小程序。"),
    "no_apps": Text("No mini program is known yet.", "目前还没有小程序。"),
    "pages": Text("Pages", "分页"),
    "previous": Text("Previous", "上一页"),
    "next": Text("Next", "下一页"),
    "page_of": Text("Page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "list": Text("Mini programs", "小程序列表"),
    "state": Text("State", "状态"),
    "app": Text("Mini program", "小程序"),
    "fetched": Text("Last fetched", "上次查询"),
    "last_success": Text("Last success", "上次成功"),
    "never": Text("never", "从未成功"),
    "limit": Text("limit {limit}", "上限 {limit}"),
    "others": Text("others", "其他"),
    "not_covered": Text("not asked", "未查询"),
    "what": Text("What is wrong", "问题"),
    "remedy": Text("What to do", "处理办法"),
    "missing": Text("missing", "缺少"),
    "unexpected": Text("unexpected", "多出"),
    "found_in": Text("Found in", "匹配域名"),
    "changed_at": Text("Lists changed {ago}", "{ago}域名有变化"),
    "succeeded_at": Text("last success {ago}", "上次成功：{ago}"),
    "never_succeeded": Text("no success yet", "从未成功"),
    # one mini program
    "back": Text("All mini programs", "全部小程序"),
    "appid": Text("appid", "AppID"),
    "facts": Text("Facts", "概况"),
    "labels": Text("Labels", "标签"),
    "reason": Text("Reason", "原因"),
    "errcode": Text("errcode", "错误码"),
    "fails_at": Text("Fails at", "出错环节"),
    "logged": Text("In the log", "日志记录"),
    "took": Text("took {seconds} s", "耗时 {seconds} 秒"),
    "token": Text("Token source", "token 来源"),
    "quota": Text("Quota of the day", "当日额度"),
    "rate_limit": Text("Rate limit", "频率限制"),
    "component_rate_limit": Text("Rate limit for platforms", "第三方平台代调用的频率限制"),
    "rate": Text("{calls} calls in {seconds} s", "每 {seconds} 秒 {calls} 次"),
    "quota_used": Text(
        "{used} of {limit} calls used, {remaining} left", "已用 {used} / {limit} 次，剩余 {remaining} 次"
    ),
    "other_errcodes": Text("Errcodes of other calls", "其他调用的错误码"),
    "api": Text("API", "接口"),
    "domains": Text("Domains", "域名"),
    "domains_old": Text(
        "The mini program fails: these are the lists of its last good answer, {ago}; they may have changed.",
        "该小程序目前查询失败：以下是最后一次成功应答（{ago}）的列表，之后可能已有变化。",
    ),
    "domains_unknown": Text(
        "No list is known: no good answer has come yet.", "尚无列表：还没有收到过成功的应答。"
    ),
    "ungranted": Text(
        "When this mini program was discovered, the platform had no permission set 18 of it, so WeChat "
        "answers getwxadevinfo with errcode 61007. Don't have the set granted for monitoring alone: only one "
        "platform can hold it, and while one does, the mini program can neither release nor set domains at "
        "mp.weixin.qq.com.",
        "发现该小程序时，平台没有它的权限集 18，因此 getwxadevinfo 会返回错误码 61007。"
        "不要仅为监控而授予该权限集：同一时间只有一个平台可以持有，其间该小程序无法在 "
        "mp.weixin.qq.com 发布版本或设置域名。",
    ),
    "withheld": EFFECTIVE_WITHHELD,
    "of_limit": Text("{count} of {limit}", "{count} / {limit}"),
    "in_force": Text("{count} in force", "已生效 {count} 个"),
    "differs": Text("What differs from the baseline", "与基线的差异"),
    "missing_told": Text("Missing: required, but not configured", "缺少：基线要求，但未配置"),
    "unexpected_told": Text("Unexpected: configured, but not allowed", "多出：已配置，但基线不允许"),
    "waiting": Text(
        "Configured, but not in force before the next release", "已配置，但尚未生效（需发布新版本）"
    ),
    "leaving": Text("Still in force, but configured no longer", "仍在生效，但已从配置中删除"),
    "configured": Text("Configured", "已配置"),
    "as_in_force": Text("as configured", "与配置一致"),
    "changes": Text("Changes since the start", "启动以来的变化"),
    "no_changes": Text("No change has been seen.", "尚未发现变化。"),
    "older_changes": Text("{count} older changes", "更早的 {count} 项变化"),
    "when": Text("When", "时间"),
    "category": Text("Category", "类别"),
    "added": Text("Added", "新增"),
    "removed": Text("Removed", "删除"),
    "left_out": Text("{count} more are not kept", "另有 {count} 个未保留"),
    # nobody
    "unknown_app": Text("No such mini program", "没有这个小程序"),
    "unknown_app_told": Text(
        "This exporter watches no mini program with this appid: it is not configured, or its "
        "platform has not discovered it.",
        "本 exporter 没有监控该 AppID：配置中没有它，或所属平台尚未发现它。",
    ),
}

REASONS: Final[Mapping[str, Text]] = {
    Reason.API: Text("errcode", "错误码"),
    Reason.TOKEN: Text("no token", "拿不到 token"),
    Reason.TIMEOUT: Text("timeout", "超时"),
    Reason.CONNECTION: Text("no connection", "连接失败"),
    Reason.TLS: Text("TLS", "TLS 失败"),
    Reason.HTTP: Text("HTTP", "HTTP 异常"),
    Reason.DECODE: Text("malformed answer", "应答有误"),
    Reason.QUOTA: Text("quota used up", "额度用尽"),
    Reason.DEADLINE: Text("out of time", "时间用完"),
}
"""In words, what the values of the label `reason` say."""

CATEGORIES: Final[Mapping[str, Text]] = {
    "requestdomain": Text("wx.request", "request 合法域名"),
    "wsrequestdomain": Text("wx.connectSocket", "socket 合法域名"),
    "uploaddomain": Text("wx.uploadFile", "uploadFile 合法域名"),
    "downloaddomain": Text("wx.downloadFile", "downloadFile 合法域名"),
    "udpdomain": Text("UDP", "udp 合法域名"),
    "tcpdomain": Text("TCP", "tcp 合法域名"),
    "bizdomain": Text("web-view", "业务域名"),
}
"""What WeChat's console, or its documentation, calls the categories."""
