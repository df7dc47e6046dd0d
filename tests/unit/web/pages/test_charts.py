from __future__ import annotations

import pytest

from wx_domain_exporter.apps.status_history import FetchStatus
from wx_domain_exporter.domains.history import Change
from wx_domain_exporter.fleet_history import ScrapeTotals
from wx_domain_exporter.web.pages.charts import BAR_HEIGHT, TIMELINE_WIDTH, Mark, columns, marks, ticks

NONE, OK, DRIFTED, FAILING = FetchStatus


def change(timestamp: float, added: int = 0, removed: int = 0) -> Change:
    return Change(timestamp, "requestdomain", ("x",) * added, ("y",) * removed, 0)


class TestTicks:
    def test_equal_fetches_in_a_row_are_one_line(self) -> None:
        chart = ticks([NONE, OK, OK, FAILING, DRIFTED, OK])
        assert chart.paths == {"ok": "M3 5h6M15 5h3", "failing": "M9 5h3", "drifted": "M12 5h3"}
        assert chart.numbers == {"ok": 3, "failing": 1, "drifted": 1}
        assert (chart.width, chart.fetches) == (18, 5)

    def test_without_a_fetch_there_is_nothing_to_draw(self) -> None:
        chart = ticks([NONE] * 3)
        assert (chart.paths, chart.fetches) == ({}, 0)


class TestColumns:
    @pytest.mark.parametrize(
        ("totals", "heights"),
        [
            ((0, 0, 7), {"ok": 40}),
            ((1, 0, 9_999), {"failing": 3, "ok": 37}),
            ((300, 0, 300), {"failing": 20, "ok": 20}),
            ((1, 1, 1), {"failing": 13, "drifted": 13, "ok": 13}),
            ((0, 0, 0), {}),
        ],
    )
    def test_a_column_is_divided_by_the_numbers(
        self, totals: tuple[int, int, int], heights: dict[str, int]
    ) -> None:
        (column,) = columns([ScrapeTotals(0.0, *totals)], 0.0)
        assert {part.status: part.height for part in column.parts} == heights
        assert column.numbers == {
            name: number for name, number in zip(("failing", "drifted", "ok"), totals, strict=True) if number
        }
        for upper, lower in zip(column.parts, column.parts[1:], strict=False):
            assert upper.top + upper.height == lower.top

    def test_they_stand_side_by_side_with_their_times(self) -> None:
        first, second = columns([ScrapeTotals(0.0, 0, 0, 1), ScrapeTotals(60.0, 1, 0, 0)], 90.0)
        assert (first.left, second.left) == (0, 10)
        assert (first.time.ago.en, second.time.ago.en) == ("1 min ago", "30 s ago")
        assert second.parts == [("failing", 0, BAR_HEIGHT)]


class TestMarks:
    def test_without_a_change_there_are_none(self) -> None:
        assert marks([], 0.0) == []

    def test_they_stand_where_the_changes_were_between_the_oldest_and_now(self) -> None:
        found = marks([change(150, added=1), change(100, removed=200)], 200.0)
        assert found == [Mark(TIMELINE_WIDTH // 2, 6, 0), Mark(4, 0, 18)]

    def test_a_clock_that_was_set_back_keeps_them_within_the_chart(self) -> None:
        found = marks([change(100, added=1), change(150, added=1)], 50.0)
        assert all(4 <= mark.left <= TIMELINE_WIDTH - 4 for mark in found)
