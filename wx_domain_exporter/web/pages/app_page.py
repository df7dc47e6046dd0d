"""The content of `/apps/APPID`: one mini program, its lists, and how they changed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult
from wx_domain_exporter.diagnosis.advice import RESTRICTED_ACCOUNTS
from wx_domain_exporter.diagnosis.diagnose import Diagnosis, diagnose
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES, EMPTY, DomainList
from wx_domain_exporter.errcodes.lookup import look_up
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.pages.app_state import AppState, AppStatus, state_of
from wx_domain_exporter.web.pages.changes import Timeline, timeline
from wx_domain_exporter.web.pages.charts import Ticks, ticks
from wx_domain_exporter.web.pages.excerpts import Difference, Excerpt, differences, excerpt
from wx_domain_exporter.web.pages.overview import CategoryCount, failing_since, next_trial
from wx_domain_exporter.web.pages.points_in_time import (
    PointInTime,
    optional_point_in_time,
    point_in_time,
    quota_day_left,
)
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.errors import Reason
from wx_domain_exporter.wechat.quota import Quota

MAX_DOMAINS = 1000
"""Domains shown of one list. An answer can be as long as `max_response_bytes`; a page should be shorter."""
MAX_CHANGES = 100
"""Changes shown; as many as are kept."""
MAX_CHANGED = 50
"""Added domains, and removed domains, shown of one change."""


@dataclass(frozen=True, slots=True)
class CategoryDetails:
    """One list of domains.

    Attributes:
        count: its category, its number of domains, and the limit.
        domains: the configured domains.
        effective: how many domains are in effect; None if that is not known.
        waiting: domains that are configured, but not in effect yet.
        leaving: domains that are still in effect, but not configured any more.
    """

    count: CategoryCount
    domains: Excerpt[str]
    effective: int | None
    waiting: Excerpt[str]
    leaving: Excerpt[str]

    @property
    def differs(self) -> bool:
        """Whether the domains in effect differ from the configured ones."""
        return bool(self.waiting.shown or self.leaving.shown)


@dataclass(frozen=True, slots=True)
class ApiErrcode:
    """The errcode of the last call of an API, other than the one that made the app fail.

    Attributes:
        api: the API.
        errcode: the errcode that it returned.
        meaning: what the errcode means.
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
        status: its status.
        failure: why it fails; None if it does not.
        failing_since: when it began to fail; None if it does not.
        next_trial: how long no call is made after a refusal or a used-up quota; None: the next scrape calls.
        ticks: how its last fetches ended.
        ungranted: whether discovery saw no permission set 18, and no fetch has succeeded since.
        restricted: what a status of its account other than normal means; None if it is normal or not known.
        fetched: when the result of its last fetch arrived; None before the first fetch.
        seconds: how long its last fetch took.
        last_success: when its last successful answer arrived; None before the first one.
        token: the type of its token source.
        quota: the quota of the day; None if it is not known.
        quota_day_left: how long the quota still counts, if it is known or used up.
        errcodes: errcodes of other calls, also of those before a successful retry.
        differences: how its lists differ from its baseline; empty if it fails.
        categories: its lists, or those of the last successful answer if it fails; None if none are known.
        withheld: whether WeChat does not report the lists in effect.
        timeline: how its lists changed.
    """

    appid: str
    name: str
    labels: Mapping[str, str]
    status: AppStatus
    failure: Diagnosis | None
    failing_since: PointInTime | None
    next_trial: BilingualText | None
    ticks: Ticks
    ungranted: bool
    restricted: BilingualText | None
    fetched: PointInTime | None
    seconds: float
    last_success: PointInTime | None
    token: str
    quota: Quota | None
    quota_day_left: BilingualText | None
    errcodes: Sequence[ApiErrcode]
    differences: Sequence[Difference]
    categories: Sequence[CategoryDetails] | None
    withheld: bool
    timeline: Timeline


def app_page(
    app: MonitoredApp,
    limits: Mapping[str, int],
    now: float,
    *,
    ungranted: bool = False,
    account_status: AccountStatus | None = None,
) -> AppPage:
    """Return the content of one mini program's page.

    Args:
        app: the mini program.
        limits: by category, the maximum number of domains.
        now: Unix time.
        ungranted: whether discovery saw that the app had not granted permission set 18.
        account_status: the status of its account; None if it is not known.
    """
    state = state_of(app, limits, now)
    result, settings = state.result, app.settings
    extra_result = app.checked_extra_result(app.extra_result)
    failure = None
    if result is not None and result.error is not None:
        failure = diagnose(result.error, settings.appid, app.source.component_appid)
    uses_up_quota = failure is not None and failure.reason is Reason.QUOTA
    return AppPage(
        appid=settings.appid,
        name=settings.name,
        labels=settings.labels,
        status=state.status,
        failure=failure,
        failing_since=optional_point_in_time(failing_since(state), now),
        next_trial=next_trial(app),
        ticks=ticks([status for status in app.status_history.statuses() if status]),
        ungranted=ungranted and not state.lists,
        restricted=None if account_status is None else RESTRICTED_ACCOUNTS.get(account_status),
        fetched=None if result is None else point_in_time(result.timestamp, now),
        seconds=0.0 if result is None else result.seconds,
        last_success=optional_point_in_time(app.last_success, now),
        token=app.source.type_name,
        quota=extra_result.quota,
        quota_day_left=quota_day_left(now) if extra_result.quota or uses_up_quota else None,
        errcodes=_errcodes(state, extra_result, failure),
        differences=differences(state.drifts, MAX_DOMAINS),
        categories=_categories(state, extra_result, limits),
        withheld=extra_result.withheld and bool(state.lists),
        timeline=timeline([app], now, MAX_CHANGES, MAX_CHANGED),
    )


def _errcodes(state: AppState, extra_result: ExtraResult, failure: Diagnosis | None) -> list[ApiErrcode]:
    errcodes = {**({} if state.result is None else state.result.api_errors), **extra_result.api_errors}
    if failure is not None and failure.api_error is not None:
        errcodes.pop(failure.api_error.api, None)
    rows = ((api, errcode, look_up(api, errcode)) for api, errcode in errcodes.items())
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
    configured, in_effect = lists.get(count.category, EMPTY), effective.get(count.category)
    none: Sequence[str] = ()
    waiting = leaving = excerpt(none, 0)
    if in_effect is not None:
        waiting = excerpt(sorted(set(configured.domains) - set(in_effect.domains)), MAX_DOMAINS)
        leaving = excerpt(sorted(set(in_effect.domains) - set(configured.domains)), MAX_DOMAINS)
    return CategoryDetails(
        count,
        excerpt(configured.domains, MAX_DOMAINS),
        None if in_effect is None else in_effect.count,
        waiting,
        leaving,
    )
