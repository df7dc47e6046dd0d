"""Baselines: which domains must be in a list, and which others may be."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wx_domain_exporter.domains.domain_list import EMPTY, DomainList

WILDCARD = "*"
"""In the host of an allowed domain, matches one or more whole labels."""

_SCHEME_HOST_REST = re.compile(r"\A((?:[^:/?#]*://)?)([^:/?#]*)(.*)\Z", re.DOTALL)
# What a wildcard matches; no character that would end the host when the domain is parsed as a URL.
_LABEL = re.compile(r"[\w*-]+")


@dataclass(frozen=True, slots=True)
class Drift:
    """How one list differs from its baseline.

    Attributes:
        missing: required domains that are not in the list, sorted.
        unexpected: domains in the list that are not allowed, sorted.
    """

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether the list matches the baseline."""
        return not self.missing and not self.unexpected


@dataclass(frozen=True, slots=True)
class Expected:
    """The domains expected in one category, in normal form.

    Attributes:
        required: domains that must be in the list.
        allowed: other domains that may be in the list, with or without wildcards; None: any.
    """

    required: frozenset[str]
    allowed: frozenset[str] | None

    def drift(self, listed: DomainList) -> Drift:
        """Return how a list differs from the expected domains."""
        missing = self.required.difference(listed.domains)
        if self.allowed is None:
            return Drift(tuple(sorted(missing)))
        others = set(listed.domains) - self.required - self.allowed
        patterns = [_split(domain) for domain in self.allowed if has_wildcard(domain)]
        unexpected = (domain for domain in others if not _is_one_of(domain, patterns))
        return Drift(tuple(sorted(missing)), tuple(sorted(unexpected)))


Baseline = Mapping[str, Expected]
"""Expected domains by category; other categories may contain any domains."""


def drifts(baseline: Baseline, lists: Mapping[str, DomainList]) -> dict[str, Drift]:
    """Return how each category of a baseline differs from the lists; an absent list counts as empty."""
    return {category: one.drift(lists.get(category, EMPTY)) for category, one in baseline.items()}


def has_wildcard(domain: str) -> bool:
    """Whether a label of the domain's host is a wildcard."""
    return WILDCARD in _split(domain)[1]


def has_stray_wildcard(domain: str) -> bool:
    """Whether the domain contains a `*` that is not a whole label of the host, or has no scheme."""
    scheme, labels, rest = _split(domain)
    parts = (scheme, rest, *(label for label in labels if label != WILDCARD))
    return any(WILDCARD in part for part in parts) or (WILDCARD in labels and not scheme)


def _split(domain: str) -> tuple[str, tuple[str, ...], str]:
    """Return the scheme with its slashes, the host's labels, and port and path."""
    found = _SCHEME_HOST_REST.match(domain)
    if found is None:
        raise AssertionError("the pattern matches every text")
    return found[1], tuple(found[2].split(".")), found[3]


def _is_one_of(domain: str, patterns: Iterable[tuple[str, tuple[str, ...], str]]) -> bool:
    scheme, labels, rest = _split(domain)
    return any(
        (scheme, rest) == (pattern[0], pattern[2]) and _labels_match(labels, pattern[1])
        for pattern in patterns
    )


def _labels_match(labels: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Match label by label. Unlike a regex, this takes no more time for several wildcards than for one."""
    ends = {0}
    for part in pattern:
        if part == WILDCARD:
            ends = _after_wildcard(labels, ends)
        else:
            ends = {end + 1 for end in ends if end < len(labels) and labels[end] == part}
    return len(labels) in ends


def _after_wildcard(labels: tuple[str, ...], begins: set[int]) -> set[int]:
    ends: set[int] = set()
    for place, label in enumerate(labels):
        if (place in begins or place in ends) and _LABEL.fullmatch(label):
            ends.add(place + 1)
    return ends
