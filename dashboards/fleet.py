"""The overview of all mini programs: useful with one of them and with 10,000."""

from grafana_foundation_sdk.models import dashboard as models

from dashboards.exporter_panels import exporter_section
from dashboards.frame import (
    FLEET,
    LINK_TO_MINI_PROGRAM,
    Annotation,
    Section,
    all_of_them,
    appid_variable,
    board,
    furnished,
    link_to_wechat,
)
from dashboards.panels import COARSE, About, Column, Panel, graph, number, rows, values
from dashboards.promql import (
    changed,
    counted,
    differences,
    failures,
    fleet,
    fullness,
    named,
    not_in_force,
    number_not_in_force,
    number_of_quotas_used,
    quota_used,
)
from wx_domain_exporter.thresholds import LIST_NEARLY_FULL, QUOTA_NEARLY_USED

_WHO = (
    Column("name", "mini program", link=LINK_TO_MINI_PROGRAM),
    Column("appid", width=180),
)


def fleet_dashboard() -> models.Dashboard:
    """The whole dashboard."""
    found = board(
        FLEET,
        "WeChat domains: fleet",
        "All mini programs: which of them fail and why, which lists changed, differ from their baseline, are"
        " not in force or nearly full, the quota, and the exporter itself.",
    )
    found.with_variable(all_of_them(appid_variable())).link(link_to_wechat()).annotation(_changes())
    found.refresh("5m")
    return furnished(
        found,
        [
            Section("State", _state()),
            Section("Failing mini programs", _failing()),
            Section("Drift from the baselines", _drift()),
            Section("Lists", _lists()),
            Section("Quota", _quota()),
            exporter_section(),
        ],
    )


def _changes() -> Annotation:
    lists = named(f"topk(20, {changed('$__rate_interval')})")
    return Annotation(
        "Changed lists (at most 20 at a time)", "blue", lists, "{{name}}", "{{category}} changed", step="2m"
    )


def _count(
    title: str, description: str, expression: str, color: str = "", *, absent: str = "unknown"
) -> Panel:
    about = About(title, description, width=3, height=4)
    return number(about, expression, {1: color} if color else {}, absent=absent)


def _state() -> list[Panel]:
    return [
        _count(
            "Mini programs",
            "Mini programs that are watched.",
            f"count(max by (appid) ({fleet('up')}))",
            absent="no data",
        ),
        _count(
            "Failing",
            "Mini programs that fail for at least one exporter. The table below says why. Domains and lists"
            " are counted of the others.",
            f"sum(min by (appid) ({fleet('up')}) == bool 0)",
            "red",
            absent="no data",
        ),
        _count(
            "Required and missing",
            "Domains that a baseline requires and WeChat does not have: users can't reach them. Unknown"
            " while no list is compared with a baseline.",
            differences("missing_domain"),
            "red",
        ),
        _count(
            "Unexpected",
            "Domains that are configured although no baseline allows them, at most collect.max_domains of"
            " a mini program. Unknown while no list is compared with a baseline.",
            differences("unexpected_domain"),
            "red",
        ),
        _count(
            "Lists not in force",
            "Lists that differ from the ones in force after the last release. Needs collect.effective.",
            number_not_in_force(),
            "orange",
        ),
        _count(
            "Lists nearly full",
            f"Lists at {LIST_NEARLY_FULL:.0%} or more of WeChat's maximum.",
            f"sum({fullness()} >= bool {LIST_NEARLY_FULL})",
            "orange",
        ),
        _count(
            "Quota nearly used",
            f"Mini programs that used {QUOTA_NEARLY_USED:.0%} or more of a daily quota. Needs collect.quota.",
            number_of_quotas_used(QUOTA_NEARLY_USED),
            "orange",
        ),
        _count(
            "Changed lists",
            "Lists that changed in the time shown, while the same exporter was scraped.",
            counted(changed("$__range"), fleet("hash")),
            "blue",
        ),
    ]


