"""Reads the domain lists of a third-party platform itself: seldom, in a task of its own.

WeChat allows 50 changes of these lists a month and does not say whether a reading counts as one, so the
default interval is a day. Commands that end, such as `--once`, never read them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog
from gevent.event import Event

from wx_domain_exporter.backoff import Backoff, Cooldown
from wx_domain_exporter.config.settings import PlatformSettings
from wx_domain_exporter.deadline import NO_DEADLINE, SharedDeadline
from wx_domain_exporter.domains.baseline import Drift, Expected
from wx_domain_exporter.domains.domain_list import EMPTY, DomainList
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import ApiError, DecodeError, FetchError, TokenError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.platform_domains import APIS, VERSIONS, PlatformLists, read_platform_lists
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown

log = structlog.get_logger(__name__)

_FIRST_RETRY_SECONDS = 600.0
"""Delay after a failure; doubled after each further one, up to `domains_interval`."""
_LONGEST_WAIT_SECONDS = 60.0
"""How often to look whether an answer has become doubtful."""
_MOST_LOGGED = 20
"""At most so many domains of a change are logged."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of one category of a platform's own lists.

    Attributes:
        lists: those of the last good reading; None before the first.
        timestamp: Unix time of that reading.
        received: monotonic time of that reading.
        error: why the last reading failed; None if it did not.
    """

    lists: PlatformLists | None = None
    timestamp: float = 0.0
    received: float = 0.0
    error: FetchError | None = None

    @property
    def api_error(self) -> ApiError | None:
        """Return the errcode behind `error`, which can be that of the token's API; None if there is none."""
        error = self.error.cause if isinstance(self.error, TokenError) else self.error
        return error if isinstance(error, ApiError) else None


