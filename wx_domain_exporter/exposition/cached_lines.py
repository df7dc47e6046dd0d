"""Cached exposition lines of one app, which depend only on its lists: reused until the lists change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.exposition.line_templates import filled, number
from wx_domain_exporter.exposition.results import AppResult, Lists, ScrapeResults
from wx_domain_exporter.metrics import definitions as metrics
from wx_domain_exporter.metrics.definitions import Gauge

CACHED = (metrics.INFO, metrics.BASELINE_MATCH, metrics.MISSING, metrics.UNEXPECTED)
"""The gauges whose lines are cached as text: an app can have many of them, but most apps have few or none."""


@dataclass(frozen=True, slots=True)
class CachedLines:
    """The cached lines of one app.

    Attributes:
        app: the app, with its baseline.
        lists: the lists that the lines show.
        templates: the templates that the lines were written with.
        joined_hashes: the hashes of the lists as text, joined by line feeds. Whole lines would take five
            times as much memory for each app.
        texts: the lines of each gauge of `CACHED` that has any.
    """

    app: MonitoredApp
    lists: Lists
    templates: Mapping[Gauge, str]
    joined_hashes: str
    texts: Mapping[Gauge, str]

    def is_valid_for(self, app: MonitoredApp, lists: Lists, templates: Mapping[Gauge, str]) -> bool:
        """Return whether the lines would be the same if they were written again."""
        return self.lists is lists and self.app is app and self.templates is templates


_NO_TEXTS: Mapping[Gauge, str] = {}


def cached_lines_of(
    app: AppResult, lists: Lists, results: ScrapeResults, templates: Mapping[Gauge, str]
) -> CachedLines:
    """Write the lines of one app that are cached.

    Args:
        app: the app.
        lists: its lists.
        results: the results of the scrape, which hold what the configuration exports.
        templates: the line templates of the format.
    """
    hashes = "\n".join([number(listed.hash) for listed in lists.values()])
    app_results = replace(results, apps=(app,))
    texts = {gauge: "".join(filled(gauge, app_results, templates[gauge])) for gauge in CACHED}
    texts = {gauge: text for gauge, text in texts.items() if text}
    return CachedLines(app.app, lists, templates, hashes, texts or _NO_TEXTS)
