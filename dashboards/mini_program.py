"""One mini program."""

from grafana_foundation_sdk.models import dashboard as models

from dashboards.frame import (
    LINK_TO_FLEET,
    MINI_PROGRAM,
    Annotation,
    Section,
    appid_variable,
    board,
    furnished,
    link,
    link_to_wechat,
)
from dashboards.panels import About, Column, Panel, graph, label_value, number, rows, timeline, values
from dashboards.promql import ONE, differences, fleet, fullness, limit, number_not_in_force, quota_used
from wx_domain_exporter.thresholds import LIST_NEARLY_FULL, QUOTA_NEARLY_USED


def mini_program_dashboard() -> models.Dashboard:
    """The whole dashboard."""
    found = board(
        MINI_PROGRAM,
        "WeChat domains: mini program",
        "One mini program: its domain lists, what differs from the baseline and from what is in force, its"
        " errors, its quota, and how all that changed.",
    )
    found.with_variable(appid_variable()).refresh("1m")
    found.link(link("All mini programs", LINK_TO_FLEET)).link(link_to_wechat())
    for annotation in _changes():
        found.annotation(annotation)
    return furnished(
        found,
        [
            Section("State", [*_state(), _errors()]),
            Section("Lists", _lists()),
            Section("History", _history()),
        ],
    )


def _of_it(metric: str) -> str:
    return fleet(metric, ONE)


def _most(by: str, metric: str, offset: str = "") -> str:
    return f"max by ({by}) ({_of_it(metric)}{offset})"


def _changes() -> list[Annotation]:
    before = " offset $__rate_interval"
    was, now = _most("category, domain", "info", before), _most("category, domain", "info")
    known_before = _most("category", "hash", before)
    known_now = _most("category", "hash")
    known_last = f"max by (category) (last_over_time({_of_it('hash')}[1d]{before}))"
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
            f"({known_now} != {known_last}) unless on (category) {known_before}",
            "changed meanwhile",
            "{{category}}",
        ),
    ]


def _state() -> list[Panel]:
    up = values({"0": ("failing", "red"), "1": ("up", "green")})
    match = values({"-1": ("none", "text"), "0": ("different", "red"), "1": ("matches", "green")})
    well = f"min({_of_it('up')}) == 1"
    return [
        number(
            About(
                "State", "Whether WeChat's last answer was a good one, for every exporter.", width=3, height=4
            ),
            f"min({_of_it('up')})",
            {},
            mappings=[up],
        ),
        label_value(
            About("Reason", "Why it fails; docs/runbook.md says what to do.", width=3, height=4),
            _reason(well),
            "reason",
            {-1: "text", 0: "green", 1: "red"},
        ),
        number(
            About("Last success", "When WeChat last gave a good answer.", "dateTimeFromNow", 3, 4),
            f"max({_of_it('last_success_timestamp_seconds')}) * 1000 or max({_of_it('up')}) * 0",
            {},
            mappings=[values({"0": ("never", "red")})],
        ),
        number(
            About("Number of domains", "Configured domains of all categories.", width=3, height=4),
            f"sum({_most('category', 'domains')})",
            {},
        ),
        number(
            About(
                "Baseline",
                "Whether all lists that have a baseline match it; none if it does not fail and has none.",
                width=3,
                height=4,
            ),
            f"min({_of_it('baseline_match')}) or -({well})",
            {},
            mappings=[match],
        ),
        number(
            About(
                "Not in force",
                "Lists that differ from the ones in force after the last release. Needs collect.effective.",
                width=3,
                height=4,
            ),
            number_not_in_force(ONE),
            {1: "orange"},
        ),
        number(
            About(
                "Fullest list", "Of its lists, the largest share of WeChat's maximum.", "percentunit", 3, 4
            ),
            f"max({fullness(ONE)})",
            {LIST_NEARLY_FULL: "orange", 1: "red"},
        ),
        number(
            About("Quota used", "The share of the day's calls that is used up.", "percentunit", 3, 4),
            f"max({quota_used(ONE)})",
            {QUOTA_NEARLY_USED: "orange", 1: "red"},
        ),
    ]


