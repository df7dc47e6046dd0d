"""The texts of the pages in both languages, by the names that the templates use.

The templates fill in placeholders such as `{count}`.
"""

from collections.abc import Mapping
from typing import Final

from wx_domain_exporter.diagnosis.advice import EFFECTIVE_WITHHELD, UNGRANTED
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.wechat.errors import Reason

TEXTS: Final[Mapping[str, BilingualText]] = {
    # punctuation
    "comma": BilingualText(", ", "，"),
    "list_comma": BilingualText(", ", "、"),
    "colon": BilingualText(": ", "："),
    "in_brackets": BilingualText(" ({text})", "（{text}）"),
    # every page
    "skip": BilingualText("Skip to content", "跳到正文"),
    "language": BilingualText("Language", "语言"),
    "links": BilingualText("Links", "链接"),
    "metrics": BilingualText(
        "Metrics (asks WeChat: one call per mini program)", "指标（会查询微信：每个小程序一次）"
    ),
    "refresh": BilingualText("Refresh every {seconds} s", "每 {seconds} 秒刷新"),
    "refreshes": BilingualText("Refreshed every {seconds} s.", "每 {seconds} 秒刷新一次。"),
    "stop_refresh": BilingualText("Stop", "停止刷新"),
    "healthy": BilingualText("Health", "存活状态"),
    "ready": BilingualText("Readiness", "就绪状态"),
    "as_of": BilingualText(
        "As of {time}. Opening this page does not call WeChat.", "截至 {time}。打开本页不会调用微信 API。"
    ),
    # the exporter itself
    "exporter": BilingualText("Exporter", "Exporter 状态"),
    "last_scrape": BilingualText("Last scrape", "上次抓取"),
    "configuration": BilingualText("Configuration loaded {ago}.", "配置于{ago}加载。"),
    "apps_total": BilingualText("Mini programs", "小程序"),
    "platforms": BilingualText("Third-party platforms", "第三方平台"),
    "platform": BilingualText("Platform", "平台"),
    "discovery_off": BilingualText("off (discover: false)", "未启用（discover: false）"),
    "discovery_running": BilingualText("in progress, {apps} so far", "正在进行，已发现 {apps}"),
    "discovery_progress": BilingualText(
        "{done} of {total} accounts looked at", "已查看 {total} 个账号中的 {done} 个"
    ),
    "accounts_left_out": BilingualText("Accounts that are left out", "未监控的账号"),
    "fetched_so_far": BilingualText("{done} fetched so far", "已查询 {done} 个"),
    "discovery_complete": BilingualText("complete, {apps}", "已完成，共 {apps}"),
    "discovery_failing": BilingualText("{apps} known", "已知 {apps}"),
    "accounts_unknown": BilingualText(
        "Accounts that can't be looked up and are not monitored", "无法查询、因而未监控的账号"
    ),
    "own_list": BilingualText("The platform's own {category}", "平台自身的 {category}"),
    "list_size": BilingualText("{version} {count} of {limit}", "{version} {count}/{limit} 个"),
    "version_published": BilingualText("published", "全网发布版"),
    "version_testing": BilingualText("testing", "测试版"),
    "invalid_hosts": BilingualText("Hosts that WeChat could not verify", "未通过微信验证的主机"),
    "unknown_list": BilingualText("{version} not named by WeChat", "微信未返回{version}"),
    "one_app": BilingualText("1 mini program", "1 个小程序"),
    "count_of_apps": BilingualText("{count} mini programs", "{count} 个小程序"),
    "never_scraped": BilingualText(
        "Prometheus has not scraped this exporter yet.", "Prometheus 还没有抓取过本 exporter。"
    ),
    "fetch_now": BilingualText(
        "Ask now (one call per mini program)", "立即查询（每个小程序调用一次微信 API）"
    ),
    "fetched_just_now": BilingualText(
        "WeChat was asked just now. You can ask again in {seconds} s; reload this page then.",
        "刚刚查询过。{seconds} 秒后刷新本页，即可再次查询。",
    ),
    "scrape_config": BilingualText(
        "For a scrape every minute, put this into prometheus.yml, with the address at which Prometheus "
        "reaches this exporter:",
        "要让 Prometheus 每分钟抓取一次，请将以下内容写入 prometheus.yml，并填写 Prometheus 能访问到的地址：",
    ),
    "scraped_long_ago": BilingualText(
        "The last scrape was {ago}: the data below may be outdated. Check whether Prometheus still scrapes "
        "this exporter.",
        "上次抓取是 {ago}，以下内容可能已过时。请检查 Prometheus 是否仍在抓取本 exporter。",
    ),
    "rejected": BilingualText(
        "A configuration was rejected {ago}; the previous one is still in use.",
        "{ago}重新加载的配置被拒绝，仍使用之前的配置。",
    ),
    "app_files_broken": BilingualText(
        "Some app files have errors. Their last valid content is still in use; a file that was broken when "
        "the exporter started has none, and its mini programs are not monitored.",
        "小程序列表文件有误，仍使用其最后一次正确的内容；启动时就有误的文件没有这样的内容，其中的小程序未被监控。",
    ),
    "more": BilingualText("… and {count} more", "……另有 {count} 项"),
    # the list of mini programs
    "filter": BilingualText("Show", "筛选"),
    "all": BilingualText("All", "全部"),
    "failing": BilingualText("failing", "异常"),
    "drifted": BilingualText("drifted", "与基线不符"),
    "changed": BilingualText("changed", "有变化"),
    "pending": BilingualText("not fetched yet", "尚未查询"),
    "ok": BilingualText("ok", "正常"),
    "nearly_full": BilingualText("nearly full", "接近上限"),
    "causes": BilingualText("What is wrong, by cause", "异常原因"),
    "show_them": BilingualText("Show them", "查看这些小程序"),
    "show_it": BilingualText("Show it", "查看该小程序"),
    "for_example": BilingualText("For example", "例如"),
    "more_causes": BilingualText("Other causes ({count})", "其他 {count} 种原因"),
    "unknown_state": BilingualText(
        "There is no state “{state}”. The states are {states}; a reason such as timeout; an errcode such as "
        "40164; or a cause such as stable_token 40164.",
        "没有“{state}”这个状态。可用的状态：{states}；也可以是原因（如 timeout）、错误码（如 40164）"
        "或二者合写（如 stable_token 40164）。",
    ),
    "search": BilingualText("Search", "搜索"),
    "search_hint": BilingualText("name, appid, label, errcode, domain", "名称、AppID、标签、错误码、域名"),
    "sort": BilingualText("Sort by", "排序"),
    "sort_state": BilingualText("State: failing first", "状态：异常优先"),
    "sort_name": BilingualText("Name", "名称"),
    "sort_age": BilingualText("Last fetched: oldest first", "上次查询：最久优先"),
    "sort_changed": BilingualText("Last change: newest first", "最近变化：最新优先"),
    "sort_fullest": BilingualText("Closest to the limit first", "最接近上限优先"),
    "sort_category": BilingualText("Most domains in {category}", "{category} 数量最多"),
    "apply": BilingualText("Apply", "应用"),
    "reset": BilingualText("Clear", "清除"),
    "range": BilingualText("{first}–{last} of {count}", "第 {first}–{last} 项，共 {count} 项"),
    "one_range": BilingualText("{count} shown", "共 {count} 项"),
    "none_found": BilingualText("No mini program matches the search.", "没有符合条件的小程序。"),
    "no_apps": BilingualText("No mini programs are known yet.", "目前还没有小程序。"),
    "pages": BilingualText("Pages", "分页"),
    "previous": BilingualText("Previous", "上一页"),
    "next": BilingualText("Next", "下一页"),
    "page_of": BilingualText("Page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "list": BilingualText("Mini programs", "小程序列表"),
    "state": BilingualText("State", "状态"),
    "app": BilingualText("Mini program", "小程序"),
    "fetched": BilingualText("Last fetched", "上次查询"),
    "last_fetches": BilingualText("Last fetches", "最近的查询"),
    "last_scrapes": BilingualText("Last scrapes", "最近的抓取"),
    "now": BilingualText("now", "现在"),
    "failing_since": BilingualText("Failing since", "异常开始于"),
    "failing_for": BilingualText("failing for {duration}", "已异常 {duration}"),
    "next_trial": BilingualText("Next trial", "下次尝试"),
    "trial_in": BilingualText("in {duration}", "{duration}后"),
    "trial_now": BilingualText("at the next scrape", "下一次抓取时"),
    "next_trial_in": BilingualText("next trial in {duration}", "{duration}后再次尝试"),
    "last_success": BilingualText("Last success", "上次成功"),
    "limit": BilingualText("limit {limit}", "上限 {limit}"),
    "others": BilingualText("others", "其他"),
    "not_covered": BilingualText("not requested", "未查询"),
    "problem": BilingualText("What is wrong", "问题"),
    "remedy": BilingualText("What to do", "处理办法"),
    "missing": BilingualText("missing", "缺少"),
    "unexpected": BilingualText("unexpected", "多余"),
    "found_in": BilingualText("Matching domains", "匹配域名"),
    "changed_at": BilingualText("Lists changed {ago}", "{ago}域名有变化"),
    "succeeded_at": BilingualText("last success {ago}", "上次成功：{ago}"),
    "never_succeeded": BilingualText("no success since the start", "启动以来未成功"),
    # the page of one mini program
    "back": BilingualText("All mini programs", "全部小程序"),
    "appid": BilingualText("appid", "AppID"),
    "facts": BilingualText("Facts", "概况"),
    "labels": BilingualText("Labels", "标签"),
    "reason": BilingualText("Reason", "原因"),
    "errcode": BilingualText("errcode", "错误码"),
    "failed_step": BilingualText("Failed step", "出错环节"),
    "logged": BilingualText("Log message", "日志记录"),
    "took": BilingualText("took {seconds} s", "耗时 {seconds} 秒"),
    "token": BilingualText("Token source", "token 来源"),
    "quota": BilingualText("Daily quota", "每日额度"),
    "quota_day": BilingualText("Quota begins anew", "额度重置"),
    "quota_day_left": BilingualText(
        "in {duration}, at 00:00 Beijing time (16:00 UTC)", "{duration}后（北京时间 0 点）"
    ),
    "rate_limit": BilingualText("Rate limit", "频率限制"),
    "component_rate_limit": BilingualText(
        "Rate limit for third-party platforms", "第三方平台代调用的频率限制"
    ),
    "rate": BilingualText("{calls} calls in {seconds} s", "每 {seconds} 秒 {calls} 次"),
    "quota_used": BilingualText(
        "{used} of {limit} calls used, {remaining} left", "已用 {used} / {limit} 次，剩余 {remaining} 次"
    ),
    "other_errcodes": BilingualText("Errcodes of other calls", "其他调用的错误码"),
    "api": BilingualText("API", "接口"),
    "domains": BilingualText("Domains", "域名"),
    "domains_old": BilingualText(
        "The last fetch failed: these are the lists of the last successful answer, {ago}; they may have "
        "changed since.",
        "该小程序目前查询失败：以下是最后一次成功返回（{ago}）的列表，之后可能已有变化。",
    ),
    "domains_unknown": BilingualText(
        "No lists yet: no fetch has succeeded so far.", "尚无列表：还没有成功返回过结果。"
    ),
    "ungranted": UNGRANTED,
    "withheld": EFFECTIVE_WITHHELD,
    "of_limit": BilingualText("{count} of {limit}", "{count} / {limit}"),
    "in_effect": BilingualText("{count} in effect", "已生效 {count} 个"),
    "differs": BilingualText("Differences from the baseline", "与基线的差异"),
    "missing_heading": BilingualText("Missing: required, but not configured", "缺少：基线要求，但未配置"),
    "unexpected_heading": BilingualText(
        "Unexpected: configured, but not allowed", "多余：已配置，但基线不允许"
    ),
    "waiting": BilingualText(
        "Configured, but not in effect until the next release", "已配置，但尚未生效（需发布新版本）"
    ),
    "leaving": BilingualText("Still in effect, but no longer configured", "仍在生效，但已从配置中删除"),
    "configured": BilingualText("Configured", "已配置"),
    "as_configured": BilingualText("same as configured", "与配置一致"),
    "changes": BilingualText("Changes since the exporter started", "启动以来的变化"),
    "no_changes": BilingualText("No changes so far.", "尚未发现变化。"),
    "older_changes": BilingualText("Older changes ({count})", "更早的 {count} 项变化"),
    "time": BilingualText("Time", "时间"),
    "category": BilingualText("Category", "类别"),
    "added": BilingualText("Added", "新增"),
    "removed": BilingualText("Removed", "删除"),
    "left_out": BilingualText("{count} more not kept", "另有 {count} 个未保留"),
    "last_change": BilingualText("Last change", "最近变化"),
    "last_changes": BilingualText("Last changes", "最近的变化"),
    # unknown paths and appids
    "not_found": BilingualText("No such page", "没有这个页面"),
    "not_found_hint": BilingualText(
        "This exporter has no page at this path.", "本 exporter 没有该路径对应的页面。"
    ),
    "unknown_app": BilingualText("No such mini program", "没有这个小程序"),
    "unknown_app_hint": BilingualText(
        "This exporter does not monitor a mini program with this appid: it is not configured, or its "
        "platform has not discovered it.",
        "本 exporter 没有监控该 AppID：配置中没有它，或所属平台尚未发现它。",
    ),
}

REASONS: Final[Mapping[str, BilingualText]] = {
    Reason.API: BilingualText("errcode", "错误码"),
    Reason.TOKEN: BilingualText("no token", "拿不到 token"),
    Reason.TIMEOUT: BilingualText("timeout", "超时"),
    Reason.CONNECTION: BilingualText("connection failed", "连接失败"),
    Reason.TLS: BilingualText("TLS error", "TLS 失败"),
    Reason.HTTP: BilingualText("HTTP error", "HTTP 异常"),
    Reason.DECODE: BilingualText("malformed answer", "返回结果有误"),
    Reason.QUOTA: BilingualText("quota used up", "额度用尽"),
    Reason.DEADLINE: BilingualText("scrape deadline exceeded", "时间用完"),
}
"""What the values of the metric label `reason` mean."""

CATEGORY_NAMES: Final[Mapping[str, BilingualText]] = {
    "requestdomain": BilingualText("wx.request", "request 合法域名"),
    "wsrequestdomain": BilingualText("wx.connectSocket", "socket 合法域名"),
    "uploaddomain": BilingualText("wx.uploadFile", "uploadFile 合法域名"),
    "downloaddomain": BilingualText("wx.downloadFile", "downloadFile 合法域名"),
    "udpdomain": BilingualText("UDP", "udp 合法域名"),
    "tcpdomain": BilingualText("TCP", "tcp 合法域名"),
    "bizdomain": BilingualText("web-view", "业务域名"),
}
"""The names of the categories in WeChat's console or documentation."""
