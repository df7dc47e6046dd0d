"""The first items of lists that may be too long for a page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from wx_domain_exporter.domains.baseline import Drift

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Excerpt(Generic[_Item]):
    """The first items of a list.

    Attributes:
        shown: the items that are shown.
        more: how many further ones the list has.
    """

    shown: Sequence[_Item]
    more: int


def excerpt(items: Sequence[_Item], limit: int) -> Excerpt[_Item]:
    """Return the first `limit` items of a list."""
    return Excerpt(items[:limit], max(0, len(items) - limit))


@dataclass(frozen=True, slots=True)
class Difference:
    """How one category differs from its baseline.

    Attributes:
        category: the category.
        missing: domains that are required, but not configured.
        unexpected: domains that are configured, but not allowed.
    """

    category: str
    missing: Excerpt[str]
    unexpected: Excerpt[str]


def differences(drifts: Mapping[str, Drift], limit: int) -> Sequence[Difference]:
    """Return the differences of all categories, with at most `limit` missing and unexpected domains each."""
    return [
        Difference(category, excerpt(drift.missing, limit), excerpt(drift.unexpected, limit))
        for category, drift in drifts.items()
    ]
