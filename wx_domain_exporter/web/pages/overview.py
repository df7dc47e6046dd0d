"""The content of `/`: how many mini programs have which status, and one page of the list. Pure."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.diagnosis.causes import Cause, origin_of
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES, EMPTY
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.fleet_history import ScrapeTotals
from wx_domain_exporter.thresholds import LIST_NEARLY_FULL
from wx_domain_exporter.web.pages.app_state import STATUS_ORDER, AppState, AppStatus, state_of
from wx_domain_exporter.web.pages.causes import CauseGroup, cause_group
from wx_domain_exporter.web.pages.changes import Timeline, timeline
from wx_domain_exporter.web.pages.charts import Column, Ticks, columns, ticks
from wx_domain_exporter.web.pages.excerpts import Difference, differences
from wx_domain_exporter.web.pages.points_in_time import (
    PointInTime,
    duration,
    optional_point_in_time,
    point_in_time,
)
from wx_domain_exporter.web.pages.query import NEARLY_FULL_STATE, Query
from wx_domain_exporter.web.pages.texts import TEXTS
from wx_domain_exporter.wechat.errors import FetchError

ROWS = 100
"""Mini programs on one page."""
_MAX_HITS = 3
_MAX_LABELS = 3
_MAX_DIFFERENCES = 3
_MAX_CAUSES = 20
_MAX_CHANGES = 10
_MAX_CHANGED = 3
_TICKS = 30


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """How many domains a category has.

    Attributes:
        category: the category.
        number: its number of domains; None if the answer does not cover the category.
        limit: its maximum number of domains; None for a category without a limit.
    """

    category: str
    number: int | None
    limit: int | None

    @property
    def nearly_full(self) -> bool:
        """Whether the number is close to the limit, at it, or above it."""
        return (
            self.number is not None
            and self.limit is not None
            and self.number >= LIST_NEARLY_FULL * self.limit
        )


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One mini program in the list.

    Attributes:
        appid: its appid.
        name: its name.
        labels: its first labels, as `key=value`.
        status: its status.
        counts: one for each documented category, without numbers if it fails.
        others: one for each undocumented category that it has.
        cause: why it fails; None if it does not.
        failing_for: for how long it has failed; None if it does not fail.
        next_trial: how long no call is made after a refusal or a used-up quota; None: the next scrape calls.
        ticks: how its last fetches ended.
        fetched: when the result of its last fetch arrived; None before the first fetch.
        last_success: when its last successful answer arrived; None before the first one.
        differences: how its lists differ from its baseline.
        changed: when its lists changed, if that was within the last day.
        hits: the first of its domains that match the search.
    """

    appid: str
    name: str
    labels: Sequence[str]
    status: AppStatus
    counts: Sequence[CategoryCount]
    others: Sequence[CategoryCount]
    cause: Cause | None
    failing_for: BilingualText | None
    next_trial: BilingualText | None
    ticks: Ticks
    fetched: PointInTime | None
    last_success: PointInTime | None
    differences: Sequence[Difference]
    changed: PointInTime | None
    hits: Sequence[str]


@dataclass(frozen=True, slots=True)
class Overview:
    """The list of mini programs, and how many of all have which status.

    Attributes:
        query: the query, with the number of the page that is shown.
        apps: how many mini programs there are.
        by_status: how many of them have each status.
        causes: why mini programs fail, the most frequent cause first.
        more_causes: how many further causes there are.
        nearly_full: how many have a category that is nearly full.
        columns: the documented categories, with their limits.
        matching: how many mini programs match the query.
        first: the number of the first row on this page, counted from 1; 0 if there is no row.
        pages: how many pages there are.
        rows: the rows of this page.
        bar: how many mini programs were well after each of the last scrapes.
        timeline: the last changes of all lists.
    """

    query: Query
    apps: int
    by_status: Mapping[AppStatus, int]
    causes: Sequence[CauseGroup]
    more_causes: int
    nearly_full: int
    columns: Sequence[CategoryCount]
    matching: int
    first: int
    pages: int
    rows: Sequence[OverviewRow]
    bar: Sequence[Column]
    timeline: Timeline

    @property
    def failing(self) -> int:
        """Return how many mini programs fail."""
        return self.by_status[AppStatus.FAILING]

    @property
    def drifted(self) -> int:
        """Return how many mini programs do not match their baseline."""
        return self.by_status[AppStatus.DRIFTED]


