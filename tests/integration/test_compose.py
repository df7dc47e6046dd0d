"""deploy/compose: its files, and the dashboards' expressions in a Prometheus with its configuration."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import yaml
from helpers.compose_setup import (
    AWAY,
    COMPOSE,
    DENIED,
    DISCOVERED,
    FOREIGN,
    GARBLED,
    KEPT,
    MISSING,
    NEW,
    RENEWED,
    SHOP,
    compose_file,
    one_exporter,
    whole_compose,
)
from helpers.examples import DOMAINS, MODULE
from helpers.grafana import FILES, Query, filled, load, option, queries, variables
from helpers.programs import FORKY, program
from helpers.real_victoriametrics import AT_ONCE, victoria_metrics
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from helpers.real_prometheus import Prometheus

ALL = {"job": "wx_domain", "instance": ".*", "appid": ".*"}
FLEET = ALL | {"appid": f"{SHOP}|{DENIED}|{GARBLED}|{RENEWED}|{AWAY}|{DISCOVERED}"}


def complete(up: int = 4, copies: int = 1) -> str:
    """An expression that says that the last scrapes got everything about the fleet.

    `up` of its six mini programs are up. Each of their series is there in so many `copies`: one for each job
    that scrapes an exporter of the fleet.
    """
    appids = f'appid=~"{FLEET["appid"]}"'
    counts = {
        f"wx_domain_effective_hash{{{appids}}}": 7 * up,
        f'wx_domain_fetch_error{{{appids},reason=~"api|decode"}}': 6 - up,
        f"wx_domain_api_quota_limit{{{appids}}}": 5,  # none of the one whose answers are garbled
    }
    return " and on () ".join(f"count({series}) == {number * copies}" for series, number in counts.items())


@pytest.fixture(scope="module")
def servers(release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Prometheus]]:
    """Prometheus, and VictoriaMetrics with the same samples."""
    folder = tmp_path_factory.mktemp("compose")
    with (
        victoria_metrics(folder / "victoria-metrics", AT_ONCE) as copy,
        whole_compose(folder, release, [copy]) as (running, world),
    ):
        running.wait_for("count(up == 1) >= 4")
        running.wait_for(f'count(wx_domain_hash{{appid="{AWAY}"}} offset 4s) >= 24')
        # A change after a failed scrape would be one that happened while it was not scraped.
        running.wait_for(f'count_over_time(count(wx_domain_hash{{appid="{RENEWED}"}})[6s:1s]) >= 6')
        away_then = {"errcode": 48001, "domains": {"requestdomain": [NEW]}}
        world.patch(AWAY, away_then)
        world.patch(RENEWED, {"domains": {"requestdomain": [KEPT, NEW]}})
        running.wait_for(f'sum_over_time((1 - wx_domain_up{{appid="{AWAY}"}})[10s:1s]) >= 6')
        world.patch(AWAY, {"errcode": 0})
        probed = f'probe_success{{job="wx_domain_targets",apps="renewed,away",instance="{NEW}"}}'
        scraped = 'count(up{job="wx_domain"} == 1) == 6'
        yield {
            name: server.when(f"{complete(copies=4)} and on () {probed} and on () {scraped}")
            for name, server in {"prometheus": running, "victoria-metrics": copy}.items()
        }


@pytest.fixture(scope="module")
def server(servers: dict[str, Prometheus]) -> Prometheus:
    return servers["prometheus"]


@pytest.fixture(params=["prometheus", "victoria-metrics"])
def database(request: pytest.FixtureRequest, servers: dict[str, Prometheus]) -> Prometheus:
    return servers[request.param]


def ask(server: Prometheus, query: Query, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """The result that Grafana would get for a panel: now, or over the last minutes."""
    expression = filled(query.expression, values)
    if not query.over_time:
        return server.query(expression)
    end = server.at or time.time()
    span = urlencode({"query": expression, "start": end - 300, "end": end, "step": 1})
    result: list[dict[str, Any]] = server.get(f"/api/v1/query_range?{span}")["result"]
    return result


def without_zero(query: Query) -> Query:
    """The query without the part that gives 0 if there are no series."""
    return Query(query.where, re.sub(r" or count\([^()]*\) \* 0$", "", query.expression), query.over_time)


class TestDashboards:
    @pytest.mark.parametrize("query", queries(load("fleet.json")), ids=lambda query: query.where)
    def test_each_expression_of_the_overview_finds_something(
        self, database: Prometheus, query: Query
    ) -> None:
        assert ask(database, without_zero(query), FLEET)
        assert ask(database, query, ALL)

    @pytest.mark.parametrize("query", queries(load("mini-program.json")), ids=lambda query: query.where)
    def test_each_expression_of_a_mini_program_finds_something(
        self, database: Prometheus, query: Query
    ) -> None:
        found = [
            ask(database, without_zero(query), ALL | {"appid": one})
            for one in (SHOP, DENIED, RENEWED, AWAY, DISCOVERED)
        ]
        assert any(found)

    @pytest.mark.parametrize("file", FILES)
    def test_the_variables_offer_what_there_is(self, database: Prometheus, file: str) -> None:
        variable = variables(load(file))["appid"]
        query = variable["query"]["query"].removeprefix("query_result(").removesuffix(")")
        options = dict(option(variable, row)[::-1] for row in database.query(filled(query, ALL)))
        assert options[DENIED] == f"denied · {DENIED}"
        assert options[SHOP] in {f'the "shop" · {SHOP}', f"shop, as it was called · {SHOP}"}
        assert options[DISCOVERED].endswith(DISCOVERED)
        assert len(options) == 21


def expression_of(file: str, where: str) -> str:
    [found] = [query.expression for query in queries(load(file)) if query.where == where]
    return found


def table(server: Prometheus, file: str, where: str, values: Mapping[str, str], *labels: str) -> list[Any]:
    """The rows of a table: the displayed labels and the value."""
    rows = server.query(filled(expression_of(file, where), values))
    assert all(set(row["metric"]) <= {"appid", *labels} for row in rows)
    return sorted(
        (*(row["metric"].get(label, "") for label in labels), float(row["value"][1])) for row in rows
    )


class TestTables:
    """Two exporters have one fleet, with different names for an app; two Prometheus servers scrape both."""

    @pytest.mark.parametrize(
        ("title", "number"),
        [
            ("Mini programs", 6),
            ("Failing", 2),
            ("Required and missing", 1),
            ("Unexpected", 1),
            ("Lists not in force", 1),
            ("Lists nearly full", 3),
            ("Quota nearly used", 1),
            ("Changed lists", 2),
            ("Targets down", 1),
            ("Broken app files", 2),
            ("Different configurations", 3),
        ],
    )
    def test_nothing_counts_twice(self, database: Prometheus, title: str, number: int) -> None:
        assert table(database, "fleet.json", f"{title} A", FLEET) == [(number,)]

    def test_who_fails_and_why(self, database: Prometheus) -> None:
        found = table(
            database, "fleet.json", "Who fails, and why A", FLEET, "name", "reason", "api", "errcode"
        )
        assert found == [("denied", "api", "getwxadevinfo", "61007", 0), ("garbled", "decode", "", "", 0)]

    def test_drift(self, database: Prometheus) -> None:
        where = (database, "fleet.json")
        [(name, *missing)] = table(*where, "Missing domains A", FLEET, "name", "category", "domain")
        assert missing == ["requestdomain", MISSING, 1]
        assert name in {'the "shop"', "shop, as it was called"}
        [(_, *unexpected)] = table(*where, "Unexpected domains A", FLEET, "name", "category", "domain")
        assert unexpected == ["requestdomain", FOREIGN, 1]

    def test_what_is_configured_and_not_in_force(self, database: Prometheus) -> None:
        rows = [
            table(database, "fleet.json", f"Configured, but not in force {ref}", FLEET, "name", "category")
            for ref in "AB"
        ]
        [(_, category, configured)], [(_, same, effective)] = rows
        assert (category, configured) == ("requestdomain", 2)
        assert (same, effective) == ("requestdomain", 1)

    def test_a_quota_that_is_nearly_used(self, database: Prometheus) -> None:
        [*_, (_, api, share)] = sorted(
            table(database, "fleet.json", "Most used quotas A", FLEET, "name", "api"), key=lambda row: row[-1]
        )
        assert api == "getwxadevinfo"
        assert 0.95 < share < 1

    def test_what_changed(self, database: Prometheus) -> None:
        found = table(database, "fleet.json", "What changed A", FLEET, "name", "category")
        assert {(name, category) for name, category, _ in found} == {
            ("renewed", "requestdomain"),
            ("away", "requestdomain"),
        }

    def test_the_lists_of_one(self, database: Prometheus) -> None:
        of_shop = ALL | {"appid": SHOP}
        found = table(database, "mini-program.json", "Domains A", of_shop, "category", "domain", "state")
        assert [(domain, state) for _, domain, state, _ in found] == [
            (KEPT, "configured"),
            (FOREIGN, "unexpected"),
            (MISSING, "missing"),
        ]

    def test_annotations_name_what_was_added_and_removed(self, database: Prometheus) -> None:
        of = {"added": ALL | {"appid": RENEWED}, "meanwhile": ALL | {"appid": AWAY}}
        file = "mini-program.json"
        domains = {}
        for where in ("Added domains", "Removed domains"):
            rows = ask(database, Query(where, expression_of(file, where), over_time=True), of["added"])
            domains[where] = [row["metric"]["domain"] for row in rows]
        assert domains == {
            "Added domains": [NEW],
            "Removed domains": [FOREIGN],
        }
        where = "Changed while it was not scraped"
        [row] = ask(database, Query(where, expression_of(file, where), over_time=True), of["meanwhile"])
        assert row["metric"] == {"category": "requestdomain"}
        assert not ask(database, Query(where, expression_of(file, where), over_time=True), of["added"])


PanelValues = dict[str, list[float]]
"""The values of the panels that have any, by title and letter of the query."""


def panel_values(server: Prometheus, appid: str) -> tuple[PanelValues, PanelValues]:
    """The current values of an app on the overview and on the dashboard of one mini program."""

    def of(file: str) -> PanelValues:
        found = {
            query.where: server.query(filled(query.expression, ALL | {"appid": appid}))
            for query in queries(load(file))
        }
        return {where: [float(row["value"][1]) for row in rows] for where, rows in found.items() if rows}

    return of("fleet.json"), of("mini-program.json")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[PanelValues, PanelValues]]:
    """The values on the dashboards, by the state of an app with a baseline."""
    by_state = {}
    with one_exporter(tmp_path_factory.mktemp("seen"), FORKY) as (server, world, program):
        matches = f'wx_domain_baseline_match{{appid="{SHOP}"}}'
        then = server.when(f"{complete()} and on () {matches} == 0")
        by_state["different"] = panel_values(then, SHOP)
        by_state["no baseline"] = panel_values(then, RENEWED)
        world.patch(SHOP, {"domains": {"requestdomain": [KEPT, MISSING]}})
        by_state["same"] = panel_values(server.when(f"{complete()} and on () {matches} == 1"), SHOP)
        world.patch(SHOP, {"errcode": 48001})
        then = server.when(complete(up=3))
        by_state["failing"] = panel_values(then, SHOP)
        by_state["never good"] = panel_values(then, DENIED)
        program.stop()
        server.wait_for("sum_over_time((1 - up)[10s:1s]) >= 6")
        by_state["no exporter"] = panel_values(server, SHOP)
    return by_state


OF_BASELINES = {"Required and missing A", "Unexpected A", "Differences A", "Differences B"}
OF_LISTS = {"Lists not in force A", "Lists nearly full A"}
DIFFERENCES = {"Differences from the baseline A", "Differences from the baseline B"}
OF_ITS_LISTS = {"Baseline A", "Not in force A", "Number of domains A", "Fullest list A"}


class TestTheUnknown:
    """Nothing unknown is shown as 0, as good or with an old value, although Prometheus had values before."""

    def test_what_differs_is_counted(self, seen: dict[str, tuple[PanelValues, PanelValues]]) -> None:
        fleet, one = seen["different"]
        assert all(fleet[where] == [1] for where in OF_BASELINES | OF_LISTS)
        assert (fleet["Mini programs A"], fleet["Failing A"], fleet["Changed lists A"]) == ([1], [0], [0])
        assert all(one[where] == [1] for where in DIFFERENCES)
        assert (one["Baseline A"], one["Not in force A"], one["Reason A"]) == ([0], [1], [0])

    def test_a_baseline_that_is_met_is_0(self, seen: dict[str, tuple[PanelValues, PanelValues]]) -> None:
        fleet, one = seen["same"]
        assert all(fleet[where] == [0] for where in OF_BASELINES)
        assert all(one[where] == [0] for where in DIFFERENCES)
        assert one["Baseline A"] == [1]

    def test_without_a_baseline_nothing_is_compared(
        self, seen: dict[str, tuple[PanelValues, PanelValues]]
    ) -> None:
        fleet, one = seen["no baseline"]
        assert not OF_BASELINES & set(fleet)
        assert not DIFFERENCES & set(one)
        assert (one["Baseline A"], one["Reason A"]) == ([-1], [0])

    @pytest.mark.parametrize("state", ["failing", "never good"])
    def test_of_one_that_fails_no_list_is_known(
        self, seen: dict[str, tuple[PanelValues, PanelValues]], state: str
    ) -> None:
        fleet, one = seen[state]
        assert not (OF_BASELINES | OF_LISTS) & set(fleet)
        assert (fleet["Mini programs A"], fleet["Failing A"]) == ([1], [1])
        assert not (DIFFERENCES | OF_ITS_LISTS) & set(one)
        assert (one["State A"], one["Reason A"]) == ([0], [1])
        assert (one["Last success A"] == [0]) is (state == "never good")

    def test_without_an_exporter_nothing_is_known(
        self, seen: dict[str, tuple[PanelValues, PanelValues]]
    ) -> None:
        fleet, one = seen["no exporter"]
        assert fleet == {"Targets down A": [1], "Changed lists A": [1]}
        assert one == {"Reason A": [-1]}


class TestPrometheus:
    def test_all_of_its_targets_are_found(self, server: Prometheus) -> None:
        assert set(server.values('up{job="wx_domain"} == 1', "replica")) == {"", "b"}
        assert len(server.query('count by (instance) (up{job="wx_domain"} == 1)')) == 3
        assert server.query('wx_domain_up{job="wx_domain"} == 0')

    def test_the_domains_are_found_and_probed(self, server: Prometheus) -> None:
        assert set(server.values("probe_success", "apps")) >= {"renewed,away"}
        assert server.values('probe_success{job="wx_domain_targets"}', "instance") == {
            KEPT: 0,
            FOREIGN: 0,
            NEW: 0,
        }

    def test_the_rules_load(self, server: Prometheus) -> None:
        groups = server.get("/api/v1/rules")["groups"]
        assert groups
        assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}


def run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


class TestFiles:
    def test_promtool_accepts_its_file_and_rules(self, tmp_path: Path) -> None:
        shutil.copytree(REPOSITORY / "rules", tmp_path / "rules")
        file = shutil.copy(COMPOSE / "prometheus.yml", tmp_path)
        run(program("promtool", "prometheus"), "check", "config", str(file))

    def test_the_programs_accept_their_files(self, release: str) -> None:
        amtool = program("amtool", "prometheus-alertmanager", release)
        run(amtool, "check-config", str(COMPOSE / "alertmanager.yml"))
        blackbox = "prometheus-blackbox-exporter"
        run(
            program(blackbox, blackbox, release),
            "--config.check",
            f"--config.file={COMPOSE / 'blackbox.yml'}",
        )

    def test_the_domains_are_probed_as_the_docs_say(self) -> None:
        [job] = [job for job in compose_file("prometheus.yml")["scrape_configs"] if "http_sd_configs" in job]
        [documented] = DOMAINS["scrape_configs"]
        text = yaml.safe_dump(documented)
        text = text.replace("localhost:12324", "exporter:12324").replace(
            "localhost:9115", "blackbox_exporter:9115"
        )
        assert job == yaml.safe_load(text)
        assert compose_file("blackbox.yml") == MODULE
