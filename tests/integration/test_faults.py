"""The table of faults: the exporter against an API that misbehaves, with one app for each fault."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from helpers.exporter_process import Exporter, exporter
from helpers.fault_behaviours import BOMB, GZIP, body, domain_of
from helpers.fault_table import BEHAVIOURS, FAULTS, GOOD, TIMEOUT, Fault
from helpers.faults import CANARY, FaultyApi, token_for
from helpers.json_text import as_json
from helpers.samples import samples, series, value

from wx_domain_exporter.domains.domain_list import domain_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SCRAPES = 3
SCRAPE_TIMEOUT = 120.0
"""Seconds that no scrape reaches, because all calls end before."""
API_TIMEOUT = "100s"
SHORT_API_TIMEOUT = "5s"
"""For the faults that a timeout ends; they have an exporter of their own."""
SLOTS = 256
MOST_GROWTH = 60 << 20
OTHER_THREADS = 60
"""The main thread, the web server's pool, and one for each host name that is resolved."""


def appid_of(fault: str) -> str:
    names = [fault.name for fault in FAULTS]
    return f"wx{names.index(fault):016x}"


def configuration(url: str, tokens: dict[str, str], **wechat: Any) -> str:
    """A configuration with these tokens, by appid."""
    return as_json(
        {
            "wechat": {"base_url": url, "timeout": API_TIMEOUT, **wechat},
            "apps": [
                {"appid": appid, "token": {"type": "access_token", "access_token": token}}
                for appid, token in tokens.items()
            ],
        }
    )


class Exposition:
    """The text of a scrape, and its samples by app."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = samples(text)
        self._of_app: dict[tuple[str, str], list[tuple[dict[str, str], float]]] = {}
        for (metric, labels), number in self.samples.items():
            other_labels = dict(labels)
            appid = other_labels.pop("appid", "")
            self._of_app.setdefault((metric, appid), []).append((other_labels, number))

    def labels(self, metric: str, appid: str) -> list[dict[str, str]]:
        """The labels, without appid, of an app's series of a metric."""
        return [labels for labels, _ in self._of_app.get((metric, appid), [])]

    def value(self, metric: str, appid: str, **more: str) -> float | None:
        values = [number for labels, number in self._of_app.get((metric, appid), []) if labels == more]
        return values[0] if values else None


@dataclass
class Run:
    """The results of several scrapes of one exporter whose apps are faults."""

    api: FaultyApi
    scrapes: list[Exposition] = field(default_factory=list)
    growth: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    log: str = ""

    def scrape(self, running: Exporter, resident: int) -> None:
        text = running.scrape(SCRAPE_TIMEOUT)
        self.growth.append(running.resident_bytes() - resident)
        self.threads.append(running.threads())
        self.scrapes.append(Exposition(text))


@contextmanager
def run_of(file: Path, faults: Iterable[Fault], timeout: str) -> Iterator[Run]:
    with FaultyApi(BEHAVIOURS) as api:
        run = Run(api)
        tokens = {appid_of(fault.name): token_for(fault.name) for fault in faults}
        file.write_text(configuration(api.url, tokens, max_concurrency=SLOTS, timeout=timeout))
        with exporter(f"--config.file={file}", "--log.level=debug") as running:
            resident = running.resident_bytes()
            for _ in range(SCRAPES):
                run.scrape(running, resident)
            assert running.stop() == 0
        run.log = running.log
        yield run


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Of all faults but those that only a timeout ends."""
    file = tmp_path_factory.mktemp("faults") / "config.yml"
    with run_of(file, [fault for fault in FAULTS if fault not in TIMEOUT], API_TIMEOUT) as run:
        yield run


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Of the faults that only a timeout ends."""
    with run_of(tmp_path_factory.mktemp("timeouts") / "config.yml", TIMEOUT, SHORT_API_TIMEOUT) as run:
        yield run


