"""Write what is generated from tables in the code, pages and completions; `--check` only compares.

Run as `.venv/test/bin/python scripts/docs.py`, from the checkout.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))  # also with PYTHONSAFEPATH

from completions import bash_completion, zsh_completion
from configuration_page import configuration_page
from markdown import code, table

from wx_domain_exporter.commands.flags import FLAGS
from wx_domain_exporter.config.json_schema import app_file_schema, config_schema
from wx_domain_exporter.errcodes.lookup import TABLE, Errcode
from wx_domain_exporter.metrics.definitions import GAUGES, PLATFORM_GAUGES, SELF_METRICS

DOCS = Path(__file__).resolve().parent.parent / "docs"


def metrics_page() -> str:
    """The page of all metrics, from the tables that the collectors use."""
    fleet = table(
        ("metric", "labels", "meaning"),
        ((code(gauge.name), ", ".join(map(code, gauge.labels)), gauge.help) for gauge in GAUGES),
    )
    platforms = table(
        ("metric", "labels", "meaning"),
        ((code(gauge.name), ", ".join(map(code, gauge.labels)), gauge.help) for gauge in PLATFORM_GAUGES),
    )
    self_metrics = table(
        ("metric", "type", "labels", "meaning"),
        (
            (code(metric.name), metric.kind, ", ".join(map(code, metric.labels)), metric.help)
            for metric in SELF_METRICS
        ),
    )
    return f"""# Metrics

## The mini programs

All are gauges. `wx_domain_app_info` also has every label key that any app uses in `labels`.

{fleet}
A mini program that fails has `wx_domain_up` 0, exactly one `wx_domain_fetch_error`, and no counts, hashes or domains.
A documented category that is absent in a successful answer counts as empty: 0, and the hash of the empty list. A category
that WeChat does not document for this API is exported as soon as it appears, and counts as empty when it is absent
later on.

`wx_domain_hash` is the first 6 bytes, big-endian, of the SHA-256 over the UTF-8 of the distinct domains in normal form,
sorted by code point and joined by line feeds. 48 bits are exact in a Prometheus sample. In the normal form, white space
around a domain is stripped, scheme and host are in lower case, and one trailing slash is removed.

With `collect.effective`, `wx_domain_effective_domains` and `wx_domain_effective_hash` show the lists that are in effect,
by the same rules: the object `effective_domain` of get_effective_domain (its documented categories include
`tcpdomain`), and `effective_webviewdomain` of get_effective_webviewdomain as `bizdomain`. Categories that `wechat.action`
does not cover are left out. Lists that are configured but not in effect are found with
`wx_domain_hash != wx_domain_effective_hash`. With `collect.quota`, `wx_domain_api_quota_*` show the daily quota of
getwxadevinfo, at most 10 minutes old; also while the app fails with an errcode, such as 45009.

