"""The exporter's own health, as a section of the overview."""

from dashboards.frame import Section
from dashboards.panels import About, Column, Panel, graph, number, rows, timeline, values
from dashboards.promql import counted, fleet, own, sum_rate
from wx_domain_exporter.thresholds import FIGURES_OLD


def exporter_section() -> Section:
    """What the exporter says of itself."""
    return Section("Exporter", [*_states(), *_calls(), *_sources()])


def _states() -> list[Panel]:
    read = values({"0": ("refused", "red"), "1": ("in force", "green")})
    config = "wx_domain_exporter_config"
    return [
        number(
            About(
                "Targets down", "Targets of the chosen jobs that Prometheus can't scrape.", width=4, height=4
            ),
            f"sum(max by (job, instance) ({own('up')}) == bool 0)",
            {1: "red"},
        ),
        number(
            About(
                "Configuration",
                "Whether the last reading of the configuration succeeded everywhere.",
                width=4,
                height=4,
            ),
            f"min({own(f'{config}_last_reload_successful')})",
            {},
            mappings=[read],
        ),
        number(
            About("Read", "When a configuration was last read with success.", "dateTimeFromNow", 4, 4),
            f"max({own(f'{config}_last_reload_success_timestamp_seconds')}) * 1000",
            {},
        ),
        number(
            About(
                "Different configurations",
                "Configurations in force at the chosen exporters; more than one while they are rolled out, or"
                " for ever if the exporters have different mini programs.",
                width=4,
                height=4,
            ),
            f'count(count by (config) (count_values by (instance) ("config", {own(f"{config}_hash")})))',
            {2: "orange"},
        ),
        number(
            About(
                "Oldest figures", "The age of the oldest outcome among the mini programs' series.", "s", 4, 4
            ),
            f"max(time() - max by (appid) ({fleet('fetch_timestamp_seconds')}))",
            {FIGURES_OLD // 2: "orange", FIGURES_OLD: "red"},
        ),
        number(
            About("Broken app files", "App files whose last good content is used.", width=4, height=4),
            counted(
                f"max by (job, instance, file) ({own('wx_domain_exporter_app_file_errors')}) == 1",
                own("wx_domain_exporter_build_info"),
            ),
            {1: "red"},
        ),
    ]


def _calls() -> list[Panel]:
    duration = "wx_domain_exporter_api_request_duration_seconds_bucket"
    return [
        graph(
            About(
                "Scrape time",
                "How long the slowest scrape of each job took, to be compared with scrape_timeout.",
                "s",
                8,
            ),
            {"{{job}}": f"max by (job) ({own('wx_domain_scrape_duration_seconds')})"},
        ),
        graph(
            About(
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
        graph(
            About(
                "Calls without a good answer",
                "Timeouts, broken connections and answers that are no answers.",
                "reqps",
                8,
            ),
            {"{{api}} {{reason}}": sum_rate("api, reason", "wx_domain_exporter_api_request_failures_total")},
        ),
        graph(
            About("Time of a call", "The 50th and the 99th percentile of each API's calls.", "s", 8),
            {
                f"{{{{api}}}} p{percent}": f"histogram_quantile(0.{percent}, {sum_rate('api, le', duration)})"
                for percent in (50, 99)
            },
        ),
        graph(
            About(
                "Tokens",
                "Tokens fetched a second, by type of the source. A healthy one lasts for hours.",
                "ops",
                8,
            ),
            {"{{source}}": sum_rate("source", "wx_domain_exporter_token_refreshes_total")},
        ),
        graph(
            About(
                "Discovered mini programs",
                "Mini programs that have authorized each third-party platform, as its list last said: old"
                " while the last discovery failed.",
                width=8,
            ),
            {"{{platform}}": f"max by (platform) ({own('wx_domain_exporter_discovered_apps')})"},
        ),
    ]


def _sources() -> list[Panel]:
    cpu = own("process_cpu_seconds_total")
    result = values({"0": ("failed", "red"), "1": ("succeeded", "green")})
    return [
        timeline(
            About("Last discovery", "Whether each platform's last discovery succeeded everywhere.", width=6),
            {"{{platform}}": f"min by (platform) ({own('wx_domain_exporter_discovery_last_successful')})"},
            [result],
        ),
        graph(
            About("Failed discoveries", "Failures to read a platform's list, a second.", "ops", 6),
            {"{{platform}}": sum_rate("platform", "wx_domain_exporter_discovery_errors_total")},
        ),
        graph(
            About("Memory", "Resident memory. The 10 largest.", "bytes", 6),
            {"{{instance}}": f"topk(10, max by (instance) ({own('process_resident_memory_bytes')}))"},
        ),
        graph(
            About("CPU", "Processor time used, in cores. The 10 busiest.", "none", 6),
            {"{{instance}}": f"topk(10, max by (instance) (rate({cpu}[$__rate_interval])))"},
        ),
        rows(
            About(
                "Versions",
                "What runs where, and how many mini programs it watches. At most 100 rows.",
                width=24,
                height=6,
            ),
            [
                "topk(100, max by (job, instance) ("
                + own("wx_domain_exporter_apps")
                + ") * on (job, instance) group_left (version, pythonversion)"
                " topk by (job, instance) (1, max by (job, instance, version, pythonversion) ("
                + own("wx_domain_exporter_build_info")
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
