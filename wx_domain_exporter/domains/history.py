"""The last known lists of an app, and their changes since the exporter started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES, EMPTY, DomainList

_MAX_CHANGES = 100
"""Maximum number of changes kept for one app; the oldest are dropped first."""
_MAX_DOMAINS = 200
"""Maximum number of added, and of removed, domains kept for one change; about WeChat's limit of a list."""
_MAX_CHARACTERS = 100_000
"""Maximum size of all domains kept for one app; the latest change is always kept."""


@dataclass(frozen=True, slots=True)
class Change:
    """A difference in one category between two successful answers.

    Attributes:
        timestamp: Unix time of the second answer.
        category: the category.
        added: domains only in the second answer, at most 200.
        removed: domains only in the first answer, at most 200.
        left_out: number of other domains that were added or removed.
    """

    timestamp: float
    category: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    left_out: int

    @property
    def characters(self) -> int:
        """The total length of its domains."""
        return sum(map(len, self.added)) + sum(map(len, self.removed))


class History:
    """Updated by the fetches of one app, one at a time; `lists` and `changes` are replaced as a whole."""

    __slots__ = ("_characters", "changes", "lists")

    def __init__(self) -> None:
        self.lists: Mapping[str, DomainList] | None = None
        """The lists of the last successful answer; None before the first."""
        self.changes: tuple[Change, ...] = ()
        """The changes, oldest first."""
        self._characters = 0
        """The total length of the domains in `changes`."""

    def copy(self) -> "History":
        """Return an independent copy."""
        other = History()
        other.lists, other.changes, other._characters = self.lists, self.changes, self._characters
        return other

    def clear(self) -> None:
        """Forget everything."""
        self.lists, self.changes, self._characters = None, (), 0

    def note(self, lists: Mapping[str, DomainList], timestamp: float) -> list[Change]:
        """Store the lists of a successful answer and return their changes; equal lists are not replaced."""
        before = self.lists
        if before == lists:
            return []
        self.lists = lists
        if before is None:
            return []
        found = [
            _change(timestamp, category, old, new)
            for category, new in lists.items()
            if (old := _previous(before, category)) is not None and old.hash != new.hash
        ]
        if found:
            self._keep(found)
        return found

    def _keep(self, found: Sequence[Change]) -> None:
        changes = (*self.changes, *found)
        self._characters += sum(change.characters for change in found)
        dropped = 0
        while len(changes) - dropped > 1 and (
            len(changes) - dropped > _MAX_CHANGES or self._characters > _MAX_CHARACTERS
        ):
            self._characters -= changes[dropped].characters
            dropped += 1
        self.changes = changes[dropped:]


def _previous(lists: Mapping[str, DomainList], category: str) -> DomainList | None:
    """Return the previous list of a category; None if the previous answer did not cover it."""
    return lists.get(category, None if category in DOCUMENTED_CATEGORIES else EMPTY)


def _change(timestamp: float, category: str, old: DomainList, new: DomainList) -> Change:
    added = sorted(set(new.domains) - set(old.domains))
    removed = sorted(set(old.domains) - set(new.domains))
    left_out = sum(max(0, len(domains) - _MAX_DOMAINS) for domains in (added, removed))
    return Change(timestamp, category, tuple(added[:_MAX_DOMAINS]), tuple(removed[:_MAX_DOMAINS]), left_out)
