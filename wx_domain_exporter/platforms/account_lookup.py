"""Looks up what the accounts of a third-party platform are: mini programs, or accounts of other kinds."""

from collections.abc import Callable, Collection, Sequence

import structlog

from wx_domain_exporter.backoff import Backoff, Cooldown
from wx_domain_exporter.clock import Clock
from wx_domain_exporter.config.schema_fields import printable_name
from wx_domain_exporter.platforms.account_calls import ask_about_all
from wx_domain_exporter.platforms.account_statuses import AccountStatuses
from wx_domain_exporter.wechat.authorizers import DEVELOPMENT_PERMISSION_SET, MiniProgram, mini_program
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import FetchError
from wx_domain_exporter.wechat.platform import Platform

log = structlog.get_logger(__name__)

_CHUNK = 50
_MAX_FAILURES = 20
"""After so many failures in one round, the remaining accounts wait for the next round."""
_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 30.0, 86400.0


class FailedAccount:
    """An account that could not be looked up: why, and when it is looked up again."""

    __slots__ = ("_backoff", "_cooldown", "error")

    def __init__(self, clock: Clock) -> None:
        self._cooldown = Cooldown(clock)
        self._backoff = Backoff(_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS)

    def failed(self, error: FetchError) -> None:
        """Wait for the next lookup, longer after each failure: from 30 s up to a day."""
        self.error = error
        self._cooldown.begin(self._backoff.next_delay())

    def is_due(self) -> bool:
        """Return whether it may be looked up again."""
        return not self._cooldown.is_active()


class AccountLookup:
    """Asks WeChat once for each account what it is, and remembers the answers. For tasks only."""

    def __init__(self, platform: Platform, caller: Callable[[], Caller]) -> None:
        """Make a lookup that knows no account.

        Args:
            platform: whose accounts are looked up.
            caller: returns the caller for the next call.
        """
        self.names: dict[str, str | None] = {}
        """By AppID, the name of a mini program; None for an account of another kind."""
        self.ungranted: frozenset[str] = frozenset()
        """The mini programs that had not granted permission set 18 when they were looked up."""
        self.statuses = AccountStatuses(platform, caller)
        """The statuses of the mini programs."""
        self.failures = 0
        """How many lookups failed in this round."""
        self._received: dict[str, float] = {}
        """By AppID, the monotonic time at which the answer was received."""
        self._platform = platform
        self._caller = caller
        self.failed: dict[str, FailedAccount] = {}
        """The accounts whose lookup failed, in the order of their last attempts."""
        self._failed_before: frozenset[str] = frozenset()
        """The accounts whose lookup had failed when this round began."""

    def inherit(self, old: "AccountLookup") -> None:
        """Take over the answers for the same platform."""
        self.names, self.ungranted = dict(old.names), old.ungranted
        self._received = dict(old._received)  # noqa: SLF001 - of the same class
        self.statuses.inherit(old.statuses)

    def begin_round(self) -> None:
        """Begin to read the list once more; forget answers that may be about other accounts."""
        self.failures = 0
        desyncs = self._caller().client.desyncs
        doubtful = {appid for appid, received in self._received.items() if desyncs.covers(received)}
        if doubtful:
            self.keep_only((self.names.keys() | self.failed.keys()) - doubtful)
        self.statuses.forget_doubtful()
        self._failed_before = frozenset(self.failed)

    def look_up_new(self, appids: Sequence[str], on_progress: Callable[[int], None]) -> int:
        """Look up the accounts that were never looked up; return how many these are.

        Args:
            appids: the accounts.
            on_progress: called with the number of accounts that are left, now and again.
        """
        new = [appid for appid in appids if appid not in self.names and appid not in self.failed]
        self._look_up(new, on_progress)
        return len(new)

    def retry_failed(self, appids: Collection[str]) -> None:
        """Look up a few of the accounts again that failed in earlier rounds, after all new ones."""
        due = [
            appid
            for appid, account in self.failed.items()
            if appid in self._failed_before and appid in appids and account.is_due()
        ]
        self._look_up(due[:_CHUNK])

    def unknown(self, appids: Collection[str]) -> int:
        """Return how many of these accounts could not be looked up."""
        return sum(appid not in self.names for appid in appids)

    def keep_only(self, appids: Collection[str]) -> None:
        """Forget all other accounts."""
        self.names = {appid: name for appid, name in self.names.items() if appid in appids}
        self._received = {appid: time for appid, time in self._received.items() if appid in appids}
        self.failed = {appid: account for appid, account in self.failed.items() if appid in appids}
        self.ungranted = frozenset(appid for appid in self.ungranted if appid in appids)
        self.statuses.keep_only(appids)

    def _look_up(
        self, appids: Sequence[str], on_progress: Callable[[int], None] = lambda _left: None
    ) -> None:
        for begin in range(0, len(appids), _CHUNK):
            on_progress(len(appids) - begin)
            if self.failures >= _MAX_FAILURES:
                return
            chunk = appids[begin : begin + _CHUNK]
            answers = list(zip(chunk, ask_about_all(self._platform, chunk, self._ask_about), strict=True))
            self._log_first_failures(answers)
            for appid, answer in answers:
                self._note(appid, answer)
            self._note_ungranted(
                [
                    appid
                    for appid, answer in answers
                    if isinstance(answer, MiniProgram) and answer.lacks_development
                ]
            )

    def _note(self, appid: str, answer: MiniProgram | FetchError | None) -> None:
        failed = self.failed.pop(appid, None)
        if isinstance(answer, FetchError):
            self.failures += 1
            self.failed[appid] = failed or FailedAccount(self._caller().client.clock)
            self.failed[appid].failed(answer)
        else:
            self._received[appid] = self._caller().client.clock.monotonic()
            self.names[appid] = None if answer is None else printable_name(answer.name) or appid
            if answer is not None:
                self.statuses.note(appid, answer.status)

    def _log_first_failures(self, answers: "Sequence[tuple[str, MiniProgram | FetchError | None]]") -> None:
        """Name each account whose lookup failed once."""
        new = {
            appid: answer
            for appid, answer in answers
            if isinstance(answer, FetchError) and appid not in self.failed
        }
        if new:
            log.warning(
                "accounts can't be looked up; they are not monitored",
                platform=self._platform.name,
                appids=" ".join(new),
                error="; ".join(dict.fromkeys(str(error) for error in new.values())),
            )

    def _note_ungranted(self, appids: Sequence[str]) -> None:
        if not appids:
            return
        self.ungranted |= frozenset(appids)
        log.warning(
            "mini programs have not granted the permission set that getwxadevinfo needs",
            platform=self._platform.name,
            permission_set=DEVELOPMENT_PERMISSION_SET,
            appids=" ".join(sorted(appids)),
        )

    def _ask_about(self, appid: str) -> MiniProgram | None:
        return mini_program(self._platform, self._caller(), appid)
