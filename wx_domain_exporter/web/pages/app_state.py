"""The status of one mini program. Pure, and cheap, because the overview needs it of all mini programs."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import FetchResult
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


@dataclass(frozen=True, slots=True)
class AppState:
    """One mini program at one moment.

    Attributes:
        app: the mini program.
        status: its status.
        result: the result of its last fetch; None before the first fetch.
        lists: its lists; empty if the last fetch failed, even if older lists are known.
        drifts: by category, how its lists differ from the baseline; only for those that do.
        changed: Unix time of the last change that was noticed; None if there was none.
        changed_lately: whether that was within the last day.
        fullest: of the category closest to its limit, the number of domains as a share of the limit.
    """

    app: MonitoredApp
    status: AppStatus
    result: FetchResult | None
    lists: Mapping[str, DomainList]
    drifts: Mapping[str, Drift]
    changed: float | None
    changed_lately: bool
    fullest: float

    @property
    def reason(self) -> str:
        """Return why it fails, a value of the metric label `reason`; empty if it does not."""
        return "" if self.result is None or self.result.reason is None else self.result.reason


def state_of(app: MonitoredApp, limits: Mapping[str, int], now: float) -> AppState:
    """Return the state of a mini program.

    Args:
        app: the mini program.
        limits: by category, the maximum number of domains.
        now: Unix time.
    """
    last, changes = app.last_result, app.history.changes
    result = None if last is None else app.checked_result(last)
    lists = None if result is None else result.categories
    drifts = {} if lists is None else app.drifts(lists)
    drifts = {category: drift for category, drift in drifts.items() if not drift.matches}
    changed = changes[-1].timestamp if changes else None
    lately = changed is not None and now - changed < CHANGE_RECENT
    status = AppStatus.OK
    if result is None:
        status = AppStatus.PENDING
    elif result.error is not None:
        status = AppStatus.FAILING
    elif drifts:
        status = AppStatus.DRIFTED
    elif lately:
        status = AppStatus.CHANGED
    lists = lists or {}
    shares = (listed.count / limits[name] for name, listed in lists.items() if name in limits)
    return AppState(app, status, result, lists, drifts, changed, lately, max(shares, default=0.0))
