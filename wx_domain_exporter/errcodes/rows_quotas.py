"""Errcodes of quotas, and of the API that tells them. Pure data, in the order of the codes."""

from typing import Final

from wx_domain_exporter.errcodes.apis import ANY
from wx_domain_exporter.errcodes.remedies import BODY_REMEDY, CLEAR_QUOTA_WARNING, with_warning
from wx_domain_exporter.errcodes.sources import CLEAR_QUOTA, QUOTA, STABLE_TOKEN
from wx_domain_exporter.errcodes.types import Action, Errcode, Text

QUOTAS: Final[tuple[Errcode, ...]] = (
    Errcode(
        45009,
        ANY,
        Action.DAILY_QUOTA,
        Text(
            "The account's calls of this API are used up: those of the day, or with some APIs those of the "
            "minute.",
            "该账号调用此接口的次数已达上限：通常是每日上限，部分接口是分钟上限。",
        ),
        with_warning(
            Text(
                "Usually none: the exporter tries again after 60 seconds, for the limit may be one of the "
                "minute, then every 30 minutes until the daily quota is there again; a reload tries at "
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
        Text("This API was called too often within one minute.", "该接口一分钟内调用过于频繁。"),
        Text(
            "Usually none: the exporter pauses for 60 seconds. If it comes back, lower "
            "wechat.max_concurrency, set scrape.min_interval, and look for other callers of this API.",
            "一般无需处理，exporter 会暂停 60 秒。若反复出现，请调低 wechat.max_concurrency、设置 "
            "scrape.min_interval，并排查是否有其他程序在调用该接口。",
        ),
        STABLE_TOKEN,
    ),
    Errcode(
        48006,
        ANY,
        Action.PERSON,
        Text(
            "The resets of call counts that the account has in a month are used up.",
            "该账号当月的清零次数已用完。",
        ),
        Text(
            "The exporter resets no quota: look for the program that does, and wait for the next month. "
            "Until then nobody can reset a quota that production has used up.",
            "exporter 不会清零额度：请查明是哪个程序在清零，并等待下个月恢复。在此之前，"
            "生产环境用完的额度也无法清零。",
        ),
        CLEAR_QUOTA,
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
        BODY_REMEDY,
        QUOTA,
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
        QUOTA,
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
        QUOTA,
    ),
)
