"""Writes the text of a scrape without making metric families: a shortcut for `/metrics` and `/probe`.

The text is byte for byte the one that prometheus_client writes for `families_of`; a property test compares
them in `tests/unit/exposition/test_fast_writer.py`. It saves processor time in three ways: values are filled
into line templates, lines that depend only on an app's lists are cached, and the lines of all categories of
an app are filled at once. The samples come from `families.py`, so that a new metric needs no change here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice

from wx_domain_exporter.exposition.cached_lines import CACHED, CachedLines, cached_lines_of
from wx_domain_exporter.exposition.line_templates import Encoder, filled, number, templates_of
from wx_domain_exporter.exposition.results import ScrapeResults
from wx_domain_exporter.metrics import definitions as metrics
from wx_domain_exporter.metrics.definitions import Gauge

_LINES_PER_PIECE = 1000


class FastWriter:
    """Writes the scrapes of one endpoint, and caches lines between them."""

    def __init__(self) -> None:
        self._cached: dict[str, CachedLines] = {}

    def write(
        self, results: ScrapeResults, encode: Encoder, names: Collection[str] | None = None
    ) -> Iterator[str]:
        """Yield the text of a scrape's families, piece by piece.

        Args:
            results: the results of the scraped apps. Cached lines of all other apps are dropped, so that
                `/probe`, with one app each time, gains by the templates alone.
            encode: prometheus_client's encoder of the format.
            names: the families to write; None: all.
        """
        templates = templates_of(encode, results.label_keys)
        cached = self._cached_lines(results, templates.lines)
        for gauge, template in templates.lines.items():
            if names is None or gauge.name in names:
                lines = _lines(gauge, results, cached, template)
                yield from _pieces(templates.heads[gauge], lines)

    def _cached_lines(self, results: ScrapeResults, templates: Mapping[Gauge, str]) -> Sequence[CachedLines]:
        """Return the cached lines of all apps that have lists, in the order of the apps."""
        kept: dict[str, CachedLines] = {}
        cached_lines = []
        for app in results.apps:
            lists, cached = app.lists, self._cached.get(app.appid)
            if lists is not None:
                if cached is None or not cached.is_valid_for(app.app, lists, templates):
                    cached = cached_lines_of(app, lists, results, templates)
                cached_lines.append(cached)
            if cached is not None:  # kept for an app that fails too, because its next lists may be the same
                kept[app.appid] = cached
        self._cached = kept
        return cached_lines


def _lines(
    gauge: Gauge, results: ScrapeResults, cached: Sequence[CachedLines], template: str
) -> Iterable[str]:
    """Return the lines of a gauge; an item may hold several lines, or none."""
    if gauge in CACHED:
        return [app.texts[gauge] for app in cached if gauge in app.texts]
    if gauge is metrics.DOMAINS:
        return _lines_of_lists(cached, template, _counts)
    if gauge is metrics.HASH:
        return _lines_of_lists(cached, template, _hashes)
    return filled(gauge, results, template)


def _counts(cached: CachedLines) -> Sequence[str]:
    return [number(domains.count) for domains in cached.lists.values()]


def _hashes(cached: CachedLines) -> Sequence[str]:
    return cached.joined_hashes.split("\n")


def _lines_of_lists(
    cached: Sequence[CachedLines], template: str, numbers_of: Callable[[CachedLines], Sequence[str]]
) -> Iterator[str]:
    """Yield the lines of all lists of an app at once: nearly all apps have the same categories."""

    @cache
    def fill_of(categories: Sequence[str]) -> Callable[..., str]:
        lines = [
            template.replace("{1}", category).replace("{2}", f"{{{place}}}")
            for place, category in enumerate(categories, 1)
        ]
        return "".join(lines).format

    for app in cached:
        yield fill_of(tuple(app.lists))(app.app.settings.appid, *numbers_of(app))


def _pieces(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield the head and the lines in pieces; a large fleet has tens of megabytes. No line, no head."""
    remaining = filter(None, lines)
    while piece := list(islice(remaining, _LINES_PER_PIECE)):
        yield head + "".join(piece)
        head = ""
