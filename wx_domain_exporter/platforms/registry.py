"""The configured third-party platforms; a reload keeps what is known of unchanged ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import gevent
import structlog

from wx_domain_exporter.config.settings import AppSettings, PlatformSettings
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.platforms.domain_lists import PlatformDomains
from wx_domain_exporter.tasks import Tasks
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.tokens.factory import make_platform

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _ConfiguredPlatform:
    settings: PlatformSettings
    base_url: str
    platform: Platform
    discovery: PlatformDiscovery | None
    domains: PlatformDomains | None

    def is_same(self, settings: PlatformSettings, base_url: str) -> bool:
        """Whether new settings are for the same platform, so that its authorizations stay valid."""
        same_appid = self.settings.config.component_appid == settings.config.component_appid
        return same_appid and self.base_url == base_url

    def keeps_token(self, settings: PlatformSettings, base_url: str) -> bool:
        """Whether the component_access_token stays valid with new settings."""
        old, new = self.settings.config, settings.config
        return (
            self.is_same(settings, base_url)
            and self.settings.component_token == settings.component_token
            and old.component_appsecret == new.component_appsecret
            and old.component_verify_ticket == new.component_verify_ticket
        )


class PlatformRegistry:
    """The platforms of the service. Its properties may be read by any thread; all else is for tasks."""

    def __init__(
        self,
        tasks: Tasks,
        self_metrics: SelfMetrics,
        client: Callable[[], ApiClient],
        on_change: Callable[[], None],
    ) -> None:
        """Make a registry without platforms.

        Args:
            tasks: where the discoveries run.
            self_metrics: counts mini programs and failures of the discoveries.
            client: returns the client to use for the next call.
            on_change: called whenever the discovered mini programs have changed.
        """
        self._tasks = tasks
        self._self_metrics = self_metrics
        self._client = client
        self._on_change = on_change
        self._configured: dict[str, _ConfiguredPlatform] = {}
        self._duplicates: set[str] = set()
        """The mini programs that have authorized several platforms; each is logged once."""
        self._new: set[PlatformDiscovery | PlatformDomains] = set()
        """What does not run yet."""
        self._started = False

    @property
    def by_name(self) -> Mapping[str, Platform]:
        """Return the platforms by their names in the configuration."""
        return {name: configured.platform for name, configured in self._configured.items()}

    @property
    def discoveries(self) -> tuple[PlatformDiscovery, ...]:
        """Return the discoveries of the platforms that have one."""
        configured = self._configured.values()
        return tuple(platform.discovery for platform in configured if platform.discovery is not None)

    @property
    def domains(self) -> tuple[PlatformDomains, ...]:
        """Return the domain lists of the platforms whose own lists are read."""
        configured = self._configured.values()
        return tuple(platform.domains for platform in configured if platform.domains is not None)

    def configure(
        self, platforms: Sequence[PlatformSettings], base_url: str, *, collects_account: bool
    ) -> None:
        """Apply a configuration; unchanged platforms keep their tokens and their discoveries.

        Args:
            platforms: the settings of all platforms.
            base_url: the URL of the WeChat API.
            collects_account: whether the statuses of mini programs are refreshed.
        """
        before, domains_before = set(self.discoveries), set(self.domains)
        self._configured = {
            settings.name: self._configure_one(self._configured.get(settings.name), settings, base_url)
            for settings in platforms
        }
        after, domains = set(self.discoveries), set(self.domains)
        for gone in (before - after) | (domains_before - domains):
            gone.stop()
        for discovery in after:
            discovery.collects_account = collects_account
        self._new = (self._new | (after - before) | (domains - domains_before)) & (after | domains)
        names = {discovery.platform.name for discovery in after}
        # A new discovery must not show the series of another platform that had the same name.
        empty = {discovery.platform.name for discovery in after - before if not discovery.complete}
        self._self_metrics.set_discovering_platforms(names - empty)
        self._self_metrics.set_discovering_platforms(names)

    def discovered_apps(self) -> Sequence[AppSettings]:
        """Return the settings of all discovered mini programs, from the first platform that has each."""
        apps: dict[str, AppSettings] = {}
        duplicates: set[str] = set()
        for configured in self._configured.values():
            settings = configured.settings
            for found in () if configured.discovery is None else configured.discovery.apps:
                app = AppSettings(
                    found.appid, found.name, settings.labels, settings.app_token, settings.baseline
                )
                if apps.setdefault(found.appid, app) is not app:
                    duplicates.add(found.appid)
        for appid in sorted(duplicates - self._duplicates):
            log.warning("app has authorized several platforms; the first one is used", appid=appid)
        self._duplicates = duplicates
        return tuple(apps.values())

    def is_ungranted(self, app: AppSettings) -> bool:
        """Whether an app has not granted permission set 18 to the platform that its token comes from."""
        return any(
            configured.discovery is not None and app.appid in configured.discovery.ungranted
            for configured in self._configured.values()
            if app.token == configured.settings.app_token
        )

    def account_status(self, appid: str) -> AccountStatus | None:
        """Return the status of a mini program, from the first platform that knows it; None if none does."""
        statuses = (discovery.account_status(appid) for discovery in self.discoveries)
        return next((status for status in statuses if status is not None), None)

    def resume(self) -> None:
        """End all cooldowns: the configuration was reloaded."""
        for configured in self._configured.values():
            configured.platform.component_token.resume()
            if configured.discovery is not None:
                configured.discovery.resume()
            if configured.domains is not None:
                configured.domains.resume()

    def start(self) -> None:
        """Start to discover and to read lists, and from now on also for new configurations."""
        self._started = True
        self.start_new()

    def start_new(self) -> None:
        """Start what the last `configure` made, once its client is the one in use."""
        if self._started:
            for new in self._new:
                self._tasks.spawn(new.run)
            self._new = set()

    def discover_once(self) -> None:
        """Discover the mini programs of all platforms once, and wait for it."""
        running = [gevent.spawn(discovery.discover) for discovery in self.discoveries]
        try:
            gevent.joinall(running, raise_error=True)
        finally:
            gevent.killall(running)

    def _configure_one(
        self, old: _ConfiguredPlatform | None, settings: PlatformSettings, base_url: str
    ) -> _ConfiguredPlatform:
        if old is not None and old.settings == settings and old.base_url == base_url:
            return old
        same = old if old is not None and old.is_same(settings, base_url) else None
        keeps_token = same is not None and same.keeps_token(settings, base_url)
        platform = same.platform if same is not None and keeps_token else make_platform(settings)
        discovery = None
        if settings.config.discover:
            discovery = PlatformDiscovery(
                platform, settings.config, self._client, self._self_metrics, self._on_change
            )
            if same is not None and same.discovery is not None:
                discovery.inherit(same.discovery)
        domains = None
        if settings.config.collect_domains:
            known = None if same is None else same.domains
            if known is not None and known.serves(platform, settings):
                domains = known
                domains.settings = settings
            else:
                domains = PlatformDomains(platform, settings, self._client)
                if known is not None:
                    domains.inherit(known)
        return _ConfiguredPlatform(settings, base_url, platform, discovery, domains)
