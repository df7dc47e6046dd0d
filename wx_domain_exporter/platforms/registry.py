"""The third-party platforms in force; what a new configuration leaves as it was goes on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import gevent
import structlog

from wx_domain_exporter.config.loader import AppSettings, PlatformSettings
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.tasks import Tasks
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.tokens.factory import make_platform

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Running:
    watched: PlatformSettings
    base_url: str
    platform: Platform
    discovery: PlatformDiscovery | None

    def is_same(self, watched: PlatformSettings, base_url: str) -> bool:
        """Whether it is the platform that another configuration has, with the same authorizations."""
        same_appid = self.watched.config.component_appid == watched.config.component_appid
        return same_appid and self.base_url == base_url

    def has_token_of(self, watched: PlatformSettings, base_url: str) -> bool:
        """Whether its component_access_token is the one that another configuration asks for."""
        mine, other = self.watched.config, watched.config
        return (
            self.is_same(watched, base_url)
            and self.watched.component_token == watched.component_token
            and mine.component_appsecret == other.component_appsecret
            and mine.component_verify_ticket == other.component_verify_ticket
        )


class PlatformRegistry:
    """Owned by the service; all but the looking is for tasks."""

    def __init__(
        self, tasks: Tasks, own: SelfMetrics, client: Callable[[], ApiClient], publish: Callable[[], None]
    ) -> None:
        """Have no platform yet.

        Args:
            tasks: where discoveries run.
            own: counts what is discovered and what fails.
            client: returns the client in force.
            publish: called whenever other mini programs are discovered than before.
        """
        self._tasks = tasks
        self._own = own
        self._client = client
        self._publish = publish
        self._running: dict[str, _Running] = {}
        self._twice: set[str] = set()
        """The mini programs that more than one platform has; each is told once."""
        self._new: set[PlatformDiscovery] = set()
        """The discoveries that have not begun."""
        self._started = False

    @property
    def by_name(self) -> Mapping[str, Platform]:
        """Return the platforms by their names in the configuration."""
        return {name: running.platform for name, running in self._running.items()}

    @property
    def discoveries(self) -> tuple[PlatformDiscovery, ...]:
        """Return the discoveries of those platforms that have one."""
        return tuple(one.discovery for one in self._running.values() if one.discovery is not None)

    def configure(self, platforms: Sequence[PlatformSettings], base_url: str) -> None:
        """Take over a configuration; what it does not change goes on, tokens and discovered apps too."""
        before = self._running
        self._running = {
            watched.name: self._successor(before.get(watched.name), watched, base_url)
            for watched in platforms
        }
        going_on = set(self.discoveries)
        for old in before.values():
            if old.discovery is not None and old.discovery not in going_on:
                old.discovery.stop()
        new = going_on - {old.discovery for old in before.values()}
        names = {discovery.platform.name for discovery in self.discoveries}
        # One that begins anew has nothing to do with the series of another platform of its name.
        self._own.set_discovering_platforms(
            names - {discovery.platform.name for discovery in new if not discovery.complete}
        )
        self._own.set_discovering_platforms(names)
        self._new = (self._new | new) & going_on

    def apps(self) -> Sequence[AppSettings]:
        """Return the discovered mini programs as the configuration would name them, each once."""
        apps: dict[str, AppSettings] = {}
        twice: set[str] = set()
        for one in self._running.values():
            for found in () if one.discovery is None else one.discovery.apps:
                of = one.watched
                app = AppSettings(found.appid, found.name, of.labels, of.app_token, of.baseline)
                if apps.setdefault(found.appid, app) is not app:
                    twice.add(found.appid)
        for appid in sorted(twice - self._twice):
            log.warning("two platforms have authorization; the first one's is used", appid=appid)
        self._twice = twice
        return tuple(apps.values())

    def is_ungranted(self, app: AppSettings) -> bool:
        """Whether an app has its token from a platform to which it had not granted permission set 18."""
        return any(
            one.discovery is not None and app.appid in one.discovery.ungranted
            for one in self._running.values()
            if app.token == one.watched.app_token
        )

    def resume(self) -> None:
        """End all pauses: the configuration was read again."""
        for one in self._running.values():
            one.platform.component_token.resume()
            if one.discovery is not None:
                one.discovery.resume()

    def start(self) -> None:
        """Discover from now on."""
        self._started = True
        self.start_new()

    def start_new(self) -> None:
        """Begin with what the last configuration brought, now that its client is in force."""
        if self._started:
            for discovery in self._new:
                self._tasks.spawn(discovery.run)
            self._new = set()

    def discover_once(self) -> None:
        """Discover the mini programs of all platforms, and wait for it."""
        running = [gevent.spawn(discovery.discover) for discovery in self.discoveries]
        try:
            gevent.joinall(running, raise_error=True)
        finally:
            gevent.killall(running)

    def _successor(self, before: _Running | None, watched: PlatformSettings, base_url: str) -> _Running:
        if before is not None and before.watched == watched and before.base_url == base_url:
            return before
        same = before if before is not None and before.is_same(watched, base_url) else None
        keeps_token = same is not None and same.has_token_of(watched, base_url)
        platform = same.platform if same is not None and keeps_token else make_platform(watched)
        discovery = None
        if watched.config.discover:
            discovery = PlatformDiscovery(platform, watched.config, self._client, self._own, self._publish)
            if same is not None and same.discovery is not None:
                discovery.inherit(same.discovery)
        return _Running(watched, base_url, platform, discovery)