class PlatformDomains:
    """The domain lists of one platform. For tasks only, except `settings`, `readings` and `drift`."""

    def __init__(
        self, platform: Platform, settings: PlatformSettings, client: Callable[[], ApiClient]
    ) -> None:
        """Know no list yet.

        Args:
            platform: the platform.
            settings: its settings.
            client: returns the client to use for the next call.
        """
        self.settings = settings
        """The settings of the platform, with the baseline of the lists; replaced by a reload."""
        self.readings: Mapping[str, Reading] = {}
        """What is known of each category that was read; replaced as a whole."""
        self._platform = platform
        self._client = client
        self._named: dict[tuple[str, str], DomainList] = {}
        """By category and version, the last list that WeChat named."""
        self._drifts: dict[tuple[str, str], tuple[DomainList, Expected, Drift]] = {}
        """By category and version, the list that was compared last, its baseline, and how they differ."""
        self._schedules = {category: _Schedule(settings.config.domains_interval) for category in APIS}
        self._deadline = SharedDeadline(NO_DEADLINE)
        self._wake = Event()
        self._stopped = Event()

    def drift(self, category: str, version: str) -> Drift | None:
        """Return how a list differs from its baseline; None if the list or the baseline is missing."""
        reading, expected = self.readings.get(category), self.settings.domains_baseline.get(category)
        if reading is None or reading.lists is None or expected is None:
            return None
        listed = reading.lists.by_version.get(version)
        if listed is None:
            return None
        last = self._drifts.get((category, version))
        if last is None or last[0] is not listed or last[1] is not expected:
            last = self._drifts[category, version] = listed, expected, expected.drift(listed)
        return last[2]

    def serves(self, platform: Platform, settings: PlatformSettings) -> bool:
        """Return whether it can go on with new settings, so that a reload reads nothing."""
        same_interval = self.settings.config.domains_interval == settings.config.domains_interval
        return platform is self._platform and same_interval

    def inherit(self, old: "PlatformDomains") -> None:
        """Take over what is known of the same platform; only another interval makes it read at once."""
        self.readings, self._named = old.readings, dict(old._named)  # noqa: SLF001 - of the same class
        if old.settings.config.domains_interval == self.settings.config.domains_interval:
            self._schedules = old._schedules  # noqa: SLF001 - as above

    def stop(self) -> None:
        """Stop the readings; a running call goes on, but has no effect."""
        self._stopped.set()
        self._deadline.cancel()
        self._wake.set()

    def resume(self) -> None:
        """Read those lists again at once whose last reading failed: the configuration was reloaded."""
        for category, reading in self.readings.items():
            if reading.error is not None:
                self._schedules[category].read_now()
        self._wake.set()

    def run(self) -> None:
        """Read the lists periodically, until `stop`."""
        while not self._stopped.is_set():
            self._wake.clear()
            self.read_due()
            seconds = min(schedule.seconds_left for schedule in self._schedules.values())
            self._wake.wait(min(seconds, _LONGEST_WAIT_SECONDS))

    def read_due(self) -> None:
        """Read the lists whose next reading is due."""
        self._forget_doubtful()
        for category, schedule in self._schedules.items():
            if schedule.is_due():
                reading = self._read(category)
                if self._stopped.is_set():
                    return
                schedule.note(reading.error)
                self.readings = {**self.readings, category: reading}

    def _forget_doubtful(self) -> None:
        """Forget answers that may belong to another request, and read them again."""
        desyncs = self._client().desyncs
        for category, reading in self.readings.items():
            if reading.lists is not None and desyncs.covers(reading.received):
                self.readings = {one: other for one, other in self.readings.items() if one != category}
                self._schedules[category].read_now()

    def _read(self, category: str) -> Reading:
        known = self.readings.get(category, Reading())
        caller = Caller(self._client(), self._deadline, {})
        failure: FetchError
        try:
            lists = read_platform_lists(self._platform, caller, category)
        except FetchError as error:
            failure = error.without_traceback()
        except Exception as bug:  # an answer that our code can't handle must not end the readings
            log.exception("unexpected error in a platform's lists", platform=self._platform.name)
            failure = DecodeError(f"internal error: {type(bug).__name__}")
        else:
            self._log_changes(category, lists, is_first=known.lists is None)
            clock = self._client().clock
            return Reading(lists, clock.time(), clock.monotonic())
        log.warning(
            "lists of the platform can't be read",
            platform=self._platform.name,
            category=category,
            error=str(failure),
        )
        return replace(known, error=failure)

    def _log_changes(self, category: str, lists: PlatformLists, *, is_first: bool) -> None:
        """Compare each list with the last one that WeChat named, also before it was missing for a while."""
        for version in VERSIONS:
            before, after = self._named.get((category, version)), lists.by_version.get(version)
            names = {"platform": self._platform.name, "category": category, "version": version}
            if after is None:
                known = self.readings.get(category, Reading()).lists
                if known is not None and version in known.by_version:
                    log.warning("WeChat does not name this list of the platform any more", **names)
                continue
            self._named[category, version] = after
            if before is not None and before.hash != after.hash:
                _log_change(before, after, names)
            elif before is None and not is_first:
                _log_change(EMPTY, after, names)


def _log_change(before: DomainList, after: DomainList, names: Mapping[str, str]) -> None:
    added = sorted(set(after.domains) - set(before.domains))
    removed = sorted(set(before.domains) - set(after.domains))
    log.warning(
        "domains of the platform changed",
        **names,
        added=" ".join(added[:_MOST_LOGGED]),
        removed=" ".join(removed[:_MOST_LOGGED]),
        left_out=sum(max(0, len(domains) - _MOST_LOGGED) for domains in (added, removed)),
    )


class _Schedule:
    """When one category is read next."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._cooldown = Cooldown()
        self._backoff = Backoff(_FIRST_RETRY_SECONDS, interval)
        self._quota_cooldown = QuotaCooldown()

    @property
    def seconds_left(self) -> float:
        return self._cooldown.seconds_left

    def is_due(self) -> bool:
        return not self._cooldown.is_active()

    def read_now(self) -> None:
        self._cooldown.end()
        self._quota_cooldown.end()

    def note(self, error: FetchError | None) -> None:
        """Wait for the next reading, after one that failed for a while that grows."""
        if error is None:
            self._backoff.reset()
            self._quota_cooldown.end()
            self._cooldown.begin(self._interval)
        else:
            seconds = self._quota_cooldown.seconds_after(error)
            self._cooldown.begin(max(self._backoff.next_delay(), seconds))
