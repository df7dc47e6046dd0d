"""How one mini program stands: what decides its place in the list. Pure, and cheap: all of them get one."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import FetchResult
from wx_domain_exporter.domains.baseline import Drift
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.thresholds import CHANGE_RECENT


class AppStatus(enum.StrEnum):
    """How a mini program stands, in the order of the list: who needs a person comes first."""

    FAILING = "failing"
    DRIFTED = "drifted"
    """It answers, and a list is not as its baseline has it."""

    CHANGED = "changed"
    """It answers, and a list changed within the last day."""

    PENDING = "pending"
    """It was not fetched yet."""

    OK = "ok"


ORDER = {kind: place for place, kind in enumerate(AppStatus)}


@dataclass(frozen=True, slots=True)
class AppState:
    """One mini program as it stands.

    Attributes:
        app: of which.
        kind: how it stands.
        result: of its last fetch; None before the first.
        lists: those of a good outcome; empty for a failure, whatever was known before.
        drifts: by category, how the lists differ from the baseline; only those that do.
        changed: Unix time of the last change seen; None if none was.
        changed_lately: whether that was within the last day.
        fullest: the highest share of its limit that a category has.
    """

    app: MonitoredApp
    kind: AppStatus
    result: FetchResult | None
    lists: Mapping[str, DomainList]
    drifts: Mapping[str, Drift]
    changed: float | None
    changed_lately: bool
    fullest: float

    @property
    def reason(self) -> str:
        """Return why it fails, as in the label `reason`; empty if it does not."""
        return "" if self.result is None or self.result.reason is None else self.result.reason


def state_of(app: MonitoredApp, limits: Mapping[str, int], now: float) -> AppState:
    """Return how a mini program stands.

    Args:
        app: the mini program.
        limits: how many domains each category may have.
        now: Unix time.
    """
    last, changes = app.last_result, app.history.changes
    result = None if last is None else app.checked_result(last)
    lists = None if result is None else result.categories
    drifts = {} if lists is None else app.drifts(lists)
    drifts = {category: drift for category, drift in drifts.items() if not drift.matches}
    changed = changes[-1].timestamp if changes else None
    lately = changed is not None and now - changed < CHANGE_RECENT
    kind = AppStatus.OK
    if result is None:
        kind = AppStatus.PENDING
    elif result.error is not None:
        kind = AppStatus.FAILING
    elif drifts:
        kind = AppStatus.DRIFTED
    elif lately:
        kind = AppStatus.CHANGED
    lists = lists or {}
    shares = (found.count / limits[name] for name, found in lists.items() if name in limits)
    return AppState(app, kind, result, lists, drifts, changed, lately, max(shares, default=0.0))
