"""The results of one scrape: those of its apps, and what is exported of the configuration."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult, FetchResult
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.fleet import Fleet, no_account_status
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.wechat.account_status import AccountStatus

Lists = Mapping[str, DomainList]
"""The lists of one app, by category."""


class AppResult(NamedTuple):
    """The results of one app.

    Attributes:
        app: the app.
        result: the result of its fetch.
        extra_result: the result of its extra calls.
    """

    app: MonitoredApp
    result: FetchResult
    extra_result: ExtraResult

    @property
    def appid(self) -> str:
        """Return the app's AppID."""
        return self.app.settings.appid

    @property
    def lists(self) -> Lists | None:
        """Return the app's lists; None if its fetch failed."""
        return self.result.categories


@dataclass(frozen=True, slots=True)
class ScrapeResults:
    """The results of one scrape.

    Attributes:
        apps: the results of the apps that were scraped.
        label_keys: every key that any app of the fleet has in its `labels`.
        limits: by category, how many domains WeChat allows.
        collect: which optional series are exported.
        seconds: how long the scrape took.
        account_status: returns the status of an app's account; None if it is not known.
    """

    apps: Sequence[AppResult]
    label_keys: tuple[str, ...]
    limits: Mapping[str, int]
    collect: Collect
    seconds: float
    account_status: Callable[[str], AccountStatus | None] = no_account_status

    @property
    def apps_with_lists(self) -> Iterator[tuple[AppResult, Lists]]:
        """Yield the apps whose fetch succeeded, each with its lists."""
        for app in self.apps:
            lists = app.lists
            if lists is not None:
                yield app, lists


def results_of(fleet: Fleet, jobs: ScrapeJobs) -> ScrapeResults:
    """Return the results of a scrape as they are now; an app without a result has failed.

    Args:
        fleet: the fleet when the scrape came in.
        jobs: the jobs of the scrape.
    """
    # In this order: a result that is there already is never shown without its extra result.
    results, extra_results = jobs.results, jobs.extra_results
    return ScrapeResults(
        apps=[AppResult(*app) for app in zip(jobs.apps, results, extra_results, strict=True)],
        label_keys=fleet.label_keys,
        limits=fleet.settings.limits,
        collect=fleet.settings.collect,
        seconds=jobs.seconds,
        account_status=fleet.account_status,
    )
