"""The fleet: the configuration in use and its apps, and how a new fleet is built from the previous one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from wx_domain_exporter import memory
from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.clock import Clock
from wx_domain_exporter.config.settings import AppSettings, Settings
from wx_domain_exporter.platforms.registry import PlatformRegistry
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.tokens.authorizer import AuthorizerSource
from wx_domain_exporter.wechat.tokens.factory import make_source
from wx_domain_exporter.wechat.tokens.source import TokenSource


def no_account_status(_appid: str) -> None:
    """Know no status of any account."""


@dataclass(frozen=True)
class Fleet:
    """The configuration in use and its apps; a reload replaces it, but running scrapes keep theirs."""

    settings: Settings
    client: ApiClient
    by_appid: Mapping[str, MonitoredApp]
    account_status: Callable[[str], AccountStatus | None] = no_account_status
    """Returns the status of an app's account; None if it is not known, or not collected."""

    @property
    def apps(self) -> tuple[MonitoredApp, ...]:
        """Return the apps: those of the configuration in its order, then the discovered ones."""
        return tuple(self.by_appid.values())

    @cached_property
    def apps_by_name(self) -> tuple[MonitoredApp, ...]:
        """Return the apps in the order of their names, whatever the case."""
        return tuple(sorted(self.by_appid.values(), key=lambda app: app.settings.name.casefold()))

    @cached_property
    def label_keys(self) -> tuple[str, ...]:
        """Return every key that is used in any app's `labels`."""
        return tuple(sorted({key for app in self.by_appid.values() for key in app.settings.labels}))


class FleetBuilder:
    """Builds the fleet of a configuration; apps that it does not change are those of the previous fleet."""

    def __init__(self, platforms: PlatformRegistry, token_usage: TokenUsage, clock: Clock) -> None:
        self._platforms = platforms
        self._token_usage = token_usage
        self._clock = clock

    @memory.garbage_collection_paused()
    def build(self, settings: Settings, client: ApiClient, previous: Fleet | None) -> Fleet:
        """Return the fleet of a configuration, after applying the configuration to the platforms.

        Args:
            settings: the configuration.
            client: makes the apps' calls.
            previous: the fleet in use until now; None at the start.
        """
        collects_account = settings.collect.account
        self._platforms.configure(
            settings.platforms, settings.wechat.base_url, collects_account=collects_account
        )
        apps = {app.appid: app for app in settings.apps}
        for app in self._platforms.discovered_apps():  # an entry of the configuration takes precedence
            apps.setdefault(app.appid, settings.complete(app))
        by_appid = {appid: self._app(app, settings, client, previous) for appid, app in apps.items()}
        status = self._platforms.account_status if collects_account else no_account_status
        return Fleet(settings, client, by_appid, status)

    def _app(
        self, app: AppSettings, settings: Settings, client: ApiClient, previous: Fleet | None
    ) -> MonitoredApp:
        """Return the previous app if nothing changed, or a new one that takes over what is still valid."""
        old = None if previous is None else previous.by_appid.get(app.appid)
        if previous is None or old is None:
            return self._new_app(app, settings, client, self._new_source(app))
        same_url = previous.settings.wechat.base_url == settings.wechat.base_url
        same_source = same_url and old.settings.token == app.token and self._has_current_platform(old.source)
        unchanged = old.settings == app and old.client is client and old.collect == settings.collect
        if unchanged and same_source:
            return old
        source = old.source if same_source else self._replace_source(old.source, app)
        new = self._new_app(app, settings, client, source)
        new.inherit(old)
        return new

    def _new_app(
        self, app: AppSettings, settings: Settings, client: ApiClient, source: TokenSource
    ) -> MonitoredApp:
        action, collect = settings.wechat.action, settings.collect
        return MonitoredApp(
            app, client, source, self._token_usage, action, collect=collect, clock=self._clock
        )

    def _new_source(self, app: AppSettings) -> TokenSource:
        return make_source(app.appid, app.token, self._platforms.by_name, self._clock)

    def _replace_source(self, old: TokenSource, app: AppSettings) -> TokenSource:
        source = self._new_source(app)
        if isinstance(source, AuthorizerSource) and isinstance(old, AuthorizerSource):
            source.inherit(old)
        return source

    def _has_current_platform(self, source: TokenSource) -> bool:
        """Whether the platform of a source, if it has one, is still the configured one."""
        if not isinstance(source, AuthorizerSource):
            return True
        return self._platforms.by_name.get(source.platform.name) is source.platform
