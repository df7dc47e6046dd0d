"""PromQL expressions that several panels share; they use Grafana's variables.

Series are aggregated before they are joined or counted, so that a mini program counts once if two exporters
report it, if two Prometheus servers scrape one exporter, or if an exporter was restarted elsewhere.
"""

ONE_APP = 'appid="$appid"'
"""Matches the mini program of a dashboard that shows one."""

SELECTED_APPS = 'appid=~"$appid"'
"""Matches the mini programs that are selected on the overview."""

_TARGETS = 'job=~"$job",instance=~"$instance"'


def exporter(metric: str) -> str:
    """The series of a metric at the selected exporters."""
    return f"{metric}{{{_TARGETS}}}"


def apps(metric: str, matchers: str = SELECTED_APPS) -> str:
    """The series `wx_domain_METRIC` of mini programs."""
    return f"wx_domain_{metric}{{{_TARGETS},{matchers}}}"


def limit(matchers: str) -> str:
    """The maximum by category, from the exporters that have the mini programs, because it is configurable."""
    limits = exporter("wx_domain_domains_limit")
    return f"max by (category) ({limits} and on (job, instance) {apps('up', matchers)})"


def names() -> str:
    """Exactly one series per appid, with its name, even if two exporters have different names for it."""
    return f"topk by (appid) (1, max by (appid, name) ({apps('app_info')}))"


def named(expression: str) -> str:
    """The expression's series, which must have an appid, with the mini program's name added."""
    return f"({expression}) * on (appid) group_left (name) {names()}"


def counted(expression: str, known: str) -> str:
    """The number of series of the expression; without any, 0 if `known` has series, otherwise no result."""
    return f"count({expression}) or count({known}) * 0"


def differences(metric: str, matchers: str = SELECTED_APPS) -> str:
    """The number of domains that differ from a baseline; no result if no list is compared with one."""
    domains = f"max by (appid, category, domain) ({apps(metric, matchers)})"
    return counted(domains, apps("baseline_match", matchers))


def failures() -> str:
    """Apps that fail for any exporter, with reason and errcodes; the value is the last success, or 0."""
    reasons = f"topk by (appid) (1, max by (appid, reason) ({apps('fetch_error')}))"
    errcodes = f"max by (appid, api, errcode) ({apps('api_error')})"
    successes = (
        f"max by (appid) ({apps('last_success_timestamp_seconds')})"
        f" or max by (appid) ({apps('app_info')}) * 0"
    )
    return (
        f"({errcodes} * on (appid) group_left (reason) {reasons} or on (appid) {reasons})"
        f" * on (appid) group_left () ({successes})"
    )


def lists_not_effective() -> str:
    """Configured lists that differ from the effective ones, by appid and category."""
    return _compared_with_effective("!=", SELECTED_APPS)


def number_of_lists_not_effective(matchers: str = SELECTED_APPS) -> str:
    """The number of such lists; no result if no list is known as configured and as effective."""
    return f"sum({_compared_with_effective('!= bool', matchers)})"


def _compared_with_effective(comparison: str, matchers: str) -> str:
    configured, effective = (
        f"max by (appid, category) ({apps(metric, matchers)})" for metric in ("hash", "effective_hash")
    )
    return f"{configured} {comparison} {effective}"


def fullness(matchers: str = SELECTED_APPS) -> str:
    """Configured domains as a share of the same exporter's limit, by appid and category."""
    return (
        f"max by (appid, category) ({apps('domains', matchers)}"
        " / on (job, instance, category) group_left ()"
        f" max by (job, instance, category) ({exporter('wx_domain_domains_limit')}))"
    )


def quota_used(matchers: str = SELECTED_APPS) -> str:
    """The used share of the daily quota, by appid and API; 1 if the quota is 0."""
    return (
        f"1 - max by (appid, api) ({apps('api_quota_remaining', matchers)})"
        f" / clamp_min(max by (appid, api) ({apps('api_quota_limit', matchers)}), 1)"
    )


def number_of_apps_with_used_quota(share: float) -> str:
    """The number of apps that used at least this share of a daily quota; no result if no quota is known."""
    return f"sum(max by (appid) ({quota_used()}) >= bool {share})"


def changed(window: str) -> str:
    """Lists that changed, by appid and category; filtered first, to keep the query cheap."""
    return f"max by (appid, category) ({_differing(window)})"


def number_of_changes(window: str) -> str:
    """How often each changed list did, by appid and category.

    changes() alone would find every new list in VictoriaMetrics, where it counts the first sample, too.
    """
    return f"max by (appid, category) (changes({apps('hash')}[{window}]) and {_differing(window)})"


def _differing(window: str) -> str:
    lists = f"{apps('hash')}[{window}]"
    return f"(max_over_time({lists}) != min_over_time({lists}))"


def sum_rate(by: str, counter: str) -> str:
    """The rate per second of a counter of the exporter, by labels of that counter."""
    return f"sum by ({by}) (max by (job, instance, {by}) (rate({exporter(counter)}[$__rate_interval])))"
