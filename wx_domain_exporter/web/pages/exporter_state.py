"""What the pages show about the exporter itself: scrapes, configuration, platforms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.config.settings import PlatformSettings
from wx_domain_exporter.diagnosis.checks import why_left_out
from wx_domain_exporter.diagnosis.diagnose import Diagnosis, diagnose
from wx_domain_exporter.domains.domain_list import PLATFORM_LIMITS
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.platforms.domain_lists import PlatformDomains
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.service import Service
from wx_domain_exporter.thresholds import FIGURES_OLD
from wx_domain_exporter.web.pages.excerpts import Difference, Excerpt, differences, excerpt
from wx_domain_exporter.web.pages.points_in_time import PointInTime, optional_point_in_time, point_in_time
from wx_domain_exporter.wechat.errors import FetchError
from wx_domain_exporter.wechat.platform_domains import VERSIONS

_MAX_ACCOUNTS = 20
"""Accounts that are shown for one cause."""
_MAX_DOMAINS = 20
"""Domains that are shown of a difference from a baseline."""
_MAX_ERRORS = 50
"""Errors of a file that are shown."""


@dataclass(frozen=True, slots=True)
class FailedAccounts:
    """Accounts of a platform that could not be looked up for the same cause.

    Attributes:
        appids: which ones.
        failure: why.
    """

    appids: Excerpt[str]
    failure: Diagnosis


@dataclass(frozen=True, slots=True)
class OwnLists:
    """The own lists of a platform in one category.

    Attributes:
        category: the category.
        counts: by version, the number of domains; None if WeChat does not name such a list.
        limit: how many WeChat allows.
        read: when they were read; None if they never were.
        invalid: the hosts that WeChat could not verify.
        differences: how they differ from their baseline, as `VERSION_CATEGORY`.
        failure: why the last reading failed; None if it did not.
    """

    category: str
    counts: Mapping[str, int | None]
    limit: int
    read: PointInTime | None
    invalid: Excerpt[str]
    differences: Sequence[Difference]
    failure: Diagnosis | None

    @property
    def drifted(self) -> bool:
        """Whether a list differs from its baseline."""
        return any(one.missing.shown or one.unexpected.shown for one in self.differences)


@dataclass(frozen=True, slots=True)
class PlatformState:
    """One third-party platform.

    Attributes:
        name: its name in the configuration.
        component_appid: its appid.
        discovers: whether `discover` is on.
        complete: whether discovery has read the whole list of mini programs at least once.
        apps: how many mini programs were discovered.
        progress: how many accounts of the platform's list were looked at; None while it is not being read.
        left_out: why accounts are not monitored; None if all are.
        failure: why the last discovery failed; None if it did not.
        failed_accounts: the accounts that could not be looked up, by cause.
        own_lists: the lists of the platform itself that were read, or could not be.
    """

    name: str
    component_appid: str
    discovers: bool
    complete: bool
    apps: int
    progress: Progress | None
    left_out: BilingualText | None
    failure: Diagnosis | None
    failed_accounts: Sequence[FailedAccounts]
    own_lists: Sequence[OwnLists]

    @property
    def fails(self) -> bool:
        """Whether the last discovery failed, or one of the own lists could not be read or has drifted."""
        return self.failure is not None or any(lists.failure or lists.drifted for lists in self.own_lists)


@dataclass(frozen=True, slots=True)
class ExporterState:
    """The exporter itself.

    Attributes:
        now: the time of this state.
        last_scrape: when the last scrape began; None before the first one.
        fetched: how many mini programs were fetched at least once.
        scraped_long_ago: whether that is so long ago that the pages should warn.
        config_loaded: when the current configuration was loaded.
        rejected: when a newer configuration was rejected; None if none was.
        rejection: the errors of the rejected configuration.
        app_files: the errors of the app files.
        platforms: the third-party platforms.
    """

    now: PointInTime
    last_scrape: PointInTime | None
    fetched: Progress
    scraped_long_ago: bool
    config_loaded: PointInTime
    rejected: PointInTime | None
    rejection: Excerpt[BilingualText]
    app_files: Excerpt[BilingualText]
    platforms: Sequence[PlatformState]


def exporter_state(service: Service, now: float) -> ExporterState:
    """Return the exporter's state; `now` is the Unix time."""
    last_scrape, rejected = service.last_scrape, service.rejected_config
    discoveries = {discovery.platform.name: discovery for discovery in service.discoveries}
    own_lists = {one.settings.name: _own_lists(one, now) for one in service.platform_domains}
    return ExporterState(
        now=point_in_time(now, now),
        last_scrape=optional_point_in_time(last_scrape, now),
        fetched=service.fetched,
        scraped_long_ago=last_scrape is not None and now - last_scrape > FIGURES_OLD,
        config_loaded=point_in_time(service.config_loaded_at, now),
        rejected=None if rejected is None else point_in_time(rejected.timestamp, now),
        rejection=excerpt([] if rejected is None else rejected.errors, _MAX_ERRORS),
        app_files=excerpt(service.app_file_errors, _MAX_ERRORS),
        platforms=[
            _platform_state(platform, discoveries.get(platform.name), own_lists.get(platform.name, ()))
            for platform in service.fleet.settings.platforms
        ],
    )


def _platform_state(
    platform: PlatformSettings, discovery: PlatformDiscovery | None, own_lists: Sequence[OwnLists]
) -> PlatformState:
    component_appid = platform.config.component_appid
    if discovery is None:
        return PlatformState(
            platform.name,
            component_appid,
            discovers=False,
            complete=False,
            apps=0,
            progress=None,
            left_out=None,
            failure=None,
            failed_accounts=[],
            own_lists=own_lists,
        )
    error = discovery.failure
    return PlatformState(
        platform.name,
        component_appid,
        discovers=True,
        complete=discovery.complete,
        apps=len(discovery.apps),
        progress=discovery.progress,
        left_out=why_left_out(discovery.left_out),
        failure=None if error is None else diagnose(error, component_appid),
        failed_accounts=_failed_accounts(discovery.failed_accounts, component_appid),
        own_lists=own_lists,
    )


def _own_lists(platform: PlatformDomains, now: float) -> Sequence[OwnLists]:
    states = []
    for category, reading in platform.readings.items():
        by_version = {} if reading.lists is None else reading.lists.by_version
        drifts = {f"{version}_{category}": platform.drift(category, version) for version in by_version}
        known = {name: drift for name, drift in drifts.items() if drift is not None}
        error, component_appid = reading.error, platform.settings.config.component_appid
        states.append(
            OwnLists(
                category=category,
                counts={
                    version: by_version[version].count if version in by_version else None
                    for version in VERSIONS
                },
                limit=PLATFORM_LIMITS[category],
                read=None if reading.lists is None else point_in_time(reading.timestamp, now),
                invalid=excerpt(() if reading.lists is None else reading.lists.invalid.domains, _MAX_DOMAINS),
                differences=differences(known, _MAX_DOMAINS),
                failure=None if error is None else diagnose(error, component_appid),
            )
        )
    return states


def _failed_accounts(errors: Mapping[str, FetchError], component_appid: str) -> Sequence[FailedAccounts]:
    by_cause: dict[tuple[str, int | None], list[str]] = {}
    for appid, error in errors.items():
        by_cause.setdefault((error.reason, getattr(error, "errcode", None)), []).append(appid)
    return [
        FailedAccounts(excerpt(appids, _MAX_ACCOUNTS), diagnose(errors[appids[0]], component_appid))
        for appids in by_cause.values()
    ]
