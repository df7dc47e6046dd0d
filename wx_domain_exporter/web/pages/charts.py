"""The geometry of the pages' SVG charts: ticks of fetches, the bar of scrapes, the timeline. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from wx_domain_exporter.apps.status_history import FetchStatus
from wx_domain_exporter.domains.history import Change
from wx_domain_exporter.fleet_history import ScrapeTotals
from wx_domain_exporter.web.pages.points_in_time import PointInTime, point_in_time

STATUSES = {FetchStatus.FAILING: "failing", FetchStatus.DRIFTED: "drifted", FetchStatus.OK: "ok"}
"""The names of the statuses in the style sheet and the texts."""
TICK_WIDTH = 3
COLUMN_WIDTH = 10
BAR_HEIGHT = 40
_SMALLEST = 3
"""Height of a part of a column that stands for few apps among very many."""
TIMELINE_WIDTH = 600
_LONGEST_MARK = 18.0


@dataclass(frozen=True, slots=True)
class Ticks:
    """How the last fetches of one mini program ended, one tick for each.

    Attributes:
        width: of the chart.
        paths: by status, the ticks as horizontal lines, which a dash pattern divides.
        numbers: by status, how many fetches.
    """

    width: int
    paths: Mapping[str, str]
    numbers: Mapping[str, int]

    @property
    def fetches(self) -> int:
        """Return how many fetches there were."""
        return sum(self.numbers.values())


def ticks(statuses: Sequence[FetchStatus]) -> Ticks:
    """Draw the ticks of these fetches, oldest first."""
    paths: dict[str, str] = {}
    numbers: dict[str, int] = {}
    place = 0
    for status, group in groupby(statuses):
        length = len(list(group))
        if status is not FetchStatus.NONE:
            name = STATUSES[status]
            paths[name] = f"{paths.get(name, '')}M{place * TICK_WIDTH} 5h{length * TICK_WIDTH}"
            numbers[name] = numbers.get(name, 0) + length
        place += length
    return Ticks(len(statuses) * TICK_WIDTH, paths, numbers)


class Part(NamedTuple):
    """A part of a column, measured from the top of the bar."""

    status: str
    top: int
    height: int


@dataclass(frozen=True, slots=True)
class Column:
    """One scrape in the bar.

    Attributes:
        time: when it began.
        numbers: by status, how many mini programs; without those that are 0.
        left: the distance from the left end of the bar.
        parts: of the column.
    """

    time: PointInTime
    numbers: Mapping[str, int]
    left: int
    parts: Sequence[Part]


def columns(scrapes: Sequence[ScrapeTotals], now: float) -> list[Column]:
    """Draw a column for each scrape."""
    return [_column(totals, place, now) for place, totals in enumerate(scrapes)]


def _column(totals: ScrapeTotals, place: int, now: float) -> Column:
    all_numbers = {"failing": totals.failing, "drifted": totals.drifted, "ok": totals.ok}
    numbers = {status: number for status, number in all_numbers.items() if number}
    return Column(point_in_time(totals.timestamp, now), numbers, place * COLUMN_WIDTH, _parts(numbers))


def _parts(numbers: Mapping[str, int]) -> list[Part]:
    """Divide a column by the numbers; also one mini program among ten thousand can be seen."""
    room = BAR_HEIGHT - _SMALLEST * len(numbers)
    parts: list[Part] = []
    top = 0
    for status, number in numbers.items():
        height = _SMALLEST + round(room * number / sum(numbers.values()))
        parts.append(Part(status, top, height))
        top += height
    return parts


class Mark(NamedTuple):
    """One change in the timeline.

    Attributes:
        left: the distance from the left end.
        added: the height for its added domains; 0 if there are none.
        removed: the height for its removed domains; 0 if there are none.
    """

    left: int
    added: int
    removed: int


def marks(changes: Sequence[Change], now: float) -> list[Mark]:
    """Draw changes, the newest first, from the time of the oldest one until now."""
    if not changes:
        return []
    begin = changes[-1].timestamp
    span = max(1.0, now - begin)
    return [
        Mark(
            round((TIMELINE_WIDTH - 8) * min(1.0, max(0.0, (change.timestamp - begin) / span))) + 4,
            _height(len(change.added)),
            _height(len(change.removed)),
        )
        for change in changes
    ]


def _height(domains: int) -> int:
    return round(min(_LONGEST_MARK, 6 + 4 * math.log2(domains))) if domains else 0
