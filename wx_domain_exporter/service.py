"""The running exporter: the fleet in use, and everything that stays when the configuration is reloaded."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

import structlog

from wx_domain_exporter import memory, open_files
from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.client_files import ClientFiles
from wx_domain_exporter.config.errors import ConfigError, prefixed, reason_of
from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.config.secret import SecretError
from wx_domain_exporter.config.settings import AppSettings, Settings
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.fleet import Fleet, FleetBuilder
from wx_domain_exporter.fleet_history import FleetHistory
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.platforms.domain_lists import PlatformDomains
from wx_domain_exporter.platforms.registry import PlatformRegistry
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.reloader import Reloader
from wx_domain_exporter.scheduler.first_fetches import FirstFetches
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.scheduler.scheduler import Scheduler
from wx_domain_exporter.tasks import Tasks
from wx_domain_exporter.wechat.client import ApiClient

log = structlog.get_logger(__name__)

_APP_FILES_INTERVAL_SECONDS = 5.0
"""How often the app files are checked for changes."""

_APP_FILE_KEPT = "app file invalid; its last valid content stays in use"


@dataclass(frozen=True, slots=True)
class RejectedConfig:
    """A configuration that could not be loaded; the previous one stays in use.

    Attributes:
        timestamp: Unix time at which it was read.
        errors: a sentence for each error.
    """

    timestamp: float
    errors: Sequence[BilingualText]


class Service:
    """Runs scrapes and reloads, and owns all parts that live as long as the process."""

    def __init__(self, loader: ConfigLoader, clock: Clock = SYSTEM_CLOCK) -> None:
        """Load the configuration.

        Raises:
            ConfigError: it can't be loaded.
        """
        self._loader = loader
        self.clock = clock
        """The clock of all parts."""
        self.tasks = Tasks()
        """Runs everything that calls WeChat; the fleet is replaced there too, by a task that never waits."""
        self._loading = threading.Lock()
        """Held by a thread, never by a task, while it loads a configuration and applies it."""
        self._closed = threading.Event()
        self.reloader = Reloader(self.reload)
        """Reloads in a thread of its own, for callers that must not wait."""
        self.self_metrics = SelfMetrics(clock)
        self._desyncs = Desyncs(clock)
        """Kept over reloads, as tokens are."""
        self.last_scrape: float | None = None
        """Unix time at which the last scrape began; None before the first one."""
        self.fleet_history = FleetHistory()
        """How many apps were well after each of the last scrapes."""
        self.rejected_config: RejectedConfig | None = None
        """Why the last reload failed; None if it succeeded."""
        self.config_loaded_at = clock.time()
        """Unix time at which the configuration file in use was read."""
        self._settings = loader.load()
        self._client_files = ClientFiles()
        """Used while the configuration is loaded."""
        self._client_files.watch(self._settings)
        self._first_fetches = FirstFetches(lambda: self.fetched, clock)
        self.scheduler = Scheduler(self.tasks, 0, clock, self._first_fetches)
        self._platforms = PlatformRegistry(
            self.tasks, self.self_metrics, lambda: self.fleet.client, self._add_discovered_apps
        )
        self._token_usage = TokenUsage(clock)
        self._desyncs.listen(self._token_usage.forget_since)
        self._fleet_builder = FleetBuilder(self._platforms, self._token_usage, clock)
        self.fleet = self._fleet_builder.build(self._settings, self._make_client(self._settings), None)
        self._set_token_users(self.fleet, None)
        self._after_fleet_change(None, resume=True)
        self._log_app_file_errors()

    @property
    def discoveries(self) -> Sequence[PlatformDiscovery]:
        """Return the discoveries of the platforms that have one."""
        return self._platforms.discoveries

    @property
    def platform_domains(self) -> Sequence[PlatformDomains]:
        """Return the own domain lists of the platforms whose lists are read."""
        return self._platforms.domains

    def is_ungranted(self, app: AppSettings) -> bool:
        """Whether discovery found that an app has not granted permission set 18 to its platform."""
        return self._platforms.is_ungranted(app)

    @property
    def app_file_errors(self) -> Sequence[BilingualText]:
        """Return the errors of all app files, a sentence for each."""
        return [sentence for errors in self._settings.app_file_errors.values() for sentence in errors]

    @property
    def knows_all_apps(self) -> bool:
        """Whether all app files are valid and all platforms are discovered."""
        return not self.app_file_errors and self.discovered

    @property
    def discovered(self) -> bool:
        """Whether every discovery has read its whole list; a fleet that is read afterwards has all apps."""
        return all(discovery.complete for discovery in self.discoveries)

    @property
    def fetched(self) -> Progress:
        """Return how many apps have been fetched at least once, with or without success."""
        apps = self.fleet.apps
        return Progress(sum(app.last_result is not None for app in apps), len(apps))

    def start(self, auto_reload_interval: float = 0) -> None:
        """Begin to discover platforms, to check app files for changes, and to reload on request.

        Args:
            auto_reload_interval: seconds between checks of the configuration file, which is reloaded when it
                has changed; 0 for none.

        Raises:
            RuntimeError: the system has no thread for it.
        """
        self._log_unreadable_secrets()
        self.reloader.start()
        self.tasks.submit(self._platforms.start).result()
        self._check_regularly("app-files", _APP_FILES_INTERVAL_SECONDS, self.reload_app_files)
        if auto_reload_interval:
            self._check_regularly("auto-reload", auto_reload_interval, self.reload_if_changed)

    def discover(self) -> None:
        """Discover the mini programs of all platforms once, and wait for it."""
        self.start_discovery().result()

    def start_discovery(self) -> Future[None]:
        """Begin to discover the mini programs of all platforms once."""
        return self.tasks.submit(self._platforms.discover_once)

    def reload(self) -> bool:
        """Load the configuration again; if it is invalid, nothing changes.

        Returns:
            Whether the new configuration is in use.
        """
        with self._loading:
            try:
                self._apply(self._loader.load(), resume=True)
            except ConfigError as error:
                self._reject(error.messages)
                for sentence in error.errors:
                    log.error("configuration rejected; the previous one stays in use", error=sentence)  # noqa: TRY400 - the sentence is enough
                return False
            except CancelledError:  # the exporter is ending
                return False
            except Exception as bug:  # after any error, the next reload may succeed
                name = type(bug).__name__
                self._reject([BilingualText(f"internal error: {name}", f"内部错误：{name}")])
                log.exception("unexpected error in a reload")
                return False
            self._log_app_file_errors()
            self._log_unreadable_secrets()
        memory.return_freed_memory()
        log.info("configuration reloaded", apps=len(self.fleet.by_appid))
        return True

    def reload_if_changed(self) -> None:
        """Reload if the configuration file has changed since it was last read."""
        with self._loading:
            changed = self._loader.changed()
        if changed:
            self.reload()

    def reload_app_files(self) -> None:
        """Load the app files again, and make the connections anew, if one of their files changed."""
        with self._loading:
            settings = self._loader.load_changed_app_files()
            if settings is not None:
                self._apply(settings, resume=False)
                self._log_app_file_errors()
                self._log_unreadable_secrets()
                log.info("app files reloaded", apps=len(self.fleet.by_appid))
            elif self._client_files.changed():
                before = self.fleet.client
                self._apply(self._settings, resume=False)
                if self.fleet.client is not before:
                    log.info("certificate authorities or the proxy changed: new connections are used")

    def start_scrape(
        self, fleet: Fleet, deadline: Deadline, apps: Sequence[MonitoredApp] | None = None
    ) -> ScrapeJobs:
        """Start to fetch apps.

        Args:
            fleet: the fleet when the scrape came in.
            deadline: until when the caller waits.
            apps: the apps of the fleet to fetch; None: all.

        Returns:
            The jobs to wait for; `exposition/results.py` makes the results of the scrape from them.
        """
        self.last_scrape = begin = self.clock.time()
        fetched = fleet.apps if apps is None else apps
        jobs = self.scheduler.start(fetched, deadline, fleet.settings.scrape.min_interval)
        if apps is None or len(apps) == len(fleet.by_appid):
            jobs.done.add_done_callback(lambda _: self.fleet_history.note(fleet.apps, begin))
        return jobs

    def close(self) -> None:
        """End all running calls; none begins afterwards."""
        self._closed.set()
        self.reloader.close()
        self.tasks.close(lambda: self.fleet.client.close())  # noqa: PLW0108 - the client at that time

    def _check_regularly(self, name: str, interval: float, check: Callable[[], None]) -> None:
        """Check files for changes until `close`, in a thread of its own."""

        def work() -> None:
            while not self._closed.wait(interval):
                try:
                    check()
                except CancelledError:  # the exporter is ending
                    return
                except Exception:  # the next check may succeed
                    log.exception("files can't be checked for changes", thread=name)

        threading.Thread(target=work, name=name, daemon=True).start()

    def _apply(self, settings: Settings, *, resume: bool) -> None:
        """Make a loaded configuration the one in use.

        Args:
            settings: the new configuration.
            resume: whether all cooldowns end, because somebody asked for a reload.

        Raises:
            ConfigError: no client can be made for it.
        """
        client = self._client_for(settings)  # reads files, so not in a task
        self.tasks.submit(self._replace_fleet, settings, client, resume=resume).result()

    def _client_for(self, settings: Settings) -> ApiClient:
        """Return the client in use, or a new one if its settings or the files that it was made from changed.

        Raises:
            ConfigError: no client can be made for it.
        """
        same_settings = self.fleet.settings.wechat == settings.wechat
        if same_settings and not self._client_files.changed():
            self._client_files.watch(settings)
            return self.fleet.client
        errors = self._client_files.watch_anew(settings)
        if not (errors and same_settings):
            return self._make_client(settings)
        for error in errors:  # the file may be written at this moment
            log.error("file broken; the connections keep its last valid content", error=error)
        return self.fleet.client

    def _reject(self, errors: Sequence[BilingualText]) -> None:
        self.self_metrics.reload_failed()
        self.rejected_config = RejectedConfig(self.clock.time(), errors)

    def _add_discovered_apps(self) -> None:
        self._replace_fleet(self._settings, self.fleet.client, resume=False)

    def _replace_fleet(self, settings: Settings, client: ApiClient, *, resume: bool) -> None:
        """Replace the fleet, as a task that never waits: no other task sees half of the change."""
        previous = self.fleet
        fleet = self._fleet_builder.build(settings, client, previous)
        self._set_token_users(fleet, previous)
        self.fleet, self._settings = fleet, settings
        self._after_fleet_change(previous, resume=resume)

    def _set_token_users(self, fleet: Fleet, previous: Fleet | None) -> None:
        """Let only the apps of the new fleet claim tokens, before any scrape fetches them."""
        self._token_usage.set_apps({appid: app.forget_answers for appid, app in fleet.by_appid.items()})
        for appid, app in fleet.by_appid.items():
            old = None if previous is None else previous.by_appid.get(appid)
            if old is not None and old.settings.token != app.settings.token:
                self._token_usage.forget(appid)

    def _after_fleet_change(self, previous: Fleet | None, *, resume: bool) -> None:
        """Update all parts that depend on the fleet: platforms, workers, metrics and the client."""
        fleet = self.fleet
        self._first_fetches.begin_again()
        self._platforms.start_new()
        self.scheduler.resize(min(fleet.settings.wechat.max_concurrency, open_files.max_calls()))
        self.self_metrics.apps.set(len(fleet.by_appid))
        errors = self._settings.app_file_errors
        self.self_metrics.set_app_file_errors({file: bool(sentences) for file, sentences in errors.items()})
        new_client = previous is not None and previous.client is not fleet.client
        if resume or new_client:
            self._platforms.resume()
            for app in fleet.apps:
                app.resume()
        if resume:
            self._warn_of_open_files()
            self.self_metrics.reloaded(fleet.settings.hash)
            self.rejected_config, self.config_loaded_at = None, self.clock.time()
        if previous is not None and new_client:
            previous.client.close()

    def _warn_of_open_files(self) -> None:
        wanted, calls = self.fleet.settings.wechat.max_concurrency, open_files.max_calls()
        if calls < wanted:
            log.warning(
                "the limit of open files (ulimit -n) is too low for max_concurrency: fewer calls run at once",
                limit=open_files.limit(),
                max_concurrency=wanted,
                calls=calls,
            )

    def _log_app_file_errors(self) -> None:
        """Log the errors of the app files."""
        for file, errors in self._settings.app_file_errors.items():
            lost = file in self._settings.app_files_without_content
            event = "app file invalid; its apps are not monitored" if lost else _APP_FILE_KEPT
            for sentence in errors:
                log.error(event, error=sentence.en)

    def _log_unreadable_secrets(self) -> None:
        """Log the secrets of apps that can't be read."""
        for sentences in self._settings.unreadable_secrets.values():
            for sentence in sentences:
                log.error("secret of a mini program can't be read; only this one fails", error=sentence.en)

    def _make_client(self, settings: Settings) -> ApiClient:
        try:
            return ApiClient(settings.wechat, self.self_metrics, desyncs=self._desyncs)
        except SecretError as error:
            raise ConfigError([prefixed("wechat: ", error.text)]) from None
        except OSError as error:
            raise ConfigError([prefixed("wechat: ", reason_of(error))]) from None
