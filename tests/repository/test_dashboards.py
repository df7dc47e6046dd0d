"""The dashboards' JSON: it is complete, it can be imported anywhere, and its metrics exist."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest
from helpers.examples import PROBES
from helpers.grafana import (
    FILES,
    filled,
    load,
    metrics,
    panels,
    queries,
    step_and_rate_interval,
    variables,
)

from dashboards.texts import CHINESE
from wx_domain_exporter.metrics.definitions import GAUGES, SELF_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

OF_PROMETHEUS_AND_PROCESS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
UIDS = {
    "fleet.json": "wx-domain-fleet",
    "fleet.zh.json": "wx-domain-fleet-zh",
    "mini-program.json": "wx-domain-mini-program",
    "mini-program.zh.json": "wx-domain-mini-program-zh",
}
ENGLISH = ("fleet.json", "mini-program.json")
WORDS_OF_THE_UNKNOWN = {"unknown", "no data", "未知", "无数据"}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dashboard(file: str) -> dict[str, Any]:
    return load(file)


def values_of(tree: Any, key: str) -> Iterator[Any]:
    """The values of a key, at any depth."""
    match tree:
        case dict():
            yield from (value for name, value in tree.items() if name == key)
            for value in tree.values():
                yield from values_of(value, key)
        case list():
            for value in tree:
                yield from values_of(value, key)


def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    grid = panel["gridPos"]
    columns, rows = range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
    return set(itertools.product(columns, rows))


def test_there_are_two_in_two_languages(file: str) -> None:
    assert file in UIDS
    assert set(FILES) == set(UIDS)


def test_the_head_is_complete(dashboard: dict[str, Any], file: str) -> None:
    assert dashboard["uid"] == UIDS[file]
    assert "id" not in dashboard
    assert dashboard["schemaVersion"] == 41
    assert "wx-domain" in dashboard["tags"]
    assert dashboard["title"]
    assert dashboard["description"]
    assert dashboard["links"]


def test_the_variables_are_there_in_the_order_in_which_they_need_each_other(
    dashboard: dict[str, Any], file: str
) -> None:
    by_name = variables(dashboard)
    assert list(by_name) == ["datasource", "job", "instance", "appid"]
    assert by_name["datasource"]["query"] == "prometheus"
    for name in ("job", "instance"):
        assert (by_name[name]["multi"], by_name[name]["includeAll"]) == (True, True)
    assert by_name["appid"]["multi"] is file.startswith("fleet")


def test_no_data_source_is_fixed(dashboard: dict[str, Any]) -> None:
    sources = list(values_of(dashboard, "datasource"))
    assert len(sources) > 40
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert not list(values_of(dashboard, "__inputs"))


def test_each_panel_says_what_it_shows(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["title"]
        assert panel["description"].endswith((".", "。")), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"


def test_no_expression_gives_0_without_series(dashboard: dict[str, Any]) -> None:
    assert list(queries(dashboard))
    assert not [query.where for query in queries(dashboard) if "vector(" in query.expression]


def test_a_number_that_is_absent_is_a_word_without_colour(dashboard: dict[str, Any]) -> None:
    numbers = [panel for panel in panels(dashboard) if panel["type"] == "stat"]
    assert len(numbers) > 5
    for panel in numbers:
        defaults = panel["fieldConfig"]["defaults"]
        word = {"text": defaults["noValue"], "color": "text", "index": 0}
        absent = {"type": "special", "options": {"match": "null+nan", "result": word}}
        assert defaults["noValue"] in WORDS_OF_THE_UNKNOWN
        assert absent in defaults["mappings"], panel["title"]


def test_no_two_panels_have_one_title(dashboard: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in panels(dashboard)]
    assert len(set(titles)) == len(titles)


def test_no_two_panels_overlap_or_share_a_number(dashboard: dict[str, Any]) -> None:
    numbers = list(values_of(dashboard["panels"], "id"))
    ids = [number for number in numbers if isinstance(number, int)]
    assert len(ids) > 15
    assert len(set(ids)) == len(ids)
    for one, other in itertools.combinations(dashboard["panels"], 2):
        assert not cells(one) & cells(other), (one["title"], other["title"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels(dashboard))


def test_the_page_has_no_gaps(dashboard: dict[str, Any]) -> None:
    taken = set().union(*map(cells, dashboard["panels"]))
    bottom = max(y for _, y in taken) + 1
    for y in range(bottom):
        assert len({x for x, row in taken if row == y}) == 24, f"line {y}"


def test_each_metric_is_exported(dashboard: dict[str, Any]) -> None:
    exported = {gauge.name for gauge in GAUGES} | OF_PROMETHEUS_AND_PROCESS
    for metric in SELF_METRICS:
        exported |= {f"{metric.name}_bucket"} if metric.kind == "histogram" else {metric.name}
    shown = set().union(*(metrics(query.expression) for query in queries(dashboard)))
    assert len(shown) > 10
    assert shown <= exported


def test_together_they_show_every_metric() -> None:
    shown = set().union(*(metrics(query.expression) for file in FILES for query in queries(load(file))))
    not_shown = {metric.name for metric in SELF_METRICS if metric.kind != "histogram"} - shown
    assert not_shown == set()
    assert {gauge.name for gauge in GAUGES} - shown == set()


def test_the_job_for_self_metrics_beside_probes_asks_for_all_that_the_dashboards_need() -> None:
    job = PROBES["scrape_configs"][1]
    requested = set(job["params"]["name[]"])
    shown = set().union(*(metrics(query.expression) for file in FILES for query in queries(load(file))))
    of_a_probe = {gauge.name for gauge in GAUGES} | {"up"}
    assert {name.removesuffix("_bucket") for name in shown - of_a_probe} <= requested
    assert {metric.name for metric in SELF_METRICS} <= requested


def test_each_series_is_of_the_selected_exporters(dashboard: dict[str, Any], file: str) -> None:
    of_app = 'appid=~"$appid"' if file.startswith("fleet") else 'appid="$appid"'
    for query in queries(dashboard):
        selectors = query.expression.split("{")[1:]
        assert selectors
        for selector in selectors:
            assert selector.startswith('job=~"$job",instance=~"$instance"'), query.where
        for gauge in GAUGES:
            if gauge.name in metrics(query.expression) and "appid" in gauge.labels:
                assert f'{gauge.name}{{job=~"$job",instance=~"$instance",{of_app}}}' in query.expression


@pytest.mark.parametrize("span", [300, 6 * 3600, 30 * 86400])
def test_a_rate_covers_four_scrapes_although_the_data_source_says_15_s(
    dashboard: dict[str, Any], span: float
) -> None:
    rates = [query for query in queries(dashboard) if "$__rate_interval" in query.expression]
    assert len(rates) >= 3
    for query in rates:
        step, rate_interval = step_and_rate_interval(query, "15s", span, points=1000)
        assert step >= 60, query.where
        assert rate_interval >= 4 * 60, query.where


def test_the_overview_draws_no_line_for_each_mini_program() -> None:
    for query in queries(load("fleet.json")):
        result = query.expression.removeprefix("topk(10, ").removeprefix("topk(15, ")
        if query.over_time and not result.startswith("(topk(20, "):  # the annotation
            assert result.startswith(
                ("count", "sum", "max(", "quantile(", "histogram_quantile(", "max by (", "min by (")
            ), query
            assert not re.match(r"[a-z_]+ by \([^)]*appid", result), query
        elif "group_left (name)" in query.expression:
            assert re.search(r"topk\([0-9]+, ", query.expression), query


def test_rows_link_to_the_mini_program(dashboard: dict[str, Any], file: str) -> None:
    urls = [str(url) for url in values_of(dashboard, "url")]
    ending = "-zh?" if file.endswith(".zh.json") else "?"
    if file.startswith("fleet"):
        tables = [
            panel
            for panel in panels(dashboard)
            if panel["type"] == "table" and "group_left (name)" in panel["targets"][0]["expr"]
        ]
        assert len(tables) == 8
        for table in tables:
            links = list(values_of(table, "url"))
            assert any(f"/d/wx-domain-mini-program{ending}" in url for url in links), table["title"]
            options = table["transformations"][-1]["options"]
            # The link reads the appid from the column of this name.
            assert "appid" in options["indexByName"]
            assert options["renameByName"].get("appid", "appid") == "appid"
    else:
        assert any(url.startswith(f"/d/wx-domain-fleet{ending}") for url in urls)
    for url in urls:
        assert url.startswith("https://") or "${datasource:queryparam}" in url


def texts_of(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string, with the keys that lead to it."""
    match tree:
        case dict():
            for key, value in tree.items():
                yield from texts_of(value, f"{path}/{key}")
        case list():
            for number, value in enumerate(tree):
                yield from texts_of(value, f"{path}/{number}")
        case str():
            yield path, tree


