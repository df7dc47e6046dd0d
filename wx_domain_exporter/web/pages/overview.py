"""What `/` shows of the mini programs: totals, and one page of the list. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES, EMPTY
from wx_domain_exporter.thresholds import LIST_NEARLY_FULL
from wx_domain_exporter.web.pages.app_state import ORDER, AppState, AppStatus, state_of
from wx_domain_exporter.web.pages.excerpts import Difference, differences
from wx_domain_exporter.web.pages.failures import Failure, api_error, failure_of
from wx_domain_exporter.web.pages.points_in_time import PointInTime, optional_point_in_time, point_in_time
from wx_domain_exporter.web.pages.query import NEARLY_FULL_STATE, Query

ROWS = 100
"""Mini programs on one page."""
_MOST_HITS = 3
_MOST_LABELS = 3
_MOST_DIFFERENCES = 3


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """How many domains a category has.

    Attributes:
        category: which.
        number: how many; None if the answer does not cover the category.
        limit: how many it may have; None for a category without one.
    """

    category: str
    number: int | None
    limit: int | None

    @property
    def nearly_full(self) -> bool:
        """Whether it is close to its limit, at it, or above it."""
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
        labels: some of its labels, as `key=value`.
        kind: how it stands.
        counts: one for each documented category; none for one that fails.
        others: the undocumented categories that it has.
        failure: why it fails; None if it does not.
        fetched: when its last outcome arrived.
        last_success: when its last good answer arrived.
        differences: how its lists differ from its baseline.
        changed: when its lists changed, if that was lately.
        hits: some of its domains that the search found.
    """

    appid: str
    name: str
    labels: Sequence[str]
    kind: AppStatus
    counts: Sequence[CategoryCount]
    others: Sequence[CategoryCount]
    failure: Failure | None
    fetched: PointInTime | None
    last_success: PointInTime | None
    differences: Sequence[Difference]
    changed: PointInTime | None
    hits: Sequence[str]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the list shows.

    Attributes:
        query: what was asked, with the page that is shown.
        apps: how many mini programs there are.
        kinds: how many of them stand how.
        reasons: how many fail for each reason, the most frequent one first.
        nearly_full: how many have a category that is nearly full.
        columns: the documented categories, with their limits.
        matching: how many mini programs the query finds.
        first: the place of the first row among them, from 1 on; 0 if there is none.
        pages: how many pages there are.
        rows: one page of them.
    """

    query: Query
    apps: int
    kinds: Mapping[AppStatus, int]
    reasons: Mapping[str, int]
    nearly_full: int
    columns: Sequence[CategoryCount]
    matching: int
    first: int
    pages: int
    rows: Sequence[OverviewRow]

    @property
    def failing(self) -> int:
        """Return how many mini programs fail."""
        return self.kinds[AppStatus.FAILING]

    @property
    def drifted(self) -> int:
        """Return how many mini programs answer with other lists than their baselines have."""
        return self.kinds[AppStatus.DRIFTED]


def overview(
    watches: Sequence[MonitoredApp], limits: Mapping[str, int], query: Query, now: float
) -> Overview:
    """Return what the list shows.

    Args:
        watches: all mini programs.
        limits: how many domains each category may have.
        query: what is asked for.
        now: Unix time.
    """
    states = [state_of(app, limits, now) for app in watches]
    kinds = Counter(state.kind for state in states)
    reasons = Counter(state.reason for state in states if state.reason)
    found = [state for state in states if _is_in(state, query.state) and _matches(state, query.words)]
    found.sort(key=lambda state: (_sort_key(query.sort)(state), state.app.settings.name.casefold()))
    pages = max(1, -(-len(found) // ROWS))
    page = min(query.page, pages)
    shown = found[(page - 1) * ROWS : page * ROWS]
    return Overview(
        query=query.with_page(page),
        apps=len(states),
        kinds={kind: kinds[kind] for kind in AppStatus},
        reasons=dict(reasons.most_common()),
        nearly_full=sum(state.fullest >= LIST_NEARLY_FULL for state in states),
        columns=[CategoryCount(category, None, limits.get(category)) for category in DOCUMENTED_CATEGORIES],
        matching=len(found),
        first=(page - 1) * ROWS + 1 if found else 0,
        pages=pages,
        rows=[_row(state, limits, query.words, now) for state in shown],
    )


def _is_in(state: AppState, wanted: str) -> bool:
    if wanted == NEARLY_FULL_STATE:
        return state.fullest >= LIST_NEARLY_FULL
    return wanted in {"", state.kind, state.reason}


def _matches(state: AppState, words: Sequence[str]) -> bool:
    missing = _not_in_head(state, words)
    if not missing:
        return True
    lists = state.app.known_lists or {}
    domains = "\n".join(listed.lines for listed in lists.values()).casefold()
    return all(word in domains for word in missing)


def _not_in_head(state: AppState, words: Sequence[str]) -> list[str]:
    """Return the words that are not in what the row says of the app anyway, whatever its domains are."""
    if not words:
        return []
    app, cause = state.app.settings, None if state.result is None else api_error(state.result.error)
    errcode = "" if cause is None else str(cause.errcode)
    head = "\n".join((app.appid, app.name, *_labels(app.labels), state.reason, errcode)).casefold()
    return [word for word in words if word not in head]


def _hits(state: AppState, words: Sequence[str]) -> list[str]:
    """Return some of the domains for which the search found an app."""
    missing = _not_in_head(state, words)
    lists = (state.app.known_lists or {}) if missing else {}
    domains = dict.fromkeys(domain for listed in lists.values() for domain in listed.domains)
    return [domain for domain in domains if any(word in domain.casefold() for word in missing)][:_MOST_HITS]


def _sort_key(sort: str) -> Callable[[AppState], tuple[float, float]]:
    if sort == "state":
        return lambda state: (
            ORDER[state.kind],
            -(state.changed or 0.0) if state.kind is AppStatus.CHANGED else 0.0,
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
    watch, result, lists = state.app, state.result, state.lists
    app = watch.settings
    failure = None
    if result is not None and result.error is not None:
        failure = failure_of(result.error, app.appid, watch.source.component_appid)

    def count(category: str) -> CategoryCount:
        listed = lists.get(category)
        return CategoryCount(category, None if listed is None else listed.count, limits.get(category))

    return OverviewRow(
        appid=app.appid,
        name=app.name,
        labels=_labels(app.labels)[:_MOST_LABELS],
        kind=state.kind,
        counts=[count(category) for category in DOCUMENTED_CATEGORIES],
        others=[count(category) for category in lists if category not in DOCUMENTED_CATEGORIES],
        failure=failure,
        fetched=None if result is None else point_in_time(result.timestamp, now),
        last_success=optional_point_in_time(watch.last_success, now),
        differences=differences(state.drifts, _MOST_DIFFERENCES),
        changed=optional_point_in_time(state.changed, now) if _shows_change(state) else None,
        hits=_hits(state, words),
    )


def _shows_change(state: AppState) -> bool:
    return state.changed_lately and state.kind in {AppStatus.CHANGED, AppStatus.DRIFTED}


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in labels.items()]
