"""The outcomes of one scrape's fetches become the text of the fleet's metric families."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from wx_domain_exporter.apps.extras import Findings
from wx_domain_exporter.apps.watch import Outcome, Watch
from wx_domain_exporter.config.loading import Settings
from wx_domain_exporter.exposition.dialect import Encoder, Lines, dialect_of, number, text
from wx_domain_exporter.fetch.flights import Batch
from wx_domain_exporter.lists.domains import DomainList
from wx_domain_exporter.metrics import table as metrics
from wx_domain_exporter.metrics.table import GAUGES, Gauge
from wx_domain_exporter.wechat.client import GETWXADEVINFO

_LINES_A_PIECE = 1000

_IS_UP, _IS_DOWN = f"{number(1)}\n", f"{number(0)}\n"

Columns = Mapping[Gauge, list[str]]
"""By gauge, its lines: an item can hold several, or none."""


@dataclass(frozen=True, slots=True)
class Page:
    """What was written of one app and stays as it is while its lists do.

    Attributes:
        lines: the patterns that it was written with.
        categories: the lists that it was written of; None: it holds none.
        up: the begin of its line, the value's place left open; as the next three.
        duration: of its fetch.
        timestamp: of its outcome.
        last_success: that of its last good answer.
        info: the whole line.
        lists: by gauge, all lines that tell of the lists.
    """

    lines: Lines
    categories: Mapping[str, DomainList] | None
    up: str
    duration: str
    timestamp: str
    last_success: str
    info: str
    lists: Mapping[Gauge, str]


Row = tuple[Page, Outcome]
"""One app in one scrape."""

Pages = MutableMapping[str, Page]
"""By appid; for apps and settings that do not change."""


class DomainCollector:
    """Made anew for each scrape, whose deadline its batch knows; only the pages outlive the scrape."""

    def __init__(
        self, settings: Settings, label_keys: Sequence[str], pages: Pages, batch: Batch, begin: float
    ) -> None:
        """Make a collector.

        Args:
            settings: what is exported, and the limits.
            label_keys: every key that any app of the fleet has in its `labels`.
            pages: what earlier scrapes of the same fleet wrote.
            batch: the scrape's apps; whoever collects has waited for it.
            begin: when the scrape began, in seconds of `time.monotonic()`.
        """
        self._settings = settings
        self._batch = batch
        self._begin = begin
        self._label_keys = tuple(label_keys)
        self._pages = pages

    def write(self, encode: Encoder, names: Collection[str] | None = None) -> Iterator[str]:
        """Yield the text of the families, piece by piece, as the apps stand at the first one.

        Args:
            encode: prometheus-client's encoder of the format.
            names: the families that are wanted; None: all.
        """
        dialect = dialect_of(encode, self._label_keys)
        rows, columns = self._rows_and_columns(dialect.lines)
        for gauge, head in zip(GAUGES, dialect.heads, strict=True):
            if names is not None and gauge.name not in names:
                continue
            fill = _OF_AN_APP.get(gauge, _lists_of(gauge))
            lines = chain((fill(row) for row in rows), columns[gauge])
            yield from _pieces(head, lines)

    def _rows_and_columns(self, lines: Lines) -> tuple[Sequence[Row], Columns]:
        """Return what there is of each app, and the lines of which few apps have one."""
        columns: Columns = {gauge: [] for gauge in GAUGES}
        rows: list[Row] = []
        batch = self._batch
        # The outcomes are looked at first: nothing is found of an app whose outcome is not there yet.
        outcomes, findings = batch.outcomes, batch.findings
        write = _Writer(lines, columns)
        for watch, outcome, found in zip(batch.watches, outcomes, findings, strict=True):
            rows.append((self._page(watch, outcome, lines), outcome))
            _add_errors(write, watch, outcome, found)
            _add_quota(write, watch, found)
            if outcome.categories is not None:
                _add_effective(write, watch, found)
        for category, limit in self._settings.limits.items():
            write(metrics.DOMAINS_LIMIT, limit, category)
        write(metrics.SCRAPE_DURATION, time.monotonic() - self._begin)
        return rows, columns

    def _page(self, watch: Watch, outcome: Outcome, lines: Lines) -> Page:
        appid = watch.app.appid
        page = self._pages.get(appid)
        if page is None or page.lines is not lines:
            page = self._pages[appid] = self._new_page(watch, lines)
        # A failure leaves the lists in place: they may be the same in the next answer.
        categories = outcome.categories
        if categories is not None and page.categories is not categories:
            lists = self._lists(watch, categories, lines)
            page = self._pages[appid] = replace(page, categories=categories, lists=lists)
        return page

    def _new_page(self, watch: Watch, lines: Lines) -> Page:
        app = watch.app
        values = (app.appid, text(app.name), *(text(app.labels.get(key, "")) for key in self._label_keys))
        return Page(
            lines=lines,
            categories=None,
            up=_open_line(lines, metrics.UP, app.appid),
            duration=_open_line(lines, metrics.FETCH_DURATION, app.appid),
            timestamp=_open_line(lines, metrics.FETCH_TIMESTAMP, app.appid),
            last_success=_open_line(lines, metrics.LAST_SUCCESS, app.appid),
            info=lines.of(metrics.APP_INFO).format(*values, number(1)),
            lists={},
        )

    def _lists(self, watch: Watch, categories: Mapping[str, DomainList], lines: Lines) -> Mapping[Gauge, str]:
        columns: Columns = {gauge: [] for gauge in GAUGES}
        write = _Writer(lines, columns)
        self._write_lists(write, watch, categories)
        self._write_drifts(write, watch, categories)
        return {gauge: "".join(column) for gauge, column in columns.items() if column}

    def _write_lists(self, write: "_Writer", watch: Watch, categories: Mapping[str, DomainList]) -> None:
        appid = watch.app.appid
        collect = self._settings.collect
        for category, listed in categories.items():
            write(metrics.DOMAINS, listed.count, appid, category)
            write(metrics.HASH, listed.hash, appid, category)
        total = sum(listed.count for listed in categories.values())
        if not collect.domains or watch.too_many(total, collect.max_domains):
            return
        for category, listed in categories.items():
            for domain in listed.domains:
                write(metrics.INFO, 1, appid, category, text(domain))

    def _write_drifts(self, write: "_Writer", watch: Watch, categories: Mapping[str, DomainList]) -> None:
        appid, room = watch.app.appid, self._settings.collect.max_domains
        for category, drift in watch.drifts(categories).items():
            write(metrics.BASELINE_MATCH, 1 if drift.matches else 0, appid, category)
            for domain in drift.missing:  # no more than the configuration names
                write(metrics.MISSING, 1, appid, category, text(domain))
            for domain in drift.unexpected[:room]:
                write(metrics.UNEXPECTED, 1, appid, category, text(domain))
            room -= min(room, len(drift.unexpected))


class _Writer:
    """Adds lines to columns."""

    def __init__(self, lines: Lines, columns: Columns) -> None:
        self._ways: dict[Gauge, tuple[Callable[..., str], list[str]]] = {
            gauge: (pattern.format, columns[gauge])
            for gauge, pattern in zip(GAUGES, lines.patterns, strict=True)
        }

    def __call__(self, gauge: Gauge, value: float, *labels: str) -> None:
        fill, column = self._ways[gauge]
        column.append(fill(*labels, number(value)))


def _open_line(lines: Lines, gauge: Gauge, appid: str) -> str:
    return lines.of(gauge).format(appid, "").removesuffix("\n")


def _up(row: Row) -> str:
    page, outcome = row
    return page.up + (_IS_DOWN if outcome.categories is None else _IS_UP)


def _info(row: Row) -> str:
    return row[0].info


def _duration(row: Row) -> str:
    page, outcome = row
    return f"{page.duration}{number(outcome.seconds)}\n"


def _timestamp(row: Row) -> str:
    page, outcome = row
    return f"{page.timestamp}{number(outcome.timestamp)}\n"


def _last_success(row: Row) -> str:
    page, outcome = row
    if outcome.last_success is None:
        return ""
    return f"{page.last_success}{number(outcome.last_success)}\n"


_OF_AN_APP: Mapping[Gauge, Callable[[Row], str]] = {
    metrics.UP: _up,
    metrics.APP_INFO: _info,
    metrics.FETCH_DURATION: _duration,
    metrics.FETCH_TIMESTAMP: _timestamp,
    metrics.LAST_SUCCESS: _last_success,
}
"""What an app's line of a gauge is; the lines of all other gauges are those of its lists, or few."""


