"""The texts that the dashboards show, in English and in Chinese."""

from collections.abc import Mapping
from typing import Final

from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.thresholds import LIST_NEARLY_FULL, QUOTA_NEARLY_USED

_HEADS = (
    BilingualText("WeChat domains: fleet", "微信域名：总览"),
    BilingualText(
        "All mini programs: which of them fail and why, which lists changed, differ from their baseline,"
        " are not in force or nearly full, the quota, and the exporter itself.",
        "全部小程序：哪些异常、为什么，哪些域名列表有变化、与基线不符、尚未生效或接近上限，额度用了多少，"
        "以及 exporter 自身的状态。",
    ),
    BilingualText("WeChat domains: mini program", "微信域名：单个小程序"),
    BilingualText(
        "One mini program: its domain lists, what differs from the baseline and from what is in force,"
        " its errors, its quota, and how all that changed.",
        "单个小程序：域名列表、与基线及已生效列表的差异、错误、额度，以及它们的变化过程。",
    ),
    BilingualText("All mini programs", "全部小程序"),
    BilingualText("Open this mini program", "查看该小程序"),
    BilingualText("WeChat's errcodes", "微信错误码"),
    BilingualText("Data source", "数据源"),
    BilingualText("Job", "采集任务"),
    BilingualText("Instance", "实例"),
    BilingualText("Mini program", "小程序"),
)
_ANNOTATIONS = (
    BilingualText("Changed lists (at most 20 at a time)", "列表变化（每次最多 20 项）"),
    BilingualText("{{category}} changed", "{{category}} 有变化"),
    BilingualText("Added domains", "新增的域名"),
    BilingualText("Removed domains", "删除的域名"),
    BilingualText("Changed while it was not scraped", "未抓取期间的变化"),
    BilingualText("added", "新增"),
    BilingualText("removed", "删除"),
    BilingualText("changed meanwhile", "期间有变化"),
)
_WORDS = (
    # values
    BilingualText("no data", "无数据"),
    BilingualText("unknown", "未知"),
    BilingualText("none", "无"),
    BilingualText("never", "从未成功"),
    BilingualText("up", "正常"),
    BilingualText("failing", "异常"),
    BilingualText("matches", "相符"),
    BilingualText("different", "不符"),
    BilingualText("yes", "是"),
    BilingualText("no", "否"),
    BilingualText("refused", "被拒绝"),
    BilingualText("in force", "已生效"),
    BilingualText("succeeded", "成功"),
    BilingualText("failed", "失败"),
    BilingualText("configured", "已配置"),
    BilingualText("missing", "缺少"),
    BilingualText("unexpected", "多余"),
    # legends
    BilingualText("matching", "相符"),
    BilingualText("fetch", "查询"),
    BilingualText("{{platform}} not looked up", "{{platform}} 无法查询的账号"),
    BilingualText("{{api}} limit", "{{api}} 额度"),
    BilingualText("{{api}} used", "{{api}} 已用"),
    # columns
    BilingualText("mini program", "小程序"),
    BilingualText("mini programs", "小程序数"),
    BilingualText("category", "类别"),
    BilingualText("domain", "域名"),
    BilingualText("state", "状态"),
    BilingualText("reason", "原因"),
    BilingualText("API", "接口"),
    BilingualText("errcode", "错误码"),
    BilingualText("last success", "上次成功"),
    BilingualText("time", "耗时"),
    BilingualText("of the maximum", "占上限的比例"),
    BilingualText("maximum", "上限"),
    BilingualText("differs", "不一致"),
    BilingualText("changes", "变化次数"),
    BilingualText("used", "已用"),
    BilingualText("calls left", "剩余次数"),
    BilingualText("job", "采集任务"),
    BilingualText("instance", "实例"),
    BilingualText("version", "版本"),
    BilingualText("Python", "Python"),
    # The links to a mini program read this column by its name.
    BilingualText("appid", "appid"),
    # empty tables
    BilingualText("None is known to fail.", "没有已知异常的小程序。"),
    BilingualText("None is known.", "没有已知的记录。"),
    BilingualText("No fetch is known.", "没有查询记录。"),
    BilingualText("No list is known.", "没有域名列表的数据。"),
    BilingualText("No change is known.", "没有已知的变化。"),
    BilingualText("No quota is known.", "没有额度数据。"),
    BilingualText("No exporter is known.", "没有 exporter 的数据。"),
    BilingualText(
        "No list is known: it fails, has more than collect.max_domains, or collect.domains is off.",
        "没有域名列表的数据：小程序异常，域名数超过 collect.max_domains，或未启用 collect.domains。",
    ),
)
_FLEET_TITLES = (
    BilingualText("State", "状态"),
    BilingualText("Mini programs", "小程序数"),
    BilingualText("Failing", "异常的小程序数"),
    BilingualText("Required and missing", "缺少的必需域名数"),
    BilingualText("Unexpected", "多余的域名数"),
    BilingualText("Lists not in force", "未生效的列表数"),
    BilingualText("Lists nearly full", "接近上限的列表数"),
    BilingualText("Quota nearly used", "额度即将用尽"),
    BilingualText("Changed lists", "有变化的列表数"),
    BilingualText("Failing mini programs", "异常的小程序"),
    BilingualText("Who fails, and why", "异常的小程序及原因"),
    BilingualText("Failing, by reason", "各原因的异常数"),
    BilingualText("Errcodes", "错误码"),
    BilingualText("Time of a fetch", "查询耗时"),
    BilingualText("Slowest fetches", "最慢的查询"),
    BilingualText("Drift from the baselines", "与基线的偏离"),
    BilingualText("Missing domains", "缺少的域名"),
    BilingualText("Unexpected domains", "多余的域名"),
    BilingualText("Differences", "差异"),
    BilingualText("Lists with a baseline", "有基线的列表"),
    BilingualText("Lists", "域名列表"),
    BilingualText("Fullest lists", "最接近上限的列表"),
    BilingualText("What changed", "变化明细"),
    BilingualText("Configured, but not in force", "已配置但未生效"),
    BilingualText("Domains", "域名"),
    BilingualText("Quota", "额度"),
    BilingualText("Most used quotas", "用得最多的额度"),
    BilingualText("Use of the quotas", "额度使用情况"),
    BilingualText("Exporter", "Exporter"),
    BilingualText("Targets down", "抓取失败的目标"),
    BilingualText("Configuration", "配置"),
    BilingualText("Read", "配置加载时间"),
    BilingualText("Different configurations", "不同配置的数量"),
    BilingualText("Oldest figures", "最旧的数据"),
    BilingualText("Broken app files", "有误的小程序列表文件"),
    BilingualText("Scrape time", "抓取耗时"),
    BilingualText("Answers of WeChat", "微信的返回"),
    BilingualText("Calls without a good answer", "没有有效返回的调用"),
    BilingualText("Time of a call", "调用耗时"),
    BilingualText("Tokens", "token"),
    BilingualText("Discovered mini programs", "发现的小程序"),
    BilingualText("Last discovery", "最近一次自动发现"),
    BilingualText("Failed discoveries", "失败的自动发现"),
    BilingualText("Memory", "内存"),
    BilingualText("CPU", "CPU"),
    BilingualText("Versions", "版本"),
)
_MINI_PROGRAM_TITLES = (
    BilingualText("Reason", "原因"),
    BilingualText("Last success", "上次成功"),
    BilingualText("Number of domains", "域名数"),
    BilingualText("Baseline", "基线"),
    BilingualText("Not in force", "未生效"),
    BilingualText("Fullest list", "最接近上限的列表"),
    BilingualText("Quota used", "已用额度"),
    BilingualText("Configured and in force", "已配置与已生效"),
    BilingualText("History", "历史"),
    BilingualText("Domains over time", "域名数的变化"),
    BilingualText("Errors", "错误"),
    BilingualText("Differences from the baseline", "与基线的差异"),
    BilingualText("Configured less in force", "已配置与已生效之差"),
)
_STATE_DESCRIPTIONS = (
    BilingualText("Mini programs that are watched.", "被监控的小程序数。"),
    BilingualText(
        "Mini programs that fail for at least one exporter. The table below says why. Domains and lists"
        " are counted of the others.",
        "至少在一个 exporter 上异常的小程序数，原因见下方表格。域名和列表只统计其余的小程序。",
    ),
    BilingualText(
        "Domains that a baseline requires and WeChat does not have: users can't reach them. Unknown while"
        " no list is compared with a baseline.",
        "基线要求、但微信侧没有配置的域名：用户无法访问它们。没有列表与基线比较时为未知。",
    ),
    BilingualText(
        "Domains that are configured although no baseline allows them, at most collect.max_domains of a"
        " mini program. Unknown while no list is compared with a baseline.",
        "已配置、但基线不允许的域名，每个小程序最多统计 collect.max_domains 个。没有列表与基线比较时为未知。",
    ),
    BilingualText(
        "Lists that differ from the ones in force after the last release. Needs collect.effective.",
        "与最近一次发布后生效的列表不一致的列表数。需启用 collect.effective。",
    ),
    BilingualText(
        f"Lists at {LIST_NEARLY_FULL:.0%} or more of WeChat's maximum.",
        f"达到微信上限 {LIST_NEARLY_FULL:.0%} 及以上的列表数。",
    ),
    BilingualText(
        f"Mini programs that used {QUOTA_NEARLY_USED:.0%} or more of a daily quota. Needs collect.quota.",
        f"每日额度已用 {QUOTA_NEARLY_USED:.0%} 及以上的小程序数。需启用 collect.quota。",
    ),
    BilingualText(
        "Lists that changed in the time shown, while the same exporter was scraped.",
        "所选时间内有变化的列表数（期间由同一个 exporter 提供数据）。",
    ),
)
_FLEET_DESCRIPTIONS = (
    BilingualText(
        "The reason, and the errcodes that WeChat's APIs answered last; docs/errcodes.md says what to do"
        " about each. At most 200 rows, the latest failures first.",
        "原因，以及微信各接口最近返回的错误码；处理办法见 docs/errcodes.zh-CN.md。最多 200 行，最近出现的"
        "异常在前。",
    ),
    BilingualText("Mini programs that fail, by reason.", "异常的小程序数，按原因统计。"),
    BilingualText(
        "Mini programs whose last call of an API ended with the errcode. The 10 most frequent.",
        "最近一次接口调用返回该错误码的小程序数。显示最多的 10 种。",
    ),
    BilingualText(
        "How long a mini program's fetch takes, tokens and retries included: half, nine tenths and all of"
        " them take no longer.",
        "查询一个小程序的耗时，包括获取 token 和重试：一半、九成、全部小程序不超过此值。",
    ),
    BilingualText("The 20 mini programs whose fetch took longest.", "查询耗时最长的 20 个小程序。"),
    BilingualText(
        "What a baseline requires and WeChat does not have. At most 200 rows.",
        "基线要求、但微信侧没有配置的域名。最多 200 行。",
    ),
    BilingualText(
        "What WeChat has and no baseline allows. At most 200 rows.",
        "微信侧已配置、但基线不允许的域名。最多 200 行。",
    ),
    BilingualText(
        "Domains that differ from the baselines. No line while no list is compared with one.",
        "与基线不符的域名数。没有列表与基线比较时没有曲线。",
    ),
    BilingualText("Lists that match their baseline, and lists that do not.", "与基线相符和不符的列表数。"),
    BilingualText(
        "Configured domains as a share of WeChat's maximum. The 50 fullest.",
        "已配置域名数占微信上限的比例。显示最高的 50 个。",
    ),
    BilingualText(
        "How often each list changed in the time shown. The 100 that changed most.",
        "所选时间内每个列表变化的次数。显示变化最多的 100 个。",
    ),
    BilingualText(
        "What is configured comes into force with the mini program's next release. The number of domains"
        " can be the same although they are not. At most 200 rows. Needs collect.effective.",
        "已配置的内容在小程序下次发布后生效。域名数相同，内容也可能不同。最多 200 行。需启用"
        " collect.effective。",
    ),
    BilingualText(
        "Configured domains of the mini programs that don't fail, by category.",
        "正常的小程序已配置的域名数，按类别。",
    ),
    BilingualText(
        "The share of the day's calls that is used up. The 50 highest. Needs collect.quota.",
        "当日调用次数已用的比例。显示最高的 50 个。需启用 collect.quota。",
    ),
    BilingualText(
        "Mini programs that have used that much of a daily quota, or more.",
        "每日额度已用达到该比例的小程序数。",
    ),
)
_EXPORTER_DESCRIPTIONS = (
    BilingualText(
        "Targets of the chosen jobs that Prometheus can't scrape.",
        "所选任务中 Prometheus 无法抓取的目标数。",
    ),
    BilingualText(
        "Whether the last reading of the configuration succeeded everywhere.",
        "各 exporter 最近一次加载配置是否都成功。",
    ),
    BilingualText("When a configuration was last read with success.", "最近一次成功加载配置的时间。"),
    BilingualText(
        "Configurations in force at the chosen exporters; more than one while they are rolled out, or for"
        " ever if the exporters have different mini programs.",
        "所选 exporter 正在使用的不同配置的数量；逐台更新配置期间会多于一个，各 exporter 监控的小程序不同"
        "时则一直多于一个。",
    ),
    BilingualText(
        "The age of the oldest outcome among the mini programs' series.",
        "所有小程序的数据中，最旧的结果距今多久。",
    ),
    BilingualText(
        "App files whose last good content is used.",
        "内容有误、仍使用其最后一次正确内容的小程序列表文件数。",
    ),
    BilingualText(
        "How long the slowest scrape of each job took, to be compared with scrape_timeout.",
        "每个任务最慢一次抓取的耗时，可与 scrape_timeout 比较。",
    ),
    BilingualText(
        "Well-formed answers a second, by errcode. The 15 most frequent.",
        "每秒格式正确的返回数，按错误码。显示最多的 15 种。",
    ),
    BilingualText(
        "Timeouts, broken connections and answers that are no answers.",
        "超时、连接中断和无法识别的返回。",
    ),
    BilingualText(
        "The 50th and the 99th percentile of each API's calls.",
        "各接口调用耗时的第 50 和第 99 百分位数。",
    ),
    BilingualText(
        "Tokens fetched a second, by type of the source. A healthy one lasts for hours.",
        "每秒获取 token 的次数，按来源类型。正常情况下一个 token 可用数小时。",
    ),
    BilingualText(
        "Mini programs that have authorized each third-party platform, as its list last said: old while"
        " the last discovery failed. And the accounts that could not be looked up.",
        "授权给各第三方平台的小程序数，取自最近一次成功读取的列表：自动发现失败期间不会更新。另有无法查询"
        "的账号数。",
    ),
    BilingualText(
        "Whether each platform's last discovery succeeded everywhere.",
        "各平台最近一次自动发现是否在所有 exporter 上都成功。",
    ),
    BilingualText("Failures to read a platform's list, a second.", "每秒读取平台列表失败的次数。"),
    BilingualText("Resident memory. The 10 largest.", "常驻内存。显示最大的 10 个。"),
    BilingualText(
        "Processor time used, in cores. The 10 busiest.",
        "占用的处理器时间，以核数计。显示最忙的 10 个。",
    ),
    BilingualText(
        "What runs where, and how many mini programs it watches. At most 100 rows.",
        "各实例运行的版本及其监控的小程序数。最多 100 行。",
    ),
)
_MINI_PROGRAM_DESCRIPTIONS = (
    BilingualText(
        "Whether WeChat's last answer was a good one, for every exporter.",
        "在每个 exporter 上，微信最近一次返回是否都正常。",
    ),
    BilingualText(
        "Why it fails; docs/runbook.md says what to do.",
        "异常的原因；处理办法见 docs/runbook.zh-CN.md。",
    ),
    BilingualText("When WeChat last gave a good answer.", "微信最近一次正常返回的时间。"),
    BilingualText("Configured domains of all categories.", "所有类别已配置的域名总数。"),
    BilingualText(
        "Whether all lists that have a baseline match it; none if it does not fail and has none.",
        "有基线的列表是否都与基线相符；小程序正常但没有基线时显示“无”。",
    ),
    BilingualText(
        "Of its lists, the largest share of WeChat's maximum.",
        "各列表占微信上限的比例中最高的一个。",
    ),
    BilingualText("The share of the day's calls that is used up.", "当日调用次数已用的比例。"),
    BilingualText(
        "What WeChat's APIs answered last; docs/errcodes.md says what to do about each.",
        "微信各接口最近返回的错误码；处理办法见 docs/errcodes.zh-CN.md。",
    ),
    BilingualText(
        "What WeChat has configured, and what differs from the baseline: unexpected is there and not"
        " allowed, missing is required and not there.",
        "微信侧已配置的域名，以及与基线的差异：“多余”指已配置但基线不允许，“缺少”指基线要求但未配置。",
    ),
    BilingualText(
        "Domains by category: configured, in force after the last release (collect.effective), and"
        " WeChat's maximum. A list can differ although the number is the same.",
        "各类别的域名数：已配置、最近一次发布后已生效（collect.effective）、微信上限。数量相同，内容也可"
        "能不同。",
    ),
    BilingualText(
        "Configured domains, by category. Annotations name what was added and removed.",
        "已配置的域名数，按类别。注释标出新增和删除的域名。",
    ),
    BilingualText(
        "When it failed, with the reason, and the errcodes of WeChat's APIs.",
        "何时异常、原因，以及微信各接口的错误码。",
    ),
    BilingualText("Account status", "账号状态"),
    BilingualText(
        "Normal, cancelled, banned, warned or frozen, as WeChat reports it. Needs collect.account.",
        "微信返回的账号状态：正常（normal）、已注销（cancelled）、已封禁（banned）、已告警（warned）或已冻结（frozen）。"
        "需启用 collect.account。",
    ),
    BilingualText(
        "Domains that are missing, and domains that are not allowed, at most collect.max_domains. No line"
        " while it fails or has no baseline.",
        "缺少的域名数，以及不允许的域名数（最多统计 collect.max_domains 个）。小程序异常或没有基线时没有"
        "曲线。",
    ),
    BilingualText(
        "By how many domains a list is longer than the one in force.",
        "已配置的列表比已生效的列表多出的域名数。",
    ),
    BilingualText(
        "The day's calls, as WeChat counts them: allowed, and used by everybody.",
        "微信统计的当日调用次数：允许的总数，以及所有调用方已用的次数。",
    ),
    BilingualText(
        "How long the mini program's fetch took, tokens and retries included.",
        "查询该小程序的耗时，包括获取 token 和重试。",
    ),
)

CHINESE: Final[Mapping[str, str]] = {
    text.en: text.zh
    for text in (
        *_HEADS,
        *_ANNOTATIONS,
        *_WORDS,
        *_FLEET_TITLES,
        *_MINI_PROGRAM_TITLES,
        *_STATE_DESCRIPTIONS,
        *_FLEET_DESCRIPTIONS,
        *_EXPORTER_DESCRIPTIONS,
        *_MINI_PROGRAM_DESCRIPTIONS,
    )
}
"""The Chinese text of each English one; each has one translation everywhere."""
