"""The lines of one app that depend on its lists alone: kept as text and used again until the lists change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.exposition.line_templates import filled, number
from wx_domain_exporter.exposition.results import AppResult, Lists, ScrapeResults
from wx_domain_exporter.metrics import definitions as metrics
from wx_domain_exporter.metrics.definitions import Gauge

CACHED = (metrics.INFO, metrics.BASELINE_MATCH, metrics.MISSING, metrics.UNEXPECTED)
"""The gauges of which one app can have many lines, and most apps have none or few."""


@dataclass(frozen=True, slots=True)
class CachedLines:
    """The cached lines of one app.

    Attributes:
        app: the app, with its baseline and what is exported of it.
        lists: what the lines were written from.
        templates: what they were written with.
        joined_hashes: the hashes of the lists as they stand in lines, joined by line feeds. Whole lines
            would take five times the memory, for each of thousands of apps.
        texts: by gauge of `CACHED`, its lines, if there are any.
    """

    app: MonitoredApp
    lists: Lists
    templates: Mapping[Gauge, str]
    joined_hashes: str
    texts: Mapping[Gauge, str]

    def serve(self, app: MonitoredApp, lists: Lists, templates: Mapping[Gauge, str]) -> bool:
        """Return whether the lines would be the same if they were written again."""
        return self.lists is lists and self.app is app and self.templates is templates


_NO_TEXTS: Mapping[Gauge, str] = {}


def cached_lines_of(
    app: AppResult, lists: Lists, results: ScrapeResults, templates: Mapping[Gauge, str]
) -> CachedLines:
    """Write the lines of one app that are to be cached.

    Args:
        app: the app.
        lists: its lists.
        results: of the scrape; they say what is exported.
        templates: of the format's lines.
    """
    hashes = "\n".join([number(listed.hash) for listed in lists.values()])
    of_app = replace(results, apps=(app,))
    texts = {gauge: "".join(filled(gauge, of_app, templates[gauge])) for gauge in CACHED}
    texts = {gauge: text for gauge, text in texts.items() if text}
    return CachedLines(app.app, lists, templates, hashes, texts or _NO_TEXTS)
