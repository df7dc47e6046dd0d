"""Panels as these dashboards have them: each with a description, a unit, and the dashboard's data source."""

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
"""The scrape interval that is recommended; Grafana makes $__rate_interval four of it."""

COARSE = "5m"
"""For lines over time that are made of every list of every mini program: 10,000 of them have 60,000 lists."""

Steps = Mapping[float, str]
"""Colours from a value on; below the first one it is green."""


Panel = stat.Panel | table.Panel | timeseries.Panel | statetimeline.Panel
"""The kinds of panels there are."""


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
class About:
    """What every panel says of itself.

    Attributes:
        title: What it shows.
        description: What that means, and what to do about it.
        unit: Of its numbers, as Grafana calls it.
        width: In 24ths of the page.
        height: In Grafana's lines.
        step: The shortest time between two points.
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
        title: What it is called; the label's own name if empty.
        unit: Of a number.
        mappings: How values are shown.
        link: Where a click leads: a title and a URL.
        gauge: If the number, from 0 to 1, is drawn as a bar: from where on in orange; red at 1.
        width: In pixels; 0 for what is left.
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
        """What it is called on the page."""
        return self.title or self.label


def values(shown: Mapping[str, tuple[str, str]]) -> models.ValueMap:
    """Text and colour by value."""
    return models.ValueMap(
        {
            value: models.ValueMappingResult(text, color, index=index)
            for index, (value, (text, color)) in enumerate(shown.items())
        }
    )


def number(
    about: About,
    expression: str,
    steps: Steps,
    *,
    mappings: Sequence[models.ValueMapping] = (),
    absent: str = "unknown",
) -> stat.Panel:
    """One number of now, coloured; a word without colour where there is none."""
    panel = stat.Panel().thresholds(_thresholds(steps)).no_value(absent)
    panel.mappings([*mappings, _absence(absent)])
    panel.color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.NONE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return _about(panel, about).with_target(_now(expression, "A", PromQueryFormat.TIME_SERIES))


def label_value(about: About, expression: str, label: str, steps: Steps) -> stat.Panel:
    """The values of one label of the series that there are now, coloured by the series' values."""
    panel = number(about, expression, steps).text_mode(options.BigValueTextMode.NAME)
    query = _now(expression, "A", PromQueryFormat.TIME_SERIES).legend_format(f"{{{{{label}}}}}")
    return panel.targets([query])


def graph(about: About, lines: Mapping[str, str], *, stacked: bool = False) -> timeseries.Panel:
    """Lines over time.

    Args:
        about: the panel.
        lines: expressions by their legend; `{{label}}` in it is filled in.
        stacked: whether they are parts of a whole.
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
    return _about(panel, about).targets(_over_time(lines))


def timeline(
    about: About, lines: Mapping[str, str], mappings: Sequence[models.ValueMapping]
) -> statetimeline.Panel:
    """States over time, one bar a series."""
    panel = statetimeline.Panel().mappings(list(mappings)).show_value(options.VisibilityMode.NEVER)
    panel.row_height(0.8).fill_opacity(80)
    return _about(panel, about).targets(_over_time(lines))


def rows(
    about: About,
    expressions: Sequence[str],
    columns: Sequence[Column],
    *,
    sort: str,
    empty: str,
    descending: bool = False,
) -> table.Panel:
    """A table of what there is now.

    Args:
        about: the panel.
        expressions: each brings a `Value`; rows with the same labels become one.
        columns: those that are shown, in this order.
        sort: the name of the column to sort by.
        empty: what is said if there is nothing.
        descending: whether the largest comes first.
    """
    panel = table.Panel().filterable(filterable=True).no_value(empty)
    panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])
    if len(expressions) > 1:
        panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(_organized(columns))
    for column in columns:
        panel.override_by_name(column.name, _properties(column))
    return _about(panel, about).targets(
        [
            _now(expression, ref, PromQueryFormat.TABLE)
            for expression, ref in zip(expressions, "ABCDEFGH", strict=False)
        ]
    )


def _absence(word: str) -> models.SpecialValueMap:
    """Without it Grafana gives the word for no data the colour of the lowest number: green."""
    result = models.ValueMappingResult(word, "text", index=0)
    return models.SpecialValueMap(
        models.DashboardSpecialValueMapOptions(models.SpecialValueMatch.NULL_AND_NAN, result)
    )


def _about(panel: AnyPanel, about: About) -> AnyPanel:
    panel.title(about.title).description(about.description).unit(about.unit)
    return panel.datasource(DATASOURCE).interval(about.step).span(about.width).height(about.height)


def _thresholds(steps: Steps) -> builders.ThresholdsConfig:
    found = [
        models.Threshold(None, "green"),
        *(models.Threshold(value, color) for value, color in steps.items()),
    ]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(found)


def _query(expression: str, ref: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).ref_id(ref).datasource(DATASOURCE)


def _now(expression: str, ref: str, form: PromQueryFormat) -> prometheus.Dataquery:
    return _query(expression, ref).instant().format(form)


def _over_time(lines: Mapping[str, str]) -> list[Builder[Dataquery]]:
    return [
        _query(expression, ref).range().format(PromQueryFormat.TIME_SERIES).legend_format(legend)
        for (legend, expression), ref in zip(lines.items(), "ABCDEFGH", strict=False)
    ]


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
    found: dict[str, object] = {}
    if column.unit:
        found["unit"] = column.unit
    if column.mappings:
        found["mappings"] = list(column.mappings)
        found["custom.cellOptions"] = {"type": "color-text"}
    if column.link:
        title, url = column.link
        found["links"] = [{"title": title, "url": url, "targetBlank": False}]
    if column.gauge is not None:
        found |= {"min": 0, "max": 1, "thresholds": _thresholds({column.gauge: "orange", 1: "red"}).build()}
        found["custom.cellOptions"] = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    if column.width:
        found["custom.width"] = column.width
    return [models.DynamicConfigValue(name, value) for name, value in found.items()]
