"""The table of metrics: names, labels and help. Pure data: collectors and docs are made from it."""

from dataclasses import dataclass

from prometheus_client.metrics_core import GaugeMetricFamily


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity, because hashing the help text is slow
class Gauge:
    """One gauge of the fleet; its full name has the prefix `wx_domain_`."""

    name: str
    labels: tuple[str, ...]
    help: str

    def family(self, *more_labels: str) -> GaugeMetricFamily:
        """Make a metric family without samples."""
        return GaugeMetricFamily(self.name, self.help, labels=(*self.labels, *more_labels))


def _gauge(name: str, labels: str, text: str) -> Gauge:
    return Gauge(f"wx_domain_{name}", tuple(labels.split()), text)


UP = _gauge(
    "up",
    "appid",
    "1 if getwxadevinfo gave this scrape a well-formed answer with errcode 0, else 0.",
)
APP_INFO = _gauge(
    "app_info", "appid name", "1 for each watched mini program, with its name and its configured labels."
)
DOMAINS = _gauge(
    "domains",
    "appid category",
    "Distinct domains that WeChat has configured for the mini program, by category.",
)
HASH = _gauge(
    "hash",
    "appid category",
    "First 48 bits of the SHA-256 of the category's distinct domains: it changes when the list does.",
)
INFO = _gauge("info", "appid category domain", "1 for each domain that WeChat has configured.")
DOMAINS_LIMIT = _gauge("domains_limit", "category", "Most domains that WeChat allows in the category.")
API_ERROR = _gauge(
    "api_error",
    "appid api errcode",
    "1 while the last call of this WeChat API for the mini program ended with this errcode.",
)
FETCH_ERROR = _gauge(
    "fetch_error",
    "appid reason",
    "1 while the mini program fails, for one reason: api, token, timeout, connection, tls, http, decode,"
    " quota or deadline.",
)
FETCH_DURATION = _gauge(
    "fetch_duration_seconds", "appid", "Time of the mini program's last fetch, tokens and retries included."
)
FETCH_TIMESTAMP = _gauge(
    "fetch_timestamp_seconds", "appid", "Unix time at which the outcome behind these series arrived."
)
LAST_SUCCESS = _gauge(
    "last_success_timestamp_seconds",
    "appid",
    "Unix time at which the mini program's last good answer arrived.",
)
BASELINE_MATCH = _gauge(
    "baseline_match",
    "appid category",
    "1 if the category is as the mini program's baseline has it, else 0; for each category with a baseline.",
)
MISSING = _gauge(
    "missing_domain",
    "appid category domain",
    "1 for each domain that the baseline requires and WeChat has not configured.",
)
UNEXPECTED = _gauge(
    "unexpected_domain",
    "appid category domain",
    "1 for each domain that WeChat has configured and the baseline does not allow.",
)
EFFECTIVE_DOMAINS = _gauge(
    "effective_domains",
    "appid category",
    "Distinct domains in force after the last release, by category: effective_domain of get_effective_domain,"
    " and as bizdomain effective_webviewdomain of get_effective_webviewdomain.",
)
EFFECTIVE_HASH = _gauge(
    "effective_hash",
    "appid category",
    "Hash of the list in force, as wx_domain_hash: the two differ while what is configured is not in force.",
)
QUOTA_LIMIT = _gauge(
    "api_quota_limit",
    "appid api",
    "Calls of the API that the mini program has a day: daily_limit of quota/get.",
)
QUOTA_USED = _gauge(
    "api_quota_used",
    "appid api",
    "Calls of the API that the mini program has used up today: used of quota/get.",
)
QUOTA_REMAINING = _gauge(
    "api_quota_remaining",
    "appid api",
    "Calls of the API that the mini program has left today: remain of quota/get.",
)
ACCOUNT_STATUS = _gauge(
    "account_status",
    "appid status",
    "1 for the status of the mini program's account: normal, cancelled, banned, warned or frozen, as"
    " account_status of api_get_authorizer_info.",
)
SCRAPE_DURATION = _gauge("scrape_duration_seconds", "", "Time of this whole scrape.")

GAUGES = (
    UP,
    APP_INFO,
    DOMAINS,
    HASH,
    INFO,
    DOMAINS_LIMIT,
    API_ERROR,
    FETCH_ERROR,
    FETCH_DURATION,
    FETCH_TIMESTAMP,
    LAST_SUCCESS,
    BASELINE_MATCH,
    MISSING,
    UNEXPECTED,
    EFFECTIVE_DOMAINS,
    EFFECTIVE_HASH,
    QUOTA_LIMIT,
    QUOTA_USED,
    QUOTA_REMAINING,
    ACCOUNT_STATUS,
    SCRAPE_DURATION,
)
"""The fleet's gauges, in the order of the exposition."""