def overview(
    apps: Iterable[MonitoredApp],
    limits: Mapping[str, int],
    query: Query,
    now: float,
    scrapes: Sequence[ScrapeTotals] = (),
) -> Overview:
    """Return the content of the overview.

    Args:
        apps: all mini programs, in the order of their names.
        limits: by category, the maximum number of domains.
        query: which mini programs to show, and in which order.
        now: Unix time.
        scrapes: the last scrapes, oldest first.
    """
    states = [state_of(app, limits, now) for app in apps]
    matching = _matching(states, query)
    by_status = Counter([state.status for state in states])
    causes = Counter([state.cause for state in states if state.cause is not None])
    matching.sort(key=_sort_key(query.sort))
    pages = max(1, -(-len(matching) // ROWS))
    page = min(query.page, pages)
    shown = matching[(page - 1) * ROWS : page * ROWS]
    return Overview(
        query=query.with_page(page),
        apps=len(states),
        by_status={status: by_status[status] for status in AppStatus},
        causes=_cause_groups(states, causes),
        more_causes=max(0, len(causes) - _MAX_CAUSES),
        nearly_full=sum(state.fullest >= LIST_NEARLY_FULL for state in states),
        columns=[CategoryCount(category, None, limits.get(category)) for category in DOCUMENTED_CATEGORIES],
        matching=len(matching),
        first=(page - 1) * ROWS + 1 if matching else 0,
        pages=pages,
        rows=[_row(state, limits, query.words, now) for state in shown],
        bar=columns(scrapes, now),
        timeline=_timeline(states, now),
    )


def _cause_groups(states: Sequence[AppState], numbers: Mapping[Cause, int]) -> list[CauseGroup]:
    """Return the mini programs that fail for each of the most frequent causes."""
    causes = sorted(numbers, key=lambda cause: (-numbers[cause], cause.code))[:_MAX_CAUSES]
    failures = _one_of_each_origin(states)
    return [cause_group(list(failures[cause].values()), cause, numbers[cause]) for cause in causes]


def _one_of_each_origin(
    states: Sequence[AppState],
) -> Mapping[Cause, Mapping[object, tuple[MonitoredApp, FetchError]]]:
    """Return for each cause an app for each origin of its token, because the remedy depends on that."""
    found: dict[Cause, dict[object, tuple[MonitoredApp, FetchError]]] = {}
    for state in states:
        error = None if state.result is None else state.result.error
        if error is not None and state.cause is not None:
            origin = (origin_of(error), state.app.source.component_appid)
            found.setdefault(state.cause, {}).setdefault(origin, (state.app, error))
    return found


def _timeline(states: Sequence[AppState], now: float) -> Timeline:
    """Return the last changes of all apps: they are among those of the apps that changed last."""
    changed = [(state.changed, place) for place, state in enumerate(states) if state.changed is not None]
    apps = [states[place].app for _, place in heapq.nlargest(_MAX_CHANGES, changed)]
    return timeline(apps, now, _MAX_CHANGES, _MAX_CHANGED)


def _matching(states: Sequence[AppState], query: Query) -> list[AppState]:
    wanted, words = query.state, query.words
    if not query.has_known_state:
        return []
    found = [state for state in states if _has_state(state, wanted)] if wanted else list(states)
    return [state for state in found if _matches_search(state, words)] if words else found


def _has_state(state: AppState, wanted: str) -> bool:
    if wanted == NEARLY_FULL_STATE:
        return state.fullest >= LIST_NEARLY_FULL
    return wanted == state.status or (state.cause is not None and state.cause.has(wanted))


def _matches_search(state: AppState, words: Sequence[str]) -> bool:
    missing = _words_for_domains(state, words)
    if not missing:
        return True
    lists = state.app.known_lists or {}
    domains = "\n".join(listed.lines for listed in lists.values()).casefold()
    return all(word in domains for word in missing)


def _words_for_domains(state: AppState, words: Sequence[str]) -> list[str]:
    """Return the words of the search that are not in an app's name, labels, status or cause."""
    if not words:
        return []
    app, status = state.app.settings, TEXTS[state.status]
    cause = () if state.cause is None else (state.cause.reason, state.cause.code)
    words_of_status = (state.status, status.en, status.zh)
    text = "\n".join((app.appid, app.name, *_labels(app.labels), *words_of_status, *cause)).casefold()
    return [word for word in words if word not in text]


def _hits(state: AppState, words: Sequence[str]) -> list[str]:
    """Return the first domains that match the search."""
    missing = _words_for_domains(state, words)
    lists = (state.app.known_lists or {}) if missing else {}
    domains = dict.fromkeys(domain for listed in lists.values() for domain in listed.domains)
    return [domain for domain in domains if any(word in domain.casefold() for word in missing)][:_MAX_HITS]


def _sort_key(sort: str) -> Callable[[AppState], tuple[float, float]]:
    if sort == "state":
        return lambda state: (
            STATUS_ORDER[state.status],
            -(state.changed or 0.0) if state.status is AppStatus.CHANGED else 0.0,
        )
    if sort == "name":
        return lambda _: (0.0, 0.0)
    if sort == "age":
        return lambda state: (0.0, 0.0 if state.result is None else state.result.timestamp)
    if sort == "changed":
        return lambda state: (0.0, -(state.changed or 0.0))
    if sort == "fullest":
        return lambda state: (0.0, -state.fullest)
    return lambda state: (0.0, -state.lists.get(sort, EMPTY).count)


def _row(state: AppState, limits: Mapping[str, int], words: Sequence[str], now: float) -> OverviewRow:
    app, result, lists = state.app, state.result, state.lists
    since = failing_since(state)
    settings = app.settings

    def count(category: str) -> CategoryCount:
        listed = lists.get(category)
        return CategoryCount(category, None if listed is None else listed.count, limits.get(category))

    return OverviewRow(
        appid=settings.appid,
        name=settings.name,
        labels=_labels(settings.labels)[:_MAX_LABELS],
        status=state.status,
        counts=[count(category) for category in DOCUMENTED_CATEGORIES],
        others=[count(category) for category in lists if category not in DOCUMENTED_CATEGORIES],
        cause=state.cause,
        failing_for=None if since is None else duration(now - since),
        next_trial=next_trial(app),
        ticks=ticks(app.status_history.statuses(_TICKS)),
        fetched=None if result is None else point_in_time(result.timestamp, now),
        last_success=optional_point_in_time(app.last_success, now),
        differences=differences(state.drifts, _MAX_DIFFERENCES),
        changed=optional_point_in_time(state.changed, now) if _shows_change(state) else None,
        hits=_hits(state, words),
    )


def failing_since(state: AppState) -> float | None:
    """Return the Unix time since which a mini program fails; None if it does not, or that is not known."""
    return None if state.cause is None else state.app.status_history.failing_since


def next_trial(app: MonitoredApp) -> BilingualText | None:
    """Return how long no call is made; None if the next scrape makes one."""
    seconds = app.seconds_until_trial
    return duration(seconds) if seconds > 0 else None


def _shows_change(state: AppState) -> bool:
    return state.changed_lately and state.status in {AppStatus.CHANGED, AppStatus.DRIFTED}


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in labels.items()]
