"""Parts of lists that may be too long for a page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.domains.baseline import Drift


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Domains, and how many more there are.

    Attributes:
        domains: those that are shown.
        more: how many are not.
    """

    domains: Sequence[str]
    more: int


def excerpt(domains: Sequence[str], most: int) -> Excerpt:
    """Return the first of some domains."""
    return Excerpt(domains[:most], max(0, len(domains) - most))


@dataclass(frozen=True, slots=True)
class Difference:
    """How one category differs from its baseline.

    Attributes:
        category: which.
        missing: required, but not configured.
        unexpected: configured, but not allowed.
    """

    category: str
    missing: Excerpt
    unexpected: Excerpt


def differences(drifts: Mapping[str, Drift], most: int) -> Sequence[Difference]:
    """Return the differences, with at most `most` domains of each kind."""
    return [
        Difference(category, excerpt(drift.missing, most), excerpt(drift.unexpected, most))
        for category, drift in drifts.items()
    ]
