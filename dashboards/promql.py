"""Expressions that several panels share. Pure text: it knows nothing of Grafana but its variables.

Everything is aggregated before it is joined or counted: what two exporters say of one mini program, what two
Prometheus servers say of one exporter, and what one said before it was restarted elsewhere, counts once then.
"""

ONE = 'appid="$appid"'
"""The mini program of a dashboard that shows one."""

SOME = 'appid=~"$appid"'
"""The mini programs that are picked on the overview."""

_TARGETS = 'job=~"$job",instance=~"$instance"'


def own(metric: str) -> str:
    """Series of the chosen exporters themselves."""
    return f"{metric}{{{_TARGETS}}}"


def fleet(metric: str, matchers: str = SOME) -> str:
    """Series `wx_domain_METRIC` of mini programs."""
    return f"wx_domain_{metric}{{{_TARGETS},{matchers}}}"


def limit(matchers: str) -> str:
    """The maximum, by category, at the exporters that watch the mini programs: each can have its own."""
    limits = own("wx_domain_domains_limit")
    return f"max by (category) ({limits} and on (job, instance) {fleet('up', matchers)})"


def names() -> str:
    """Exactly one series an appid, with the name, also while two exporters call it differently."""
    return f"topk by (appid) (1, max by (appid, name) ({fleet('app_info')}))"


def named(expression: str) -> str:
    """The expression's series, which have an appid, with the mini program's name."""
    return f"({expression}) * on (appid) group_left (name) {names()}"


def counted(expression: str, known: str) -> str:
    """How many series there are; 0 only while series `known` say that none is none, else nothing."""
    return f"count({expression}) or count({known}) * 0"


def differences(metric: str, matchers: str = SOME) -> str:
    """How many domains differ from the baselines that are compared now; nothing while none is."""
    found = f"max by (appid, category, domain) ({fleet(metric, matchers)})"
    return counted(found, fleet("baseline_match", matchers))


def failures() -> str:
    """What fails for at least one exporter, with reason and errcodes; the value is the last success, or 0."""
    reasons = f"topk by (appid) (1, max by (appid, reason) ({fleet('fetch_error')}))"
    errcodes = f"max by (appid, api, errcode) ({fleet('api_error')})"
    successes = (
        f"max by (appid) ({fleet('last_success_timestamp_seconds')})"
        f" or max by (appid) ({fleet('app_info')}) * 0"
    )
    return (
        f"({errcodes} * on (appid) group_left (reason) {reasons} or on (appid) {reasons})"
        f" * on (appid) group_left () ({successes})"
    )


def not_in_force() -> str:
    """Lists that differ from the ones in force, by appid and category."""
    return _compared_with_effective("!=", SOME)


def number_not_in_force(matchers: str = SOME) -> str:
    """How many lists differ from the ones in force; nothing while both are known of none."""
    return f"sum({_compared_with_effective('!= bool', matchers)})"


def _compared_with_effective(comparison: str, matchers: str) -> str:
    configured, effective = (
        f"max by (appid, category) ({fleet(metric, matchers)})" for metric in ("hash", "effective_hash")
    )
    return f"{configured} {comparison} {effective}"


def fullness(matchers: str = SOME) -> str:
    """Configured domains as a share of the same exporter's limit, by appid and category."""
    return (
        f"max by (appid, category) ({fleet('domains', matchers)}"
        " / on (job, instance, category) group_left ()"
        f" max by (job, instance, category) ({own('wx_domain_domains_limit')}))"
    )


def quota_used(matchers: str = SOME) -> str:
    """The share of the daily quota that is used up, by appid and API; 1 where the quota is 0."""
    return (
        f"1 - max by (appid, api) ({fleet('api_quota_remaining', matchers)})"
        f" / clamp_min(max by (appid, api) ({fleet('api_quota_limit', matchers)}), 1)"
    )


def number_of_quotas_used(share: float) -> str:
    """How many mini programs used that share of a daily quota, or more; nothing while no quota is known."""
    return f"sum(max by (appid) ({quota_used()}) >= bool {share})"


def changed(window: str) -> str:
    """How often each list changed, by appid and category; the others are dropped before they cost time."""
    return f"max by (appid, category) (changes({fleet('hash')}[{window}]) > 0)"


def sum_rate(by: str, counter: str) -> str:
    """What a counter of the exporters counts a second, by labels of its own."""
    return f"sum by ({by}) (max by (job, instance, {by}) (rate({own(counter)}[$__rate_interval])))"
