"""What the pages show about the exporter itself: scrapes, configuration, platforms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.config.settings import PlatformSettings
from wx_domain_exporter.diagnosis.checks import why_left_out
from wx_domain_exporter.diagnosis.diagnose import Diagnosis, diagnose
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.service import Service
from wx_domain_exporter.thresholds import FIGURES_OLD
from wx_domain_exporter.web.pages.excerpts import Excerpt, excerpt
from wx_domain_exporter.web.pages.points_in_time import PointInTime, optional_point_in_time, point_in_time
from wx_domain_exporter.wechat.errors import FetchError

_MAX_ACCOUNTS = 20
"""Accounts that are shown for one cause."""
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
            _platform_state(platform, discoveries.get(platform.name))
            for platform in service.fleet.settings.platforms
        ],
    )


def _platform_state(platform: PlatformSettings, discovery: PlatformDiscovery | None) -> PlatformState:
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
    )


def _failed_accounts(errors: Mapping[str, FetchError], component_appid: str) -> Sequence[FailedAccounts]:
    by_cause: dict[tuple[str, int | None], list[str]] = {}
    for appid, error in errors.items():
        by_cause.setdefault((error.reason, getattr(error, "errcode", None)), []).append(appid)
    return [
        FailedAccounts(excerpt(appids, _MAX_ACCOUNTS), diagnose(errors[appids[0]], component_appid))
        for appids in by_cause.values()
    ]
