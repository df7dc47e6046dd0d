"""Discovers the mini programs of a third-party platform: periodically, in a task of its own.

Scrapes never wait for it. Mini programs that were found stay until a complete list shows that they are gone,
so that neither a failing list nor one that changes between two pages removes them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial

import structlog
from gevent.event import Event

from wx_domain_exporter.backoff import Backoff
from wx_domain_exporter.config.schema_fields import APPID_PATTERN
from wx_domain_exporter.config.schema_tokens import PlatformConfig
from wx_domain_exporter.deadline import NO_DEADLINE, SharedDeadline
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.platforms.account_lookup import AccountLookup
from wx_domain_exporter.progress import LogInterval, Progress
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.authorizers import PAGE_SIZE, Page, list_page
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import DecodeError, FetchError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown

log = structlog.get_logger(__name__)

_MAX_PAGES = 2000
_MAX_ACCOUNTS = 200_000
_MAX_LIST_BYTES = 64 << 20
"""Of AppIDs and refresh tokens. A longer list can't be real."""
_FIRST_RETRY_SECONDS = 30.0
"""Delay after a failure; doubled after each further one, up to `discover_interval`."""


@dataclass(frozen=True, slots=True)
class DiscoveredApp:
    """One mini program that has authorized the platform."""

    appid: str
    name: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many of the accounts that have authorized a platform are not monitored, by reason.

    Attributes:
        not_mini_programs: official accounts (公众号) and others that are no mini programs.
        filtered: left out by `include` and `exclude`.
        unknown: could not be looked up.
    """

    not_mini_programs: int
    filtered: int
    unknown: int


class PlatformDiscovery:
    """The mini programs of one platform. Its attributes may be read by any thread; all else is for tasks."""

    def __init__(
        self,
        platform: Platform,
        config: PlatformConfig,
        client: Callable[[], ApiClient],
        self_metrics: SelfMetrics,
        on_change: Callable[[], None],
    ) -> None:
        """Make a discovery that has found nothing yet.

        Args:
            platform: the platform; its `refresh_tokens` are set.
            config: the platform's configuration.
            client: returns the client to use for the next call.
            self_metrics: counts mini programs and failures.
            on_change: called whenever `apps` has changed.
        """
        self.platform = platform
        self.apps: tuple[DiscoveredApp, ...] = ()
        """Sorted by AppID; replaced as a whole."""
        self.complete = False
        """Whether the whole list was read at least once."""
        self.failure: FetchError | None = None
        """Why the last round failed; None if it succeeded."""
        self.progress: Progress | None = None
        """How many accounts of the list were looked at; None while no list is being read."""
        self.collects_account = False
        """Whether the statuses of the mini programs are refreshed (`collect.account`)."""
        self._logged_left_out: LeftOut | None = None
        self._config = config
        self._client = client
        self._self_metrics = self_metrics
        self._on_change = on_change
        self._listed: dict[str, str] = {}
        """By AppID, the authorizer_refresh_token of each account that counts as authorized."""
        self._missing: set[str] = set()
        """The accounts that were missing from the last list."""
        self._accounts = AccountLookup(platform, self._caller)
        self._backoff = Backoff(_FIRST_RETRY_SECONDS, config.discover_interval)
        self._account_backoff = Backoff(_FIRST_RETRY_SECONDS, config.discover_interval)
        self._quota_cooldown = QuotaCooldown()
        self._deadline = SharedDeadline(NO_DEADLINE)
        """No scrape waits for these calls: they have no deadline until the discovery is stopped."""
        self._wake = Event()
        self._stopped = Event()

    @property
    def ungranted(self) -> frozenset[str]:
        """Return the mini programs that had not granted permission set 18 when they were looked up."""
        return self._accounts.ungranted

    def account_status(self, appid: str) -> AccountStatus | None:
        """Return the status of a mini program; None if it is not known."""
        return self._accounts.statuses.of(appid)

    @property
    def failed_accounts(self) -> Mapping[str, FetchError]:
        """Return why each account could not be looked up that was tried without success, by AppID."""
        return {appid: account.error for appid, account in dict(self._accounts.failed).items()}

    @property
    def left_out(self) -> LeftOut:
        """Return how many accounts are not monitored, and why."""
        listed, names = self._listed, self._accounts.names
        wanted = self._wanted(listed)
        return LeftOut(
            not_mini_programs=sum(appid in names and names[appid] is None for appid in wanted),
            filtered=len(listed) - len(wanted),
            unknown=self._accounts.unknown(wanted),
        )

    def inherit(self, old: "PlatformDiscovery") -> None:
        """Take over what is known of the same platform; its filters and its token may be different now."""
        self._accounts.inherit(old._accounts)  # noqa: SLF001 - of the same class
        self._listed = dict(old._listed)  # noqa: SLF001 - of the same class
        self.complete, self._logged_left_out = old.complete, old._logged_left_out  # noqa: SLF001 - of the same class
        self.platform.refresh_tokens = old.platform.refresh_tokens
        self.apps = self._apps_among(self._listed)
        if self.complete:
            self._self_metrics.discovered(self.platform.name, len(self.apps))

    def stop(self) -> None:
        """Stop the discovery; a running call goes on, but has no effect."""
        self._stopped.set()
        self._deadline.cancel()
        self._wake.set()

    def resume(self) -> None:
        """Try again at once if the last round failed: the configuration was reloaded."""
        self._quota_cooldown.end()
        if self.failure is not None:
            self._wake.set()

    def run(self) -> None:
        """Discover periodically, until `stop`."""
        while not self._stopped.is_set():
            self._wake.clear()
            try:
                delay = self.discover()
            except Exception:  # an answer that our code can't handle must not end the discovery
                log.exception("unexpected error in a discovery", platform=self.platform.name)
                self._self_metrics.discovery_failed(self.platform.name)
                self._self_metrics.discovery_ended(self.platform.name, well=False)
                delay = self._config.discover_interval
            self._wake.wait(delay)

    def discover(self) -> float:
        """Read the whole list once.

        Returns:
            The seconds until the next round.
        """
        failure: FetchError | None = None
        try:
            self._read_list()
        except FetchError as error:
            failure = error.without_traceback()
        finally:
            self.progress = None
        if self._stopped.is_set():  # the metrics may belong to a successor now
            return self._config.discover_interval
        self.failure = failure
        self._self_metrics.discovery_ended(self.platform.name, well=failure is None)
        if failure is not None:
            self._self_metrics.discovery_failed(self.platform.name)
            log.warning("discovery failed", platform=self.platform.name, error=str(failure))
            return max(self._backoff.next_delay(), self._quota_cooldown.seconds_after(failure))
        self._backoff.reset()
        self._quota_cooldown.end()
        if self._accounts.failures:
            return self._account_backoff.next_delay()
        self._account_backoff.reset()
        return self._config.discover_interval

    def _read_list(self) -> None:
        """Read all pages, and look up new accounts.

        Raises:
            FetchError: a page can't be read.
        """
        listed: dict[str, str] = {}
        totals: set[int] = set()
        size = 0
        self._accounts.begin_round()
        log_interval = LogInterval(self._client().clock)
        for page, done in self._pages():
            totals.add(page.total)
            listed |= page.refresh_tokens
            size += sum(len(appid) + len(token) for appid, token in page.refresh_tokens.items())
            if len(listed) > _MAX_ACCOUNTS or size > _MAX_LIST_BYTES:
                raise DecodeError(f"the list is too long: more than {_MAX_ACCOUNTS} accounts or 64 MiB")
            note_progress = partial(self._note_progress, log_interval, done, page.total)
            new = self._accounts.look_up_new(self._wanted(page.refresh_tokens), note_progress)
            self.progress = Progress(done, page.total)
            if new or not self.complete:
                log.info("discovering", platform=self.platform.name, done=done, total=page.total)
            if not self.complete and done < page.total:  # monitoring begins before the last page is read
                self._update({**self._listed, **listed})
        wanted = frozenset(self._wanted(listed))
        self._accounts.retry_failed(wanted)
        self._update(self._without_revoked(listed, consistent=totals == {len(listed)} - {0}))
        if not self._stopped.is_set():  # else the metrics may belong to a successor
            self._log_outcome()
            self.complete = True
            self._self_metrics.discovered(self.platform.name, len(self.apps))
            self._self_metrics.accounts_unknown(self.platform.name, self._accounts.unknown(wanted))
            if self.collects_account:
                self._accounts.statuses.refresh(wanted)

    def _note_progress(self, log_interval: LogInterval, done: int, total: int, left: int) -> None:
        self.progress = Progress(max(0, done - left), total)
        if log_interval.is_due():
            log.info("discovering", platform=self.platform.name, done=self.progress.done, total=total)

    def _log_outcome(self) -> None:
        """Log how many mini programs the first list had, and why other accounts are left out."""
        left_out = self.left_out
        if left_out == self._logged_left_out:
            return
        self._logged_left_out = left_out
        event = "accounts are left out" if self.complete else "platform discovered"
        reasons = {reason: accounts for reason, accounts in asdict(left_out).items() if accounts}
        log.info(event, platform=self.platform.name, apps=len(self.apps), **reasons)

    def _pages(self) -> Iterator[tuple[Page, int]]:
        """Yield each page of the list, with the number of accounts up to its end.

        Raises:
            FetchError: a page can't be read, or the list has too many.
        """
        offset = longest = 0
        for _ in range(_MAX_PAGES):
            page = list_page(self.platform, self._caller(), offset)
            longest = max(longest, page.length)
            # A page before the last can be short or empty: revoked authorizations may still be counted.
            offset += page.length or longest or PAGE_SIZE
            done = min(offset, page.total)
            yield page, done
            if done == page.total:
                return
        raise DecodeError(f"the list goes on after {_MAX_PAGES} pages")

    def _without_revoked(self, listed: Mapping[str, str], *, consistent: bool) -> dict[str, str]:
        """Return the accounts that count as authorized after a list was read.

        An account that is missing from a consistent list has revoked its authorization. A list that changed
        between two pages, or that is suddenly empty, may lack accounts by mistake: an account has revoked its
        authorization if it is missing from the next list too.
        """
        missing = self._listed.keys() - listed.keys()
        revoked = missing if consistent else missing & self._missing
        self._missing = missing
        if revoked:
            log.info("authorizations ended", platform=self.platform.name, accounts=len(revoked))
        kept = {appid: token for appid, token in self._listed.items() if appid not in revoked}
        return kept | dict(listed)

    def _update(self, listed: dict[str, str]) -> None:
        self._listed = listed
        self._accounts.keep_only(listed)
        if self._stopped.is_set():
            return
        self.platform.refresh_tokens = listed
        apps = self._apps_among(listed)
        if apps != self.apps:
            self.apps = apps
            self._on_change()

    def _apps_among(self, listed: Mapping[str, str]) -> tuple[DiscoveredApp, ...]:
        names = self._accounts.names
        return tuple(
            DiscoveredApp(appid, name)
            for appid in sorted(self._wanted(listed))
            if (name := names.get(appid)) is not None
        )

    def _wanted(self, appids: Mapping[str, str]) -> list[str]:
        """Return those of the AppIDs that `include` and `exclude` allow."""
        include, exclude = frozenset(self._config.include), frozenset(self._config.exclude)
        return [
            appid
            for appid in appids
            if APPID_PATTERN.fullmatch(appid) and (not include or appid in include) and appid not in exclude
        ]

    def _caller(self) -> Caller:
        return Caller(self._client(), self._deadline, {})
