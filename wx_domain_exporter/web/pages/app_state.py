"""The status of one mini program. Pure, and cheap, because the overview needs it of all mini programs."""

import enum
from collections.abc import Mapping
from typing import NamedTuple

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import FetchResult
from wx_domain_exporter.diagnosis.causes import Cause, cause_of
from wx_domain_exporter.domains.baseline import Drift
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.thresholds import CHANGE_RECENT


class AppStatus(enum.StrEnum):
    """The status of a mini program. The overview has them in this order: what needs attention comes first."""

    FAILING = "failing"
    DRIFTED = "drifted"
    """The last fetch succeeded, and a list differs from its baseline."""

    CHANGED = "changed"
    """The last fetch succeeded, and a list changed within the last day."""

    PENDING = "pending"
    """It has not been fetched yet."""

    OK = "ok"


STATUS_ORDER = {status: place for place, status in enumerate(AppStatus)}
_NO_LISTS: Mapping[str, DomainList] = {}
_NO_DRIFTS: Mapping[str, Drift] = {}


class AppState(NamedTuple):
    """One mini program at one moment.

    Attributes:
        app: the mini program.
        status: its status.
        result: the result of its last fetch; None before the first fetch.
        cause: why it fails; None if it does not.
        lists: its lists; empty if the last fetch failed, even if older lists are known.
        drifts: by category, how its lists differ from the baseline; only for those that do.
        changed: Unix time of the last change that was noticed; None if there was none.
        changed_lately: whether that was within the last day.
        fullest: of the category closest to its limit, the number of domains as a share of the limit.
    """

    app: MonitoredApp
    status: AppStatus
    result: FetchResult | None
    cause: Cause | None
    lists: Mapping[str, DomainList]
    drifts: Mapping[str, Drift]
    changed: float | None
    changed_lately: bool
    fullest: float


def state_of(app: MonitoredApp, limits: Mapping[str, int], now: float) -> AppState:
    """Return the state of a mini program.

    Args:
        app: the mini program.
        limits: by category, the maximum number of domains.
        now: Unix time.
    """
    last, changes = app.last_result, app.history.changes
    changed = changes[-1].timestamp if changes else None
    lately = changed is not None and now - changed < CHANGE_RECENT
    result = None if last is None else app.checked_result(last)
    if result is None or result.categories is None:
        cause = None if result is None or result.error is None else cause_of(result.error)
        status = AppStatus.PENDING if cause is None else AppStatus.FAILING
        return AppState(app, status, result, cause, _NO_LISTS, _NO_DRIFTS, changed, lately, 0.0)
    lists, drifts = result.categories, app.drifts(result.categories)
    if drifts:
        drifts = {category: drift for category, drift in drifts.items() if not drift.matches}
    status = AppStatus.DRIFTED if drifts else AppStatus.CHANGED if lately else AppStatus.OK
    return AppState(app, status, result, None, lists, drifts, changed, lately, _fullest(lists, limits))


def _fullest(lists: Mapping[str, DomainList], limits: Mapping[str, int]) -> float:
    fullest = 0.0
    for category, listed in lists.items():
        limit = limits.get(category)
        if limit is not None and listed.count > fullest * limit:
            fullest = listed.count / limit
    return fullest
