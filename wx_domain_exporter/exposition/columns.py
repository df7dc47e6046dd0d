"""Lines by gauge: an item can hold several, or none."""

from collections.abc import Callable

from wx_domain_exporter.exposition.dialect import Lines, number
from wx_domain_exporter.metrics.table import GAUGES, Gauge

Fill = Callable[..., str]
"""Makes a line, or several, of the values that differ."""


class Columns:
    """The lines of each gauge, in the order in which they were added."""

    def __init__(self, lines: Lines) -> None:
        """Hold none.

        Args:
            lines: their patterns.
        """
        self._ways: dict[Gauge, tuple[Fill, list[str]]] = {
            gauge: (pattern.format, []) for gauge, pattern in zip(GAUGES, lines.patterns, strict=True)
        }

    def add(self, gauge: Gauge, value: float, *labels: str) -> None:
        """Add a line; the labels' values are as they stand in it."""
        fill, column = self._ways[gauge]
        column.append(fill(*labels, number(value)))

    def of(self, gauge: Gauge) -> list[str]:
        """Return the lines of a gauge."""
        return self._ways[gauge][1]

    def texts(self) -> dict[Gauge, str]:
        """Return all lines of each gauge that has any."""
        return {gauge: "".join(column) for gauge, (_, column) in self._ways.items() if column}
