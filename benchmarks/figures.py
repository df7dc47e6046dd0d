"""Statistics of the benchmarks' measurements, and the table that shows them."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        work: what was measured.
        measured: the figure, in `unit`.
        goal: the highest value allowed; None if the figure is for information only.
        unit: `×` for a ratio.
        how: the values that the figure was computed from.
    """

    work: str
    measured: float
    goal: float | None
    unit: str
    how: str

    @property
    def verdict(self) -> str:
        """Return whether the goal is reached; empty without a goal."""
        if self.goal is None:
            return ""
        return "reached" if self.measured <= self.goal else "MISSED"


def after_the_first(values: Sequence[float]) -> float:
    """Return the median of the scrapes after the first, which also opens the connections.

    Raises:
        ValueError: there are fewer than five of them.
    """
    if len(values) < 6:
        raise ValueError("a median needs five scrapes after the first")
    return statistics.median(values[1:])


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the lowest and the highest value of the scrapes after the first."""
    return f"{min(values[1:]):.{digits}f}…{max(values[1:]):.{digits}f}"


def ideal(apps: int, latency: float, concurrency: int) -> float:
    """Return the seconds of whole rounds of calls, if their latency is all that takes time."""
    return math.ceil(apps / concurrency) * latency


def growth(values: Sequence[float]) -> float:
    """Return the highest value of the last fifth, divided by the highest of the second fifth."""
    fifth = max(1, len(values) // 5)
    return max(values[-fifth:]) / max(values[fifth : 2 * fifth])


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a table in Markdown."""
    rows = [("work", "goal", "measured", "verdict", "how"), *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    return "\n".join((lines[0], _line(["-" * width for width in widths], widths), *lines[1:]))


def _cells(figure: Figure) -> tuple[str, ...]:
    goal = "" if figure.goal is None else f"≤ {_number(figure.goal, figure.unit)}"
    return figure.work, goal, _number(figure.measured, figure.unit), figure.verdict, figure.how


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"


def _number(value: float, unit: str) -> str:
    digits = 2 if unit in {"×", "s"} else 0
    return f"{value:.{digits}f} {unit}"
