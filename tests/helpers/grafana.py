"""Reads the committed dashboards as Grafana does, and fills in their variables."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILES = sorted(path.name for path in (REPOSITORY / "dashboards").glob("*.json"))
WINDOWS = {"__rate_interval": "4s", "__range": "300s"}
"""Grafana's variables for a Prometheus that scrapes every second."""


@dataclass(frozen=True)
class Query:
    """One expression of a dashboard, the panel or annotation that has it, and the shortest steps of both."""

    where: str
    expression: str
    over_time: bool
    min_step: str = ""
    panel_min_step: str = ""


def load(name: str) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads((REPOSITORY / "dashboards" / name).read_text())
    return dashboard


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels, including those in collapsed rows."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def variables(dashboard: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def queries(dashboard: Mapping[str, Any]) -> list[Query]:
    """Every expression of panels and annotations."""
    panel_queries = [
        Query(
            f"{panel['title']} {target['refId']}",
            target["expr"],
            target["range"],
            target.get("interval", ""),
            panel.get("interval", ""),
        )
        for panel in panels(dashboard)
        for target in panel["targets"]
    ]
    annotations = dashboard["annotations"]["list"]
    return panel_queries + [
        Query(annotation["name"], annotation["expr"], over_time=True, min_step=annotation.get("step", ""))
        for annotation in annotations
    ]


def step_and_rate_interval(
    query: Query, scrape_interval: str, span: float, points: int
) -> tuple[float, float]:
    """What Grafana takes for the step and for $__rate_interval, in seconds.

    Args:
        query: a query over time.
        scrape_interval: the setting of the data source.
        span: the seconds shown.
        points: the width of the panel in pixels.
    """
    shown = max(_seconds(query.panel_min_step or scrape_interval), span / points)
    step = max(_seconds(query.min_step) if query.min_step else shown, span / points)
    scrape = _seconds(query.min_step or scrape_interval)
    return step, max(shown + scrape, 4 * scrape)


def _seconds(duration: str) -> float:
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]


def metrics(expression: str) -> set[str]:
    """The metrics in an expression."""
    without_strings = re.sub(r'"[^"]*"', '""', expression)
    return set(re.findall(r"\b([a-z_]+)(?=\{)", without_strings))


def filled(expression: str, values: Mapping[str, str]) -> str:
    """An expression with its variables replaced; an unknown one is a KeyError."""
    variables = {**WINDOWS, **values}
    return re.sub(r"\$(\w+)", lambda match: variables[match[1]], expression)


def option(variable: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[str, str]:
    """The text and the value that Grafana shows for one series of a variable's query_result()."""
    labels = ",".join(f'{name}="{value}"' for name, value in row["metric"].items())
    series = f"{{{labels}}} {row['value'][1]} {row['value'][0] * 1000:.0f}"
    pattern = variable["regex"].strip("/").replace("(?<", "(?P<")
    match = re.search(pattern, series)
    assert match is not None, series
    return match["text"], match["value"]
