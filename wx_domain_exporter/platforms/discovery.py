"""Finding the mini programs of a third-party platform: again and again, in a task of its own.

A scrape never waits for it. What was found stays until a complete list shows that it is gone, so that neither
a failing list nor one that shifts between two pages takes the fleet away.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import structlog
from gevent.event import Event
from gevent.pool import Pool

from wx_domain_exporter.backoff import Backoff
from wx_domain_exporter.config.schema_fields import APPID_PATTERN, printable_name
from wx_domain_exporter.config.schema_tokens import PlatformConfig as PlatformSettings
from wx_domain_exporter.deadline import NO_DEADLINE, SharedDeadline
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.wechat.authorizers import DEVELOPMENT, PAGE, MiniProgram, list_page, mini_program
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import DecodeError, FetchError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown

log = structlog.get_logger(__name__)

_CALLERS = 8
"""How many accounts are asked about at once: the scrapes' calls come first."""
_CHUNK = 50
_MOST_FAILURES = 20
"""Accounts that could not be asked about in one round; the others wait for the next one then."""
_MOST_PAGES = 2000
"""A list that still goes on then makes no sense: WeChat's pages have 500 accounts."""
_MOST_TOLD = 5
"""Failures of one round whose words are logged."""
_FIRST_RETRY = 30.0
"""Seconds after a failure; doubled after each further one, up to `discover_interval`."""


@dataclass(frozen=True, slots=True)
class DiscoveredApp:
    """One mini program that has authorized the platform."""

    appid: str
    name: str