With `collect.account`, `wx_domain_account_status` shows the status of each mini program of a platform with `discover: true`,
also while it fails: normal (1, 正常), cancelled (14, 已注销), banned (16, 已封禁), warned (18, 已告警) or frozen (19, 已冻结).
It is absent if WeChat reports none of these. It is refreshed slowly: [tokens.md](tokens.md#discovery).

The calls for effective lists and quotas follow after the app's own lists have arrived, and change neither `wx_domain_up` nor `wx_domain_fetch_error`. If
one fails or is not finished when the scrape has to answer, its series are absent. The errcode is in `wx_domain_api_error`
with the `api` `get_effective_domain`, `get_effective_webviewdomain` or `quota/get`; failures without an errcode are in
`wx_domain_exporter_api_request_failures_total` and, once, in the log. An app that fails has no effective lists.

WeChat documents the APIs of the effective lists for an authorizer_access_token. With other tokens they have answered
errcode 0 and empty lists. If all lists of an answer are empty, including those that say where a domain was configured,
although getwxadevinfo has domains that they should contain, the effective lists count as unknown: `wx_domain_effective_*`
are absent instead of 0, so that WxDomainNotInForce does not fire, and the log, the app's page and `--doctor` say so. This
does not apply to a list that is configured but not released yet.

[baselines.md](baselines.md) explains what a baseline is, and which one an app has.

If an app has more domains than `collect.max_domains`, it has no `wx_domain_info`, and a log line says so; with
`collect.domains: false`, no app has any.

In a probe (`/probe`), `wx_domain_domains_limit` and `wx_domain_scrape_duration_seconds` belong to that probe, so there is
one of them for each mini program: see [service-discovery.md](service-discovery.md#one-mini-program-per-scrape).

## Third-party platforms

With `platforms.NAME.collect_domains`, for the lists of the platform itself, which its mini programs can inherit
([tokens.md](tokens.md#the-platforms-own-domains)). Only on `/metrics`, and where another program registers
`DomainCollector`; not with `--once`. A list that WeChat does not name, such as the
published one of a platform that was never published, has no series.

{platforms}
## The exporter itself

Only on `/metrics`, not with `--once`, together with the usual `process_*` and `python_*`.

{self_metrics}"""


def flags_page() -> str:
    """The page of the flags, from the table that the parser uses."""
    rows = ((code(f"--{flag.name}"), code(flag.default), flag.help) for flag in FLAGS)
    return f"""# Command line

`wx-domain-exporter`, `python exporter.py` and `python -m wx_domain_exporter` are the same program. Errors are printed
to standard error, in English or Chinese, and the exit status is 1. Each flag is given once, except
`--web.listen-address`; a flag that is mistyped is an error that names the one that was probably meant.

{table(("flag", "default", "meaning"), rows)}
| signal | effect |
| --- | --- |
| SIGHUP | reloads the configuration; an invalid one has no effect except on a gauge and the log. Ignored until the program serves |
| SIGTERM, SIGINT | accepts no new connections, answers the scrapes in progress for at most 25 s, and exits with 0; before the program serves, exits at once with 143 or 130 |

For node_exporter's textfile collector, from cron:

```sh
wx-domain-exporter --once > wx_domain.tmp; test -s wx_domain.tmp && mv wx_domain.tmp wx_domain.prom
```

The exit status of `--once` is ignored here, because it is 1 if any mini program fails, and the output shows which. If the
configuration is invalid, there is no output and the file stays unchanged: monitor `node_textfile_mtime_seconds`.
"""


def _apis(row: Errcode) -> str:
    return ", ".join(map(code, sorted(row.apis)))


def errcodes_page() -> str:
    """The page of the errcodes in English."""
    rows = (
        (
            f"{row.code}",
            _apis(row) or "any",
            row.action.value,
            f"[{row.meaning.en}]({row.source})",
            row.remedy.en,
        )
        for row in TABLE
    )
    return f"""# Errcodes

[中文](errcodes.zh-CN.md)

`wx_domain_api_error` has an errcode as its label while the last call of an API ended with it. What the exporter does
depends on the class:

| class | what the exporter does |
| --- | --- |
| busy | one retry after a short wait, within the scrape's time |
| invalid token | fetches the token again once, and retries once if it differs |
| daily quota | one trial call after 60 seconds, then one every 30 minutes; a reload ends the wait |
| minute quota | one trial call every 60 seconds |
| for a person | no retry; somebody has to change something |

A token source whose request was refused pauses for 30 s, then longer each time, up to 10 min. A reload or a changed
secret ends the pause.

{table(("errcode", "API", "class", "meaning", "remedy"), rows)}"""


_CLASSES_ZH = {
    "busy": "系统繁忙",
    "invalid token": "token 失效",
    "daily quota": "每日额度",
    "minute quota": "每分钟额度",
    "for a person": "需人工处理",
}


def errcodes_page_zh() -> str:
    """The page of the errcodes in Chinese."""
    rows = (
        (
            f"{row.code}",
            _apis(row) or "任意",
            _CLASSES_ZH[row.action.value],
            f"[{row.meaning.zh}]({row.source})",
            row.remedy.zh,
        )
        for row in TABLE
    )
    return f"""# 错误码

[English](errcodes.md)

某个 API 最近一次调用返回错误码时，`wx_domain_api_error` 以该错误码为标签。exporter 按类别处理：

| 类别 | 处理方式 |
| --- | --- |
| 系统繁忙 | 短暂等待后重试一次，不超出本次抓取的时间 |
| token 失效 | 重新获取一次 token，若与之前不同则重试一次 |
| 每日额度 | 60 秒后重试，之后每 30 分钟试调用一次；重新加载配置即恢复 |
| 每分钟额度 | 每 60 秒试调用一次 |
| 需人工处理 | 不重试，需要有人修改配置或授权 |

token 来源被拒绝后暂停 30 秒，之后逐次加倍，最长 10 分钟；重新加载配置或更换密钥后立即恢复。

{table(("错误码", "API", "类别", "含义", "处理办法"), rows)}"""


PAGES = {
    "configuration.md": configuration_page,
    "metrics.md": metrics_page,
    "command-line.md": flags_page,
    "errcodes.md": errcodes_page,
    "errcodes.zh-CN.md": errcodes_page_zh,
    "schema/config.schema.json": config_schema,
    "schema/app-file.schema.json": app_file_schema,
    "../deploy/completions/wx-domain-exporter.bash": bash_completion,
    "../deploy/completions/wx-domain-exporter.zsh": zsh_completion,
}


def main() -> None:
    """Write the pages, or with --check exit with 1 if one differs."""
    check = "--check" in sys.argv[1:]
    stale = [
        name
        for name, page in PAGES.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text() != page()
    ]
    for name in stale:
        if check:
            path = (DOCS / name).resolve().relative_to(DOCS.parent)
            print(f"{path} is out of date; run scripts/docs.py to write it")
        else:
            (DOCS / name).write_text(PAGES[name]())
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