def _lists_of(gauge: Gauge) -> Callable[[Row], str]:
    def lines(row: Row) -> str:
        page, outcome = row
        return "" if outcome.categories is None else page.lists.get(gauge, "")

    return lines


def _pieces(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Join lines, but not all at once: those of a large fleet have tens of megabytes. No line, no head."""
    rest = iter(lines)
    while some := list(islice(rest, _LINES_A_PIECE)):
        if piece := "".join(some):
            yield head + piece
            head = ""


def _add_errors(write: _Writer, watch: Watch, outcome: Outcome, found: Findings) -> None:
    appid = watch.app.appid
    for api, errcode in (*outcome.api_errors.items(), *found.api_errors.items()):
        write(metrics.API_ERROR, 1, appid, api, str(errcode))
    if outcome.reason is not None:
        write(metrics.FETCH_ERROR, 1, appid, outcome.reason.value)


def _add_quota(write: _Writer, watch: Watch, found: Findings) -> None:
    if found.quota is not None:
        key = (watch.app.appid, GETWXADEVINFO.name)
        write(metrics.QUOTA_LIMIT, found.quota.limit, *key)
        write(metrics.QUOTA_USED, found.quota.used, *key)
        write(metrics.QUOTA_REMAINING, found.quota.remaining, *key)


def _add_effective(write: _Writer, watch: Watch, found: Findings) -> None:
    for category, listed in found.effective.items():
        key = (watch.app.appid, category)
        write(metrics.EFFECTIVE_DOMAINS, listed.count, *key)
        write(metrics.EFFECTIVE_HASH, listed.hash, *key)
