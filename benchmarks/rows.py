"""What `make bench` measures: one function for each row that `--only` can select."""

import contextlib
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

from benchmarks.clients import clients, silent_clients
from benchmarks.figures import Figure, after_the_first, growth, ideal, spread
from benchmarks.measuring import (
    CONCURRENCY,
    MANY_DOMAINS,
    PROMETHEUS,
    TIMEOUT,
    Costs,
    Fleet,
    cpu_seconds,
    measure,
    microseconds_per_app,
    pinned,
    running_exporter,
    scrape,
)
from benchmarks.wechat_api import Answers, WechatApi
from wx_domain_exporter.scrape_timeout import HEADER as TIMEOUT_HEADER

SMALL, MIDDLE, LARGE, HUGE = 100, 1000, 10_000, 30_000
FEW = Fleet(MIDDLE)
MANY = replace(FEW, domains=MANY_DOMAINS, exported=True)
ONE_CORE = {0}
_PROBES = 600
_PROBES_AT_ONCE = 16
_LONG_RUN = 50
_FLOOR_ROUNDS = 9
_PAGES = 9
_SCRAPES_BY_PROMETHEUS = 20
_INTERVAL = 10
_REPLICAS = 3
_INTERVAL_OF_REPLICAS, _SCRAPES_OF_REPLICAS = 15, 10
_STARTS = 3
_SCRAPES_BESIDE = 7
_CLIENTS = 24
_READERS = 40
_SECONDS_BETWEEN_READERS = 0.15
_SECONDS_BETWEEN_PIECES = 0.002


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the rows run."""

    api: WechatApi
    folder: Path


Row = Callable[[Bench], Iterator[Figure]]


def wall(bench: Bench) -> Iterator[Figure]:
    """Measure how long a scrape takes against calls that cost nothing but their latency."""
    latency = _latency(bench)
    for fleet, goal in (
        (replace(FEW, apps=MIDDLE), 1.08),
        (replace(FEW, apps=LARGE), 1.05),
        (replace(MANY, apps=MIDDLE), 1.08),
        (replace(MANY, apps=LARGE), 1.08),
    ):
        costs = measure(fleet, bench.api, bench.folder)
        least = ideal(fleet.apps, latency, CONCURRENCY)
        how = f"{after_the_first(costs.wall):.2f} s ({spread(costs.wall)}), ideal {least:.2f} s"
        work = f"wall clock, {fleet.apps:,} apps, domains {'on' if fleet.exported else 'off'}"
        how += f", answer {costs.size / 1e6:.1f} MB gzip"
        yield Figure(work, after_the_first(costs.wall) / least, goal, "×", how)


def cold(bench: Bench) -> Iterator[Figure]:
    """Measure the first scrape after the start, without open connections and cached tokens."""
    fleet = replace(FEW, static_tokens=False)
    first: list[float] = []
    for _ in range(5):
        costs = Costs()
        with running_exporter(fleet, bench.api, bench.folder) as program:
            scrape(program, costs, fleet)
        first += costs.wall
    least = ideal(fleet.apps, _latency(bench), CONCURRENCY)
    how = f"{statistics.median(first):.2f} s ({min(first):.2f}…{max(first):.2f}), ideal {least:.2f} s"
    yield Figure("first scrape, 1,000 apps", statistics.median(first) / least, 2.1, "×", how)


def cpu(bench: Bench) -> Iterator[Figure]:
    """Measure the CPU time of the exporter, and of blackbox_exporter for the same calls."""
    first_probe = _blackbox_probe(bench)
    same = _micros_per_app(bench, FEW, ONE_CORE)
    yield _micros("CPU an app, pinned, unchanged", same, 150)
    probe = (first_probe + _blackbox_probe(bench)) / 2
    how = f"blackbox_exporter {probe:.0f} µs a probe"
    yield Figure("… against blackbox_exporter's probe", after_the_first(same) / probe, 0.06, "×", how)
    goals: dict[Answers, float] = {"reordered": 1.3, "changing": 1.5}
    for answers, goal in goals.items():
        other = _micros_per_app(bench, replace(FEW, answers=answers), ONE_CORE)
        work = f"… answers {'with other bytes' if answers == 'reordered' else 'with a new domain, logged'}"
        how = f"{after_the_first(other):.0f} µs ({spread(other, 0)})"
        yield Figure(work, after_the_first(other) / after_the_first(same), goal, "×", how)
    unpinned = _micros_per_app(bench, FEW, None)
    how = f"{after_the_first(unpinned):.0f} µs ({spread(unpinned, 0)})"
    yield Figure("… two cores, not pinned", after_the_first(unpinned) / after_the_first(same), 1.05, "×", how)
    yield _micros("CPU an app, pinned, 40 domains exported", _micros_per_app(bench, MANY, ONE_CORE), None)


def floor(bench: Bench) -> Iterator[Figure]:
    """Measure the CPU and wall-clock time against a loop that only sends, reads and compares bytes."""
    least = _floor(bench, FEW)
    ours = measure(FEW, bench.api, bench.folder, cores=ONE_CORE, scrapes=9)
    micros = microseconds_per_app(ours, FEW)
    how = f"{after_the_first(micros):.0f} µs against {1e6 * least.cpu / FEW.apps:.1f} µs"
    yield Figure(
        "CPU an app, pinned, unchanged, against the floor",
        after_the_first(micros) * FEW.apps / 1e6 / least.cpu,
        6,
        "×",
        how,
    )
    how = f"{after_the_first(ours.wall):.3f} s against {least.wall:.3f} s"
    yield Figure(
        "wall clock, 1,000 apps, against the floor", after_the_first(ours.wall) / least.wall, None, "×", how
    )


def probe(bench: Bench) -> Iterator[Figure]:
    """Measure the CPU time of an app with a /probe of its own, on persistent connections."""
    appids = [f"wx{number:016x}" for number in range(FEW.apps)]
    costs: list[float] = []
    with running_exporter(FEW, bench.api, bench.folder, ONE_CORE) as program:
        for _ in range(6):
            before = cpu_seconds(program.process.pid)
            with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
                list(pool.map(partial(_probe_all, program), _parts_of(appids, _PROBES_AT_ONCE)))
            costs.append(1e6 * (cpu_seconds(program.process.pid) - before) / FEW.apps)
    yield _micros("CPU an app, pinned, each with /probe", costs, 350)


def size(bench: Bench) -> Iterator[Figure]:
    """Measure whether the CPU time per app grows with the fleet."""
    few = after_the_first(_micros_per_app(bench, replace(FEW, apps=SMALL), ONE_CORE, scrapes=31))
    for apps in (MIDDLE, LARGE, HUGE):
        many = after_the_first(_micros_per_app(bench, replace(FEW, apps=apps), ONE_CORE))
        how = f"{few:.0f} µs at {SMALL}, {many:.0f} µs at {apps:,} apps"
        yield Figure(f"CPU an app at {apps:,} apps against {SMALL}", many / few, 1.15, "×", how)


def memory(bench: Bench) -> Iterator[Figure]:
    """Measure the resident memory and its growth."""
    for fleet, goal in ((FEW, 120), (MANY, 170)):
        costs = measure(replace(fleet, apps=LARGE), bench.api, bench.folder, scrapes=_LONG_RUN)
        domains = "on" if fleet.exported else "off"
        resident = [size / 1e6 for size in costs.resident]
        how = f"{resident[0]:.0f} MB after the first, {resident[-1]:.0f} MB after {_LONG_RUN} scrapes"
        yield Figure(f"resident memory, 10,000 apps, domains {domains}", max(resident), goal, "MB", how)
        yield Figure(f"… its growth over {_LONG_RUN} scrapes", growth(resident), 1.05, "×", how)


def beside(bench: Bench) -> Iterator[Figure]:
    """Measure a scrape beside many clients of pages and service discovery, and a page beside a scrape."""
    fleet = replace(MANY, apps=3 * MIDDLE)
    alone, crowded = Costs(), Costs()
    with running_exporter(fleet, bench.api, bench.folder) as program:
        for _ in range(_SCRAPES_BESIDE):
            scrape(program, alone, fleet, _INTERVAL)
        with clients(program.url, _CLIENTS) as answers:
            for _ in range(_SCRAPES_BESIDE):
                scrape(program, crowded, fleet, _INTERVAL)
        pages: list[float] = []
        with ThreadPoolExecutor(1) as pool:
            scraping = pool.submit(scrape, program, Costs(), fleet, _INTERVAL)
            while not scraping.done():
                begin = time.monotonic()
                request(f"{program.url}/?q=example")
                pages.append(time.monotonic() - begin)
            scraping.result()
    how = f"{after_the_first(crowded.wall):.2f} s ({spread(crowded.wall)}), alone "
    how += (
        f"{after_the_first(alone.wall):.2f} s ({spread(alone.wall)}), {sum(answers.values())} other answers"
    )
    work = f"scrape of 3,000 apps, domains on, beside {_CLIENTS} clients, against alone"
    yield Figure(work, after_the_first(crowded.wall) / after_the_first(alone.wall), 1.3, "×", how)
    how = f"the slowest of {len(pages)}"
    yield Figure("a page with a search, beside a scrape of 3,000 apps", max(pages), 1, "s", how)


def answers(bench: Bench) -> Iterator[Figure]:
    """Measure the memory of many answers at once, to clients that read and to clients that do not."""
    fleet = replace(MANY, apps=LARGE)
    with running_exporter(fleet, bench.api, bench.folder) as program:
        for _ in range(2):
            scrape(program, Costs(), fleet)
        for behaviour, ask in (("read", _read_slowly), ("do not read", _read_nothing)):
            rest = program.resident_bytes() / 1e6
            program.reset_peak()
            ask(program)
            peak = program.peak_bytes() / 1e6
            how = f"from {rest:.0f} to {peak:.0f} MB, without gzip, one client after another"
            work = f"memory of answers to {_READERS} clients that {behaviour}, 10,000 apps, domains on"
            yield Figure(work, peak - rest, 150, "MB", how)


def start(bench: Bench) -> Iterator[Figure]:
    """Measure the time from the start of the program until it listens."""
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
    yaml_seconds = statistics.median(loads)
    how = (
        f"{statistics.median(starts):.2f} s against {yaml_seconds:.2f} s ({path.stat().st_size / 1e6:.1f} MB)"
    )
    work = "start-up, 10,000 apps in config.yml, against PyYAML's C loader"
    yield Figure(work, statistics.median(starts) / yaml_seconds, 1.5, "×", how)


def page(bench: Bench) -> Iterator[Figure]:
    """Measure the status page of a fleet whose apps all fail for one cause, and a search in it."""
    path = bench.folder / "config.yml"
    path.write_text(replace(FEW, apps=LARGE).configuration(bench.api, base_url="https://127.0.0.1:1"))
    with exporter(f"--config.file={path}") as program:
        program.scrape()
        searched = "/?q=app&sort=requestdomain&page=50"
        for work, page_path, goal in (
            ("10,000 apps failing for one cause", "/", 50),
            ("a search in it", searched, None),
        ):
            seconds, size = [], 0
            for _ in range(_PAGES):
                begin = time.monotonic()
                size = len(request(program.url + page_path).text.encode())
                seconds.append(time.monotonic() - begin)
            how = f"({1e3 * min(seconds):.0f}…{1e3 * max(seconds):.0f})"
            yield Figure(f"status page, {work}", 1e3 * statistics.median(seconds), goal, "ms", how)
            yield Figure("… its size", size / 1e3, 200, "kB", "")


def real(bench: Bench) -> Iterator[Figure]:
    """Measure how many scrapes and apps a real Prometheus misses."""
    for fleet, goal in ((FEW, 0), (MANY, None)):
        large = replace(fleet, apps=LARGE)
        with running_exporter(large, bench.api, bench.folder) as program:
            costs = _scraped_by_prometheus([program], _INTERVAL, _SCRAPES_BY_PROMETHEUS)
        domains = "on" if fleet.exported else "off"
        work = f"scrapes missed by Prometheus, domains {domains}"
        yield Figure(work, costs.missed + LARGE - costs.up, goal, "scrapes", costs.how)


def replicas(bench: Bench) -> Iterator[Figure]:
    """Measure how many scrapes and apps a real Prometheus misses of three exporters with 10,000 apps each."""
    with contextlib.ExitStack() as stack:
        programs = []
        for number in range(_REPLICAS):
            folder = bench.folder / f"replica-{number}"
            folder.mkdir(exist_ok=True)
            fleet = replace(FEW, apps=LARGE, first=number * LARGE)
            programs.append(stack.enter_context(running_exporter(fleet, bench.api, folder)))
        costs = _scraped_by_prometheus(programs, _INTERVAL_OF_REPLICAS, _SCRAPES_OF_REPLICAS)
        resident = [program.resident_bytes() / 1e6 for program in programs]
    missed, how = costs.missed + _REPLICAS * LARGE - costs.up, f"{costs.how}, {costs.up:,} apps up"
    yield Figure("scrapes missed by Prometheus, 30,000 apps in three replicas", missed, 0, "scrapes", how)
    yield Figure("… resident memory of a replica", max(resident), None, "MB", f"({spread(resident, 0)})")


ROWS: dict[str, Row] = {
    row.__name__: row
    for row in (wall, cold, cpu, floor, probe, size, memory, beside, answers, start, page, real, replicas)
}


@dataclass(frozen=True, slots=True)
class _PrometheusCosts:
    """What a real Prometheus says of the scrapes of some exporters: failed ones, and the apps that are up."""

    missed: int
    up: int
    how: str


def _scraped_by_prometheus(programs: list[Exporter], interval: int, scrapes: int) -> _PrometheusCosts:
    job = {
        "job_name": "wechat",
        "scrape_interval": f"{interval}s",
        "scrape_timeout": f"{interval}s",
        "static_configs": [{"targets": [program.url.removeprefix("http://") for program in programs]}],
    }
    with tempfile.TemporaryDirectory() as folder, prometheus(Path(folder), [job], OWN) as server:
        time.sleep(interval * scrapes)
        server.wait_for(f"min(count_over_time(up[1h])) >= {scrapes}", 10 * interval)

        def number(expression: str) -> float:
            (found,) = server.query(expression)
            return float(found["value"][1])

        scraped = number("sum(count_over_time(up[1h]))")
        longest = number("max(max_over_time(scrape_duration_seconds[1h]))")
        return _PrometheusCosts(
            missed=int(scraped - number("sum(sum_over_time(up[1h]))")),
            up=int(number("sum(wx_domain_up) or vector(0)")),
            how=f"{scraped:.0f} scrapes, longest {longest:.1f} s",
        )


@dataclass(frozen=True, slots=True)
class _FloorCosts:
    """The seconds of processor time and of wall clock for one call for each app."""

    cpu: float
    wall: float


def _latency(bench: Bench) -> float:
    """Return the seconds that one call takes after the other."""
    return _floor(bench, replace(FEW, apps=1), connections=1).wall


def _floor(bench: Bench, fleet: Fleet, connections: int = CONCURRENCY) -> _FloorCosts:
    url = bench.api.base_url(fleet.answers, fleet.domains)
    numbers = (fleet.apps, connections, _FLOOR_ROUNDS)
    command = [sys.executable, "-m", "benchmarks.floor", url, str(bench.api.ca_file), *map(str, numbers)]
    with pinned(ONE_CORE):
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rounds = [[float(number) for number in line.split()] for line in lines]
    return _FloorCosts(*(statistics.median(column) for column in zip(*rounds, strict=True)))


def _read_slowly(program: Exporter) -> None:
    """Scrape with clients that begin one after another and read the answers in small pieces."""
    parts = urlsplit(program.url)

    def read(number: int) -> None:
        time.sleep(number * _SECONDS_BETWEEN_READERS)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2 * TIMEOUT)
        connection.request("GET", "/metrics", headers={TIMEOUT_HEADER: str(TIMEOUT)})
        response = connection.getresponse()
        while response.read(1 << 16):
            time.sleep(_SECONDS_BETWEEN_PIECES)
        connection.close()

    with ThreadPoolExecutor(_READERS) as pool:
        list(pool.map(read, range(_READERS)))


def _read_nothing(program: Exporter) -> None:
    """Scrape with clients that begin one after another and read nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(_READERS):
            for client in silent_clients(program.url, 1):
                stack.enter_context(client)
            time.sleep(_SECONDS_BETWEEN_READERS)
        time.sleep(_INTERVAL)


def _parts_of(appids: list[str], parts: int) -> list[list[str]]:
    """Return the appids split into this many lists."""
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


def _micros_per_app(bench: Bench, fleet: Fleet, cores: set[int] | None, scrapes: int = 9) -> list[float]:
    return microseconds_per_app(measure(fleet, bench.api, bench.folder, cores=cores, scrapes=scrapes), fleet)


def _micros(work: str, values: list[float], goal: float | None) -> Figure:
    return Figure(work, after_the_first(values), goal, "µs", f"({spread(values, 0)})")


def _blackbox_probe(bench: Bench) -> float:
    """Return the CPU time of blackbox_exporter for a POST with a body match, in microseconds."""
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
            before = _cpu_seconds_of(address)
            list(pool.map(probe, range(_PROBES)))
            return 1e6 * (_cpu_seconds_of(address) - before) / _PROBES


def _cpu_seconds_of(address: str) -> float:
    text = request(f"http://{address}/metrics").text
    return value(text, "process_cpu_seconds_total") or 0.0
