"""A shortcut for large fleets: the text of a scrape's families, without the families.

What it writes is, byte for byte, what prometheus_client makes of `families_of`; `tests/unit/exposition/test_fast_writer.py`
compares them. It saves processor time in three ways: values are filled into templates of lines, lines that
depend on an app's lists alone are cached, and the lines of all categories of an app are filled at once. The
samples come from `families.py`, so that a new metric needs no change here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice

from wx_domain_exporter.exposition.cached_lines import CACHED, CachedLines, cached_lines_of
from wx_domain_exporter.exposition.line_templates import Encoder, filled, number, templates_of
from wx_domain_exporter.exposition.results import ScrapeResults
from wx_domain_exporter.metrics import definitions as metrics
from wx_domain_exporter.metrics.definitions import Gauge

_LINES_A_PIECE = 1000


class FastWriter:
    """Writes the scrapes of one endpoint, and keeps what the next one can use."""

    def __init__(self) -> None:
        self._cached: dict[str, CachedLines] = {}

    def write(
        self, results: ScrapeResults, encode: Encoder, names: Collection[str] | None = None
    ) -> Iterator[str]:
        """Yield the text of a scrape's families, piece by piece.

        Args:
            results: of the scrape, with all apps of the fleet: what is cached of others is dropped.
            encode: prometheus_client's encoder of the format.
            names: the families that are wanted; None: all.
        """
        templates = templates_of(encode, results.label_keys)
        cached = self._cached_lines(results, templates.lines)
        for gauge, template in templates.lines.items():
            if names is None or gauge.name in names:
                lines = _lines(gauge, results, cached, template)
                yield from _pieces(templates.heads[gauge], lines)

    def _cached_lines(self, results: ScrapeResults, templates: Mapping[Gauge, str]) -> Sequence[CachedLines]:
        """Return the cached lines of all apps that have lists, in the order of the apps."""
        before, after, found = self._cached, {}, []
        for app in results.apps:
            appid, lists = app.app.settings.appid, app.result.categories
            cached = before.get(appid)
            if lists is not None:
                if cached is None or not cached.serve(app.app, lists, templates):
                    cached = cached_lines_of(app, lists, results, templates)
                found.append(cached)
            if cached is not None:  # also of an app that fails: its next answer may have the same lists
                after[appid] = cached
        self._cached = after
        return found


def _lines(
    gauge: Gauge, results: ScrapeResults, cached: Sequence[CachedLines], template: str
) -> Iterable[str]:
    """Return the lines of a gauge; an item can hold several of them, or none."""
    if gauge in CACHED:
        return [one.texts[gauge] for one in cached if gauge in one.texts]
    if gauge is metrics.DOMAINS:
        return _lines_of_lists(cached, template, _counts)
    if gauge is metrics.HASH:
        return _lines_of_lists(cached, template, _hashes)
    return filled(gauge, results, template)


def _counts(cached: CachedLines) -> Sequence[str]:
    return [number(listed.count) for listed in cached.lists.values()]


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

    for one in cached:
        yield fill_of(tuple(one.lists))(one.app.settings.appid, *numbers_of(one))


def _pieces(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Join lines, but not all at once: those of a large fleet have tens of megabytes. No line, no head."""
    rest = filter(None, lines)
    while some := list(islice(rest, _LINES_A_PIECE)):
        yield head + "".join(some)
        head = ""