SHOWN = re.compile(
    r"/(title|description|label|legendFormat|noValue|text|titleFormat|textFormat|displayName)$"
    r"|/annotations/list/\d+/name$|/matcher/options$|/renameByName/"
)
CHINESE_OR_IN_BOTH = re.compile(
    r"[\u4e00-\u9fff]|^(CPU|Exporter|Python|appid|token|p?\d+%?|[: ]|\{\{\w+\}\})+$"
)


@pytest.mark.parametrize("file", ENGLISH)
def test_the_chinese_one_differs_in_each_text_and_in_nothing_else(file: str) -> None:
    english, chinese = load(file), load(file.replace(".json", ".zh.json"))
    for options in values_of(english, "options"):
        if "renameByName" in options:
            options["renameByName"] = {label: label for label in options["indexByName"]} | options[
                "renameByName"
            ]
    before, after = dict(texts_of(english)), dict(texts_of(chinese))
    assert before.keys() == after.keys()
    for path, text in before.items():
        if SHOWN.search(path):
            assert CHINESE_OR_IN_BOTH.search(after[path]), path
        elif path.endswith(("/uid", "/url")):
            assert after[path].replace("-zh", "") == text
        elif path.endswith("/expr"):
            assert after[path].replace("无", "none").replace("未知", "unknown") == text
        else:
            assert after[path] == text
            assert path.endswith(("/query", "/regex", "/icon")) or not re.search("[a-z] [a-z]", text), path


def test_no_text_is_translated_that_nothing_shows() -> None:
    shown = {text for file in ENGLISH for _, text in texts_of(load(file))}
    shown |= {
        label for file in ENGLISH for columns in values_of(load(file), "indexByName") for label in columns
    }
    assert set(CHINESE) - shown == set()


def test_an_unknown_variable_is_noticed() -> None:
    assert filled('a{b="$job"}[$__range]', {"job": "j"}) == 'a{b="j"}[300s]'
    with pytest.raises(KeyError):
        filled("$nobody", {})
