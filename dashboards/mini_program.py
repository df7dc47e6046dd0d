"""The dashboard of one mini program."""

from grafana_foundation_sdk.models import dashboard as models

from dashboards.frame import (
    LINK_TO_FLEET,
    MINI_PROGRAM,
    Annotation,
    Section,
    appid_variable,
    link,
    link_to_wechat,
    new_dashboard,
    with_sections,
)
from dashboards.panels import (
    Column,
    Panel,
    PanelHeader,
    graph_panel,
    label_panel,
    stat_panel,
    table_panel,
    timeline_panel,
    value_mappings,
)
from dashboards.promql import (
    ONE_APP,
    apps,
    differences,
    fullness,
    limit,
    number_of_lists_not_effective,
    quota_used,
)
from wx_domain_exporter.thresholds import LIST_NEARLY_FULL, QUOTA_NEARLY_USED


def mini_program_dashboard() -> models.Dashboard:
    """The dashboard of one mini program."""
    dashboard = new_dashboard(
        MINI_PROGRAM,
        "WeChat domains: mini program",
        "One mini program: its domain lists, what differs from the baseline and from what is in force, its"
        " errors, its quota, and how all that changed.",
    )
    dashboard.with_variable(appid_variable()).refresh("1m")
    dashboard.link(link("All mini programs", LINK_TO_FLEET)).link(link_to_wechat())
    for annotation in _changes():
        dashboard.annotation(annotation)
    return with_sections(
        dashboard,
        [
            Section("State", [*_state(), _errors()]),
            Section("Lists", _lists()),
            Section("History", _history()),
        ],
    )


def _of_the_app(metric: str) -> str:
    return apps(metric, ONE_APP)


def _max(by: str, metric: str, offset: str = "") -> str:
    return f"max by ({by}) ({_of_the_app(metric)}{offset})"


def _changes() -> list[Annotation]:
    before = " offset $__rate_interval"
    was, now = _max("category, domain", "info", before), _max("category, domain", "info")
    known_before = _max("category", "hash", before)
    known_now = _max("category", "hash")
    known_last = f"max by (category) (last_over_time({_of_the_app('hash')}[1d]{before}))"
    return [
        Annotation(
            "Added domains",
            "green",
            f"({now} unless {was}) and on (category) {known_before}",
            "added",
            "{{category}}: {{domain}}",
        ),
        Annotation(
            "Removed domains",
            "red",
            f"({was} unless {now}) and on (category) {known_now}",
            "removed",
            "{{category}}: {{domain}}",
        ),
        Annotation(
            "Changed while it was not scraped",
            "blue",
            # In VictoriaMetrics, a value differs from one that is not there yet; a difference needs both.
            f"({known_now} - {known_last} != 0) unless on (category) {known_before}",
            "changed meanwhile",
            "{{category}}",
        ),
    ]


def _state() -> list[Panel]:
    up = value_mappings({"0": ("failing", "red"), "1": ("up", "green")})
    match = value_mappings({"-1": ("none", "text"), "0": ("different", "red"), "1": ("matches", "green")})
    success = f"min({_of_the_app('up')}) == 1"
    return [
        stat_panel(
            PanelHeader(
                "State", "Whether WeChat's last answer was a good one, for every exporter.", width=3, height=4
            ),
            f"min({_of_the_app('up')})",
            {},
            mappings=[up],
        ),
        label_panel(
            PanelHeader("Reason", "Why it fails; docs/runbook.md says what to do.", width=3, height=4),
            _reason(success),
            "reason",
            {-1: "text", 0: "green", 1: "red"},
        ),
        stat_panel(
            PanelHeader("Last success", "When WeChat last gave a good answer.", "dateTimeFromNow", 3, 4),
            f"max({_of_the_app('last_success_timestamp_seconds')}) * 1000 or max({_of_the_app('up')}) * 0",
            {},
            mappings=[value_mappings({"0": ("never", "red")})],
        ),
        stat_panel(
            PanelHeader("Number of domains", "Configured domains of all categories.", width=3, height=4),
            f"sum({_max('category', 'domains')})",
            {},
        ),
        stat_panel(
            PanelHeader(
                "Baseline",
                "Whether all lists that have a baseline match it; none if it does not fail and has none.",
                width=3,
                height=4,
            ),
            f"min({_of_the_app('baseline_match')}) or -({success})",
            {},
            mappings=[match],
        ),
        stat_panel(
            PanelHeader(
                "Not in force",
                "Lists that differ from the ones in force after the last release. Needs collect.effective.",
                width=3,
                height=4,
            ),
            number_of_lists_not_effective(ONE_APP),
            {1: "orange"},
        ),
        stat_panel(
            PanelHeader(
                "Fullest list", "Of its lists, the largest share of WeChat's maximum.", "percentunit", 3, 4
            ),
            f"max({fullness(ONE_APP)})",
            {LIST_NEARLY_FULL: "orange", 1: "red"},
        ),
        stat_panel(
            PanelHeader("Quota used", "The share of the day's calls that is used up.", "percentunit", 3, 4),
            f"max({quota_used(ONE_APP)})",
            {QUOTA_NEARLY_USED: "orange", 1: "red"},
        ),
    ]