def _reason(well: str) -> str:
    """A failure's reason is 1, `none` 0 and `unknown` -1: without a series Grafana would show no word."""
    none = f'label_replace(({well}) - 1, "reason", "none", "", "")'
    unknown = f'label_replace(-absent(max({_of_it("up")})), "reason", "unknown", "", "")'
    return f"{_most('reason', 'fetch_error')} or {none} or {unknown}"


def _errors() -> Panel:
    return rows(
        About(
            "Errcodes",
            "What WeChat's APIs answered last; docs/errcodes.md says what to do about each.",
            width=24,
            height=5,
        ),
        [_most("api, errcode", "api_error")],
        (Column("api", "API"), Column("errcode", width=120)),
        sort="API",
        empty="None is known.",
    )


def _lists() -> list[Panel]:
    return [_domains(), _categories()]


def _domains() -> Panel:
    by = "category, domain"
    unexpected = _most(by, "unexpected_domain")
    parts = {
        "configured": f"({_most(by, 'info')} unless {unexpected})",
        "unexpected": unexpected,
        "missing": _most(by, "missing_domain"),
    }
    expression = " or ".join(
        f'label_replace({part}, "state", "{state}", "", "")' for state, part in parts.items()
    )
    colors = {"configured": "text", "unexpected": "orange", "missing": "red"}
    return rows(
        About(
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
                mappings=[values({state: (state, color) for state, color in colors.items()})],
            ),
        ),
        sort="category",
        empty="No list is known: it fails, has more than collect.max_domains, or collect.domains is off.",
    )


def _categories() -> Panel:
    differs = f"{_most('category', 'hash')} != bool {_most('category', 'effective_hash')}"
    return rows(
        About(
            "Configured and in force",
            "Domains by category: configured, in force after the last release (collect.effective), and"
            " WeChat's maximum. A list can differ although the number is the same.",
            width=10,
            height=14,
        ),
        [
            _most("category", "domains"),
            _most("category", "effective_domains"),
            differs,
            f"{limit(ONE)} and on (category) {_most('category', 'domains')}",
        ],
        (
            Column("category"),
            Column("Value #A", "configured", unit="none", width=100),
            Column("Value #B", "in force", unit="none", width=90),
            Column(
                "Value #C",
                "differs",
                mappings=[values({"0": ("no", "green"), "1": ("yes", "orange")})],
                width=80,
            ),
            Column("Value #D", "maximum", unit="none", width=90),
        ),
        sort="category",
        empty="No list is known.",
    )


def _history() -> list[Panel]:
    error = values({"1": ("yes", "red")})
    return [
        graph(
            About(
                "Domains over time",
                "Configured domains, by category. Annotations name what was added and removed.",
            ),
            {"{{category}}": _most("category", "domains")},
        ),
        timeline(
            About("Errors", "When it failed, with the reason, and the errcodes of WeChat's APIs."),
            {
                "{{reason}}": _most("reason", "fetch_error"),
                "{{api}} {{errcode}}": _most("api, errcode", "api_error"),
            },
            [error],
        ),
        graph(
            About(
                "Differences from the baseline",
                "Domains that are missing, and domains that are not allowed, at most"
                " collect.max_domains. No line while it fails or has no baseline.",
            ),
            {
                "missing": differences("missing_domain", ONE),
                "unexpected": differences("unexpected_domain", ONE),
            },
        ),
        graph(
            About("Configured less in force", "By how many domains a list is longer than the one in force."),
            {"{{category}}": f"{_most('category', 'domains')} - {_most('category', 'effective_domains')}"},
        ),
        graph(
            About("Quota", "The day's calls, as WeChat counts them: allowed, and used by everybody."),
            {
                "{{api}} limit": _most("api", "api_quota_limit"),
                "{{api}} used": _most("api", "api_quota_used"),
            },
        ),
        graph(
            About(
                "Time of a fetch", "How long the mini program's fetch took, tokens and retries included.", "s"
            ),
            {"fetch": f"max({_of_it('fetch_duration_seconds')})"},
        ),
    ]
