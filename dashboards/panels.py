"""Builds the panels of these dashboards, each with a description, a unit and the dashboard's data source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

MIN_STEP = "1m"
"""The recommended scrape interval; Grafana's $__rate_interval is four times as long."""

COARSE_STEP = "5m"
"""For graphs that aggregate the lists of all mini programs: 10,000 of them have 60,000 lists."""

Steps = Mapping[float, str]
"""Colours by the value from which they apply; below the first one the colour is green."""


Panel = stat.Panel | table.Panel | timeseries.Panel | statetimeline.Panel
"""The kinds of panels."""


class _Panel(Protocol):
    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: models.DataSourceRef) -> Self: ...
    def interval(self, interval: str) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def span(self, w: int) -> Self: ...
    def height(self, h: int) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...


AnyPanel = TypeVar("AnyPanel", bound=_Panel)


@dataclass(frozen=True, slots=True)
class PanelHeader:
    """The texts, unit and size of a panel.

    Attributes:
        title: The title.
        description: What the panel shows, and what to do about it.
        unit: The unit of its numbers, by Grafana's name.
        width: The width in 24ths of the page.
        height: The height in Grafana's grid units.
        step: The shortest interval between two points.
    """

    title: str
    description: str
    unit: str = "none"
    width: int = 12
    height: int = 8
    step: str = MIN_STEP


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        label: The label, or `Value`, or `Value #B` with several expressions.
        title: The heading; if empty, the label's name.
        unit: The unit of a number.
        mappings: How values are shown.
        link: The title and the URL of a link.
        gauge: Draws a number from 0 to 1 as a bar that is orange from this value on, and red at 1.
        width: The width in pixels; 0 for the remaining width.
    """

    label: str
    title: str = ""
    unit: str = ""
    mappings: Sequence[models.ValueMapping] = ()
    link: tuple[str, str] | None = None
    gauge: float | None = None
    width: int = 0

    @property
    def name(self) -> str:
        """The heading of the column."""
        return self.title or self.label


def value_mappings(texts: Mapping[str, tuple[str, str]]) -> models.ValueMap:
    """Text and colour by value."""
    return models.ValueMap(
        {
            value: models.ValueMappingResult(text, color, index=index)
            for index, (value, (text, color)) in enumerate(texts.items())
        }
    )


def stat_panel(
    header: PanelHeader,
    expression: str,
    steps: Steps,
    *,
    mappings: Sequence[models.ValueMapping] = (),
    absent: str = "unknown",
) -> stat.Panel:
    """One current number, coloured; without a value the word `absent`, without colour."""
    panel = stat.Panel().thresholds(_thresholds(steps)).no_value(absent)
    panel.mappings([*mappings, _null_mapping(absent)])
    panel.color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.NONE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return _with_header(panel, header).with_target(
        _instant_query(expression, "A", PromQueryFormat.TIME_SERIES)
    )


def label_panel(header: PanelHeader, expression: str, label: str, steps: Steps) -> stat.Panel:
    """The values of one label of the current series, coloured by the values of the series."""
    panel = stat_panel(header, expression, steps).text_mode(options.BigValueTextMode.NAME)
    query = _instant_query(expression, "A", PromQueryFormat.TIME_SERIES).legend_format(f"{{{{{label}}}}}")
    return panel.targets([query])


def graph_panel(header: PanelHeader, lines: Mapping[str, str], *, stacked: bool = False) -> timeseries.Panel:
    """Lines over time.

    Args:
        header: the texts and the size.
        lines: expressions by their legend, in which Grafana replaces `{{label}}`.
        stacked: whether the lines are stacked.
    """
    panel = timeseries.Panel().line_interpolation(options.LineInterpolation.STEP_AFTER).min(0)
    panel.fill_opacity(25 if stacked else 0).show_points(options.VisibilityMode.NEVER)
    panel.legend(
        common.VizLegendOptions()
        .display_mode(options.LegendDisplayMode.LIST)
        .placement(options.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
    panel.tooltip(
        common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING)
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL))
    return _with_header(panel, header).targets(_range_queries(lines, header.step))


def timeline_panel(
    header: PanelHeader, lines: Mapping[str, str], mappings: Sequence[models.ValueMapping]
) -> statetimeline.Panel:
    """States over time, one bar per series."""
    panel = statetimeline.Panel().mappings(list(mappings)).show_value(options.VisibilityMode.NEVER)
    panel.row_height(0.8).fill_opacity(80)
    return _with_header(panel, header).targets(_range_queries(lines, header.step))


def table_panel(
    header: PanelHeader,
    expressions: Sequence[str],
    columns: Sequence[Column],
    *,
    sort: str,
    empty: str,
    descending: bool = False,
) -> table.Panel:
    """A table of the current series.

    Args:
        header: the texts and the size.
        expressions: each gives a column `Value`; rows with the same labels are merged.
        columns: the columns to show, in this order.
        sort: the heading of the column to sort by.
        empty: the text of an empty table.
        descending: whether the largest value comes first.
    """
    panel = table.Panel().filterable(filterable=True).no_value(empty)
    panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])
    if len(expressions) > 1:
        panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(_organized(columns))
    for column in columns:
        panel.override_by_name(column.name, _properties(column))
    return _with_header(panel, header).targets(
        [
            _instant_query(expression, ref, PromQueryFormat.TABLE)
            for expression, ref in zip(expressions, "ABCDEFGH", strict=False)
        ]
    )


def _null_mapping(word: str) -> models.SpecialValueMap:
    """Gives the word for no data the text colour; otherwise Grafana would show it in green."""
    result = models.ValueMappingResult(word, "text", index=0)
    return models.SpecialValueMap(
        models.DashboardSpecialValueMapOptions(models.SpecialValueMatch.NULL_AND_NAN, result)
    )


def _with_header(panel: AnyPanel, header: PanelHeader) -> AnyPanel:
    panel.title(header.title).description(header.description).unit(header.unit)
    return panel.datasource(DATASOURCE).interval(header.step).span(header.width).height(header.height)


def _thresholds(steps: Steps) -> builders.ThresholdsConfig:
    thresholds = [
        models.Threshold(None, "green"),
        *(models.Threshold(value, color) for value, color in steps.items()),
    ]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(thresholds)


def _query(expression: str, ref: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).ref_id(ref).datasource(DATASOURCE)


def _instant_query(expression: str, ref: str, form: PromQueryFormat) -> prometheus.Dataquery:
    return _query(expression, ref).instant().format(form)


def _range_queries(lines: Mapping[str, str], step: str) -> list[Builder[Dataquery]]:
    """The queries of a graph; Grafana computes $__rate_interval from their step, not from the panel's."""
    queries: list[Builder[Dataquery]] = []
    for (legend, expression), ref in zip(lines.items(), "ABCDEFGH", strict=False):
        query = _query(expression, ref).range().format(PromQueryFormat.TIME_SERIES)
        queries.append(query.legend_format(legend).interval(step))
    return queries


def _organized(columns: Sequence[Column]) -> models.DataTransformerConfig:
    shown = {column.label for column in columns}
    return models.DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": {name: True for name in ("Time", "Value") if name not in shown},
            "indexByName": {column.label: index for index, column in enumerate(columns)},
            "renameByName": {column.label: column.title for column in columns if column.title},
        },
    )


def _properties(column: Column) -> list[models.DynamicConfigValue]:
    properties: dict[str, object] = {}
    if column.unit:
        properties["unit"] = column.unit
    if column.mappings:
        properties["mappings"] = list(column.mappings)
        properties["custom.cellOptions"] = {"type": "color-text"}
    if column.link:
        title, url = column.link
        properties["links"] = [{"title": title, "url": url, "targetBlank": False}]
    if column.gauge is not None:
        properties |= {
            "min": 0,
            "max": 1,
            "thresholds": _thresholds({column.gauge: "orange", 1: "red"}).build(),
        }
        properties["custom.cellOptions"] = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    if column.width:
        properties["custom.width"] = column.width
    return [models.DynamicConfigValue(name, value) for name, value in properties.items()]
