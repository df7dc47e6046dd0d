"""The content of `/`: how many mini programs have which status, and one page of the list. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.diagnosis.diagnose import Diagnosis, api_error_of, diagnose
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES, EMPTY
from wx_domain_exporter.thresholds import LIST_NEARLY_FULL
from wx_domain_exporter.web.pages.app_state import STATUS_ORDER, AppState, AppStatus, state_of
from wx_domain_exporter.web.pages.excerpts import Difference, differences
from wx_domain_exporter.web.pages.points_in_time import PointInTime, optional_point_in_time, point_in_time
from wx_domain_exporter.web.pages.query import NEARLY_FULL_STATE, Query

ROWS = 100
"""Mini programs on one page."""
_MAX_HITS = 3
_MAX_LABELS = 3
_MAX_DIFFERENCES = 3


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
        failure: why it fails; None if it does not.
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
    failure: Diagnosis | None
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
        by_reason: how many fail for each reason, the most frequent reason first.
        nearly_full: how many have a category that is nearly full.
        columns: the documented categories, with their limits.
        matching: how many mini programs match the query.
        first: the number of the first row on this page, counted from 1; 0 if there is no row.
        pages: how many pages there are.
        rows: the rows of this page.
    """

    query: Query
    apps: int
    by_status: Mapping[AppStatus, int]
    by_reason: Mapping[str, int]
    nearly_full: int
    columns: Sequence[CategoryCount]
    matching: int
    first: int
    pages: int
    rows: Sequence[OverviewRow]

    @property
    def failing(self) -> int:
        """Return how many mini programs fail."""
        return self.by_status[AppStatus.FAILING]

    @property
    def drifted(self) -> int:
        """Return how many mini programs do not match their baseline."""
        return self.by_status[AppStatus.DRIFTED]


def overview(apps: Iterable[MonitoredApp], limits: Mapping[str, int], query: Query, now: float) -> Overview:
    """Return the content of the overview.

    Args:
        apps: all mini programs.
        limits: by category, the maximum number of domains.
        query: which mini programs to show, and in which order.
        now: Unix time.
    """
    states: list[AppState] = []
    matching: list[AppState] = []
    for app in apps:
        state = state_of(app, limits, now)
        states.append(state)
        if _has_state(state, query.state) and _matches_search(state, query.words):
            matching.append(state)
    by_status = Counter(state.status for state in states)
    by_reason = Counter(state.reason for state in states if state.reason)
    matching.sort(key=lambda state: (_sort_key(query.sort)(state), state.app.settings.name.casefold()))
    pages = max(1, -(-len(matching) // ROWS))
    page = min(query.page, pages)
    shown = matching[(page - 1) * ROWS : page * ROWS]
    return Overview(
        query=query.with_page(page),
        apps=len(states),
        by_status={status: by_status[status] for status in AppStatus},
        by_reason=dict(by_reason.most_common()),
        nearly_full=sum(state.fullest >= LIST_NEARLY_FULL for state in states),
        columns=[CategoryCount(category, None, limits.get(category)) for category in DOCUMENTED_CATEGORIES],
        matching=len(matching),
        first=(page - 1) * ROWS + 1 if matching else 0,
        pages=pages,
        rows=[_row(state, limits, query.words, now) for state in shown],
    )


def _has_state(state: AppState, wanted: str) -> bool:
    if wanted == NEARLY_FULL_STATE:
        return state.fullest >= LIST_NEARLY_FULL
    return wanted in {"", state.status, state.reason}


def _matches_search(state: AppState, words: Sequence[str]) -> bool:
    missing = _words_for_domains(state, words)
    if not missing:
        return True
    lists = state.app.known_lists or {}
    domains = "\n".join(listed.lines for listed in lists.values()).casefold()
    return all(word in domains for word in missing)


def _words_for_domains(state: AppState, words: Sequence[str]) -> list[str]:
    """Return the words of the search that are not in appid, name, labels, reason or errcode of an app."""
    if not words:
        return []
    app, error = state.app.settings, None if state.result is None else api_error_of(state.result.error)
    errcode = "" if error is None else str(error.errcode)
    text = "\n".join((app.appid, app.name, *_labels(app.labels), state.reason, errcode)).casefold()
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
    settings = app.settings
    failure = None
    if result is not None and result.error is not None:
        failure = diagnose(result.error, settings.appid, app.source.component_appid)

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
        failure=failure,
        fetched=None if result is None else point_in_time(result.timestamp, now),
        last_success=optional_point_in_time(app.last_success, now),
        differences=differences(state.drifts, _MAX_DIFFERENCES),
        changed=optional_point_in_time(state.changed, now) if _shows_change(state) else None,
        hits=_hits(state, words),
    )


def _shows_change(state: AppState) -> bool:
    return state.changed_lately and state.status in {AppStatus.CHANGED, AppStatus.DRIFTED}


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in labels.items()]