@pytest.fixture
def run(request: pytest.FixtureRequest, fault: Fault) -> Run:
    return cast("Run", request.getfixturevalue("slow" if fault in TIMEOUT else "quick"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
class TestEachFault:
    def test_up_reason_and_errcode_are_right_in_every_scrape(self, run: Run, fault: Fault) -> None:
        appid = appid_of(fault.name)
        reasons = [] if fault.reason is None else [{"reason": fault.reason}]
        errcodes = [] if fault.errcode is None else [{"api": "getwxadevinfo", "errcode": str(fault.errcode)}]
        for scrape in run.scrapes:
            assert scrape.value("wx_domain_up", appid) == (1 if fault.reason is None else 0)
            assert scrape.labels("wx_domain_fetch_error", appid) == reasons
            assert scrape.labels("wx_domain_api_error", appid) == errcodes

    def test_lists_are_those_of_the_app_or_absent(self, run: Run, fault: Fault) -> None:
        appid = appid_of(fault.name)
        expected = domain_list([domain_of(fault.name)]).hash if fault.reason is None else None
        domains = [] if fault.reason else [{"category": "requestdomain", "domain": domain_of(fault.name)}]
        for scrape in run.scrapes:
            assert scrape.value("wx_domain_hash", appid, category="requestdomain") == expected
            assert scrape.labels("wx_domain_info", appid) == domains
            counts = scrape.labels("wx_domain_domains", appid)
            assert bool(counts) is (fault.reason is None)
            assert counts == scrape.labels("wx_domain_hash", appid)

    def test_what_every_app_has_is_there(self, run: Run, fault: Fault) -> None:
        appid = appid_of(fault.name)
        for scrape in run.scrapes:
            assert scrape.labels("wx_domain_app_info", appid) == [{"name": appid}]
            duration = scrape.value("wx_domain_fetch_duration_seconds", appid)
            assert duration is not None
            assert 0 < duration < SCRAPE_TIMEOUT
            success = scrape.value("wx_domain_last_success_timestamp_seconds", appid)
            assert (success is not None) is (fault.reason is None)

    def test_the_api_is_not_called_more_often_than_necessary(self, run: Run, fault: Fault) -> None:
        if fault.reason == "quota":
            assert run.api.calls(fault.name) == 1
        elif fault.reason == "connection":
            # A kept connection that breaks may have been stale: a fresh one, once, is owed.
            assert SCRAPES <= run.api.calls(fault.name) <= 2 * SCRAPES
        else:
            assert run.api.calls(fault.name) == fault.calls * SCRAPES


class TestTheWhole:
    def test_memory_is_bounded(self, quick: Run, slow: Run) -> None:
        assert max(quick.growth + slow.growth) < MOST_GROWTH

    def test_threads_are_bounded(self, quick: Run, slow: Run) -> None:
        assert max(quick.threads + slow.threads) < OTHER_THREADS

    def test_no_token_shows_anywhere(self, quick: Run, slow: Run) -> None:
        for run in (quick, slow):
            assert "app fails" in run.log
            assert CANARY[:12] not in run.log
            assert not [scrape for scrape in run.scrapes if CANARY[:12] in scrape.text]

    def test_no_fault_causes_an_internal_error(self, quick: Run, slow: Run) -> None:
        for log in (quick.log, slow.log):
            assert "app fails" in log
            assert "Traceback" not in log
            assert "internal error" not in log
            assert "level=error" not in log

    def test_the_failed_calls_are_counted_by_reason(self, quick: Run, slow: Run) -> None:
        counted = {
            dict(labels)["reason"]: number
            for run in (quick, slow)
            for (name, labels), number in run.scrapes[-1].samples.items()
            if name == "wx_domain_exporter_api_request_failures_total"
        }
        for reason in ("timeout", "connection", "http"):
            failing = sum(fault.reason == reason for fault in FAULTS)
            assert counted[reason] == failing * SCRAPES


def test_a_scrape_shorter_than_the_apis_timeout_ends_at_its_deadline(tmp_path: Path) -> None:
    names = ["hang", "drip-body", "healthy-first", "healthy-last"]
    with FaultyApi(BEHAVIOURS) as api:
        file = tmp_path / "config.yml"
        tokens = {appid_of(name): token_for(name) for name in names}
        file.write_text(configuration(api.url, tokens, timeout="1m"))
        with exporter(f"--config.file={file}") as running:
            for _ in range(2):
                text = running.scrape(5)
                assert series(text, "wx_domain_up", "appid") == dict(zip(tokens, (0, 0, 1, 1), strict=True))
                for name in names[:2]:
                    assert value(text, "wx_domain_fetch_error", appid=appid_of(name), reason="deadline") == 1
        # The calls under way were abandoned, not repeated.
        assert (api.calls("hang"), api.calls("drip-body")) == (1, 1)


def test_the_answers_of_failed_calls_are_not_kept_in_memory(tmp_path: Path) -> None:
    apps, slots = 150, 8
    with FaultyApi({f"bomb{number}": body(BOMB, GZIP) for number in range(apps)}) as api:
        file = tmp_path / "config.yml"
        tokens = {f"wx{number:016x}": token_for(f"bomb{number}") for number in range(apps)}
        file.write_text(configuration(api.url, tokens, max_concurrency=slots))
        with exporter(f"--config.file={file}") as running:
            resident = running.resident_bytes()
            for _ in range(3):
                text = running.scrape(SCRAPE_TIMEOUT)
                assert value(text, "wx_domain_up", appid=next(iter(tokens))) == 0
            assert len(api.requests) == 3 * apps
            assert running.resident_bytes() - resident < MOST_GROWTH
            assert running.threads() < OTHER_THREADS
            # The connection of a failed call is closed at once, too.
            api.wait_for_ended(3 * apps)


def test_the_table_has_good_answers_at_both_ends() -> None:
    assert {fault.name for fault in GOOD} >= {"healthy-first", "healthy-last"}
    assert {fault.reason for fault in FAULTS} >= {"timeout", "connection", "http", "decode", "api", "quota"}
