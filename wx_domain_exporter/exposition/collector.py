"""The outcomes of one scrape's fetches become the text of the fleet's metric families."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice

from wx_domain_exporter.apps.extras import Findings
from wx_domain_exporter.apps.watch import Outcome, Watch
from wx_domain_exporter.config.loading import Settings
from wx_domain_exporter.exposition.columns import Columns
from wx_domain_exporter.exposition.dialect import Encoder, Lines, dialect_of, number
from wx_domain_exporter.exposition.rows import Row, lines_of
from wx_domain_exporter.exposition.sheets import Sheet, Sheets, write_sheet
from wx_domain_exporter.fetch.flights import Batch
from wx_domain_exporter.metrics import table as metrics
from wx_domain_exporter.metrics.table import GAUGES
from wx_domain_exporter.wechat.apis import GETWXADEVINFO

_LINES_A_PIECE = 1000


class DomainCollector:
    """Made anew for each scrape, whose deadline its batch knows; only the sheets outlive the scrape."""

    def __init__(
        self, settings: Settings, label_keys: Sequence[str], sheets: Sheets, batch: Batch, begin: float
    ) -> None:
        """Make a collector.

        Args:
            settings: what is exported, and the limits.
            label_keys: every key that any app of the fleet has in its `labels`.
            sheets: what earlier scrapes of the same fleet wrote.
            batch: the scrape's apps; whoever collects has waited for it.
            begin: when the scrape began, in seconds of `time.monotonic()`.
        """
        self._settings = settings
        self._batch = batch
        self._begin = begin
        self._label_keys = tuple(label_keys)
        self._sheets = sheets

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
            of_apps = lines_of(gauge, rows, dialect.lines, self._label_keys)
            yield from _pieces(head, chain(of_apps, columns.of(gauge)))

    def _rows_and_columns(self, lines: Lines) -> tuple[Sequence[Row], Columns]:
        """Return what there is of each app, and the lines that are no app's, or of few apps."""
        columns = Columns(lines)
        rows: list[Row] = []
        batch = self._batch
        # The outcomes are looked at first: nothing is found of an app whose outcome is not there yet.
        outcomes, findings = batch.outcomes, batch.findings
        for watch, outcome, found in zip(batch.watches, outcomes, findings, strict=True):
            sheet = self._sheet(watch, outcome, lines)
            rows.append(Row(watch.app, outcome, number(outcome.timestamp), sheet))
            _add_errors(columns, watch, outcome, found)
            _add_quota(columns, watch, found)
            if outcome.categories is not None:
                _add_effective(columns, watch, found)
        for category, limit in self._settings.limits.items():
            columns.add(metrics.DOMAINS_LIMIT, limit, category)
        columns.add(metrics.SCRAPE_DURATION, time.monotonic() - self._begin)
        return rows, columns

    def _sheet(self, watch: Watch, outcome: Outcome, lines: Lines) -> Sheet | None:
        lists, appid = outcome.categories, watch.app.appid
        if lists is None:  # its sheet stays: the lists may be the same in the next answer
            return None
        sheet = self._sheets.get(appid)
        if sheet is None or sheet.lists is not lists or sheet.lines is not lines:
            sheet = self._sheets[appid] = write_sheet(watch, lists, lines, self._settings.collect)
        return sheet


def _pieces(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Join lines, but not all at once: those of a large fleet have tens of megabytes. No line, no head."""
    rest = iter(lines)
    while some := list(islice(rest, _LINES_A_PIECE)):
        if piece := "".join(some):
            yield head + piece
            head = ""


def _add_errors(columns: Columns, watch: Watch, outcome: Outcome, found: Findings) -> None:
    appid = watch.app.appid
    for api, errcode in (*outcome.api_errors.items(), *found.api_errors.items()):
        columns.add(metrics.API_ERROR, 1, appid, api, str(errcode))
    if outcome.reason is not None:
        columns.add(metrics.FETCH_ERROR, 1, appid, outcome.reason.value)


def _add_quota(columns: Columns, watch: Watch, found: Findings) -> None:
    if found.quota is not None:
        key = (watch.app.appid, GETWXADEVINFO.name)
        columns.add(metrics.QUOTA_LIMIT, found.quota.limit, *key)
        columns.add(metrics.QUOTA_USED, found.quota.used, *key)
        columns.add(metrics.QUOTA_REMAINING, found.quota.remaining, *key)


def _add_effective(columns: Columns, watch: Watch, found: Findings) -> None:
    for category, listed in found.effective.items():
        key = (watch.app.appid, category)
        columns.add(metrics.EFFECTIVE_DOMAINS, listed.count, *key)
        columns.add(metrics.EFFECTIVE_HASH, listed.hash, *key)
