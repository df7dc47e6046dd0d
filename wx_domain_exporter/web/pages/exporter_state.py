"""What the pages show of the exporter itself: scrapes, configuration, platforms."""

from collections.abc import Sequence
from dataclasses import dataclass

from wx_domain_exporter.config.loader import PlatformSettings
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.service import Service
from wx_domain_exporter.thresholds import FIGURES_OLD
from wx_domain_exporter.web.pages.failures import Failure, failure_of
from wx_domain_exporter.web.pages.points_in_time import PointInTime, optional_point_in_time, point_in_time

_MOST_SENTENCES = 50


@dataclass(frozen=True, slots=True)
class PlatformState:
    """One third-party platform.

    Attributes:
        name: in the configuration.
        component_appid: its appid.
        discovers: whether its mini programs are discovered.
        complete: whether their whole list was read once.
        apps: how many were found.
        failure: why the last discovery failed; None if it did not.
    """

    name: str
    component_appid: str
    discovers: bool
    complete: bool
    apps: int
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Sentences:
    """What is wrong with a file, in sentences, and how many more there are."""

    shown: Sequence[str]
    more: int


@dataclass(frozen=True, slots=True)
class ExporterState:
    """The exporter itself.

    Attributes:
        now: when this was looked at.
        last_scrape: when apps were asked for last; None before the first time.
        scraped_long_ago: whether that is suspiciously long ago.
        in_force: since when the configuration file has been in force.
        refused: when another one was refused since; None if none was.
        refusal: why.
        app_files: what is wrong with the app files.
        platforms: the third-party platforms.
    """

    now: PointInTime
    last_scrape: PointInTime | None
    scraped_long_ago: bool
    config_loaded: PointInTime
    refused: PointInTime | None
    refusal: Sentences
    app_files: Sentences
    platforms: Sequence[PlatformState]


def exporter_state(service: Service, now: float) -> ExporterState:
    """Return how the exporter itself stands at a Unix time."""
    last_scrape, refusal = service.last_scrape, service.rejected_config
    discoveries = {discovery.platform.name: discovery for discovery in service.discoveries}
    return ExporterState(
        now=point_in_time(now, now),
        last_scrape=optional_point_in_time(last_scrape, now),
        scraped_long_ago=last_scrape is not None and now - last_scrape > FIGURES_OLD,
        config_loaded=point_in_time(service.config_loaded_at, now),
        refused=None if refusal is None else point_in_time(refusal.timestamp, now),
        refusal=_sentences([] if refusal is None else refusal.errors),
        app_files=_sentences(service.app_file_errors),
        platforms=[
            _platform(platform, discoveries.get(platform.name))
            for platform in service.fleet.settings.platforms
        ],
    )


def _sentences(sentences: Sequence[str]) -> Sentences:
    return Sentences(sentences[:_MOST_SENTENCES], max(0, len(sentences) - _MOST_SENTENCES))


def _platform(platform: PlatformSettings, discovery: PlatformDiscovery | None) -> PlatformState:
    component_appid = platform.config.component_appid
    if discovery is None:
        return PlatformState(
            platform.name, component_appid, discovers=False, complete=False, apps=0, failure=None
        )
    error = discovery.failure
    return PlatformState(
        platform.name,
        component_appid,
        discovers=True,
        complete=discovery.complete,
        apps=len(discovery.apps),
        failure=None if error is None else failure_of(error, component_appid),
    )
