"""The dashboard of all mini programs, for fleets of one to 10,000."""

from grafana_foundation_sdk.models import dashboard as models

from dashboards.exporter_panels import exporter_section
from dashboards.frame import (
    FLEET,
    LINK_TO_MINI_PROGRAM,
    Annotation,
    Section,
    appid_variable,
    link_to_wechat,
    new_dashboard,
    with_all_selected,
    with_sections,
)
from dashboards.panels import (
    COARSE_STEP,
    Column,
    Panel,
    PanelHeader,
    graph_panel,
    stat_panel,
    table_panel,
    value_mappings,
)
from dashboards.promql import (
    apps,
    changed,
    counted,
    differences,
    failures,
    fullness,
    lists_not_effective,
    named,
    number_of_apps_with_used_quota,
    number_of_changes,
    number_of_lists_not_effective,
    quota_used,
)
from wx_domain_exporter.thresholds import LIST_NEARLY_FULL, QUOTA_NEARLY_USED

_APP_COLUMNS = (
    Column("name", "mini program", link=LINK_TO_MINI_PROGRAM),
    Column("appid", width=180),
)


def fleet_dashboard() -> models.Dashboard:
    """The dashboard of all mini programs."""
    dashboard = new_dashboard(
        FLEET,
        "WeChat domains: fleet",
        "All mini programs: which of them fail and why, which lists changed, differ from their baseline, are"
        " not in force or nearly full, the quota, and the exporter itself.",
    )
    dashboard.with_variable(with_all_selected(appid_variable())).link(link_to_wechat()).annotation(_changes())
    dashboard.refresh("5m")
    return with_sections(
        dashboard,
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
    header = PanelHeader(title, description, width=3, height=4)
    return stat_panel(header, expression, {1: color} if color else {}, absent=absent)


def _state() -> list[Panel]:
    return [
        _count(
            "Mini programs",
            "Mini programs that are watched.",
            f"count(max by (appid) ({apps('up')}))",
            absent="no data",
        ),
        _count(
            "Failing",
            "Mini programs that fail for at least one exporter. The table below says why. Domains and lists"
            " are counted of the others.",
            f"sum(min by (appid) ({apps('up')}) == bool 0)",
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
            number_of_lists_not_effective(),
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
            number_of_apps_with_used_quota(QUOTA_NEARLY_USED),
            "orange",
        ),
        _count(
            "Changed lists",
            "Lists that changed in the time shown, while the same exporter was scraped.",
            counted(changed("$__range"), apps("hash")),
            "blue",
        ),
    ]


def _failing() -> list[Panel]:
    never = value_mappings({"0": ("never", "red")})
    duration = apps("fetch_duration_seconds")
    columns = (
        *_APP_COLUMNS,
        Column("reason", width=100),
        Column("api", "API", width=190),
        Column("errcode", width=90),
        Column("Value", "last success", unit="dateTimeFromNow", mappings=[never], width=140),
    )
    return [
        table_panel(
            PanelHeader(
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
        graph_panel(
            PanelHeader("Failing, by reason", "Mini programs that fail, by reason.", width=8, height=10),
            {"{{reason}}": f"count by (reason) (max by (appid, reason) ({apps('fetch_error')}))"},
            stacked=True,
        ),
        graph_panel(
            PanelHeader(
                "Errcodes",
                "Mini programs whose last call of an API ended with the errcode. The 10 most frequent.",
                width=8,
            ),
            {
                "{{api}} {{errcode}}": "topk(10, count by (api, errcode)"
                f" (max by (appid, api, errcode) ({apps('api_error')})))"
            },
        ),
        graph_panel(
            PanelHeader(
                "Time of a fetch",
                "How long a mini program's fetch takes, tokens and retries included: half, nine tenths and"
                " all of them take no longer.",
                "s",
                width=8,
                step=COARSE_STEP,
            ),
            {f"{share:.0%}": f"quantile({share}, max by (appid) ({duration}))" for share in (0.5, 0.9, 1)},
        ),
        table_panel(
            PanelHeader("Slowest fetches", "The 20 mini programs whose fetch took longest.", "s", width=8),
            [named(f"topk(20, max by (appid) ({duration}))")],
            (*_APP_COLUMNS, Column("Value", "time", unit="s", width=80)),
            sort="time",
            descending=True,
            empty="No fetch is known.",
        ),
    ]


def _drift() -> list[Panel]:
    columns = (*_APP_COLUMNS, Column("category", width=150), Column("domain"))

    def table(title: str, description: str, metric: str) -> Panel:
        return table_panel(
            PanelHeader(title, f"{description} At most 200 rows."),
            [named(f"topk(200, max by (appid, category, domain) ({apps(metric)}))")],
            columns,
            sort="mini program",
            empty="None is known.",
        )

    return [
        table("Missing domains", "What a baseline requires and WeChat does not have.", "missing_domain"),
        table("Unexpected domains", "What WeChat has and no baseline allows.", "unexpected_domain"),
        graph_panel(
            PanelHeader(
                "Differences",
                "Domains that differ from the baselines. No line while no list is compared with one.",
            ),
            {"missing": differences("missing_domain"), "unexpected": differences("unexpected_domain")},
        ),
        graph_panel(
            PanelHeader(
                "Lists with a baseline",
                "Lists that match their baseline, and lists that do not.",
                step=COARSE_STEP,
            ),
            {
                "matching": f"sum(min by (appid, category) ({apps('baseline_match')}))",
                "different": f"sum(1 - min by (appid, category) ({apps('baseline_match')}))",
            },
            stacked=True,
        ),
    ]


def _lists() -> list[Panel]:
    top = f"topk(200, {lists_not_effective()})"
    category = Column("category", width=150)
    return [
        table_panel(
            PanelHeader(
                "Fullest lists",
                "Configured domains as a share of WeChat's maximum. The 50 fullest.",
                "percentunit",
            ),
            [named(f"topk(50, {fullness()})")],
            (
                *_APP_COLUMNS,
                category,
                Column("Value", "of the maximum", unit="percentunit", gauge=LIST_NEARLY_FULL),
            ),
            sort="of the maximum",
            descending=True,
            empty="No list is known.",
        ),
        table_panel(
            PanelHeader(
                "What changed",
                "How often each list changed in the time shown. The 100 that changed most.",
            ),
            [named(f"topk(100, {number_of_changes('$__range')})")],
            (*_APP_COLUMNS, category, Column("Value", "changes", unit="none", width=100)),
            sort="changes",
            descending=True,
            empty="No change is known.",
        ),
        table_panel(
            PanelHeader(
                "Configured, but not in force",
                "What is configured comes into force with the mini program's next release. The number of"
                " domains can be the same although they are not. At most 200 rows. Needs collect.effective.",
            ),
            [
                named(f"max by (appid, category) ({apps(metric)} and on (appid, category) {top})")
                for metric in ("domains", "effective_domains")
            ],
            (
                *_APP_COLUMNS,
                category,
                Column("Value #A", "configured", unit="none", width=100),
                Column("Value #B", "in force", unit="none", width=100),
            ),
            sort="mini program",
            empty="None is known.",
        ),
        graph_panel(
            PanelHeader(
                "Domains",
                "Configured domains of the mini programs that don't fail, by category.",
                step=COARSE_STEP,
            ),
            {"{{category}}": f"sum by (category) (max by (appid, category) ({apps('domains')}))"},
        ),
    ]


def _quota() -> list[Panel]:
    top = f"topk(50, {quota_used()})"
    return [
        table_panel(
            PanelHeader(
                "Most used quotas",
                "The share of the day's calls that is used up. The 50 highest. Needs collect.quota.",
            ),
            [
                named(top),
                named(f"max by (appid, api) ({apps('api_quota_remaining')} and on (appid, api) {top})"),
            ],
            (
                *_APP_COLUMNS,
                Column("api", "API", width=140),
                Column("Value #A", "used", unit="percentunit", gauge=QUOTA_NEARLY_USED),
                Column("Value #B", "calls left", unit="none", width=100),
            ),
            sort="used",
            descending=True,
            empty="No quota is known.",
        ),
        graph_panel(
            PanelHeader(
                "Use of the quotas",
                "Mini programs that have used that much of a daily quota, or more.",
                step=COARSE_STEP,
            ),
            {
                f"{share:.0%}": number_of_apps_with_used_quota(share)
                for share in (0.5, QUOTA_NEARLY_USED, 0.95)
            },
        ),
    ]
