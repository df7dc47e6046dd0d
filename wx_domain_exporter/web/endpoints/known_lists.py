"""The last known lists of all apps, as they were at one moment."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES
from wx_domain_exporter.fleet import Fleet
from wx_domain_exporter.web.endpoints.sd_targets import KnownApp


@dataclass(frozen=True, slots=True, eq=False)
class KnownLists:
    """The known lists of a fleet.

    Attributes:
        fleet: the fleet.
        finished_jobs: how many jobs the scheduler had finished before; lists change only in jobs.
        untried: how many apps have not been fetched yet.
        apps: the apps whose lists are known, sorted by appid; the same object while nothing changes.
        categories: the documented ones, and those of all known lists.
    """

    fleet: Fleet
    finished_jobs: int
    untried: int
    apps: Sequence[KnownApp]
    categories: frozenset[str]


def known_lists_of(
    fleet: Fleet,
    finished_jobs: int,
    previous: KnownLists | None,
    pace: Callable[[Sequence[MonitoredApp]], Iterator[MonitoredApp]],
) -> KnownLists:
    """Return the known lists of a fleet.

    Args:
        fleet: the fleet.
        finished_jobs: how many jobs the scheduler had finished before the call.
        previous: what was known before.
        pace: yields the apps, with pauses while other work comes first.
    """
    untried, apps = 0, []
    categories = set(DOCUMENTED_CATEGORIES)
    for app in pace(fleet.apps):
        untried += not _was_tried(app)
        lists = app.known_lists
        if lists is not None:
            apps.append(KnownApp(app.settings.appid, app.settings.name, lists))
            categories.update(lists)
    apps.sort(key=lambda app: app.appid)
    same = previous is not None and previous.apps == apps
    known = previous.apps if previous is not None and same else apps
    return KnownLists(fleet, finished_jobs, untried, known, frozenset(categories))


def _was_tried(app: MonitoredApp) -> bool:
    """Whether a fetch of the app has ended; after some reloads only its lists are left to show that."""
    return app.last_result is not None or app.history.lists is not None
