"""The families of which each app has its lines in each scrape: how they are written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import NamedTuple

from wx_domain_exporter.apps.watch import Outcome
from wx_domain_exporter.config.loading import WatchedApp
from wx_domain_exporter.exposition.columns import Fill
from wx_domain_exporter.exposition.dialect import Lines, number, text
from wx_domain_exporter.exposition.sheets import Sheet
from wx_domain_exporter.metrics import table as metrics
from wx_domain_exporter.metrics.table import Gauge


class Row(NamedTuple):
    """One app in one scrape.

    Attributes:
        app: which.
        outcome: how its fetch ended.
        timestamp: that of the outcome, as it stands in a line.
        sheet: what is written of its lists; None: it has none.
    """

    app: WatchedApp
    outcome: Outcome
    timestamp: str
    sheet: Sheet | None


_ZERO, _ONE = number(0), number(1)

_count = lru_cache(1024)(number)


def lines_of(gauge: Gauge, rows: Sequence[Row], lines: Lines, label_keys: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a gauge; an item can hold several.

    Args:
        gauge: which.
        rows: the apps.
        lines: the patterns.
        label_keys: the labels that app_info has beside its own.
    """
    if gauge is metrics.APP_INFO:
        return _infos(rows, lines.of(gauge), label_keys)
    write = _FAMILIES.get(gauge)
    if write is not None:
        return write(rows, lines.of(gauge))
    return (row.sheet.texts.get(gauge, "") for row in rows if row.sheet is not None and row.sheet.texts)


def _infos(rows: Sequence[Row], line: str, label_keys: Sequence[str]) -> Iterator[str]:
    fill = line.format
    for row in rows:
        app = row.app
        labels = [text(app.labels.get(key, "")) for key in label_keys]
        yield fill(app.appid, text(app.name), *labels, _ONE)


def _ups(rows: Sequence[Row], line: str) -> Iterator[str]:
    fill = line.format
    for row in rows:
        yield fill(row.app.appid, _ZERO if row.outcome.categories is None else _ONE)


def _durations(rows: Sequence[Row], line: str) -> Iterator[str]:
    fill = line.format
    for row in rows:
        yield fill(row.app.appid, number(row.outcome.seconds))


def _timestamps(rows: Sequence[Row], line: str) -> Iterator[str]:
    fill = line.format
    for row in rows:
        yield fill(row.app.appid, row.timestamp)


def _last_successes(rows: Sequence[Row], line: str) -> Iterator[str]:
    fill = line.format
    for row in rows:
        last, now = row.outcome.last_success, row.outcome.timestamp
        if last is not None:
            yield fill(row.app.appid, row.timestamp if last == now else number(last))


def _domains(rows: Sequence[Row], line: str) -> Iterator[str]:
    fill_of = cache(partial(_of_categories, line))
    for row in rows:
        if row.sheet is not None:
            lists = row.sheet.lists
            yield fill_of(tuple(lists))(row.app.appid, *[_count(listed.count) for listed in lists.values()])


def _hashes(rows: Sequence[Row], line: str) -> Iterator[str]:
    fill_of = cache(partial(_of_categories, line))
    for row in rows:
        if row.sheet is not None:
            yield fill_of(tuple(row.sheet.lists))(row.app.appid, *row.sheet.hashes)


def _of_categories(line: str, categories: Sequence[str]) -> Fill:
    """Return what writes the lines of all categories at once: nearly all apps have the same ones."""
    return "".join(
        line.replace("{1}", category).replace("{2}", f"{{{place}}}")
        for place, category in enumerate(categories, 1)
    ).format


_FAMILIES: Mapping[Gauge, Callable[[Sequence[Row], str], Iterator[str]]] = {
    metrics.UP: _ups,
    metrics.FETCH_DURATION: _durations,
    metrics.FETCH_TIMESTAMP: _timestamps,
    metrics.LAST_SUCCESS: _last_successes,
    metrics.DOMAINS: _domains,
    metrics.HASH: _hashes,
}