def _reason(success: str) -> str:
    """Series with the reason as a label: a failure has the value 1, `none` 0 and `unknown` -1."""
    none = f'label_replace(({success}) - 1, "reason", "none", "", "")'
    unknown = f'label_replace(-absent(max({_of_the_app("up")})), "reason", "unknown", "", "")'
    return f"{_max('reason', 'fetch_error')} or {none} or {unknown}"


def _errors() -> Panel:
    return table_panel(
        PanelHeader(
            "Errcodes",
            "What WeChat's APIs answered last; docs/errcodes.md says what to do about each.",
            width=24,
            height=5,
        ),
        [_max("api, errcode", "api_error")],
        (Column("api", "API"), Column("errcode", width=120)),
        sort="API",
        empty="None is known.",
    )


def _lists() -> list[Panel]:
    return [_domains(), _categories()]


def _domains() -> Panel:
    by = "category, domain"
    unexpected = _max(by, "unexpected_domain")
    parts = {
        "configured": f"({_max(by, 'info')} unless {unexpected})",
        "unexpected": unexpected,
        "missing": _max(by, "missing_domain"),
    }
    expression = " or ".join(
        f'label_replace({part}, "state", "{state}", "", "")' for state, part in parts.items()
    )
    colors = {"configured": "text", "unexpected": "orange", "missing": "red"}
    return table_panel(
        PanelHeader(
            "Domains",
            "What WeChat has configured, and what differs from the baseline: unexpected is there and not"
            " allowed, missing is required and not there.",
            width=14,
            height=14,
        ),
        [expression],
        (
            Column("category", width=170),
            Column("domain"),
            Column(
                "state",
                width=120,
                mappings=[value_mappings({state: (state, color) for state, color in colors.items()})],
            ),
        ),
        sort="category",
        empty="No list is known: it fails, has more than collect.max_domains, or collect.domains is off.",
    )


def _categories() -> Panel:
    differs = f"{_max('category', 'hash')} != bool {_max('category', 'effective_hash')}"
    return table_panel(
        PanelHeader(
            "Configured and in force",
            "Domains by category: configured, in force after the last release (collect.effective), and"
            " WeChat's maximum. A list can differ although the number is the same.",
            width=10,
            height=14,
        ),
        [
            _max("category", "domains"),
            _max("category", "effective_domains"),
            differs,
            f"{limit(ONE_APP)} and on (category) {_max('category', 'domains')}",
        ],
        (
            Column("category"),
            Column("Value #A", "configured", unit="none", width=100),
            Column("Value #B", "in force", unit="none", width=90),
            Column(
                "Value #C",
                "differs",
                mappings=[value_mappings({"0": ("no", "green"), "1": ("yes", "orange")})],
                width=80,
            ),
            Column("Value #D", "maximum", unit="none", width=90),
        ),
        sort="category",
        empty="No list is known.",
    )


def _history() -> list[Panel]:
    error = value_mappings({"1": ("yes", "red")})
    known = value_mappings({"1": ("yes", "blue")})
    return [
        graph_panel(
            PanelHeader(
                "Domains over time",
                "Configured domains, by category. Annotations name what was added and removed.",
            ),
            {"{{category}}": _max("category", "domains")},
        ),
        timeline_panel(
            PanelHeader("Errors", "When it failed, with the reason, and the errcodes of WeChat's APIs."),
            {
                "{{reason}}": _max("reason", "fetch_error"),
                "{{api}} {{errcode}}": _max("api, errcode", "api_error"),
            },
            [error],
        ),
        graph_panel(
            PanelHeader(
                "Differences from the baseline",
                "Domains that are missing, and domains that are not allowed, at most"
                " collect.max_domains. No line while it fails or has no baseline.",
            ),
            {
                "missing": differences("missing_domain", ONE_APP),
                "unexpected": differences("unexpected_domain", ONE_APP),
            },
        ),
        graph_panel(
            PanelHeader(
                "Configured less in force", "By how many domains a list is longer than the one in force."
            ),
            {"{{category}}": f"{_max('category', 'domains')} - {_max('category', 'effective_domains')}"},
        ),
        graph_panel(
            PanelHeader("Quota", "The day's calls, as WeChat counts them: allowed, and used by everybody."),
            {
                "{{api}} limit": _max("api", "api_quota_limit"),
                "{{api}} used": _max("api", "api_quota_used"),
            },
        ),
        graph_panel(
            PanelHeader(
                "Time of a fetch", "How long the mini program's fetch took, tokens and retries included.", "s"
            ),
            {"fetch": f"max({_of_the_app('fetch_duration_seconds')})"},
        ),
        timeline_panel(
            PanelHeader(
                "Account status",
                "Normal, cancelled, banned, warned or frozen, as WeChat reports it. Needs collect.account.",
                width=24,
                height=5,
            ),
            {"{{status}}": _max("status", "account_status")},
            [known],
        ),
    ]
