"""Parts of lists that may be too long for a page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.lists.baseline import Drift


@dataclass(frozen=True, slots=True)
class Some:
    """Domains, and how many more there are.

    Attributes:
        domains: those that are shown.
        more: how many are not.
    """

    domains: Sequence[str]
    more: int


def some(domains: Sequence[str], most: int) -> Some:
    """Return the first of some domains."""
    return Some(domains[:most], max(0, len(domains) - most))


@dataclass(frozen=True, slots=True)
class Difference:
    """How one category differs from its baseline.

    Attributes:
        category: which.
        missing: required, but not configured.
        unexpected: configured, but not allowed.
    """

    category: str
    missing: Some
    unexpected: Some


def differences(drifts: Mapping[str, Drift], most: int) -> Sequence[Difference]:
    """Return the differences, with at most `most` domains of each kind."""
    return [
        Difference(category, some(drift.missing, most), some(drift.unexpected, most))
        for category, drift in drifts.items()
    ]