PLATFORM_UP = _gauge(
    "platform_up",
    "platform category",
    "1 if the last reading of the third-party platform's own lists of the category succeeded, else 0; the"
    " other series show the last good reading.",
)
PLATFORM_DOMAINS = _gauge(
    "platform_domains",
    "platform category version",
    "Distinct hosts in the third-party platform's own list; version is published or testing.",
)
PLATFORM_HASH = _gauge(
    "platform_hash",
    "platform category version",
    "Hash of the third-party platform's own list, as wx_domain_hash.",
)
PLATFORM_INVALID_DOMAINS = _gauge(
    "platform_invalid_domains",
    "platform category",
    "Hosts of the third-party platform that WeChat could not verify.",
)
PLATFORM_DOMAINS_LIMIT = _gauge(
    "platform_domains_limit",
    "category",
    "Most hosts that WeChat allows in a third-party platform's own list.",
)
PLATFORM_BASELINE_MATCH = _gauge(
    "platform_baseline_match",
    "platform category version",
    "1 if the third-party platform's own list is as its baseline has it, else 0.",
)
PLATFORM_MISSING = _gauge(
    "platform_missing_domain",
    "platform category version domain",
    "1 for each host that the baseline requires and the third-party platform's own list lacks.",
)
PLATFORM_UNEXPECTED = _gauge(
    "platform_unexpected_domain",
    "platform category version domain",
    "1 for each host in the third-party platform's own list that the baseline does not allow.",
)
PLATFORM_API_ERROR = _gauge(
    "platform_api_error",
    "platform category api errcode",
    "1 while the last reading of the third-party platform's own lists ended with this errcode.",
)
PLATFORM_LAST_SUCCESS = _gauge(
    "platform_last_success_timestamp_seconds",
    "platform category",
    "Unix time of the last good reading of the third-party platform's own lists.",
)

PLATFORM_GAUGES = (
    PLATFORM_UP,
    PLATFORM_DOMAINS,
    PLATFORM_HASH,
    PLATFORM_INVALID_DOMAINS,
    PLATFORM_DOMAINS_LIMIT,
    PLATFORM_BASELINE_MATCH,
    PLATFORM_MISSING,
    PLATFORM_UNEXPECTED,
    PLATFORM_API_ERROR,
    PLATFORM_LAST_SUCCESS,
)
"""The gauges of the own lists of third-party platforms, in the order of the exposition."""


@dataclass(frozen=True, slots=True)
class SelfMetric:
    """One metric of the exporter itself; its full name has the prefix `wx_domain_exporter_`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


def _own(name: str, kind: str, labels: str, text: str) -> SelfMetric:
    return SelfMetric(f"wx_domain_exporter_{name}", kind, tuple(labels.split()), text)


BUILD_INFO = _own(
    "build_info", "gauge", "version pythonversion", "1, with the versions of the exporter and of Python."
)
APPS = _own("apps", "gauge", "", "Mini programs that are watched.")
RELOAD_SUCCESSFUL = _own(
    "config_last_reload_successful",
    "gauge",
    "",
    "1 if the last reading of the configuration succeeded, else 0.",
)
RELOAD_TIMESTAMP = _own(
    "config_last_reload_success_timestamp_seconds",
    "gauge",
    "",
    "Unix time of the last successful reading of the configuration.",
)
CONFIG_HASH = _own(
    "config_hash", "gauge", "", "First 48 bits of the SHA-256 of the configuration file in force."
)
API_REQUESTS = _own(
    "api_requests_total", "counter", "api errcode", "Well-formed answers of the WeChat API, by errcode."
)
API_FAILURES = _own(
    "api_request_failures_total",
    "counter",
    "api reason",
    "Calls of the WeChat API without a well-formed answer.",
)
API_DURATION = _own(
    "api_request_duration_seconds", "histogram", "api", "Time of the calls of the WeChat API."
)
TOKEN_REFRESHES = _own(
    "token_refreshes_total", "counter", "source", "Tokens that were fetched, by type of the token source."
)
DISCOVERED_APPS = _own(
    "discovered_apps",
    "gauge",
    "platform",
    "Mini programs that have authorized the third-party platform and are watched; absent until its list was"
    " read as a whole.",
)
DISCOVERY_ERRORS = _own(
    "discovery_errors_total",
    "counter",
    "platform",
    "Failures to read the third-party platform's list of authorizers.",
)
DISCOVERY_SUCCESSFUL = _own(
    "discovery_last_successful",
    "gauge",
    "platform",
    "1 if the last reading of the third-party platform's list of authorizers succeeded, else 0; absent before"
    " the first.",
)
DISCOVERY_ACCOUNT_ERRORS = _own(
    "discovery_account_errors",
    "gauge",
    "platform",
    "How many accounts of the third-party platform's last list of authorizers could not be looked up; they"
    " are tried again later.",
)
APP_FILE_ERRORS = _own(
    "app_file_errors",
    "gauge",
    "file",
    "1 while the app file is broken and its last good content, if it had any, is used, else 0.",
)

SELF_METRICS = (
    BUILD_INFO,
    APPS,
    RELOAD_SUCCESSFUL,
    RELOAD_TIMESTAMP,
    CONFIG_HASH,
    API_REQUESTS,
    API_FAILURES,
    API_DURATION,
    TOKEN_REFRESHES,
    DISCOVERED_APPS,
    DISCOVERY_ERRORS,
    DISCOVERY_SUCCESSFUL,
    DISCOVERY_ACCOUNT_ERRORS,
    APP_FILE_ERRORS,
)
"""The exporter's own metrics, in the order of the exposition."""
