"""The running exporter: the configuration in force, its apps, and what outlives a change of it."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import structlog

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.loader import AppSettings, ConfigError, ConfigLoader, Settings
from wx_domain_exporter.config.secret import SecretError
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.platforms.registry import PlatformRegistry
from wx_domain_exporter.reloader import Reloader
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.scheduler.scheduler import Scheduler
from wx_domain_exporter.tasks import Tasks
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.tokens.authorizer import AuthorizerSource
from wx_domain_exporter.wechat.tokens.factory import make_source
from wx_domain_exporter.wechat.tokens.source import TokenSource

log = structlog.get_logger(__name__)

_SECONDS_BETWEEN_LOOKS = 5.0
"""How often the app files are looked at."""


@dataclass(frozen=True)
class Fleet:
    """One configuration in force: never changed, only replaced. A scrape in flight keeps its own."""

    settings: Settings
    client: ApiClient
    by_appid: Mapping[str, MonitoredApp]

    @property
    def apps(self) -> tuple[MonitoredApp, ...]:
        """Return the apps: those of the configuration in its order, then the discovered ones."""
        return tuple(self.by_appid.values())

    @cached_property
    def label_keys(self) -> tuple[str, ...]:
        """Return every key that is used in any app's `labels`."""
        return tuple(sorted({key for app in self.by_appid.values() for key in app.settings.labels}))


@dataclass(frozen=True, slots=True)
class RejectedConfig:
    """A configuration that was refused; the one before stays in force.

    Attributes:
        timestamp: Unix time at which it was read.
        errors: a sentence for each error.
    """

    timestamp: float
    errors: Sequence[str]


