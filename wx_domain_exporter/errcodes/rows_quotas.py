"""Errcodes of quotas, and of the API that tells them. Pure data, in the order of the codes."""

from typing import Final

from wx_domain_exporter.errcodes.apis import ANY
from wx_domain_exporter.errcodes.remedies import BODY_REMEDY
from wx_domain_exporter.errcodes.sources import QUOTA, STABLE_TOKEN
from wx_domain_exporter.errcodes.types import Action, Errcode, Text

QUOTAS: Final[tuple[Errcode, ...]] = (
    Errcode(
        45009,
        ANY,
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
