"""What `/apps/APPID` shows: one mini program, its lists, and how they changed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.extras import Findings
from wx_domain_exporter.apps.watch import Watch
from wx_domain_exporter.errcodes.lookup import look_up
from wx_domain_exporter.errcodes.types import Text
from wx_domain_exporter.lists.domains import DOCUMENTED_CATEGORIES, EMPTY, DomainList
from wx_domain_exporter.lists.history import Change
from wx_domain_exporter.web.pages.app_state import AppState, Kind, state_of
from wx_domain_exporter.web.pages.excerpts import Difference, Some, differences, some
from wx_domain_exporter.web.pages.failures import Failure, failure_of
from wx_domain_exporter.web.pages.moments import Moment, moment, optional_moment
from wx_domain_exporter.web.pages.overview import Count
from wx_domain_exporter.wechat.quota import Quota

MOST_DOMAINS = 1000
"""Domains shown of one list: an answer may be as long as `max_response_bytes`, a page had better not."""
MOST_CHANGED = 50
"""Domains shown of one change, added and removed each."""


@dataclass(frozen=True, slots=True)
class Category:
    """One list of domains.

    Attributes:
        count: its name, how many it has and may have.
        domains: the configured ones.
        effective: how many are in force; None if that is not known.
        waiting: configured, but not in force.
        leaving: in force, but configured no longer.
    """

    count: Count
    domains: Some
    effective: int | None
    waiting: Some
    leaving: Some

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

    when: Moment
    category: str
    added: Some
    removed: Some
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
    meaning: Text
    remedy: Text


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
    kind: Kind
    failure: Failure | None
    ungranted: bool
    fetched: Moment | None
    seconds: float
    last_success: Moment | None
    token: str
    quota: Quota | None
    errcodes: Sequence[ApiErrcode]
    differences: Sequence[Difference]
    categories: Sequence[Category] | None
    withheld: bool
    changes: Sequence[SeenChange]


def app_page(watch: Watch, limits: Mapping[str, int], now: float, *, ungranted: bool = False) -> AppPage:
    """Return what is shown of one mini program.

    Args:
        watch: the mini program.
        limits: how many domains each category may have.
        now: Unix time.
        ungranted: whether discovery saw that permission set 18 was not granted.
    """
    state = state_of(watch, limits, now)
    outcome, app = state.outcome, watch.app
    findings = watch.own(watch.findings)
    failure = None
    if outcome is not None and outcome.error is not None:
        failure = failure_of(outcome.error, app.appid, watch.source.component_appid)
    return AppPage(
        appid=app.appid,
        name=app.name,
        labels=app.labels,
        kind=state.kind,
        failure=failure,
        ungranted=ungranted and not state.lists,
        fetched=None if outcome is None else moment(outcome.timestamp, now),
        seconds=0.0 if outcome is None else outcome.seconds,
        last_success=optional_moment(watch.last_success, now),
        token=watch.source.describes,
        quota=findings.quota,
        errcodes=_errcodes(state, findings, failure),
        differences=differences(state.drifts, MOST_DOMAINS),
        categories=_categories(state, findings, limits),
        withheld=findings.withheld and bool(state.lists),
        changes=[] if watch.is_mixed_up else [_change(one, now) for one in reversed(watch.history.changes)],
    )


def _errcodes(state: AppState, findings: Findings, failure: Failure | None) -> list[ApiErrcode]:
    known = {**({} if state.outcome is None else state.outcome.api_errors), **findings.api_errors}
    if failure is not None:
        known.pop(failure.api, None)
    rows = ((api, errcode, look_up(api, errcode)) for api, errcode in known.items())
    return [ApiErrcode(api, errcode, row.meaning, row.remedy) for api, errcode, row in rows]


def _categories(state: AppState, findings: Findings, limits: Mapping[str, int]) -> list[Category] | None:
    lists = state.lists or state.watch.known_lists
    if lists is None:
        return None
    effective = findings.effective if state.lists else {}
    names = dict.fromkeys((*DOCUMENTED_CATEGORIES, *lists, *effective))
    return [
        _category(Count(name, lists.get(name, EMPTY).count, limits.get(name)), lists, effective)
        for name in names
        if name in lists or name in effective
    ]


def _category(count: Count, lists: Mapping[str, DomainList], effective: Mapping[str, DomainList]) -> Category:
    configured, in_force = lists.get(count.category, EMPTY), effective.get(count.category)
    waiting = leaving = some([], 0)
    if in_force is not None:
        waiting = some(sorted(set(configured.domains) - set(in_force.domains)), MOST_DOMAINS)
        leaving = some(sorted(set(in_force.domains) - set(configured.domains)), MOST_DOMAINS)
    return Category(
        count,
        some(configured.domains, MOST_DOMAINS),
        None if in_force is None else in_force.count,
        waiting,
        leaving,
    )


def _change(change: Change, now: float) -> SeenChange:
    return SeenChange(
        moment(change.timestamp, now),
        change.category,
        some(change.added, MOST_CHANGED),
        some(change.removed, MOST_CHANGED),
        change.left_out,
    )
