"""What `/apps/APPID` shows: one mini program, its lists, and how they changed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES, EMPTY, DomainList
from wx_domain_exporter.domains.history import Change
from wx_domain_exporter.errcodes.lookup import look_up
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.pages.app_state import AppState, AppStatus, state_of
from wx_domain_exporter.web.pages.excerpts import Difference, Excerpt, differences, excerpt
from wx_domain_exporter.web.pages.failures import Failure, failure_of
from wx_domain_exporter.web.pages.overview import CategoryCount
from wx_domain_exporter.web.pages.points_in_time import PointInTime, optional_point_in_time, point_in_time
from wx_domain_exporter.wechat.quota import Quota

MOST_DOMAINS = 1000
"""Domains shown of one list: an answer may be as long as `max_response_bytes`, a page had better not."""
MOST_CHANGED = 50
"""Domains shown of one change, added and removed each."""


@dataclass(frozen=True, slots=True)
class CategoryDetails:
    """One list of domains.

    Attributes:
        count: its name, how many it has and may have.
        domains: the configured ones.
        effective: how many are in force; None if that is not known.
        waiting: configured, but not in force.
        leaving: in force, but configured no longer.
    """

    count: CategoryCount
    domains: Excerpt
    effective: int | None
    waiting: Excerpt
    leaving: Excerpt

    @property
    def differs(self) -> bool:
        """Whether other domains are in force than are configured."""
        return bool(self.waiting.domains or self.leaving.domains)


@dataclass(frozen=True, slots=True)
class SeenChange:
    """One change of one list.

    Attributes:
        when: when it was seen.
        category: which list.
        added: what came.
        removed: what went.
        left_out: how many more came or went, which the exporter does not keep.
    """

    when: PointInTime
    category: str
    added: Excerpt
    removed: Excerpt
    left_out: int


@dataclass(frozen=True, slots=True)
class ApiErrcode:
    """How the last call of an API ended that is not the app's failure itself.

    Attributes:
        api: which API.
        errcode: what it answered.
        meaning: what that means.
        remedy: what a person should do.
    """

    api: str
    errcode: int
    meaning: BilingualText
    remedy: BilingualText


@dataclass(frozen=True, slots=True)
class AppPage:
    """One mini program.

    Attributes:
        appid: its appid.
        name: its name.
        labels: all of its labels.
        kind: how it stands.
        failure: why it fails; None if it does not.
        ungranted: whether discovery saw no permission set 18, and no good answer says otherwise.
        fetched: when its last outcome arrived.
        seconds: how long its last fetch took.
        last_success: when its last good answer arrived.
        token: the type of its token source.
        quota: of the day, if it is known.
        errcodes: of other calls, or of those before a good answer.
        differences: how its lists differ from its baseline, if it answers.
        categories: its lists, those of the last good answer if it fails; None if none are known.
        withheld: whether WeChat does not tell which lists are in force.
        changes: the newest first.
    """

    appid: str
    name: str
    labels: Mapping[str, str]
    kind: AppStatus
    failure: Failure | None
    ungranted: bool
    fetched: PointInTime | None
    seconds: float
    last_success: PointInTime | None
    token: str
    quota: Quota | None
    errcodes: Sequence[ApiErrcode]
    differences: Sequence[Difference]
    categories: Sequence[CategoryDetails] | None
    withheld: bool
    changes: Sequence[SeenChange]


def app_page(app: MonitoredApp, limits: Mapping[str, int], now: float, *, ungranted: bool = False) -> AppPage:
    """Return what is shown of one mini program.

    Args:
        app: the mini program.
        limits: how many domains each category may have.
        now: Unix time.
        ungranted: whether discovery saw that permission set 18 was not granted.
    """
    state = state_of(app, limits, now)
    result, settings = state.result, app.settings
    extra_result = app.checked_extra_result(app.extra_result)
    failure = None
    if result is not None and result.error is not None:
        failure = failure_of(result.error, settings.appid, app.source.component_appid)
    return AppPage(
        appid=settings.appid,
        name=settings.name,
        labels=settings.labels,
        kind=state.kind,
        failure=failure,
        ungranted=ungranted and not state.lists,
        fetched=None if result is None else point_in_time(result.timestamp, now),
        seconds=0.0 if result is None else result.seconds,
        last_success=optional_point_in_time(app.last_success, now),
        token=app.source.describes,
        quota=extra_result.quota,
        errcodes=_errcodes(state, extra_result, failure),
        differences=differences(state.drifts, MOST_DOMAINS),
        categories=_categories(state, extra_result, limits),
        withheld=extra_result.withheld and bool(state.lists),
        changes=[] if app.shares_token else [_change(one, now) for one in reversed(app.history.changes)],
    )


def _errcodes(state: AppState, extra_result: ExtraResult, failure: Failure | None) -> list[ApiErrcode]:
    known = {**({} if state.result is None else state.result.api_errors), **extra_result.api_errors}
    if failure is not None:
        known.pop(failure.api, None)
    rows = ((api, errcode, look_up(api, errcode)) for api, errcode in known.items())
    return [ApiErrcode(api, errcode, row.meaning, row.remedy) for api, errcode, row in rows]


def _categories(
    state: AppState, extra_result: ExtraResult, limits: Mapping[str, int]
) -> list[CategoryDetails] | None:
    lists = state.lists or state.app.known_lists
    if lists is None:
        return None
    effective = extra_result.effective if state.lists else {}
    names = dict.fromkeys((*DOCUMENTED_CATEGORIES, *lists, *effective))
    return [
        _category(CategoryCount(name, lists.get(name, EMPTY).count, limits.get(name)), lists, effective)
        for name in names
        if name in lists or name in effective
    ]


def _category(
    count: CategoryCount, lists: Mapping[str, DomainList], effective: Mapping[str, DomainList]
) -> CategoryDetails:
    configured, in_force = lists.get(count.category, EMPTY), effective.get(count.category)
    waiting = leaving = excerpt([], 0)
    if in_force is not None:
        waiting = excerpt(sorted(set(configured.domains) - set(in_force.domains)), MOST_DOMAINS)
        leaving = excerpt(sorted(set(in_force.domains) - set(configured.domains)), MOST_DOMAINS)
    return CategoryDetails(
        count,
        excerpt(configured.domains, MOST_DOMAINS),
        None if in_force is None else in_force.count,
        waiting,
        leaving,
    )


def _change(change: Change, now: float) -> SeenChange:
    return SeenChange(
        point_in_time(change.timestamp, now),
        change.category,
        excerpt(change.added, MOST_CHANGED),
        excerpt(change.removed, MOST_CHANGED),
        change.left_out,
    )
