"""The work that is measured: each row of the table, by the name that picks it."""

import gzip
import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from helpers.exporter_process import Exporter, exporter
from helpers.http_requests import request
from helpers.programs import OWN
from helpers.real_prometheus import blackbox_exporter, prometheus
from helpers.samples import value

from benchmarks.figures import Figure, after_the_first, growth, ideal, spread
from benchmarks.measuring import (
    CONCURRENCY,
    MANY_DOMAINS,
    PROMETHEUS,
    TIMEOUT,
    Costs,
    Fleet,
    an_app,
    cpu_seconds,
    measure,
    pinned,
    scrape,
    watching,
)
from benchmarks.wechat_api import LATENCY, Answers, WechatApi

SMALL, MIDDLE, LARGE = 100, 1000, 10_000
FEW = Fleet(MIDDLE)
MANY = replace(FEW, domains=MANY_DOMAINS, exported=True)
ONE_CORE = {0}
_PROBES = 600
_PROBES_AT_ONCE = 16
_LONG_RUN = 50
_SCRAPES_BY_PROMETHEUS = 20
_INTERVAL = 10
_STARTS = 3


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the rows run."""

    api: WechatApi
    folder: Path


Row = Callable[[Bench], Iterator[Figure]]


def wall(bench: Bench) -> Iterator[Figure]:
    """Measure how long a scrape takes against calls that cost nothing but their latency."""
    for fleet, goal in ((FEW, 1.10), (MANY, 1.25)):
        for apps in (MIDDLE, LARGE):
            one = replace(fleet, apps=apps)
            costs = measure(one, bench.api, bench.folder)
            least = ideal(apps, LATENCY, CONCURRENCY)
            told = f"{after_the_first(costs.wall):.2f} s ({spread(costs.wall)}), ideal {least:.2f} s"
            what = f"wall clock, {apps:,} apps, domains {'on' if one.exported else 'off'}"
            told += f", answer {costs.size / 1e6:.1f} MB gzip"
            yield Figure(what, after_the_first(costs.wall) / least, goal, "×", told)


def cold(bench: Bench) -> Iterator[Figure]:
    """Measure the first scrape after the start: no connection is open and no token known."""
    fleet = replace(FEW, own_tokens=False)
    first: list[float] = []
    for _ in range(5):
        costs = Costs()
        with watching(fleet, bench.api, bench.folder) as program:
            scrape(program, costs, fleet)
        first += costs.wall
    least = ideal(fleet.apps, LATENCY, CONCURRENCY)
    told = f"{statistics.median(first):.2f} s ({min(first):.2f}…{max(first):.2f}), ideal {least:.2f} s"
    yield Figure("first scrape, 1,000 apps", statistics.median(first) / least, 2.5, "×", told)


def cpu(bench: Bench) -> Iterator[Figure]:
    """Measure the processor time of the exporter, and of blackbox_exporter for the same calls."""
    before = _probe(bench)
    same = _an_app(bench, FEW, ONE_CORE)
    yield _micros("CPU an app, pinned, unchanged", same, 150)
    probe = (before + _probe(bench)) / 2
    told = f"blackbox_exporter {probe:.0f} µs a probe"
    yield Figure("… against blackbox_exporter's probe", after_the_first(same) / probe, 1 / 6, "×", told)
    goals: dict[Answers, float] = {"reordered": 1.3, "changing": 1.3}
    for answers, goal in goals.items():
        other = _an_app(bench, replace(FEW, answers=answers), ONE_CORE)
        what = f"… answers {'with other bytes' if answers == 'reordered' else 'with a new domain, logged'}"
        told = f"{after_the_first(other):.0f} µs ({spread(other, 0)})"
        yield Figure(what, after_the_first(other) / after_the_first(same), goal, "×", told)
    free = _an_app(bench, FEW, None)
    told = f"{after_the_first(free):.0f} µs ({spread(free, 0)})"
    yield Figure("… two cores, not pinned", after_the_first(free) / after_the_first(same), 1.5, "×", told)
    yield _micros("CPU an app, pinned, 40 domains exported", _an_app(bench, MANY, ONE_CORE), None)


def probe(bench: Bench) -> Iterator[Figure]:
    """Measure what an app costs that is probed by itself, on connections that are kept as Prometheus does."""
    appids = [f"wx{number:016x}" for number in range(FEW.apps)]
    costs: list[float] = []
    with watching(FEW, bench.api, bench.folder, ONE_CORE) as program:
        for _ in range(6):
            before = cpu_seconds(program.process.pid)
            with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
                list(pool.map(partial(_probe_all, program), _parts_of(appids, _PROBES_AT_ONCE)))
            costs.append(1e6 * (cpu_seconds(program.process.pid) - before) / FEW.apps)
    yield _micros("CPU an app, pinned, each with /probe", costs, None)


def size(bench: Bench) -> Iterator[Figure]:
    """Measure whether an app costs more in a large fleet."""
    few = _an_app(bench, replace(FEW, apps=SMALL), ONE_CORE, scrapes=31)
    many = _an_app(bench, replace(FEW, apps=LARGE), ONE_CORE)
    told = f"{after_the_first(few):.0f} µs at {SMALL}, {after_the_first(many):.0f} µs at {LARGE:,} apps"
    what = "CPU an app at 10,000 apps against 100"
    yield Figure(what, after_the_first(many) / after_the_first(few), 1.2, "×", told)


def memory(bench: Bench) -> Iterator[Figure]:
    """Measure the resident memory, and whether it stays."""
    for fleet, goal in ((FEW, 150), (MANY, 300)):
        one = replace(fleet, apps=LARGE)
        costs = measure(one, bench.api, bench.folder, scrapes=_LONG_RUN)
        domains = "on" if one.exported else "off"
        resident = [size / 1e6 for size in costs.resident]
        told = f"{resident[0]:.0f} MB after the first, {resident[-1]:.0f} MB after {_LONG_RUN} scrapes"
        yield Figure(f"resident memory, 10,000 apps, domains {domains}", max(resident), goal, "MB", told)
        yield Figure(f"… its growth over {_LONG_RUN} scrapes", growth(resident), 1.05, "×", told)


def start(bench: Bench) -> Iterator[Figure]:
    """Measure the time from the start to the first answer that it could give."""
    fleet = replace(FEW, apps=LARGE)
    path = bench.folder / "config.yml"
    path.write_text(fleet.configuration(bench.api))
    load = "import sys, time, yaml; t = time.monotonic(); yaml.load(open(sys.argv[1]), yaml.CSafeLoader); "
    command = [sys.executable, "-c", load + "print(time.monotonic() - t)", str(path)]
    loads, starts = [], []
    for _ in range(_STARTS):
        loads.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
        begin = time.monotonic()
        with exporter(f"--config.file={path}"):
            starts.append(time.monotonic() - begin)
    loader, took = statistics.median(loads), statistics.median(starts)
    told = f"PyYAML's C loader {loader:.2f} s ({path.stat().st_size / 1e6:.1f} MB)"
    yield Figure("start-up, 10,000 apps in config.yml", took, 2 * loader + 1, "s", told)


def real(bench: Bench) -> Iterator[Figure]:
    """Measure whether a real Prometheus misses a scrape."""
    for fleet, goal in ((FEW, 0), (MANY, None)):
        one = replace(fleet, apps=LARGE)
        with watching(one, bench.api, bench.folder) as program, tempfile.TemporaryDirectory() as folder:
            target = program.url.removeprefix("http://")
            job = {
                "job_name": "wechat",
                "scrape_interval": f"{_INTERVAL}s",
                "scrape_timeout": f"{_INTERVAL}s",
                "static_configs": [{"targets": [target]}],
            }
            with prometheus(Path(folder), [job], OWN) as server:
                time.sleep(_INTERVAL * _SCRAPES_BY_PROMETHEUS)
                server.wait_for(f"count_over_time(up[1h]) >= {_SCRAPES_BY_PROMETHEUS}", 10 * _INTERVAL)
                (scraped,) = server.query("count_over_time(up[1h])")
                (failed,) = server.query("count_over_time(up[1h]) - sum_over_time(up[1h])")
                (longest,) = server.query("max_over_time(scrape_duration_seconds[1h])")
                (late,) = server.query("count(wx_domain_up == 0) or vector(0)")
        told = f"{scraped['value'][1]} scrapes, longest {float(longest['value'][1]):.1f} s"
        missed = float(failed["value"][1]) + float(late["value"][1])
        domains = "on" if one.exported else "off"
        yield Figure(f"scrapes missed by Prometheus, domains {domains}", missed, goal, "scrapes", told)


ROWS: dict[str, Row] = {row.__name__: row for row in (wall, cold, cpu, probe, size, memory, start, real)}


def _parts_of(appids: list[str], parts: int) -> list[list[str]]:
    """Return the appids in so many parts."""
    return [appids[part::parts] for part in range(parts)]


def _probe_all(program: Exporter, appids: list[str]) -> None:
    parts = urlsplit(program.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    for appid in appids:
        connection.request("GET", f"/probe?target={appid}", headers=PROMETHEUS)
        response = connection.getresponse()
        text = gzip.decompress(response.read()).decode()
        if f'wx_domain_up{{appid="{appid}"}} 1.0' not in text:
            raise AssertionError(text)
    connection.close()


def _an_app(bench: Bench, fleet: Fleet, cores: set[int] | None, scrapes: int = 9) -> list[float]:
    return an_app(measure(fleet, bench.api, bench.folder, cores=cores, scrapes=scrapes), fleet)


def _micros(work: str, found: list[float], goal: float | None) -> Figure:
    return Figure(work, after_the_first(found), goal, "µs", f"({spread(found, 0)})")


def _probe(bench: Bench) -> float:
    """Return the microseconds that blackbox_exporter spends on a POST with a body match."""
    http = {
        "method": "POST",
        "body": "{}",
        "headers": {"Content-Type": "application/json"},
        "fail_if_body_not_matches_regexp": ['"errcode":0'],
        "tls_config": {"ca_file": str(bench.api.ca_file)},
        "preferred_ip_protocol": "ip4",
    }
    target = f"{bench.api.base_url('same', FEW.domains)}/wxa/getwxadevinfo?access_token=wx0"
    modules = {"post": {"prober": "http", "timeout": "5s", "http": http}}
    with pinned(ONE_CORE), blackbox_exporter(bench.folder, {"modules": modules}, OWN) as address:
        url = f"http://{address}/probe?module=post&target={quote(target, safe='')}"

        def probe(_: int) -> None:
            answer = request(url, headers={"Accept-Encoding": "gzip"})
            if "probe_success 1" not in answer.text:
                raise AssertionError(answer.text)

        with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
            list(pool.map(probe, range(_PROBES_AT_ONCE)))
            before = _spent(address)
            list(pool.map(probe, range(_PROBES)))
            return 1e6 * (_spent(address) - before) / _PROBES


def _spent(address: str) -> float:
    text = request(f"http://{address}/metrics").text
    return value(text, "process_cpu_seconds_total") or 0.0
