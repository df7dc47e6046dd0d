"""How the last fetches of one app ended, in few bytes: the row of ticks on the status pages."""

import enum

KEPT = 60
"""Fetches that are kept for one app."""
_BITS = 2
_MASK = (1 << _BITS * KEPT) - 1


class FetchStatus(enum.IntEnum):
    """How a fetch ended."""

    NONE = 0
    """There was no fetch."""

    OK = 1
    DRIFTED = 2
    """It succeeded, and a list differs from its baseline."""

    FAILING = 3


class StatusHistory:
    """How the last fetches of one app ended, and since when it fails.

    All statuses are kept in one whole number, with two bits each, because there may be tens of thousands of
    apps. The fetches of the app, one at a time, change it; any thread may read it.
    """

    __slots__ = ("_statuses", "failing_since")

    def __init__(self) -> None:
        self._statuses = 0
        self.failing_since: float | None = None
        """Unix time of the first failed fetch since the last success; None if the app does not fail."""

    def copy(self) -> "StatusHistory":
        """Return an independent copy."""
        other = StatusHistory()
        other._statuses, other.failing_since = self._statuses, self.failing_since
        return other

    def note(self, status: FetchStatus, timestamp: float) -> None:
        """Add a fetch that ended at a Unix time; the oldest one is dropped."""
        self._statuses = (self._statuses << _BITS | status) & _MASK
        if status is not FetchStatus.FAILING:
            self.failing_since = None
        elif self.failing_since is None:
            self.failing_since = timestamp

    @property
    def last(self) -> int:
        """Return the status of the last fetch, as a number, which is faster for a whole fleet."""
        return self._statuses & (1 << _BITS) - 1

    def statuses(self, number: int = KEPT) -> list[FetchStatus]:
        """Return the statuses of the last fetches, oldest first; before the first one they are NONE."""
        places = range(_BITS * (number - 1), -1, -_BITS)
        return [FetchStatus(self._statuses >> place & (1 << _BITS) - 1) for place in places]
