"""The section of the overview about the exporters themselves."""

from dashboards.frame import Section
from dashboards.panels import (
    Column,
    Panel,
    PanelHeader,
    graph_panel,
    stat_panel,
    table_panel,
    timeline_panel,
    value_mappings,
)
from dashboards.promql import apps, counted, exporter, sum_rate
from wx_domain_exporter.thresholds import FIGURES_OLD


def exporter_section() -> Section:
    """The section "Exporter"."""
    return Section("Exporter", [*_states(), *_calls(), *_sources()])


def _states() -> list[Panel]:
    read = value_mappings({"0": ("refused", "red"), "1": ("in force", "green")})
    config = "wx_domain_exporter_config"
    return [
        stat_panel(
            PanelHeader(
                "Targets down", "Targets of the chosen jobs that Prometheus can't scrape.", width=4, height=4
            ),
            f"sum(max by (job, instance) ({exporter('up')}) == bool 0)",
            {1: "red"},
        ),
        stat_panel(
            PanelHeader(
                "Configuration",
                "Whether the last reading of the configuration succeeded everywhere.",
                width=4,
                height=4,
            ),
            f"min({exporter(f'{config}_last_reload_successful')})",
            {},
            mappings=[read],
        ),
        stat_panel(
            PanelHeader("Read", "When a configuration was last read with success.", "dateTimeFromNow", 4, 4),
            f"max({exporter(f'{config}_last_reload_success_timestamp_seconds')}) * 1000",
            {},
        ),
        stat_panel(
            PanelHeader(
                "Different configurations",
                "Configurations in force at the chosen exporters; more than one while they are rolled out, or"
                " for ever if the exporters have different mini programs.",
                width=4,
                height=4,
            ),
            f'count(count by (config) (count_values by (instance) ("config", {exporter(f"{config}_hash")})))',
            {2: "orange"},
        ),
        stat_panel(
            PanelHeader(
                "Oldest figures", "The age of the oldest outcome among the mini programs' series.", "s", 4, 4
            ),
            f"max(time() - max by (appid) ({apps('fetch_timestamp_seconds')}))",
            {FIGURES_OLD // 2: "orange", FIGURES_OLD: "red"},
        ),
        stat_panel(
            PanelHeader("Broken app files", "App files whose last good content is used.", width=4, height=4),
            counted(
                f"max by (job, instance, file) ({exporter('wx_domain_exporter_app_file_errors')}) == 1",
                exporter("wx_domain_exporter_build_info"),
            ),
            {1: "red"},
        ),
    ]


def _calls() -> list[Panel]:
    duration = "wx_domain_exporter_api_request_duration_seconds_bucket"
    return [
        graph_panel(
            PanelHeader(
                "Scrape time",
                "How long the slowest scrape of each job took, to be compared with scrape_timeout.",
                "s",
                8,
            ),
            {"{{job}}": f"max by (job) ({exporter('wx_domain_scrape_duration_seconds')})"},
        ),
        graph_panel(
            PanelHeader(
                "Answers of WeChat",
                "Well-formed answers a second, by errcode. The 15 most frequent.",
                "reqps",
                8,
            ),
            {
                "{{api}} {{errcode}}": "topk(15, "
                + sum_rate("api, errcode", "wx_domain_exporter_api_requests_total")
                + ")"
            },
        ),
        graph_panel(
            PanelHeader(
                "Calls without a good answer",
                "Timeouts, broken connections and answers that are no answers.",
                "reqps",
                8,
            ),
            {"{{api}} {{reason}}": sum_rate("api, reason", "wx_domain_exporter_api_request_failures_total")},
        ),
        graph_panel(
            PanelHeader("Time of a call", "The 50th and the 99th percentile of each API's calls.", "s", 8),
            {
                f"{{{{api}}}} p{percent}": f"histogram_quantile(0.{percent}, {sum_rate('api, le', duration)})"
                for percent in (50, 99)
            },
        ),
        graph_panel(
            PanelHeader(
                "Tokens",
                "Tokens fetched a second, by type of the source. A healthy one lasts for hours.",
                "ops",
                8,
            ),
            {"{{source}}": sum_rate("source", "wx_domain_exporter_token_refreshes_total")},
        ),
        graph_panel(
            PanelHeader(
                "Discovered mini programs",
                "Mini programs that have authorized each third-party platform, as its list last said: old"
                " while the last discovery failed. And the accounts that could not be looked up.",
                width=8,
            ),
            {
                "{{platform}}": f"max by (platform) ({exporter('wx_domain_exporter_discovered_apps')})",
                "{{platform}} not looked up": "max by (platform) ("
                + exporter("wx_domain_exporter_discovery_account_errors")
                + ")",
            },
        ),
    ]


def _sources() -> list[Panel]:
    cpu = exporter("process_cpu_seconds_total")
    discovery = exporter("wx_domain_exporter_discovery_last_successful")
    result = value_mappings({"0": ("failed", "red"), "1": ("succeeded", "green")})
    return [
        timeline_panel(
            PanelHeader(
                "Last discovery", "Whether each platform's last discovery succeeded everywhere.", width=6
            ),
            {"{{platform}}": f"min by (platform) ({discovery})"},
            [result],
        ),
        graph_panel(
            PanelHeader("Failed discoveries", "Failures to read a platform's list, a second.", "ops", 6),
            {"{{platform}}": sum_rate("platform", "wx_domain_exporter_discovery_errors_total")},
        ),
        graph_panel(
            PanelHeader("Memory", "Resident memory. The 10 largest.", "bytes", 6),
            {"{{instance}}": f"topk(10, max by (instance) ({exporter('process_resident_memory_bytes')}))"},
        ),
        graph_panel(
            PanelHeader("CPU", "Processor time used, in cores. The 10 busiest.", "none", 6),
            {"{{instance}}": f"topk(10, max by (instance) (rate({cpu}[$__rate_interval])))"},
        ),
        table_panel(
            PanelHeader(
                "Versions",
                "What runs where, and how many mini programs it watches. At most 100 rows.",
                width=24,
                height=6,
            ),
            [
                "topk(100, max by (job, instance) ("
                + exporter("wx_domain_exporter_apps")
                + ") * on (job, instance) group_left (version, pythonversion)"
                " topk by (job, instance) (1, max by (job, instance, version, pythonversion) ("
                + exporter("wx_domain_exporter_build_info")
                + ")))"
            ],
            (
                Column("job"),
                Column("instance"),
                Column("version"),
                Column("pythonversion", "Python"),
                Column("Value", "mini programs", unit="none"),
            ),
            sort="instance",
            empty="No exporter is known.",
        ),
    ]