class Service:
    """What a scrape asks. Lives as long as the process."""

    def __init__(self, loader: ConfigLoader, clock: Clock = SYSTEM_CLOCK) -> None:
        """Start with the configuration that `loader` reads.

        Raises:
            ConfigError: there is none.
        """
        self._loader = loader
        self.clock = clock
        """What time it is for all parts."""
        self.tasks = Tasks()
        """Where all that calls WeChat runs. The fleet is replaced there too, in one go."""
        self._loading = threading.Lock()
        """Guards the loader, between the threads that read configurations and put them in force; not for tasks."""
        self._closed = threading.Event()
        self.reloader = Reloader(self.reload)
        """For whoever can't wait for a reload by itself."""
        self.self_metrics = SelfMetrics(clock)
        self.last_scrape: float | None = None
        """Unix time at which apps were asked for last; None before the first time."""
        self.rejected_config: RejectedConfig | None = None
        """Why the last reload failed; None if it did not."""
        self.config_loaded_at = clock.time()
        """Unix time at which the configuration file in force was read."""
        self._ledger = TokenUsage(clock)
        self._settings = loader.load()
        self.scheduler = Scheduler(self.tasks, self._settings.wechat.max_concurrency, clock)
        self._platforms = PlatformRegistry(
            self.tasks, self.self_metrics, lambda: self.fleet.client, self._discovered
        )
        self.fleet = self._fleet(self._settings, self._client(self._settings), None)
        self._own_tokens(self.fleet, None)
        self._in_force(None)
        self._tell_of_broken_files()

    @property
    def discoveries(self) -> Sequence[PlatformDiscovery]:
        """Return the discoveries of those platforms that have one."""
        return self._platforms.discoveries

    def is_ungranted(self, app: AppSettings) -> bool:
        """Whether discovery saw that an app had not granted its platform permission set 18."""
        return self._platforms.is_ungranted(app)

    @property
    def app_file_errors(self) -> Sequence[str]:
        """Return what is wrong with the app files, a sentence for each error."""
        return [sentence for found in self._settings.app_file_errors.values() for sentence in found]

    @property
    def knows_all_apps(self) -> bool:
        """Whether no app file is broken, and everything is discovered."""
        return not self.app_file_errors and self.discovered

    @property
    def discovered(self) -> bool:
        """Whether every discovery has read its whole list; the fleet that is looked at afterwards has it."""
        return all(discovery.complete for discovery in self.discoveries)

    def start(self) -> None:
        """Discover, look after the app files, and reload for whoever asks, from now on."""
        self.reloader.start()
        self.tasks.submit(self._platforms.start).result()
        threading.Thread(target=self._look_after_app_files, name="app-files", daemon=True).start()

    def discover(self) -> None:
        """Discover the mini programs of all platforms once, and wait for it."""
        self.tasks.submit(self._platforms.discover_once).result()

    def reload(self) -> bool:
        """Read the configuration again; if it is refused, everything stays as it is.

        Returns:
            Whether the new one is in force.
        """
        with self._loading:
            try:
                self._put_in_force(self._loader.load(), resume=True)
            except ConfigError as error:
                self.self_metrics.reload_failed()
                self.rejected_config = RejectedConfig(self.clock.time(), error.errors)
                for sentence in error.errors:
                    log.error("configuration refused, the one before stays in force", error=sentence)  # noqa: TRY400 - the sentence is all there is to say
                return False
            except Exception as bug:  # whatever it is, the next reload may go well
                self.self_metrics.reload_failed()
                self.rejected_config = RejectedConfig(
                    self.clock.time(), [f"internal error: {type(bug).__name__}"]
                )
                log.exception("a reload broke")
                return False
            self._tell_of_broken_files()
        log.info("configuration reloaded", apps=len(self.fleet.by_appid))
        return True

    def reload_app_files(self) -> None:
        """Read the app files again if one of them changed."""
        with self._loading:
            settings = self._loader.load_changed_app_files()
            if settings is None:
                return
            self._put_in_force(settings, resume=False)
            self._tell_of_broken_files()
        log.info("app files reloaded", apps=len(self.fleet.by_appid))

    def start_scrape(
        self, fleet: Fleet, deadline: Deadline, apps: Sequence[MonitoredApp] | None = None
    ) -> ScrapeJobs:
        """Begin to fetch apps.

        Args:
            fleet: the configuration in force when the scrape came.
            deadline: until when the caller waits.
            apps: those of the fleet's apps that are wanted; None: all.

        Returns:
            The batch to wait for; `exposition/results.py` makes the scrape's results of it.
        """
        self.last_scrape = self.clock.time()
        wanted = fleet.apps if apps is None else apps
        return self.scheduler.start(wanted, deadline, fleet.settings.scrape.min_interval)

    def close(self) -> None:
        """End the calls under way, and start no further one."""
        self._closed.set()
        self.reloader.close()
        self.tasks.close(lambda: self.fleet.client.close())  # noqa: PLW0108 - the one in force then

    def _look_after_app_files(self) -> None:
        while not self._closed.wait(_SECONDS_BETWEEN_LOOKS):
            try:
                self.reload_app_files()
            except Exception:  # whatever is wrong with a file must not end the looking
                log.exception("the app files can't be read")

    def _put_in_force(self, settings: Settings, *, resume: bool) -> None:
        """Put a configuration in force that was read anew.

        Args:
            settings: the new one.
            resume: whether somebody had it read again, which ends all pauses.

        Raises:
            ConfigError: there is no client for it.
        """
        same = self.fleet.settings.wechat == settings.wechat
        client = self.fleet.client if same else self._client(settings)  # reads files: not for a task
        self.tasks.submit(self._replace, settings, client, resume=resume).result()

    def _discovered(self) -> None:
        self._replace(self._settings, self.fleet.client, resume=False)

    def _replace(self, settings: Settings, client: ApiClient, *, resume: bool) -> None:
        """Replace the fleet; as a task that gives way to no other one meanwhile."""
        before, fleet = self.fleet, self._fleet(settings, client, self.fleet)
        self._own_tokens(fleet, before)
        self.fleet = fleet
        self._settings = settings
        self._in_force(before, resume=resume)

    def _fleet(self, settings: Settings, client: ApiClient, before: Fleet | None) -> Fleet:
        self._platforms.configure(settings.platforms, settings.wechat.base_url)
        apps = {app.appid: app for app in settings.apps}
        for app in self._platforms.apps():
            apps.setdefault(app.appid, settings.complete(app))  # what somebody configured by hand counts
        monitored = {appid: self._monitored_app(app, settings, client, before) for appid, app in apps.items()}
        return Fleet(settings, client, monitored)

    def _own_tokens(self, fleet: Fleet, before: Fleet | None) -> None:
        """Let the apps of a fleet claim tokens, before scrapes get it, and the ones before no more."""
        self._ledger.put_in_force({appid: app.forget_lists for appid, app in fleet.by_appid.items()})
        for appid, app in fleet.by_appid.items():
            old = None if before is None else before.by_appid.get(appid)
            if old is not None and old.settings.token != app.settings.token:
                self._ledger.forget(appid)

    def _in_force(self, before: Fleet | None, *, resume: bool = True) -> None:
        """Do what a new fleet brings with it, once scrapes get it."""
        fleet = self.fleet
        self._platforms.start_new()
        self.scheduler.resize(fleet.settings.wechat.max_concurrency)
        self.self_metrics.apps.set(len(fleet.by_appid))
        if resume:
            self._platforms.resume()
            for app in fleet.apps:
                app.resume()
            self.self_metrics.reloaded(fleet.settings.hash)
            self.rejected_config, self.config_loaded_at = None, self.clock.time()
        if before is not None and before.client is not fleet.client:
            before.client.close()

    def _tell_of_broken_files(self) -> None:
        errors = self._settings.app_file_errors
        self.self_metrics.set_app_file_errors({file: bool(found) for file, found in errors.items()})
        for sentence in self.app_file_errors:
            log.error("app file broken, only its last good content counts", error=sentence)

    def _client(self, settings: Settings) -> ApiClient:
        try:
            return ApiClient(settings.wechat, self.self_metrics, clock=self.clock)
        except (SecretError, OSError) as error:
            raise ConfigError([f"wechat: {error}"]) from None

    def _monitored_app(
        self, app: AppSettings, settings: Settings, client: ApiClient, before: Fleet | None
    ) -> MonitoredApp:
        old = None if before is None else before.by_appid.get(app.appid)
        if before is None or old is None:
            return self._new_app(app, settings, client, self._source(app))
        same_place = before.settings.wechat.base_url == settings.wechat.base_url
        same = same_place and old.settings.token == app.token and self._has_platform(old.source)
        if old.settings == app and old.client is client and same and old.collect == settings.collect:
            return old
        source = old.source if same else self._successor(old.source, app)
        new = self._new_app(app, settings, client, source)
        new.inherit(old)
        return new

    def _new_app(
        self, app: AppSettings, settings: Settings, client: ApiClient, source: TokenSource
    ) -> MonitoredApp:
        action, collect = settings.wechat.action, settings.collect
        return MonitoredApp(app, client, source, self._ledger, action, collect=collect, clock=self.clock)

    def _source(self, app: AppSettings) -> TokenSource:
        return make_source(app.appid, app.token, self._platforms.by_name, self.clock)

    def _successor(self, old: TokenSource, app: AppSettings) -> TokenSource:
        source = self._source(app)
        if isinstance(source, AuthorizerSource) and isinstance(old, AuthorizerSource):
            source.inherit(old)
        return source

    def _has_platform(self, source: TokenSource) -> bool:
        """Whether a source has the platform that is in force, if it has one."""
        if not isinstance(source, AuthorizerSource):
            return True
        return self._platforms.by_name.get(source.platform.name) is source.platform
