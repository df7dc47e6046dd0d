"""What is written once of an app's lists, and used again while they stay the same."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.watch import Watch
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.exposition.columns import Columns
from wx_domain_exporter.exposition.dialect import Lines, number, text
from wx_domain_exporter.lists.domains import DomainList
from wx_domain_exporter.metrics import table as metrics
from wx_domain_exporter.metrics.table import Gauge

_NOTHING: Mapping[Gauge, str] = {}

Lists = Mapping[str, DomainList]
"""By category."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One app's lists as they are written.

    Attributes:
        lines: the patterns that it was written with.
        lists: what it was written of.
        joined_hashes: the numbers of the lists, in their order, a line each: thousands of apps have one.
        texts: by gauge, the lines of the gauges that few apps have, or that one app has many of.
    """

    lines: Lines
    lists: Lists
    joined_hashes: str
    texts: Mapping[Gauge, str]

    @property
    def hashes(self) -> Sequence[str]:
        """Return the hash of each list as it stands in a line."""
        return self.joined_hashes.split("\n")


Sheets = MutableMapping[str, Sheet]
"""By appid; for apps and settings that do not change."""


def write_sheet(watch: Watch, lists: Lists, lines: Lines, collect: Collect) -> Sheet:
    """Write what there is of an app's lists."""
    hashes = "\n".join([number(listed.hash) for listed in lists.values()])
    if not collect.domains and not watch.app.baseline:
        return Sheet(lines, lists, hashes, _NOTHING)
    columns = Columns(lines)
    if collect.domains:
        _write_domains(columns, watch, lists, collect.max_domains)
    _write_drifts(columns, watch, lists, collect.max_domains)
    return Sheet(lines, lists, hashes, columns.texts())


def _write_domains(columns: Columns, watch: Watch, lists: Lists, most: int) -> None:
    if watch.too_many(sum(listed.count for listed in lists.values()), most):
        return
    for category, listed in lists.items():
        for domain in listed.domains:
            columns.add(metrics.INFO, 1, watch.app.appid, category, text(domain))


def _write_drifts(columns: Columns, watch: Watch, lists: Lists, room: int) -> None:
    appid = watch.app.appid
    for category, drift in watch.drifts(lists).items():
        columns.add(metrics.BASELINE_MATCH, 1 if drift.matches else 0, appid, category)
        for domain in drift.missing:  # no more than the configuration names
            columns.add(metrics.MISSING, 1, appid, category, text(domain))
        for domain in drift.unexpected[:room]:
            columns.add(metrics.UNEXPECTED, 1, appid, category, text(domain))
        room -= min(room, len(drift.unexpected))