def _failing() -> list[Panel]:
    never = values({"0": ("never", "red")})
    duration = fleet("fetch_duration_seconds")
    columns = (
        *_WHO,
        Column("reason", width=100),
        Column("api", "API", width=190),
        Column("errcode", width=90),
        Column("Value", "last success", unit="dateTimeFromNow", mappings=[never], width=140),
    )
    return [
        rows(
            About(
                "Who fails, and why",
                "The reason, and the errcodes that WeChat's APIs answered last; docs/errcodes.md says what to"
                " do about each. At most 200 rows, the latest failures first.",
                width=16,
                height=10,
            ),
            [f"topk(200, {named(failures())}) * 1000"],
            columns,
            sort="last success",
            descending=True,
            empty="None is known to fail.",
        ),
        graph(
            About("Failing, by reason", "Mini programs that fail, by reason.", width=8, height=10),
            {"{{reason}}": f"count by (reason) (max by (appid, reason) ({fleet('fetch_error')}))"},
            stacked=True,
        ),
        graph(
            About(
                "Errcodes",
                "Mini programs whose last call of an API ended with the errcode. The 10 most frequent.",
                width=8,
            ),
            {
                "{{api}} {{errcode}}": "topk(10, count by (api, errcode)"
                f" (max by (appid, api, errcode) ({fleet('api_error')})))"
            },
        ),
        graph(
            About(
                "Time of a fetch",
                "How long a mini program's fetch takes, tokens and retries included: half, nine tenths and"
                " all of them take no longer.",
                "s",
                width=8,
                step=COARSE,
            ),
            {f"{share:.0%}": f"quantile({share}, max by (appid) ({duration}))" for share in (0.5, 0.9, 1)},
        ),
        rows(
            About("Slowest fetches", "The 20 mini programs whose fetch took longest.", "s", width=8),
            [named(f"topk(20, max by (appid) ({duration}))")],
            (*_WHO, Column("Value", "time", unit="s", width=80)),
            sort="time",
            descending=True,
            empty="No fetch is known.",
        ),
    ]


def _drift() -> list[Panel]:
    columns = (*_WHO, Column("category", width=150), Column("domain"))

    def table(title: str, description: str, metric: str) -> Panel:
        return rows(
            About(title, f"{description} At most 200 rows."),
            [named(f"topk(200, max by (appid, category, domain) ({fleet(metric)}))")],
            columns,
            sort="mini program",
            empty="None is known.",
        )

    return [
        table("Missing domains", "What a baseline requires and WeChat does not have.", "missing_domain"),
        table("Unexpected domains", "What WeChat has and no baseline allows.", "unexpected_domain"),
        graph(
            About(
                "Differences",
                "Domains that differ from the baselines. No line while no list is compared with one.",
            ),
            {"missing": differences("missing_domain"), "unexpected": differences("unexpected_domain")},
        ),
        graph(
            About(
                "Lists with a baseline",
                "Lists that match their baseline, and lists that do not.",
                step=COARSE,
            ),
            {
                "matching": f"sum(min by (appid, category) ({fleet('baseline_match')}))",
                "different": f"sum(1 - min by (appid, category) ({fleet('baseline_match')}))",
            },
            stacked=True,
        ),
    ]


def _lists() -> list[Panel]:
    top = f"topk(200, {not_in_force()})"
    category = Column("category", width=150)
    return [
        rows(
            About(
                "Fullest lists",
                "Configured domains as a share of WeChat's maximum. The 50 fullest.",
                "percentunit",
            ),
            [named(f"topk(50, {fullness()})")],
            (*_WHO, category, Column("Value", "of the maximum", unit="percentunit", gauge=LIST_NEARLY_FULL)),
            sort="of the maximum",
            descending=True,
            empty="No list is known.",
        ),
        rows(
            About(
                "What changed",
                "How often each list changed in the time shown. The 100 that changed most.",
            ),
            [named(f"topk(100, {changed('$__range')})")],
            (*_WHO, category, Column("Value", "changes", unit="none", width=100)),
            sort="changes",
            descending=True,
            empty="No change is known.",
        ),
        rows(
            About(
                "Configured, but not in force",
                "What is configured comes into force with the mini program's next release. The number of"
                " domains can be the same although they are not. At most 200 rows. Needs collect.effective.",
            ),
            [
                named(f"max by (appid, category) ({fleet(metric)} and on (appid, category) {top})")
                for metric in ("domains", "effective_domains")
            ],
            (
                *_WHO,
                category,
                Column("Value #A", "configured", unit="none", width=100),
                Column("Value #B", "in force", unit="none", width=100),
            ),
            sort="mini program",
            empty="None is known.",
        ),
        graph(
            About(
                "Domains",
                "Configured domains of the mini programs that don't fail, by category.",
                step=COARSE,
            ),
            {"{{category}}": f"sum by (category) (max by (appid, category) ({fleet('domains')}))"},
        ),
    ]


def _quota() -> list[Panel]:
    top = f"topk(50, {quota_used()})"
    return [
        rows(
            About(
                "Most used quotas",
                "The share of the day's calls that is used up. The 50 highest. Needs collect.quota.",
            ),
            [
                named(top),
                named(f"max by (appid, api) ({fleet('api_quota_remaining')} and on (appid, api) {top})"),
            ],
            (
                *_WHO,
                Column("api", "API", width=140),
                Column("Value #A", "used", unit="percentunit", gauge=QUOTA_NEARLY_USED),
                Column("Value #B", "calls left", unit="none", width=100),
            ),
            sort="used",
            descending=True,
            empty="No quota is known.",
        ),
        graph(
            About(
                "Use of the quotas",
                "Mini programs that have used that much of a daily quota, or more.",
                step=COARSE,
            ),
            {f"{share:.0%}": number_of_quotas_used(share) for share in (0.5, QUOTA_NEARLY_USED, 0.95)},
        ),
    ]
