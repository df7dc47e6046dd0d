"""The running exporter: the configuration in force, its apps, and what outlives a change of it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from wx_domain_exporter.collector import DomainCollector
from wx_domain_exporter.config import ConfigError, Settings, WatchedApp
from wx_domain_exporter.fetch import Fetcher
from wx_domain_exporter.flights import Batch
from wx_domain_exporter.own_metrics import OwnMetrics
from wx_domain_exporter.secret import SecretError
from wx_domain_exporter.watch import TokenLedger, Watch
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.tokens.make import make_source

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fleet:
    """One configuration in force: never changed, only replaced. A scrape in flight keeps its own."""

    settings: Settings
    client: ApiClient
    by_appid: Mapping[str, Watch]

    @property
    def watches(self) -> tuple[Watch, ...]:
        """Return the apps in the order of the configuration."""
        return tuple(self.by_appid.values())


class Service:
    """What a scrape asks. Lives as long as the process."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        """Start with the configuration that `load` returns.

        Raises:
            ConfigError: there is none.
        """
        self._load = load
        self._reloading = threading.Lock()
        self.own = OwnMetrics()
        self._ledger = TokenLedger()
        settings = load()
        self.fetcher = Fetcher(settings.wechat.max_concurrency)
        self.fleet = self._fleet(settings, None)
        self._in_force(None)

    def reload(self) -> bool:
        """Read the configuration again; if it is refused, everything stays as it is.

        Returns:
            Whether the new one is in force.
        """
        with self._reloading:
            try:
                before, self.fleet = self.fleet, self._fleet(self._load(), self.fleet)
            except ConfigError as error:
                self.own.reload_failed()
                for sentence in error.errors:
                    log.error("configuration refused, the one before stays in force", error=sentence)  # noqa: TRY400 - the sentence is all there is to say
                return False
            self._in_force(before)
        log.info("configuration reloaded", apps=len(self.fleet.watches))
        return True

    def start_scrape(self, fleet: Fleet, deadline: float) -> tuple[DomainCollector, Batch]:
        """Begin to fetch all apps.

        Args:
            fleet: the configuration in force when the scrape came.
            deadline: until when the caller waits, in seconds of `time.monotonic()`.

        Returns:
            The scrape's collector, and the batch to wait for before it collects.
        """
        begin = time.monotonic()
        batch = self.fetcher.start(fleet.watches, deadline, fleet.settings.scrape.min_interval)
        return DomainCollector(fleet.settings, batch, begin), batch

    def close(self) -> None:
        """Start no further call."""
        self.fetcher.close()
        self.fleet.client.close()

    def _fleet(self, settings: Settings, before: Fleet | None) -> Fleet:
        client = self._client(settings, before)
        watches = {app.appid: self._watch(app, settings, client, before) for app in settings.apps}
        return Fleet(settings, client, watches)

    def _in_force(self, before: Fleet | None) -> None:
        """Do what a new fleet brings with it, once scrapes get it."""
        fleet = self.fleet
        for watch in fleet.watches:
            watch.resume()
        self._ledger.keep_only(set(fleet.by_appid))
        self.fetcher.resize(fleet.settings.wechat.max_concurrency)
        self.own.reloaded(len(fleet.watches), fleet.settings.hash)
        if before is not None and before.client is not fleet.client:
            before.client.close()

    def _client(self, settings: Settings, before: Fleet | None) -> ApiClient:
        if before is not None and before.settings.wechat == settings.wechat:
            return before.client
        try:
            return ApiClient(settings.wechat, self.own)
        except (SecretError, OSError) as error:
            raise ConfigError([f"wechat: {error}"]) from None

    def _watch(self, app: WatchedApp, settings: Settings, client: ApiClient, before: Fleet | None) -> Watch:
        old = None if before is None else before.by_appid.get(app.appid)
        if before is None or old is None:
            source = make_source(app.appid, app.token)
            return Watch(app, client, source, self._ledger, settings.wechat.action, collect=settings.collect)
        if old.app == app and old.client is client and old.collect == settings.collect:
            return old
        same = old.app.token == app.token and before.settings.wechat.base_url == settings.wechat.base_url
        source = old.source if same else make_source(app.appid, app.token)
        watch = Watch(app, client, source, self._ledger, settings.wechat.action, collect=settings.collect)
        watch.inherit(old)
        return watch
