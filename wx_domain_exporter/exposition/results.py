"""What one scrape brought: the results of its apps, and what of the configuration is exported with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wx_domain_exporter.apps.extra_calls import ExtraResult
from wx_domain_exporter.apps.monitored_app import FetchResult, MonitoredApp
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.service import Fleet

Lists = Mapping[str, DomainList]
"""The lists of one app, by category."""


class AppResult(NamedTuple):
    """The results of one app.

    Attributes:
        watch: the app.
        outcome: how its fetch ended.
        found: what is known of it beside its lists.
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
        apps: those that were scraped.
        label_keys: every key that any app of the fleet has in its `labels`.
        limits: how many domains a category may have, by category.
        collect: which series beside counts and hashes are exported.
        seconds: how long the scrape took.
    """

    apps: Sequence[AppResult]
    label_keys: tuple[str, ...]
    limits: Mapping[str, int]
    collect: Collect
    seconds: float

    @property
    def apps_with_lists(self) -> Iterator[tuple[AppResult, Lists]]:
        """Yield the apps that WeChat answered for, each with its lists."""
        for app in self.apps:
            lists = app.result.categories
            if lists is not None:
                yield app, lists


def results_of(fleet: Fleet, batch: ScrapeJobs) -> ScrapeResults:
    """Return the results of a scrape as they are now; an app without an answer has failed.

    Args:
        fleet: the configuration in force when the scrape came.
        batch: the scrape's apps.
    """
    # The outcomes are looked at first: nothing is found of an app whose outcome is not there yet.
    results, extra_result = batch.results, batch.extra_results
    return ScrapeResults(
        apps=[AppResult(*of_app) for of_app in zip(batch.apps, results, extra_result, strict=True)],
        label_keys=fleet.label_keys,
        limits=fleet.settings.limits,
        collect=fleet.settings.collect,
        seconds=batch.seconds,
    )
