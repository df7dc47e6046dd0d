"""How lists changed, for the timelines of the pages. Pure."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.domains.history import Change
from wx_domain_exporter.web.pages.charts import Mark, marks
from wx_domain_exporter.web.pages.excerpts import Excerpt, excerpt
from wx_domain_exporter.web.pages.points_in_time import PointInTime, point_in_time


@dataclass(frozen=True, slots=True)
class ListChange:
    """One change of one list.

    Attributes:
        appid: the mini program.
        name: its name.
        time: when the exporter noticed it.
        category: the category of the list.
        added: the new domains.
        removed: the removed domains.
        left_out: how many more were added or removed, which the exporter did not keep.
    """

    appid: str
    name: str
    time: PointInTime
    category: str
    added: Excerpt[str]
    removed: Excerpt[str]
    left_out: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Changes of lists, the newest first.

    Attributes:
        changes: the changes.
        marks: a mark in the chart for each of them.
    """

    changes: Sequence[ListChange]
    marks: Sequence[Mark]


def timeline(apps: Sequence[MonitoredApp], now: float, most: int, domains: int) -> Timeline:
    """Return the last changes of mini programs.

    Args:
        apps: the mini programs.
        now: Unix time.
        most: the maximum number of changes.
        domains: the maximum number of added, and of removed, domains of each.
    """
    found = [(change, app) for app in apps if not app.shares_token for change in app.history.changes]
    last = heapq.nlargest(most, reversed(found), key=lambda pair: pair[0].timestamp)
    return Timeline(
        [_list_change(change, app, now, domains) for change, app in last],
        marks([change for change, _ in last], now),
    )


def _list_change(change: Change, app: MonitoredApp, now: float, domains: int) -> ListChange:
    return ListChange(
        app.settings.appid,
        app.settings.name,
        point_in_time(change.timestamp, now),
        change.category,
        excerpt(change.added, domains),
        excerpt(change.removed, domains),
        change.left_out,
    )