class PlatformDiscovery:
    """The mini programs of one platform. All but the making and the looking is for tasks, `run` for one only."""

    def __init__(
        self,
        platform: Platform,
        settings: PlatformSettings,
        client: Callable[[], ApiClient],
        own: SelfMetrics,
        publish: Callable[[], None],
    ) -> None:
        """Find nothing yet.

        Args:
            platform: whose; gets the authorizer_refresh_tokens.
            settings: how it is discovered.
            client: returns the client in force.
            own: counts what is found and what fails.
            publish: called whenever `apps` has changed.
        """
        self.platform = platform
        self.apps: tuple[DiscoveredApp, ...] = ()
        """Sorted by appid; replaced as a whole."""
        self.complete = False
        """Whether the whole list was read once."""
        self.ungranted: frozenset[str] = frozenset()
        """Those that lacked the permission set of getwxadevinfo when they were asked about."""
        self.failure: FetchError | None = None
        """Why the last discovery failed; None if it did not."""
        self._settings = settings
        self._client = client
        self._own = own
        self._publish = publish
        self._listed: dict[str, str] = {}
        """By appid, the authorizer_refresh_token of each account that counts as authorized."""
        self._missed: set[str] = set()
        """Those of them that the last list lacked."""
        self._names: dict[str, str | None] = {}
        """What was asked once: the nick_name of a mini program, None for another account."""
        self._refused: dict[str, None] = {}
        """The accounts that could not be asked about, the last one last."""
        self._backoff = Backoff(_FIRST_RETRY, settings.discover_interval)
        self._quota_cooldown = QuotaCooldown()
        self._deadline = SharedDeadline(NO_DEADLINE)
        """No scrape waits for the calls: they go on until the discovery is stopped."""
        self._wake = Event()
        self._ended = Event()

    def inherit(self, old: "PlatformDiscovery") -> None:
        """Take over what is known of the same platform; others may be wanted of it now, by another token."""
        self._names = dict(old._names)  # noqa: SLF001 - of the same class
        self._listed = dict(old._listed)  # noqa: SLF001 - as above
        self.complete, self.ungranted = old.complete, old.ungranted
        self.platform.refresh_tokens = old.platform.refresh_tokens
        self.apps = self._apps_among(self._listed)
        if self.complete:
            self._own.discovered(self.platform.name, len(self.apps))

    def stop(self) -> None:
        """Discover no more; does not wait for a call in flight."""
        self._ended.set()
        self._deadline.cancel()
        self._wake.set()

    def resume(self) -> None:
        """Try again at once if the last discovery failed: the configuration was read again."""
        self._quota_cooldown.end()
        if self.failure is not None:
            self._wake.set()

    def discover(self) -> float:
        """Read the whole list once.

        Returns:
            The seconds until it is due again.
        """
        try:
            failures = self._read()
        except FetchError as error:
            failures = [error]
        interval = self._settings.discover_interval
        if self._ended.is_set():  # the metrics are another's by now
            return interval
        self._own.discovery_ended(self.platform.name, well=not failures)
        if not failures:
            self.failure = None
            self._backoff.reset()
            self._quota_cooldown.end()
            return interval
        self.failure = failures[-1].to_keep()
        for _ in failures:
            self._own.discovery_failed(self.platform.name)
        told = "; ".join(str(failure) for failure in failures[:_MOST_TOLD])
        log.warning("discovery failed", platform=self.platform.name, failures=len(failures), error=told)
        return max(self._backoff.next_delay(), self._quota_cooldown.seconds_after(self.failure))

    def run(self) -> None:
        """Discover again and again, until `stop`."""
        while not self._ended.is_set():
            self._wake.clear()
            try:
                pause = self.discover()
            except Exception:  # an answer that trips our code must not end the discovery for good
                log.exception("a discovery broke", platform=self.platform.name)
                self._own.discovery_failed(self.platform.name)
                self._own.discovery_ended(self.platform.name, well=False)
                pause = self._settings.discover_interval
            self._wake.wait(pause)

    def _read(self) -> list[FetchError]:
        """Read all pages; return what went wrong with single accounts.

        Raises:
            FetchError: a page can't be had.
        """
        found: dict[str, str] = {}
        totals: set[int] = set()
        failures: list[FetchError] = []
        refused = set(self._refused)
        offset = longest = 0
        for _ in range(_MOST_PAGES):
            page = list_page(self.platform, self._caller(), offset)
            longest = max(longest, page.length)
            # Revoked authorizations can keep their places: a page before the end can be short, even empty.
            offset += page.length or longest or PAGE
            totals.add(page.total)
            found |= page.refresh_tokens
            new = [appid for appid in self._unknown(page.refresh_tokens) if appid not in self._refused]
            if len(failures) < _MOST_FAILURES:
                failures += self._learn(new)
            done = min(offset, page.total)
            if new or not self.complete:
                log.info("discovering", platform=self.platform.name, done=done, total=page.total)
            if done == page.total:
                break
            if not self.complete:  # nobody waits for the last page to be watched
                self._take({**self._listed, **found})
        else:
            raise DecodeError(f"the list goes on after {_MOST_PAGES} pages")
        # Those that failed the last time come last, and few of them: they must not take the others' turn.
        if len(failures) < _MOST_FAILURES:
            failures += self._learn([appid for appid in self._unknown(found) if appid in refused][:_CHUNK])
        self._take(self._without_the_gone(found, whole=totals == {len(found)} - {0}))
        if self._ended.is_set():  # the metrics are another's by now
            return failures
        if not self.complete:
            self.complete = True
            log.info("platform discovered", platform=self.platform.name, apps=len(self.apps))
        self._own.discovered(self.platform.name, len(self.apps))
        return failures

    def _without_the_gone(self, found: Mapping[str, str], *, whole: bool) -> dict[str, str]:
        """Return who counts as authorized after a list.

        Whoever a whole list lacks is gone. A list that changed between two of its pages, or that is suddenly
        empty, may lack somebody by mistake: whoever it lacks is gone if the next one lacks him too.
        """
        missed = self._listed.keys() - found.keys()
        gone = missed if whole else missed & self._missed
        self._missed = missed - gone
        if gone:
            log.info("authorizations ended", platform=self.platform.name, accounts=len(gone))
        kept = {appid: refresh_token for appid, refresh_token in self._listed.items() if appid not in gone}
        return kept | dict(found)

    def _take(self, listed: dict[str, str]) -> None:
        self._listed = listed
        self._names = {appid: name for appid, name in self._names.items() if appid in listed}
        self._refused = {appid: None for appid in self._refused if appid in listed}
        self.ungranted &= listed.keys()
        if self._ended.is_set():
            return
        self.platform.refresh_tokens = listed
        apps = self._apps_among(listed)
        if apps != self.apps:
            self.apps = apps
            self._publish()

    def _apps_among(self, listed: Mapping[str, str]) -> tuple[DiscoveredApp, ...]:
        return tuple(
            DiscoveredApp(appid, name)
            for appid in sorted(self._wanted(listed))
            if (name := self._names.get(appid)) is not None
        )

    def _wanted(self, appids: Mapping[str, str]) -> list[str]:
        include, exclude = frozenset(self._settings.include), frozenset(self._settings.exclude)
        return [
            appid
            for appid in appids
            if APPID_PATTERN.fullmatch(appid) and (not include or appid in include) and appid not in exclude
        ]

    def _unknown(self, appids: Mapping[str, str]) -> list[str]:
        """Return those that are wanted and not known, the ones that failed longest ago first."""
        unknown = [appid for appid in self._wanted(appids) if appid not in self._names]
        place = {appid: place for place, appid in enumerate(self._refused)}
        return sorted(unknown, key=lambda appid: place.get(appid, -1))

    def _learn(self, appids: Sequence[str]) -> list[FetchError]:
        """Ask what the accounts are; return what went wrong with some of them."""
        failures: list[FetchError] = []
        for begin in range(0, len(appids), _CHUNK):
            answers = self._ask_about_all(appids[begin : begin + _CHUNK])
            for appid, answer in answers:
                self._refused.pop(appid, None)
                if isinstance(answer, FetchError):
                    failures.append(answer)
                    self._refused[appid] = None
                else:
                    self._names[appid] = None if answer is None else printable_name(answer.name) or appid
            self._note_ungranted(
                {appid for appid, one in answers if isinstance(one, MiniProgram) and one.lacks_development}
            )
            if len(failures) >= _MOST_FAILURES:
                break
        return failures

    def _note_ungranted(self, appids: AbstractSet[str]) -> None:
        """Note who lacks the permission set; each account is asked about once, so it is logged once."""
        if not appids:
            return
        self.ungranted |= appids
        log.warning(
            "mini programs have not granted the permission set that getwxadevinfo needs",
            platform=self.platform.name,
            permission_set=DEVELOPMENT,
            appids=" ".join(sorted(appids)),
        )

    def _ask_about_all(self, appids: Sequence[str]) -> list[tuple[str, MiniProgram | FetchError | None]]:
        callers: Pool = Pool(_CALLERS)
        try:
            return list(zip(appids, callers.imap(self._ask_about, appids), strict=True))
        finally:  # whoever ends the discovery ends them too
            callers.kill()

    def _ask_about(self, appid: str) -> MiniProgram | FetchError | None:
        try:
            return mini_program(self.platform, self._caller(), appid)
        except FetchError as error:
            return error.to_keep()
        except Exception as bug:  # an answer that trips our code may cost its own account only
            log.exception("an account can't be discovered", platform=self.platform.name, appid=appid)
            return DecodeError(f"internal error: {type(bug).__name__}")

    def _caller(self) -> Caller:
        return Caller(self._client(), self._deadline, {})
