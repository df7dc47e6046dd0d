"""What an app's lists were when they were last known, and how they changed since the start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES, EMPTY, DomainList

_MOST_CHANGES = 100
"""Changes kept for one app; the oldest go first."""
_MOST_DOMAINS = 200
"""Domains kept of one change, added and removed each: WeChat allows about as many in a list."""
_MOST_CHARACTERS = 100_000
"""Of all domains kept for one app; the last change is kept however many it has."""


@dataclass(frozen=True, slots=True)
class Change:
    """One category that two good answers show differently.

    Attributes:
        timestamp: Unix time of the second one.
        category: which list.
        added: what only the second one holds, 200 domains at most.
        removed: what only the first one holds, 200 domains at most.
        left_out: how many more were added or removed.
    """

    timestamp: float
    category: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    left_out: int

    @property
    def characters(self) -> int:
        """Return how many characters its domains have."""
        return sum(map(len, self.added)) + sum(map(len, self.removed))


class History:
    """Written by one app's fetches, which come one at a time; what others read is replaced as a whole."""

    __slots__ = ("_characters", "changes", "lists")

    def __init__(self) -> None:
        self.lists: Mapping[str, DomainList] | None = None
        """Those of the last good answer; None before the first."""
        self.changes: tuple[Change, ...] = ()
        """The oldest first."""
        self._characters = 0
        """Of the domains in all of them."""

    def copy(self) -> "History":
        """Return one that holds the same, and goes its own way."""
        other = History()
        other.lists, other.changes, other._characters = self.lists, self.changes, self._characters
        return other

    def clear(self) -> None:
        """Forget everything."""
        self.lists, self.changes, self._characters = None, (), 0

    def note(self, lists: Mapping[str, DomainList], timestamp: float) -> list[Change]:
        """Take a good answer and return what it changed; lists that are as before stay the same objects."""
        before = self.lists
        if before == lists:
            return []
        self.lists = lists
        if before is None:
            return []
        found = [
            _change(timestamp, category, old, new)
            for category, new in lists.items()
            if (old := _before(before, category)) is not None and old.hash != new.hash
        ]
        if found:
            self._keep(found)
        return found

    def _keep(self, found: Sequence[Change]) -> None:
        changes = (*self.changes, *found)
        self._characters += sum(change.characters for change in found)
        gone = 0
        while len(changes) - gone > 1 and (
            len(changes) - gone > _MOST_CHANGES or self._characters > _MOST_CHARACTERS
        ):
            self._characters -= changes[gone].characters
            gone += 1
        self.changes = changes[gone:]


def _before(lists: Mapping[str, DomainList], category: str) -> DomainList | None:
    """Return what a category was; None if the answer before did not cover it."""
    return lists.get(category, None if category in DOCUMENTED_CATEGORIES else EMPTY)


def _change(timestamp: float, category: str, old: DomainList, new: DomainList) -> Change:
    added = sorted(set(new.domains) - set(old.domains))
    removed = sorted(set(old.domains) - set(new.domains))
    left_out = sum(max(0, len(domains) - _MOST_DOMAINS) for domains in (added, removed))
    return Change(timestamp, category, tuple(added[:_MOST_DOMAINS]), tuple(removed[:_MOST_DOMAINS]), left_out)
